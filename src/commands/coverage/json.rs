//! Coverage as programs read it. Instants are RFC 3339 in UTC, dates are those of the camera.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{View, by_job};
use crate::{
    calendar::{Calendar, DayJson, Tally, TallyJson},
    ledger::Reconciliation,
    states::{Seal, State, Stretch},
    status::SuspectJson,
    time::{BucketGrid, to_display},
};

#[derive(Serialize)]
pub(super) struct CoverageJson {
    now: String,
    series: Vec<SeriesJson>,
    jobs: Vec<JobJson>,
}

#[derive(Serialize)]
struct SeriesJson {
    job: String,
    stream: String,
    time: &'static str,
    timezone: &'static str,
    from: Option<String>,
    to: Option<String>,
    #[serde(flatten)]
    total: TallyJson,
    share: Option<f64>,
    partitions: usize,
    sealed_partitions: usize,
    reconciled_partitions: usize,
    disagreements: Vec<DisagreementJson>,
    suspect: Vec<SuspectJson>,
    stretches: Vec<StretchJson>,
    missing_buckets: Vec<String>,
    days: Vec<DayJson>,
}

#[derive(Serialize)]
struct JobJson {
    job: String,
    #[serde(flatten)]
    total: TallyJson,
    share: Option<f64>,
}

#[derive(Serialize)]
struct StretchJson {
    from: String,
    to: String,
    state: &'static str,
    buckets: usize,
    since: Option<String>,
    reason: Option<String>,
    message: Option<String>,
}

#[derive(Serialize)]
struct DisagreementJson {
    path: String,
    message: String,
}

impl CoverageJson {
    pub(super) fn new(views: &[View], now: DateTime<Utc>) -> Self {
        let job = |(job, _, total): (&str, _, Tally)| JobJson {
            job: job.to_owned(),
            total: TallyJson::from(&total),
            share: total.share(),
        };
        Self {
            now: to_display(now),
            series: views.iter().map(|view| series(view, now)).collect(),
            jobs: by_job(views).map(job).collect(),
        }
    }
}

fn series(view: &View, now: DateTime<Utc>) -> SeriesJson {
    let (series, calendar) = (view.series(), &view.calendar);
    let (total, seals, zone) = (calendar.total(), view.seals(), series.stream.timezone);
    SeriesJson {
        job: series.job.name.clone(),
        stream: series.stream.name.clone(),
        time: series.job.time.as_str(),
        timezone: zone.name(),
        from: calendar.range.map(|range| to_display(range.start())),
        to: calendar.range.map(|range| to_display(range.end())),
        total: TallyJson::from(&total),
        share: total.share(),
        partitions: seals.len(),
        sealed_partitions: seals.iter().filter(|seal| seal.is_sealed).count(),
        reconciled_partitions: seals.iter().filter(|seal| agrees(seal.reconciliation)).count(),
        disagreements: seals.iter().filter_map(disagreement).collect(),
        suspect: view.suspicions().map(|found| SuspectJson::new(found, series.rules.grid, now)).collect(),
        stretches: calendar.stretches.iter().map(|found| stretch(found, series.rules.grid)).collect(),
        missing_buckets: missing(calendar, series.rules.grid),
        days: calendar.days.iter().map(DayJson::from).collect(),
    }
}

fn agrees(found: Option<&Reconciliation>) -> bool {
    found.is_some_and(|found| found.disagreement.is_none())
}

fn disagreement(seal: &Seal<'_>) -> Option<DisagreementJson> {
    let message = seal.reconciliation?.disagreement.clone()?;
    Some(DisagreementJson { path: seal.file.path.clone(), message })
}

fn missing(calendar: &Calendar, grid: BucketGrid) -> Vec<String> {
    let missing = calendar.stretches.iter().filter(|stretch| stretch.state == State::Missing);
    missing.flat_map(|stretch| grid.bucket_starts(stretch.range)).map(to_display).collect()
}

fn stretch(Stretch { range, state, why }: &Stretch, grid: BucketGrid) -> StretchJson {
    StretchJson {
        from: to_display(range.start()),
        to: to_display(range.end()),
        state: state.as_str(),
        buckets: grid.bucket_starts(*range).count(),
        since: why.as_ref().and_then(|why| why.since).map(to_display),
        reason: why.as_ref().map(|why| why.kind.clone()),
        message: why.as_ref().map(|why| why.message.clone()),
    }
}
