//! What is done in a lane when a hint comes.

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::FutureExt;
use tokio::sync::mpsc;

use super::{
    crew::Crew,
    lane::{Duty, Ended, Hint, Lane},
    ping::{Ping, RunEnd},
};
use crate::{
    blocking::blocking,
    config::{Delivery, Inventory, Job},
    delivery::Urgency,
    errands::{ErrandReports, inventory_is_due},
    exporter::{Progress, ProgressListener, Work},
    failure::FailureKind,
    ledger::SeriesKey,
    report::{Failure, RunReport},
    scheduler::{may_pass, retry_after},
    series::Series,
};

/// How soon a queue of files is looked at again while something is in it, and while nothing is: another process may
/// have published something.
const QUEUE_PAUSE: Duration = Duration::from_mins(1);
const IDLE_QUEUE_PAUSE: Duration = Duration::from_mins(5);

/// How soon an inventory that failed is looked at again; it decides by itself whether it may be tried.
const INVENTORY_PAUSE: Duration = Duration::from_mins(15);

/// How often idle tokens are looked after.
const UPKEEP_PAUSE: Duration = Duration::from_hours(1);

/// After a run that ended in a panic, which is a defect of this program.
const PAUSE_AFTER_PANIC: Duration = Duration::from_mins(5);

/// Does what the lane is for, one hint after the other, until a stop is requested.
pub(super) async fn work(crew: Arc<Crew>, lane: Arc<Lane>, mut hints: mpsc::Receiver<Hint>) {
    if AssertUnwindSafe(look_at_start(&crew, &lane)).catch_unwind().await.is_err() {
        // Told by the panic itself; whatever it is that cannot be judged may be done all the same.
        lane.look_again(Instant::now() + PAUSE_AFTER_PANIC, Hint::Start);
    }
    let shutdown = crew.workplace.shutdown.clone();
    loop {
        let hint = tokio::select! {
            biased;
            () = shutdown.requested() => return,
            hint = hints.recv() => hint,
        };
        let Some(hint) = hint else { return };
        lane.begin(crew.now(), Instant::now());
        // A panic ends the run, and not the lane.
        let ended = AssertUnwindSafe(perform(&crew, &lane, hint)).catch_unwind().await;
        let ended = ended.unwrap_or_else(|_| panicked(&lane));
        lane.end(&ended, Instant::now());
        settle(&crew).await;
        if let (true, Some(wait)) = (ended.has_failed, ended.again_after) {
            let (lane, outcome, after_seconds) = (&*lane.duty().name(), ended.outcome, wait.as_secs());
            tracing::info!(lane, outcome, after_seconds, "looks again");
        }
    }
}

/// Lets others open the ledger quickly. That it cannot be is no failure of what was done.
async fn settle(crew: &Arc<Crew>) {
    let crew = Arc::clone(crew);
    if let Err(error) = blocking(move || crew.workplace.archive.ledger.settle()).await {
        tracing::debug!(error = &*error.to_string(), "cannot settle the ledger");
    }
}

fn panicked(lane: &Lane) -> Ended {
    let lane = &*lane.duty().name();
    tracing::error!(lane, "a run ended in a panic, which is a defect of this program; please report it");
    let again_after = Some(PAUSE_AFTER_PANIC);
    Ended { outcome: "panicked", again_after, has_failed: true, failed: Vec::new() }
}

/// Sets the first look: a job only where something is due, all others decide by themselves.
async fn look_at_start(crew: &Arc<Crew>, lane: &Arc<Lane>) {
    let jitter = (crew.workplace.timing.jitter)();
    let first = Instant::now() + crew.config.daemon.start_jitter.mul_f64(jitter);
    if let Duty::Export(job) = lane.duty() {
        let (crew, job) = (Arc::clone(crew), Arc::clone(job));
        match blocking(move || crew.is_due(&job)).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => tracing::error!(error = &*error.to_string(), "cannot tell what is due"),
        }
    }
    lane.look_again(first, Hint::Start);
}

async fn perform(crew: &Arc<Crew>, lane: &Arc<Lane>, hint: Hint) -> Ended {
    match lane.duty() {
        Duty::Export(job) => export(crew, lane, job, hint).await,
        Duty::Deliver(deliveries) => deliver(crew, deliveries).await,
        Duty::Inventory(inventory) => take_inventory(crew, inventory).await,
        Duty::Upkeep => {
            crew.workplace.accounts.keep_alive(crew.now()).await;
            Ended { outcome: "done", again_after: Some(UPKEEP_PAUSE), ..Ended::default() }
        }
    }
}

/// Exports what is due of a job: all of it, or when it looks again after a failure, what failed.
async fn export(crew: &Arc<Crew>, lane: &Arc<Lane>, job: &Job, hint: Hint) -> Ended {
    let mut series = Series::all(&crew.config, Some(&job.name), None);
    let failed = lane.failed();
    if hint == Hint::Again && !failed.is_empty() {
        series.retain(|series| failed.contains(&series.key()));
    }
    tracing::debug!(job = &*job.name, hint = hint.as_str(), "looking for work");
    let began = Instant::now();
    crew.metrics.run_began(&job.name);
    let heartbeat = Ping::start(&crew.heartbeat);
    let command = format!("run {}", job.name);
    let outcome = crew.exporter.run(&command, series, &Work::Due, &signs_of_life(lane)).await;
    let ended = match outcome {
        Ok(report) => {
            crew.metrics.run_ended(&job.name, &report, began.elapsed());
            give_to_deliveries(crew, job, &report);
            heartbeat.end(summary(job, &report));
            exported(lane, &report)
        }
        Err(error) => {
            let failure = Failure::new(error.kind(), &error);
            crew.metrics.run_failed(&job.name, &failure, began.elapsed());
            heartbeat.end(RunEnd::Failed(format!("{}: {}", job.name, failure.message)));
            not_begun(lane, job, &failure)
        }
    };
    crew.workplace.accounts.finish().await;
    ended
}

/// How a run went, in a line for the dead man's switch.
fn summary(job: &Job, report: &RunReport) -> RunEnd {
    let failures: Vec<&Failure> = report.series.iter().filter_map(|series| series.failure.as_ref()).collect();
    match failures.as_slice() {
        [] => RunEnd::Well,
        failures if failures.iter().any(|failure| failure.kind == FailureKind::Interrupted) => {
            RunEnd::Stopped
        }
        [first, ..] => {
            let (failed, all) = (failures.len(), report.series.len());
            RunEnd::Failed(format!("{}: {failed} of {all} streams failed: {}", job.name, first.message))
        }
    }
}

fn signs_of_life(lane: &Arc<Lane>) -> ProgressListener {
    let lane = Arc::clone(lane);
    Arc::new(move |_: Progress| lane.show_life(Instant::now()))
}

fn exported(lane: &Lane, report: &RunReport) -> Ended {
    let failures = report.series.iter().filter_map(|series| Some((&series.key, series.failure.as_ref()?)));
    let kinds: Vec<FailureKind> = failures.clone().map(|(_, failure)| failure.kind).collect();
    let passing = failures.filter(|(_, failure)| may_pass(failure.kind));
    let failed: Vec<SeriesKey> = passing.map(|(key, _)| key.clone()).collect();
    let again_after = retry_after(&kinds, lane.failures() + 1);
    Ended { outcome: report.outcome().as_str(), again_after, has_failed: !kinds.is_empty(), failed }
}

/// A run that could not even begin: no ledger, no output folder.
fn not_begun(lane: &Lane, job: &Job, failure: &Failure) -> Ended {
    let (job, reason, error) = (&*job.name, failure.kind.as_str(), &*failure.message);
    tracing::error!(job, reason, error, "run could not begin");
    let again_after = retry_after(&[failure.kind], lane.failures() + 1);
    Ended { outcome: "failed", again_after, has_failed: true, failed: Vec::new() }
}

fn give_to_deliveries(crew: &Crew, job: &Job, report: &RunReport) {
    if report.files_written() == 0 {
        return;
    }
    for lane in &crew.lanes {
        if let Duty::Deliver(deliveries) = lane.duty()
            && deliveries.iter().any(|delivery| delivery.job.name == job.name)
        {
            lane.offer(Hint::Files);
        }
    }
}

async fn deliver(crew: &Arc<Crew>, deliveries: &[Arc<Delivery>]) -> Ended {
    let reports = crew.workplace.courier(&crew.config).deliver(deliveries, Urgency::WhenDue).await;
    let waits = reports.iter().any(|report| report.still_pending + report.awaiting > 0);
    let has_failed = reports.iter().any(|report| report.failure.is_some());
    crew.metrics.errands_ended(&ErrandReports { deliveries: reports, inventories: Vec::new() });
    crew.workplace.accounts.finish().await;
    let again_after = Some(if waits { QUEUE_PAUSE } else { IDLE_QUEUE_PAUSE });
    let outcome = if has_failed { "failed" } else { "done" };
    Ended { outcome, again_after, has_failed, failed: Vec::new() }
}

async fn take_inventory(crew: &Arc<Crew>, inventory: &Arc<Inventory>) -> Ended {
    let again_after = Some(INVENTORY_PAUSE);
    let is_due = {
        let (crew, inventory) = (Arc::clone(crew), Arc::clone(inventory));
        blocking(move || inventory_is_due(&crew.config, &crew.workplace, &inventory)).await
    };
    let report = match is_due {
        Ok(true) => crew.workplace.inventories().take(inventory).await,
        Ok(false) => return Ended { outcome: "not due", again_after, ..Ended::default() },
        Err(error) => {
            tracing::error!(error = &*error.to_string(), "cannot tell what is due");
            return Ended { outcome: "failed", again_after, has_failed: true, ..Ended::default() };
        }
    };
    let has_failed = report.failure.is_some();
    crew.metrics.errands_ended(&ErrandReports { deliveries: Vec::new(), inventories: vec![report] });
    crew.workplace.accounts.finish().await;
    let outcome = if has_failed { "failed" } else { "done" };
    Ended { outcome, again_after, has_failed, ..Ended::default() }
}
