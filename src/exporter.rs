//! A run: every series that is asked for, streams side by side, one window after the other. `pull`, `backfill` and the
//! demonstration call it; they differ only in where windows come from.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use futures_util::{StreamExt, stream};

use crate::{
    angus::{AngusClient, StreamSession},
    auth::StoreError,
    blocking::blocking,
    config::Config,
    coverage::Coverage,
    failure::FailureKind,
    ledger::{self, LastError, Ledger, LedgerError, RunSummary},
    mounted::OutputError,
    pipeline::{Pipeline, WindowError, report, report_damage},
    plan::{Backfill, PlannedWindow},
    publication::{PublishError, Published},
    report::{Failure, RunReport, SeriesReport},
    series::Series,
    time::to_display,
    wire::ClientSetupError,
    workplace::Workplace,
};

/// Windows held at the same time, for each request in flight: enough to keep requests going while other windows are
/// published or wait for their next attempt, few enough that memory does not grow with the number of streams.
const WINDOWS_PER_REQUEST: usize = 4;

/// After so many windows of one series in a row got no usable answer, the rest is left for the next run.
const MAX_UNAVAILABLE_IN_A_ROW: u32 = 3;

/// How often a run goes back for partitions whose files it found damaged.
const MAX_REPAIR_ROUNDS: u32 = 3;

/// What a run is to do.
#[derive(Debug, Clone)]
pub enum Work {
    /// Everything that is due now.
    Due,
    /// History, by the range of each stream's zone.
    Backfill(HashMap<String, Backfill>),
}

/// What happens during a run, for a progress bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// So many windows were planned.
    Planned(u64),
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

/// Exports series of one configuration.
pub struct Exporter {
    pipeline: Pipeline,
    sessions: HashMap<String, Arc<StreamSession>>,
    width: usize,
    progress: ProgressListener,
}

impl Exporter {
    /// At this workplace; see [`Workplace::exporter`].
    pub(crate) fn new(
        config: &Config,
        workplace: &Workplace,
        client: AngusClient,
        progress: ProgressListener,
    ) -> Self {
        let session = |stream| Arc::new(client.session(stream, Some(&workplace.vault)));
        let sessions = config.streams.iter().map(|stream| (stream.name.clone(), session(stream)));
        Self {
            sessions: sessions.collect(),
            width: config.angus.concurrency.get() * WINDOWS_PER_REQUEST,
            pipeline: Pipeline {
                client,
                archive: Arc::clone(&workplace.archive),
                clock: workplace.timing.clock.clone(),
                shutdown: workplace.shutdown.clone(),
            },
            progress,
        }
    }

    /// The ledger.
    pub fn ledger(&self) -> &Ledger {
        &self.pipeline.archive.ledger
    }

    /// Does the work on every series; one stream's failure never stops another.
    pub async fn run(
        &self,
        command: &str,
        series: Vec<Series>,
        work: &Work,
    ) -> Result<RunReport, LedgerError> {
        let began = self.pipeline.clock.now();
        let run = self.ledger().begin_run(command, began)?;
        tracing::info!(command, series = series.len(), "run began");
        let mut by_stream: BTreeMap<String, Vec<Series>> = BTreeMap::new();
        for series in series {
            by_stream.entry(series.stream.name.clone()).or_default().push(series);
        }
        let reports = stream::iter(by_stream.into_values())
            .map(|series| self.run_stream(series, work))
            .buffer_unordered(self.width)
            .collect::<Vec<_>>()
            .await;
        let mut report = RunReport { series: reports.into_iter().flatten().collect(), errands: Vec::new() };
        report.series.sort_by(|one, other| one.key.cmp(&other.key));
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
        if let Err(error) = self.ledger().end_run(run, self.pipeline.clock.now(), summary) {
            tracing::error!(error = &*error.to_string(), "cannot note how the run ended");
        }
        Ok(report)
    }

    /// Every series of one stream, one after the other. What concerns the whole stream ends all of them.
    async fn run_stream(&self, all: Vec<Series>, work: &Work) -> Vec<SeriesReport> {
        let mut reports: Vec<SeriesReport> = Vec::new();
        for series in all {
            let failures = reports.iter().filter_map(|report| report.failure.as_ref());
            let refused = failures.into_iter().find(|failure| concerns_the_whole_stream(failure.kind));
            let mut report = SeriesReport::new(series.key());
            report.failure = refused.cloned();
            if report.failure.is_none() {
                self.run_series(&series, work, &mut report).await;
            }
            // A backfill that had nothing to ask says nothing about how the stream is.
            if matches!(work, Work::Due) || report.windows_done > 0 || report.failure.is_some() {
                self.note_end(&series, &report).await;
            }
            reports.push(report);
        }
        reports
    }

    async fn run_series(&self, series: &Series, work: &Work, report: &mut SeriesReport) {
        let (known, files_lost) = match self.begin(series).await {
            Ok(begun) => begun,
            Err(failure) => {
                report.failure = Some(failure);
                return;
            }
        };
        report.files_damaged += files_lost;
        report.series_id = Some(known.id);
        for round in 0..=MAX_REPAIR_ROUNDS {
            // After its own work, a run restores what was found damaged, now or by one that died.
            let windows = match self.plan(series, &known, work, round > 0).await {
                Ok(windows) => windows,
                Err(error) => return report.fail(error.into()),
            };
            (self.progress)(Progress::Planned(windows.len() as u64));
            let is_whole = windows.is_empty() && round > 0;
            self.export_windows(series, known.id, windows, report).await;
            if is_whole || report.failure.is_some() {
                return;
            }
        }
    }

    /// Finds or makes the series in the ledger, and puts right what a killed process or a stranger left behind.
    async fn begin(&self, series: &Series) -> Result<(ledger::Series, u64), Failure> {
        let (archive, series) = (Arc::clone(&self.pipeline.archive), series.clone());
        let today = series.today(self.pipeline.clock.now());
        blocking(move || {
            let layout = series.layout();
            let known = archive.ledger.series(&series.key(), &layout, &series.style(), today);
            let known = known.map_err(Failure::from)?;
            if known.layout != layout {
                return Err(Failure::layout_changed(&series, &known.layout));
            }
            let damaged = archive.tidy(&series, known.id).map_err(|error| Failure::publishing(&error))?;
            report_damage(&series, &damaged);
            if known.style != series.style() {
                archive.restyle(&series, known.id).map_err(|error| Failure::publishing(&error))?;
            }
            Ok((known, damaged.len() as u64))
        })
        .await
    }

    async fn plan(
        &self,
        series: &Series,
        known: &ledger::Series,
        work: &Work,
        repair: bool,
    ) -> Result<Vec<PlannedWindow>, LedgerError> {
        let (archive, id) = (Arc::clone(&self.pipeline.archive), known.id);
        let coverage = blocking(move || archive.ledger.coverage(id)).await?;
        let now = self.pipeline.clock.now();
        Ok(if repair {
            series.rules.lost(&coverage, now)
        } else {
            plan_series(series, work, &coverage, known.first_run, now)
        })
    }

    async fn export_windows(
        &self,
        series: &Series,
        id: i64,
        windows: Vec<PlannedWindow>,
        report: &mut SeriesReport,
    ) {
        let Some(session) = self.sessions.get(&series.stream.name) else { return };
        let mut unavailable_in_a_row = 0;
        let total = windows.len();
        for (index, planned) in windows.into_iter().enumerate() {
            let outcome = if self.pipeline.shutdown.is_requested() {
                Err(WindowError::Interrupted)
            } else if planned.reason.only_if_lacking() && self.is_exported(id, &planned).await {
                // Another process was here since we planned.
                Ok(Published::default())
            } else {
                self.pipeline.export(series, id, session, &planned).await
            };
            match outcome {
                Ok(published) => {
                    unavailable_in_a_row = 0;
                    report.add(&published);
                    self.log_window(series, &planned, &published);
                }
                Err(error) => {
                    report.fail(self.log_failure(series, &planned, &error));
                    unavailable_in_a_row += 1;
                    if is_hopeless(error.kind(), unavailable_in_a_row) {
                        report.windows_failed += (total - index - 1) as u64;
                        return;
                    }
                }
            }
        }
    }

    async fn is_exported(&self, id: i64, planned: &PlannedWindow) -> bool {
        let (archive, range) = (Arc::clone(&self.pipeline.archive), planned.window.range());
        let coverage = blocking(move || archive.ledger.coverage(id)).await;
        coverage.is_ok_and(|coverage| coverage.lacking(range).is_empty())
    }

    fn log_window(&self, series: &Series, planned: &PlannedWindow, published: &Published) {
        let Published { rows, files_written, missing, .. } = *published;
        (self.progress)(Progress::WindowDone { rows });
        report(series, published);
        let (job, stream) = (&*series.job.name, &*series.stream.name);
        let (from, to) = (to_display(planned.window.start()), to_display(planned.window.end()));
        let reason = planned.reason.as_str();
        tracing::debug!(job, stream, from, to, reason, rows, files_written, missing, "window exported");
    }

    fn log_failure(&self, series: &Series, planned: &PlannedWindow, error: &WindowError) -> Failure {
        (self.progress)(Progress::WindowDone { rows: 0 });
        let (job, stream) = (&*series.job.name, &*series.stream.name);
        let (from, to) = (to_display(planned.window.start()), to_display(planned.window.end()));
        let kind = error.kind();
        if kind != FailureKind::Interrupted {
            tracing::error!(
                job,
                stream,
                from,
                to,
                reason = kind.as_str(),
                error = &*error.to_string(),
                "window failed"
            );
        }
        Failure::new(kind, error)
    }

    /// Remembers in the ledger how the series fared, for `status`.
    async fn note_end(&self, series: &Series, report: &SeriesReport) {
        let (archive, key) = (Arc::clone(&self.pipeline.archive), series.key());
        let (known, failure) = (report.series_id, report.failure.clone());
        let at = self.pipeline.clock.now();
        let noted = blocking(move || {
            let id = match known {
                Some(id) => Some(id),
                None => archive.ledger.find_series(&key)?.map(|series| series.id),
            };
            match (id, failure) {
                (Some(id), None) => archive.ledger.note_success(id, at),
                (Some(id), Some(Failure { kind, message })) => {
                    let kind = kind.as_str().to_owned();
                    archive.ledger.note_failure(id, &LastError { at, kind, message })
                }
                (None, _) => Ok(()),
            }
        });
        if let Err(error) = noted.await {
            tracing::error!(error = &*error.to_string(), "cannot note how the run of a series ended");
        }
    }
}

/// What `work` means for one series: the very windows that a run asks for, oldest first.
pub fn plan_series(
    series: &Series,
    work: &Work,
    coverage: &Coverage,
    first_run: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Vec<PlannedWindow> {
    match work {
        Work::Due => series.rules.due(series.start(first_run), coverage, now),
        Work::Backfill(ranges) => match ranges.get(&series.stream.name) {
            Some(backfill) => series.rules.backfill(*backfill, coverage, now),
            None => Vec::new(),
        },
    }
}

/// Whether a failure of one series would meet the others of its stream as well.
fn concerns_the_whole_stream(kind: FailureKind) -> bool {
    matches!(kind, FailureKind::Credentials | FailureKind::RateLimited | FailureKind::Interrupted)
}

/// Whether the rest of a series is not worth trying now.
fn is_hopeless(kind: FailureKind, failures_in_a_row: u32) -> bool {
    match kind {
        FailureKind::Credentials
        | FailureKind::Interrupted
        | FailureKind::Storage
        | FailureKind::Busy
        | FailureKind::RateLimited
        | FailureKind::Configuration => true,
        FailureKind::Unavailable => failures_in_a_row >= MAX_UNAVAILABLE_IN_A_ROW,
        FailureKind::Refused | FailureKind::Protocol | FailureKind::Incomplete => false,
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        Self::publishing(&PublishError::from(error))
    }
}
