//! A run: every series that is asked for, streams side by side, one window after the other. `pull`, `backfill` and the
//! demonstration call it; they differ only in where windows come from.

mod reconcile;
mod run;
mod windows;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use futures_util::{StreamExt, stream};
use tokio::sync::Semaphore;

use self::run::Run;
use crate::{
    angus::{AngusClient, StreamSession},
    auth::{AccountView, StoreError},
    blocking::blocking,
    config::Config,
    failure::FailureKind,
    ledger::{Extent, Ledger, LedgerError, RunSummary},
    mounted::OutputError,
    pipeline::Pipeline,
    plan::{Backfill, PlannedWindow},
    publication::PublishError,
    report::{Failure, RunReport},
    rollup::{Kept, keep_up},
    series::Series,
    wire::ClientSetupError,
    workplace::Workplace,
};

/// Windows held at the same time, for each request in flight: enough to keep requests going while other windows are
/// published or wait for their next attempt, few enough that memory does not grow with the number of streams.
const WINDOWS_PER_REQUEST: usize = 8;

/// What a run is to do.
#[derive(Debug, Clone)]
pub enum Work {
    /// Everything that is due now.
    Due,
    /// History, by the range of each stream's zone.
    Backfill(HashMap<String, Backfill>),
}

impl Work {
    /// What of it concerns one series.
    fn of(&self, series: &Series) -> Self {
        let stream = &series.stream.name;
        match self {
            Self::Due => Self::Due,
            Self::Backfill(ranges) => {
                Self::Backfill(ranges.get(stream).map(|range| (stream.clone(), *range)).into_iter().collect())
            }
        }
    }
}

/// What happens during a run, for a progress bar, and for who wants to know that it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// So many windows were planned.
    Planned(u64),
    /// An attempt at a request begins, or a wait for one.
    Asking,
    /// One window was done, with so many rows, or given up.
    WindowDone {
        /// Rows of the window.
        rows: u64,
    },
}

/// Told of progress.
pub type ProgressListener = Arc<dyn Fn(Progress) + Send + Sync>;

/// A run cannot begin.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum SetupError {
    #[error(transparent)]
    Client(#[from] ClientSetupError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error(transparent)]
    Tokens(#[from] StoreError),
}

impl SetupError {
    /// The reason, for labels and decisions.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Ledger(error) if error.is_busy() => FailureKind::Busy,
            Self::Client(_) => FailureKind::Configuration,
            Self::Tokens(error) if error.is_configuration() => FailureKind::Configuration,
            Self::Ledger(_) | Self::Output(_) | Self::Tokens(_) => FailureKind::Storage,
        }
    }

    /// The exit code of a command that ends of it.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Tokens(error) if error.is_configuration() => 2,
            Self::Ledger(error) if error.is_busy() => 5,
            _ => 1,
        }
    }
}

/// Exports series of one configuration. Several runs at a time share its budget of requests and of windows.
pub struct Exporter {
    pipeline: Pipeline,
    /// In the order of the configuration.
    sessions: Vec<Arc<StreamSession>>,
    by_stream: HashMap<String, Arc<StreamSession>>,
    width: usize,
    /// The windows that may be in flight over all runs: one permit each.
    windows: Semaphore,
}

impl Exporter {
    /// At this workplace; see [`Workplace::exporter`].
    pub(crate) fn new(config: &Config, workplace: &Workplace, client: AngusClient) -> Self {
        let session = |stream| Arc::new(client.session(stream, Some(&workplace.vault)));
        let sessions: Vec<Arc<StreamSession>> = config.streams.iter().map(session).collect();
        let by_stream = sessions.iter().map(|session| (session.stream().name.clone(), Arc::clone(session)));
        let width = config.angus.concurrency.get() * WINDOWS_PER_REQUEST;
        Self {
            by_stream: by_stream.collect(),
            sessions,
            width,
            windows: Semaphore::new(width),
            pipeline: Pipeline {
                client,
                archive: Arc::clone(&workplace.archive),
                clock: workplace.timing.clock.clone(),
                shutdown: workplace.shutdown.clone(),
            },
        }
    }

    /// The ledger.
    pub fn ledger(&self) -> &Ledger {
        &self.pipeline.archive.ledger
    }

    /// How the token of every stream is, in the order of the configuration. Blocks; asks nobody.
    pub fn stream_views(&self, now: DateTime<Utc>) -> Vec<AccountView> {
        self.sessions.iter().map(|session| session.tokens().view(now)).collect()
    }

    /// Does the work on every series; one stream's failure never stops another. `progress` is told what happens. Refuses
    /// an output folder that is not the one of before.
    pub async fn run(
        &self,
        command: &str,
        series: Vec<Series>,
        work: &Work,
        progress: &ProgressListener,
    ) -> Result<RunReport, SetupError> {
        let (archive, name) = (Arc::clone(&self.pipeline.archive), command.to_owned());
        let began = self.pipeline.clock.now();
        let opening = move || {
            archive.check_output()?;
            Ok::<_, SetupError>(archive.ledger.begin_run(&name, began)?)
        };
        let number = blocking(opening).await?;
        tracing::info!(command, series = series.len(), "run began");
        let kept = Kept::of(&series);
        let mut by_stream: BTreeMap<String, Vec<Series>> = BTreeMap::new();
        for series in series {
            by_stream.entry(series.stream.name.clone()).or_default().push(series);
        }
        let run = Run { exporter: self, number, work, progress };
        let reports = stream::iter(by_stream.into_values())
            .map(|series| run.streams_series(series))
            .buffer_unordered(self.width)
            .collect::<Vec<_>>()
            .await;
        let mut report = RunReport { series: reports.into_iter().flatten().collect(), errands: Vec::new() };
        report.series.sort_by(|one, other| one.key.cmp(&other.key));
        keep_up(kept, &self.pipeline, &mut report).await;
        let summary = RunSummary {
            outcome: report.outcome().as_str(),
            windows_done: report.windows_done(),
            windows_failed: report.windows_failed(),
            rows: report.rows(),
        };
        tracing::info!(
            command,
            outcome = summary.outcome,
            windows_done = summary.windows_done,
            windows_failed = summary.windows_failed,
            rows = summary.rows,
            files_written = report.files_written(),
            "run ended"
        );
        // What was done is told even where the ledger has no room left for its end.
        let (archive, ended) = (Arc::clone(&self.pipeline.archive), self.pipeline.clock.now());
        if let Err(error) = blocking(move || archive.ledger.end_run(number, ended, summary)).await {
            tracing::error!(error = &*error.to_string(), "cannot note how the run ended");
        }
        Ok(report)
    }
}

/// What `work` means for one series: the very windows that a run asks for, oldest first.
pub fn plan_series(
    series: &Series,
    work: &Work,
    Extent { coverage, rechecked }: &Extent,
    first_run: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Vec<PlannedWindow> {
    match work {
        Work::Due => {
            let rechecks = series.due_rechecks(rechecked, now);
            series.rules.due(series.start(first_run), coverage, &rechecks, now)
        }
        Work::Backfill(ranges) => match ranges.get(&series.stream.name) {
            Some(backfill) => series.rules.backfill(*backfill, coverage, now),
            None => Vec::new(),
        },
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        Self::publishing(&PublishError::from(error))
    }
}
