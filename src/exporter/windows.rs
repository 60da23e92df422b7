//! The windows of one series: asked for in order, side by side as far as the stream may have requests in flight, and
//! published one after the other while the next ones are asked for.

use std::{future, sync::Arc};

use futures_util::{Stream, StreamExt, stream};
use tokio::{
    sync::{SemaphorePermit, mpsc},
    time::{Duration, Instant, sleep},
};

use super::{Progress, run::Run};
use crate::{
    angus::StreamSession,
    blocking::blocking,
    failure::FailureKind,
    judging::Judging,
    pipeline::{Brought, WindowError, report},
    plan::PlannedWindow,
    publication::{Committed, Prepared, PublishError, Published},
    report::{Failure, SeriesReport},
    series::Series,
    time::{TimeRange, to_display},
};

/// After so many windows of one series in a row got no usable answer, the rest is left for the next run.
const MAX_UNAVAILABLE_IN_A_ROW: u32 = 3;

/// How often a run that waits for its turn shows that it goes on.
const SIGN_OF_WAITING: Duration = Duration::from_secs(30);

/// Windows of one series that have arrived and wait for the one before them to be published.
const WAITING: usize = 1;

/// Whether another process exported a window meanwhile is looked up when it was planned longer ago than this.
const FRESH: Duration = Duration::from_secs(1);

/// A window that was asked for.
struct Answered<'a> {
    index: usize,
    /// `None` where another process exported it since it was planned.
    outcome: Result<Option<Brought>, WindowError>,
    /// Given back when the window is published or given up: what is in memory is bounded by it.
    _permit: Option<SemaphorePermit<'a>>,
}

impl Run<'_> {
    /// Exports `windows` of a series, and adds to `report` how they fared, and to `judging` what came.
    pub(super) async fn export_windows(
        &self,
        series: &Series,
        id: i64,
        windows: &[PlannedWindow],
        report: &mut SeriesReport,
        judging: Judging,
    ) -> Judging {
        let Some(session) = self.exporter.by_stream.get(&series.stream.name) else { return judging };
        if windows.is_empty() {
            return judging;
        }
        let asking = || (self.progress)(Progress::Asking);
        let (arrived, waiting) = mpsc::channel(WAITING);
        let answers = self.answers(series, id, session, windows, &asking);
        let ask = async {
            let mut answers = std::pin::pin!(answers);
            while let Some(answered) = answers.next().await {
                if arrived.send(answered).await.is_err() {
                    break;
                }
            }
            drop(arrived);
            future::pending::<Judging>().await
        };
        tokio::select! {
            // What was asked for in vain ends with the publishing.
            never = ask => never,
            judging = self.publish_answers(series, id, windows, waiting, report, judging) => judging,
        }
    }

    /// What came of each window, in their order.
    fn answers<'b>(
        &'b self,
        series: &'b Series,
        id: i64,
        session: &'b StreamSession,
        windows: &'b [PlannedWindow],
        asking: &'b (dyn Fn() + Send + Sync),
    ) -> impl Stream<Item = Answered<'b>> + 'b {
        let planned_at = Instant::now();
        // The permits are taken in the order of the windows: none waits for one that waits for a permit.
        let permitted = stream::iter(windows.iter().enumerate())
            .then(move |(index, planned)| async move { (index, planned, self.permit(asking).await) });
        let answered = permitted.map(move |(index, planned, permit)| async move {
            let outcome = self.ask(series, id, session, planned, planned_at, asking).await;
            Answered { index, outcome, _permit: permit }
        });
        answered.buffered(session.concurrency())
    }

    async fn ask(
        &self,
        series: &Series,
        id: i64,
        session: &StreamSession,
        planned: &PlannedWindow,
        planned_at: Instant,
        asking: &(dyn Fn() + Send + Sync),
    ) -> Result<Option<Brought>, WindowError> {
        let pipeline = &self.exporter.pipeline;
        if pipeline.shutdown.is_requested() {
            return Err(WindowError::Interrupted);
        }
        let is_looked_up = planned.reason.only_if_lacking() && FRESH < planned_at.elapsed();
        if is_looked_up && self.is_exported(id, planned).await {
            return Ok(None);
        }
        pipeline.bring(series, session, planned, self.number, asking).await.map(Some)
    }

    /// Publishes what arrives, until all did or nothing more is to be had.
    async fn publish_answers(
        &self,
        series: &Series,
        id: i64,
        windows: &[PlannedWindow],
        mut waiting: mpsc::Receiver<Answered<'_>>,
        report: &mut SeriesReport,
        mut judging: Judging,
    ) -> Judging {
        let mut unavailable_in_a_row = 0;
        while let Some(Answered { index, outcome, _permit }) = waiting.recv().await {
            let planned = &windows[index];
            let outcome = match outcome {
                Ok(Some(brought)) => {
                    let published;
                    (published, judging) = self.publish(series, id, planned, brought, judging).await;
                    published
                }
                Ok(None) => Ok(Published::default()),
                Err(error) => Err(error),
            };
            match outcome {
                Ok(published) => {
                    unavailable_in_a_row = 0;
                    report.add(planned.window.range(), &published);
                    self.log_window(series, planned, &published);
                }
                Err(error) => {
                    let failure = self.log_failure(series, planned, &error);
                    unavailable_in_a_row += 1;
                    let is_hopeless = is_hopeless(error.kind(), unavailable_in_a_row);
                    let given_up = if is_hopeless { &windows[index..] } else { &windows[index..=index] };
                    self.note_failed(id, given_up, &failure).await;
                    report.fail(failure);
                    if is_hopeless {
                        report.windows_failed += (given_up.len() - 1) as u64;
                        break;
                    }
                }
            }
        }
        judging
    }

    /// Publishes a window. What came of the one before it is judged meanwhile.
    async fn publish(
        &self,
        series: &Series,
        id: i64,
        planned: &PlannedWindow,
        brought: Brought,
        mut judging: Judging,
    ) -> (Result<Published, WindowError>, Judging) {
        let (archive, series, window) =
            (Arc::clone(&self.exporter.pipeline.archive), series.clone(), planned.window);
        let (prepared, counted, series, mut judging) = blocking(move || {
            tell_judging(judging.judge());
            let counted = Judging::counted(&series, &brought.rows);
            let prepared = archive.prepare(&series, id, &window, brought.rows, brought.asked);
            let prepared =
                prepared.map(|Prepared { commitment, published }| (archive.commit(commitment), published));
            (prepared, counted, series, judging)
        })
        .await;
        let published = match prepared {
            Ok((committed, published)) => published.when(&series, settled(committed).await),
            Err(error) => Err(error),
        };
        if let Ok(published) = &published {
            judging.add(window.range(), counted, published.files_written > 0);
        }
        (published.map_err(WindowError::from), judging)
    }

    /// Waits until another window may be in flight, and shows meanwhile that this is what it waits for.
    pub(super) async fn permit(&self, asking: &(dyn Fn() + Sync)) -> Option<SemaphorePermit<'_>> {
        let permit = self.exporter.windows.acquire();
        tokio::pin!(permit);
        loop {
            asking();
            tokio::select! {
                // The semaphore is never closed; if it were, going on without a permit is the lesser evil.
                permit = &mut permit => return permit.ok(),
                () = self.exporter.pipeline.shutdown.requested() => return None,
                () = sleep(SIGN_OF_WAITING) => {}
            }
        }
    }

    /// Remembers in the ledger which windows could not be had. Being interrupted is no reason of the windows.
    async fn note_failed(&self, id: i64, windows: &[PlannedWindow], failure: &Failure) {
        if failure.kind == FailureKind::Interrupted {
            return;
        }
        let archive = Arc::clone(&self.exporter.pipeline.archive);
        let ranges: Vec<TimeRange> = windows.iter().map(|planned| planned.window.range()).collect();
        let error = failure.at(self.exporter.pipeline.clock.now());
        if let Err(error) = blocking(move || archive.ledger.note_failed_windows(id, &ranges, &error)).await {
            tracing::error!(error = &*error.to_string(), "cannot note which windows failed");
        }
    }

    async fn is_exported(&self, id: i64, planned: &PlannedWindow) -> bool {
        let (archive, range) = (Arc::clone(&self.exporter.pipeline.archive), planned.window.range());
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
}

/// How a commitment ended.
pub(super) async fn settled(committed: Committed) -> Result<(), PublishError> {
    committed.await.unwrap_or(Err(PublishError::Abandoned))
}

/// A suspicion is no part of what is exported.
pub(super) fn tell_judging(outcome: Result<(), PublishError>) {
    if let Err(error) = outcome {
        tracing::warn!(error = &*error.to_string(), "cannot judge what came");
    }
}

/// Whether nothing more is to be had of the stream of a failed series now.
pub(super) fn is_hopeless_for_the_stream(kind: FailureKind) -> bool {
    is_hopeless(kind, MAX_UNAVAILABLE_IN_A_ROW)
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
