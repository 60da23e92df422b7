//! One run: the series of a stream one after the other, and each of them window by window.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Exporter, Progress, ProgressListener, Work, plan_series};
use crate::{
    blocking::blocking,
    failure::FailureKind,
    ledger::{self, LedgerError},
    pipeline::report_damage,
    plan::PlannedWindow,
    publication::Archive,
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
            self.export_windows(series, known.id, &windows, report).await;
            if is_whole || report.failure.is_some() {
                return;
            }
        }
    }

    /// Has the folder tell what is published in it by now.
    async fn certify(&self, series: &Series, report: &mut SeriesReport) {
        let Some(id) = report.series_id else { return };
        let (archive, series) = (Arc::clone(&self.exporter.pipeline.archive), series.clone());
        let work = move || archive.certify(&series, id);
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
