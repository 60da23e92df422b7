//! One run: the series of a stream one after the other, and each of them window by window.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Exporter, Progress, ProgressListener, Work, plan_series,
    windows::{settled, tell_judging},
};
use crate::{
    blocking::blocking,
    failure::FailureKind,
    judging::Judging,
    ledger::{LedgerError, Recheck},
    pipeline::report_damage,
    plan::PlannedWindow,
    publication::{Archive, Commitment, Committed, PublishError},
    rebuild::{RebuildError, take_over_lost},
    report::{Failure, SeriesReport},
    series::Series,
};

/// How often a run goes back for partitions whose files it found damaged.
const MAX_REPAIR_ROUNDS: u32 = 3;

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
                if series.job.reconcile {
                    self.reconcile(&series, &report).await;
                    self.certify(&series, &mut report).await;
                }
            }
            if report.failure.is_some() || series.job.reconcile && self.says_how_the_stream_is(&report) {
                self.note_end(&series, &report).await;
            }
            reports.push(report);
        }
        reports
    }

    /// A backfill that had nothing to ask does not.
    fn says_how_the_stream_is(&self, report: &SeriesReport) -> bool {
        matches!(self.work, Work::Due) || report.windows_done > 0
    }

    async fn one_series(&self, series: &Series, report: &mut SeriesReport) {
        let begun = match self.begin(series).await {
            Ok(begun) => begun,
            Err(failure) => {
                report.failure = Some(failure);
                return;
            }
        };
        report.files_damaged += begun.files_lost;
        report.series_id = Some(begun.id);
        let mut windows = begun.windows;
        for _ in 0..=MAX_REPAIR_ROUNDS {
            (self.progress)(Progress::Planned(windows.len() as u64));
            let judging = Judging::new(&self.exporter.pipeline.archive, series, begun.id);
            let judging = self.export_windows(series, begun.id, &windows, report, judging).await;
            // After its own work, a run restores what was found damaged, now or by one that died.
            windows = self.settle(series, begun.id, judging, report).await;
            if windows.is_empty() {
                return;
            }
        }
    }

    /// Judges what came, and says what is to be restored. Where that is nothing, the folder tells what is published in it
    /// by now.
    async fn settle(
        &self,
        series: &Series,
        id: i64,
        mut judging: Judging,
        report: &mut SeriesReport,
    ) -> Vec<PlannedWindow> {
        let (archive, of) = (Arc::clone(&self.exporter.pipeline.archive), series.clone());
        let (has_failed, now) = (report.failure.is_some(), self.exporter.pipeline.clock.now());
        let success = Some(now).filter(|_| !has_failed && self.says_how_the_stream_is(report));
        let work = move || {
            tell_judging(judging.finish());
            let lost = if has_failed { Ok(Vec::new()) } else { lost(&archive, &of, id, now) };
            let is_done = lost.as_ref().is_ok_and(Vec::is_empty);
            let certified =
                if is_done && !of.job.reconcile { certify(&archive, &of, id, success) } else { Ok(None) };
            (lost, certified)
        };
        let (lost, certified) = blocking(work).await;
        report_certified(certified, report).await;
        lost.unwrap_or_else(|error| {
            report.fail(error.into());
            Vec::new()
        })
    }

    /// Has the folder tell what is published in it by now.
    async fn certify(&self, series: &Series, report: &mut SeriesReport) {
        let Some(id) = report.series_id else { return };
        let (archive, series) = (Arc::clone(&self.exporter.pipeline.archive), series.clone());
        let certified = blocking(move || certify(&archive, &series, id, None)).await;
        report_certified(certified, report).await;
    }

    /// Finds or makes the series in the ledger, puts right what a killed process or a stranger left behind, and plans.
    async fn begin(&self, series: &Series) -> Result<Begun, Failure> {
        let (archive, series) = (Arc::clone(&self.exporter.pipeline.archive), series.clone());
        let work = self.work.of(&series);
        let now = self.exporter.pipeline.clock.now();
        let today = series.today(now);
        blocking(move || {
            let layout = series.layout();
            let known = if let Some(known) = archive.ledger.find_series(&series.key())? {
                known
            } else {
                take_over(&archive, &series, now)?;
                archive.ledger.series(&series.key(), &layout, &series.style(), today)?
            };
            if known.layout != layout {
                return Err(Failure::layout_changed(&series, &known.layout));
            }
            let (files, mut extent) = archive.ledger.standing(known.id)?;
            let rechecks = series.rechecks(now);
            if ages(&extent.rechecked).ne(ages(&rechecks)) {
                archive.ledger.enroll_rechecks(known.id, &rechecks)?;
                extent = archive.ledger.extent(known.id)?;
            }
            let damaged = archive
                .tidy_known(&series, known.id, &files, now)
                .map_err(|error| Failure::publishing(&error))?;
            report_damage(&series, &damaged);
            if !damaged.is_empty() {
                extent = archive.ledger.extent(known.id)?;
            }
            if known.style != series.style() {
                archive.restyle(&series, known.id).map_err(|error| Failure::publishing(&error))?;
                extent = archive.ledger.extent(known.id)?;
            }
            let windows = plan_series(&series, &work, &extent, known.first_run, now);
            Ok(Begun { id: known.id, files_lost: damaged.len() as u64, windows })
        })
        .await
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

/// A series that is ready to be exported.
struct Begun {
    /// The ledger's number for it.
    id: i64,
    files_lost: u64,
    /// What is to be asked for.
    windows: Vec<PlannedWindow>,
}

fn ages(rechecks: &[Recheck]) -> impl Iterator<Item = TimeDelta> {
    rechecks.iter().map(|recheck| recheck.age)
}

/// The windows of what was found damaged.
fn lost(
    archive: &Archive,
    series: &Series,
    id: i64,
    now: DateTime<Utc>,
) -> Result<Vec<PlannedWindow>, LedgerError> {
    Ok(series.rules.lost(&archive.ledger.coverage(id)?, now))
}

/// Has the folder tell what is published in it, and notes that the run of the series ended well then.
fn certify(
    archive: &Archive,
    series: &Series,
    id: i64,
    success: Option<DateTime<Utc>>,
) -> Result<Option<Committed>, PublishError> {
    let certificate = match archive.certificate(series, id)? {
        Some(certificate) => Commitment { success, ..certificate },
        None if success.is_some() => Commitment { series_id: id, success, ..Commitment::default() },
        None => return Ok(None),
    };
    Ok(Some(archive.commit(certificate)))
}

async fn report_certified(certified: Result<Option<Committed>, PublishError>, report: &mut SeriesReport) {
    let outcome = match certified {
        Ok(Some(committed)) => settled(committed).await,
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    if let Err(error) = outcome
        && report.failure.is_none()
    {
        report.failure = Some(Failure::publishing(&error));
    }
}

/// Whether a failure of one series would meet the others of its stream as well.
fn concerns_the_whole_stream(kind: FailureKind) -> bool {
    matches!(kind, FailureKind::Credentials | FailureKind::RateLimited | FailureKind::Interrupted)
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
