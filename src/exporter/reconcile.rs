//! Comparing each partition once with the service, when it has become complete and final.

use std::sync::Arc;

use super::{run::Run, windows::is_hopeless_for_the_stream};
use crate::{
    blocking::blocking,
    failure::FailureKind,
    ledger::{FileRecord, LedgerError},
    pipeline::WindowError,
    publication::PublishError,
    report::SeriesReport,
    series::Series,
    states::{Seal, seals},
    verify::{Difference, worded},
};

/// Files of one series that a run compares, the newest first: a history that was sealed before takes several runs.
const MOST_FILES: usize = 20;

impl Run<'_> {
    /// Compares what was sealed and never compared, where the job says so. Whatever comes of it, the export is as it was:
    /// a difference is told and stays known, and what could not be asked is left to the next run.
    pub(super) async fn reconcile(&self, series: &Series, report: &SeriesReport) {
        let Some(id) = report.series_id.filter(|_| series.job.reconcile) else { return };
        let failure = report.failure.as_ref();
        if failure.is_some_and(|failure| is_hopeless_for_the_stream(failure.kind)) {
            return;
        }
        let files = match self.unreconciled(series, id).await {
            Ok(files) => files,
            Err(error) => return tell_failure(series, None, &error.into()),
        };
        for file in files {
            match self.reconcile_file(series, id, &file).await {
                Ok(differences) => tell_differences(series, &file, &differences),
                Err(error) => {
                    tell_failure(series, Some(&file), &error);
                    if is_hopeless_for_the_stream(error.kind()) {
                        return;
                    }
                }
            }
        }
    }

    async fn unreconciled(&self, series: &Series, id: i64) -> Result<Vec<FileRecord>, PublishError> {
        let (archive, rules) = (Arc::clone(&self.exporter.pipeline.archive), series.rules);
        let files = blocking(move || {
            let evidence = archive.ledger.evidence(id)?;
            let seals = seals(&rules, &evidence).into_iter().rev().filter(Seal::lacks_reconciliation);
            Ok::<_, LedgerError>(seals.take(MOST_FILES).map(|seal| seal.file.clone()).collect())
        });
        Ok(files.await?)
    }

    async fn reconcile_file(
        &self,
        series: &Series,
        id: i64,
        file: &FileRecord,
    ) -> Result<Vec<Difference>, WindowError> {
        let Some(session) = self.exporter.by_stream.get(&series.stream.name) else { return Ok(Vec::new()) };
        let asking = || (self.progress)(super::Progress::Asking);
        let _permit = self.permit(&asking).await;
        if self.exporter.pipeline.shutdown.is_requested() {
            return Err(WindowError::Interrupted);
        }
        let found = self.exporter.pipeline.reconcile(series, id, session, file, &asking).await?;
        // What is not what was published is found by whoever merges into it.
        Ok(found.unwrap_or_default())
    }
}

fn tell_differences(series: &Series, file: &FileRecord, differences: &[Difference]) {
    let (job, stream, file) = (&*series.job.name, &*series.stream.name, &*file.path);
    if let Some(disagreement) = worded(differences) {
        tracing::warn!(job, stream, file, disagreement, "the service disagrees with a published file");
    }
}

fn tell_failure(series: &Series, file: Option<&FileRecord>, error: &WindowError) {
    if error.kind() == FailureKind::Interrupted {
        return;
    }
    let (job, stream, error) = (&*series.job.name, &*series.stream.name, &*error.to_string());
    let file = file.map_or("", |file| &file.path);
    tracing::warn!(job, stream, file, error, "cannot compare with the service, the next run does");
}
