//! Keeping the roll-ups of a job up to date, at the end of a run.

use std::sync::Arc;

use super::{Outcome, RollUp};
use crate::{
    blocking::blocking,
    config::Job,
    ledger::LastError,
    pipeline::Pipeline,
    publication::{Archive, PublishError},
    report::{Failure, RunReport},
    series::Series,
};

/// A job whose roll-ups are kept up to date.
#[derive(Clone)]
pub(crate) struct Kept {
    job: Arc<Job>,
    tag_keys: Vec<String>,
}

impl Kept {
    /// Of the jobs that these series belong to, those with roll-ups.
    pub(crate) fn of(series: &[Series]) -> Vec<Self> {
        let mut kept: Vec<Self> = Vec::new();
        for series in series.iter().filter(|series| !series.job.rollups.is_empty()) {
            if kept.iter().all(|known| known.job.name != series.job.name) {
                let tag_keys = series.context.tags.iter().map(|(key, _)| key.clone()).collect();
                kept.push(Self { job: Arc::clone(&series.job), tag_keys });
            }
        }
        kept
    }

    fn roll_up(&self, archive: &Archive) -> Result<Outcome, PublishError> {
        let Self { job, tag_keys } = self;
        RollUp { archive, job, tag_keys, targets: &job.rollups, only: None, makes_all: false }.run()
    }
}

/// Makes again what is no longer as the published files are. What fails is a failure of the run of the streams that it
/// concerns. After an order to stop it is left to the next run.
pub(crate) async fn keep_up(kept: Vec<Kept>, pipeline: &Pipeline, report: &mut RunReport) {
    for kept in kept {
        if pipeline.shutdown.is_requested() {
            return;
        }
        let (archive, work) = (Arc::clone(&pipeline.archive), kept.clone());
        let job = &*kept.job.name;
        match blocking(move || work.roll_up(&archive)).await {
            Ok(outcome) => {
                let written = outcome.files.iter().filter(|file| file.is_written).count();
                if written > 0 {
                    tracing::info!(job, files = written, "roll-ups written");
                }
                for problem in outcome.problems {
                    fail(pipeline, report, &kept.job, Some(&problem.streams), problem.failure).await;
                }
            }
            Err(error) => fail(pipeline, report, &kept.job, None, Failure::publishing(&error)).await,
        }
    }
}

/// Tells the log, the report and the ledger. Where none of `streams` was in this run, the first one of the job tells it.
async fn fail(
    pipeline: &Pipeline,
    report: &mut RunReport,
    job: &Job,
    streams: Option<&[String]>,
    failure: Failure,
) {
    let failure = Failure { message: format!("cannot make roll-ups: {}", failure.message), ..failure };
    let (name, reason, error) = (&*job.name, failure.kind.as_str(), &*failure.message);
    tracing::error!(job = name, streams = ?streams.unwrap_or_default(), reason, error, "roll-ups failed");
    let mut of_job: Vec<_> = report.series.iter_mut().filter(|series| series.key.job == job.name).collect();
    let concerns = |stream: &String| streams.is_none_or(|streams| streams.contains(stream));
    if of_job.iter().any(|series| concerns(&series.key.stream)) {
        of_job.retain(|series| concerns(&series.key.stream));
    } else {
        of_job.truncate(1);
    }
    for series in of_job.into_iter().filter(|series| series.failure.is_none()) {
        series.failure = Some(failure.clone());
        series.only_rollups_failed = true;
        let Some(id) = series.series_id else { continue };
        let (archive, at) = (Arc::clone(&pipeline.archive), pipeline.clock.now());
        let Failure { kind, message } = failure.clone();
        let error = LastError { at, kind: kind.as_str().to_owned(), message };
        if let Err(error) = blocking(move || archive.ledger.note_failure(id, &error)).await {
            tracing::error!(error = &*error.to_string(), "cannot note how the run of a series ended");
        }
    }
}
