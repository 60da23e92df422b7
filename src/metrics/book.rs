//! What happened since the process began, in figures.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{
    detail::{Detail, Fleet},
    durations::Durations,
    ending::Ending,
    family::{Family, Labels},
};
use crate::{
    config::Config,
    errands::ErrandReports,
    failure::FailureKind,
    report::{Failure, RunReport},
};

/// Counts by a name and how something ended.
type Endings = BTreeMap<(String, Ending), u64>;

#[derive(Default)]
pub(super) struct Book {
    runs: Endings,
    took: BTreeMap<String, Durations>,
    overlapped: BTreeMap<String, u64>,
    in_progress: BTreeMap<String, bool>,
    /// Of the jobs and streams of the configuration, and of those that ran since it was applied.
    rows: BTreeMap<(String, String), u64>,
    /// Of everything, whether or not it is in the configuration still: so that no figure of a job ever goes down.
    rows_of_jobs: BTreeMap<String, u64>,
    failures: BTreeMap<FailureKind, u64>,
    deliveries: Endings,
    files_delivered: BTreeMap<String, u64>,
    inventories: Endings,
    reloads_applied: u64,
    reloads_rejected: u64,
    last_reload_failed: bool,
}

impl Book {
    /// Everything that can happen with `config` has a count from now on, be it 0.
    pub(super) fn expect(&mut self, config: &Config) {
        let mut expected = BTreeSet::new();
        for job in &config.jobs {
            expect_endings(&mut self.runs, &job.name);
            for counts in [&mut self.overlapped, &mut self.rows_of_jobs] {
                counts.entry(job.name.clone()).or_default();
            }
            self.took.entry(job.name.clone()).or_default();
            expected.extend(job.streams.iter().map(|stream| (job.name.clone(), stream.name.clone())));
        }
        // Nothing is under way when a configuration is applied: what was is done, or abandoned.
        self.in_progress = config.jobs.iter().map(|job| (job.name.clone(), false)).collect();
        self.rows.retain(|series, _| expected.contains(series));
        for series in expected {
            self.rows.entry(series).or_default();
        }
        for delivery in &config.deliveries {
            expect_endings(&mut self.deliveries, &delivery.name);
            self.files_delivered.entry(delivery.name.clone()).or_default();
        }
        for inventory in &config.inventories {
            expect_endings(&mut self.inventories, &inventory.name);
        }
    }

    pub(super) fn run_began(&mut self, job: &str) {
        self.in_progress.insert(job.to_owned(), true);
    }

    pub(super) fn run_ended(&mut self, job: &str, report: &RunReport, took: Duration) {
        self.end_run(job, Ending::of(report), took);
        for series in &report.series {
            let key = (series.key.job.clone(), series.key.stream.clone());
            *self.rows_of_jobs.entry(key.0.clone()).or_default() += series.rows;
            *self.rows.entry(key).or_default() += series.rows;
        }
        self.fail(report.series.iter().filter_map(|series| series.failure.as_ref()));
    }

    pub(super) fn run_failed(&mut self, job: &str, failure: &Failure, took: Duration) {
        self.end_run(job, Ending::of_kind(failure.kind), took);
        self.fail([failure]);
    }

    fn end_run(&mut self, job: &str, ending: Ending, took: Duration) {
        *self.runs.entry((job.to_owned(), ending)).or_default() += 1;
        self.took.entry(job.to_owned()).or_default().add(took);
        self.in_progress.insert(job.to_owned(), false);
    }

    pub(super) fn run_overlapped(&mut self, job: &str) {
        *self.overlapped.entry(job.to_owned()).or_default() += 1;
    }

    pub(super) fn errands_ended(&mut self, reports: &ErrandReports) {
        let errands = reports.to_reports();
        let (deliveries, inventories) = errands.split_at(reports.deliveries.len());
        for (report, errand) in reports.deliveries.iter().zip(deliveries) {
            let ending = Ending::of_errand(errand, report.is_busy);
            *self.deliveries.entry((report.delivery.clone(), ending)).or_default() += 1;
            *self.files_delivered.entry(report.delivery.clone()).or_default() += report.delivered;
        }
        for (report, errand) in reports.inventories.iter().zip(inventories) {
            let ending = Ending::of_errand(errand, report.is_busy);
            *self.inventories.entry((report.inventory.clone(), ending)).or_default() += 1;
        }
        self.fail(errands.iter().filter_map(|errand| errand.failure.as_ref()));
    }

    pub(super) fn reloaded(&mut self, applied: bool) {
        *(if applied { &mut self.reloads_applied } else { &mut self.reloads_rejected }) += 1;
        self.last_reload_failed = !applied;
    }

    fn fail<'a>(&mut self, failures: impl IntoIterator<Item = &'a Failure>) {
        for failure in failures {
            *self.failures.entry(failure.kind).or_default() += 1;
        }
    }

    /// The jobs and streams that it has rows of.
    pub(super) fn fleet(&self) -> Fleet {
        let streams: BTreeSet<&str> = self.rows.keys().map(|(_, stream)| &**stream).collect();
        Fleet { jobs: self.rows_of_jobs.len(), streams: streams.len(), series: self.rows.len() }
    }

    pub(super) fn families(&self, detail: Detail) -> Vec<Family> {
        let progress = self.in_progress.iter().map(|(job, runs)| (of("job", job), i64::from(*runs)));
        let took = self.took.iter().map(|(job, took)| (of("job", job), *took));
        let reload = |outcome: &str, count| (of("outcome", outcome), count);
        let failure = |kind: FailureKind| {
            (of("reason", kind.as_str()), self.failures.get(&kind).copied().unwrap_or_default())
        };
        vec![
            Family::counter("runs", "Runs of a job, by how they ended", endings("job", &self.runs)),
            Family::durations("run_duration", "How long the runs of a job took", took),
            Family::gauge("run_in_progress", "Whether a run of the job is under way", progress),
            Family::counter(
                "runs_overlapped",
                "Times that a run of the job was due while one was under way",
                counts("job", &self.overlapped),
            ),
            Family::counter("rows_exported", "Rows that arrived and were published", self.rows(detail)),
            Family::counter(
                "failures",
                "Series, deliveries and inventories that failed, once a run, by the reason",
                FailureKind::ALL.map(failure),
            ),
            Family::counter(
                "deliveries",
                "Rounds of a delivery, by how they ended",
                endings("delivery", &self.deliveries),
            ),
            Family::counter(
                "files_delivered",
                "Files that a partner took, or was learned to have imported",
                counts("delivery", &self.files_delivered),
            ),
            Family::counter(
                "inventories",
                "Times that an inventory was to be taken, by how that ended",
                endings("inventory", &self.inventories),
            ),
            Family::counter(
                "config_reloads",
                "Times that the configuration was read again, by whether it was applied",
                [reload("applied", self.reloads_applied), reload("rejected", self.reloads_rejected)],
            ),
            Family::gauge(
                "config_last_reload_successful",
                "Whether the configuration in use is what was there when it was last read",
                [(Labels::new(), i64::from(!self.last_reload_failed))],
            ),
        ]
    }

    fn rows(&self, detail: Detail) -> Vec<(Labels, u64)> {
        if detail.is_aggregated() {
            let jobs = self.rows_of_jobs.iter().map(|(job, rows)| ((&**job, ""), *rows));
            return detail.by_series(jobs, u64::saturating_add);
        }
        let series = self.rows.iter().map(|((job, stream), rows)| ((&**job, &**stream), *rows));
        detail.by_series(series, u64::saturating_add)
    }
}

fn expect_endings(counts: &mut Endings, name: &str) {
    for ending in Ending::ALL {
        counts.entry((name.to_owned(), ending)).or_default();
    }
}

fn endings(label: &'static str, counts: &Endings) -> Vec<(Labels, u64)> {
    let labels =
        |name: &str, ending: Ending| vec![(label, name.to_owned()), ("outcome", ending.as_str().to_owned())];
    counts.iter().map(|((name, ending), count)| (labels(name, *ending), *count)).collect()
}

fn counts(label: &'static str, counts: &BTreeMap<String, u64>) -> Vec<(Labels, u64)> {
    counts.iter().map(|(name, count)| (of(label, name), *count)).collect()
}

/// The only label of a sample.
pub(super) fn of(label: &'static str, value: &str) -> Labels {
    vec![(label, value.to_owned())]
}
