//! One run: the series of a stream one after the other, and each of them window by window.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use tokio::{sync::SemaphorePermit, time::sleep};

use super::{Exporter, Progress, ProgressListener, Work, plan_series};
use crate::{
    blocking::blocking,
    failure::FailureKind,
    ledger::{self, LedgerError},
    pipeline::{WindowError, report, report_damage},
    plan::PlannedWindow,
    publication::{Archive, Published},
    rebuild::{RebuildError, take_over_lost},
    report::{Failure, SeriesReport},
    series::Series,
    time::{TimeRange, to_display},
};

/// After so many windows of one series in a row got no usable answer, the rest is left for the next run.
const MAX_UNAVAILABLE_IN_A_ROW: u32 = 3;

/// How often a run goes back for partitions whose files it found damaged.
const MAX_REPAIR_ROUNDS: u32 = 3;

/// How often a run that waits for its turn shows that it goes on.
const SIGN_OF_WAITING: Duration = Duration::from_secs(30);

/// What all of one run shares.
pub(super) struct Run<'a> {
    pub(super) exporter: &'a Exporter,
    /// The ledger's.
    pub(super) number: i64,
    pub(super) work: &'a Work,
    pub(super) progress: &'a ProgressListener,
}

impl Run<'_> {
    /// Every series of one stream, one after the other. What concerns the whole stream ends all of them.
    pub(super) async fn streams_series(&self, all: Vec<Series>) -> Vec<SeriesReport> {
        let mut reports: Vec<SeriesReport> = Vec::new();
        for series in all {
            let failures = reports.iter().filter_map(|report| report.failure.as_ref());
            let refused = failures.into_iter().find(|failure| concerns_the_whole_stream(failure.kind));
            let mut report = SeriesReport::new(series.key());
            report.failure = refused.cloned();
            if report.failure.is_none() {
                self.one_series(&series, &mut report).await;
                self.reconcile(&series, &report).await;
                self.certify(&series, &mut report).await;
            }
            // A backfill that had nothing to ask says nothing about how the stream is.
            if matches!(self.work, Work::Due) || report.windows_done > 0 || report.failure.is_some() {
                self.note_end(&series, &report).await;
            }
            reports.push(report);
        }
        reports
    }

    async fn one_series(&self, series: &Series, report: &mut SeriesReport) {
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
            let windows = match self.plan(series, &known, round > 0).await {
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

    /// Judges what the run brought, and has the folder tell what is published in it by now.
    async fn certify(&self, series: &Series, report: &mut SeriesReport) {
        let Some(id) = report.series_id else { return };
        let (archive, series) = (Arc::clone(&self.exporter.pipeline.archive), series.clone());
        let changed = if report.files_written > 0 { report.exported.clone() } else { Vec::new() };
        let work = move || {
            // A suspicion is no part of what is exported.
            for changed in changed {
                if let Err(error) = archive.judge(&series, id, changed) {
                    tracing::warn!(error = &*error.to_string(), "cannot judge what came");
                }
            }
            archive.certify(&series, id)
        };
        if let Err(error) = blocking(work).await
            && report.failure.is_none()
        {
            report.failure = Some(Failure::publishing(&error));
        }
    }

    /// Finds or makes the series in the ledger, and puts right what a killed process or a stranger left behind.
    async fn begin(&self, series: &Series) -> Result<(ledger::Series, u64), Failure> {
        let (archive, series) = (Arc::clone(&self.exporter.pipeline.archive), series.clone());
        let now = self.exporter.pipeline.clock.now();
        let today = series.today(now);
        blocking(move || {
            let layout = series.layout();
            take_over(&archive, &series, now)?;
            let known = archive.ledger.series(&series.key(), &layout, &series.style(), today);
            let known = known.map_err(Failure::from)?;
            if known.layout != layout {
                return Err(Failure::layout_changed(&series, &known.layout));
            }
            archive.ledger.enroll_rechecks(known.id, &series.rechecks(now))?;
            let damaged =
                archive.tidy(&series, known.id, now).map_err(|error| Failure::publishing(&error))?;
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
        repair: bool,
    ) -> Result<Vec<PlannedWindow>, LedgerError> {
        let (archive, id) = (Arc::clone(&self.exporter.pipeline.archive), known.id);
        let extent = blocking(move || archive.ledger.extent(id)).await?;
        let now = self.exporter.pipeline.clock.now();
        Ok(if repair {
            series.rules.lost(&extent.coverage, now)
        } else {
            plan_series(series, self.work, &extent, known.first_run, now)
        })
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

    async fn export_windows(
        &self,
        series: &Series,
        id: i64,
        windows: Vec<PlannedWindow>,
        report: &mut SeriesReport,
    ) {
        let Some(session) = self.exporter.by_stream.get(&series.stream.name) else { return };
        let asking = || (self.progress)(Progress::Asking);
        let mut unavailable_in_a_row = 0;
        for (index, planned) in windows.iter().enumerate() {
            let _permit = self.permit(&asking).await;
            let outcome = if self.exporter.pipeline.shutdown.is_requested() {
                Err(WindowError::Interrupted)
            } else if planned.reason.only_if_lacking() && self.is_exported(id, planned).await {
                // Another process was here since we planned.
                Ok(Published::default())
            } else {
                self.exporter.pipeline.export(series, id, session, planned, self.number, &asking).await
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
                        return;
                    }
                }
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

    /// Remembers in the ledger how the series fared, for `status`.
    async fn note_end(&self, series: &Series, report: &SeriesReport) {
        let (archive, key) = (Arc::clone(&self.exporter.pipeline.archive), series.key());
        let (known, failure) = (report.series_id, report.failure.clone());
        let at = self.exporter.pipeline.clock.now();
        let noted = blocking(move || {
            let id = match known {
                Some(id) => Some(id),
                None => archive.ledger.find_series(&key)?.map(|series| series.id),
            };
            match (id, failure) {
                (Some(id), None) => archive.ledger.note_success(id, at),
                (Some(id), Some(failure)) => archive.ledger.note_failure(id, &failure.at(at)),
                (None, _) => Ok(()),
            }
        });
        if let Err(error) = noted.await {
            tracing::error!(error = &*error.to_string(), "cannot note how the run of a series ended");
        }
    }
}

/// Whether a failure of one series would meet the others of its stream as well.
fn concerns_the_whole_stream(kind: FailureKind) -> bool {
    matches!(kind, FailureKind::Credentials | FailureKind::RateLimited | FailureKind::Interrupted)
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

/// A ledger that does not know a series, though its folder tells what is published there, takes that over.
fn take_over(archive: &Archive, series: &Series, now: DateTime<Utc>) -> Result<(), Failure> {
    let (job, stream) = (&*series.job.name, &*series.stream.name);
    match take_over_lost(archive, series, now) {
        Ok(None) => Ok(()),
        Ok(Some(files)) => {
            tracing::warn!(
                job,
                stream,
                files,
                "the ledger did not know this series, its manifest was taken over"
            );
            Ok(())
        }
        Err(RebuildError::Ledger(error)) => Err(error.into()),
        Err(error) => Err(Failure::new(FailureKind::Storage, &error)),
    }
}
