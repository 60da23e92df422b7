//! `/api/overview`: the fleet at a glance. docs/http.md has every field.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use axum::extract::State;
use chrono::{DateTime, SubsecRound, Utc};
use serde::Serialize;

use super::{problem::Problem, reply::Rendered};
use crate::{
    alerts::trouble::Trouble,
    auth::{AccountState, AccountView},
    config::{Config, Job, Stream},
    daemon::{Crew, Duty, Station},
    status::{ErrandsJson, ErrorJson, SeriesState, SeriesView, Snapshot},
    time::to_display,
};

#[derive(Serialize)]
struct OverviewJson {
    now: String,
    version: &'static str,
    timezone: &'static str,
    started_at: String,
    obstacles: Vec<String>,
    alerts: Vec<AlertJson>,
    jobs: Vec<JobJson>,
    streams: Vec<StreamJson>,
    series: Vec<SeriesJson>,
    #[serde(flatten)]
    errands: ErrandsJson,
}

#[derive(Serialize)]
struct AlertJson {
    kind: &'static str,
    subject: String,
    since: String,
    message: String,
}

#[derive(Serialize)]
struct JobJson {
    name: String,
    time: &'static str,
    schedule: String,
    next_run: Option<String>,
    is_running: bool,
}

#[derive(Serialize)]
struct StreamJson {
    name: String,
    timezone: &'static str,
    tags: BTreeMap<String, String>,
    token_state: Option<AccountState>,
    token_expires_at: Option<String>,
}

#[derive(Serialize)]
struct SeriesJson {
    job: String,
    stream: String,
    state: &'static str,
    exported_until: Option<String>,
    rows: u64,
    files: u64,
    missing_buckets: u64,
    gaps: usize,
    last_success: Option<String>,
    last_error: Option<ErrorJson>,
    suspect: Option<String>,
}

/// How everything is, as of a few seconds ago at the most.
pub(super) async fn overview(State(station): State<Arc<Station>>) -> Result<Rendered, Problem> {
    let crew = station.crew();
    let (snapshot, disks) = (crew.snapshot().await?, crew.disks().await);
    let alerts = crew.troubles(&snapshot, &disks);
    let obstacles = station.obstacles().await;
    Rendered::new(&OverviewJson {
        now: to_display(snapshot.at),
        version: env!("CARGO_PKG_VERSION"),
        timezone: crew.config.timezone.name(),
        started_at: to_display(station.started_at().trunc_subsecs(0)),
        obstacles,
        alerts: alerts.into_iter().map(AlertJson::from).collect(),
        jobs: jobs(&crew, snapshot.at),
        streams: streams(&crew.config, &snapshot),
        series: snapshot.series.iter().map(|view| SeriesJson::new(view, snapshot.at)).collect(),
        errands: snapshot.errands_json(&crew.config),
    })
}

fn jobs(crew: &Crew, now: DateTime<Utc>) -> Vec<JobJson> {
    let running = crew.lanes.iter().filter(|lane| lane.running_since().is_some());
    let running = running.filter_map(|lane| match lane.duty() {
        Duty::Export(job) => Some(&*job.name),
        _ => None,
    });
    let running: HashSet<&str> = running.collect();
    let job = |job: &Arc<Job>| JobJson {
        name: job.name.clone(),
        time: job.time.as_str(),
        schedule: job.schedule.as_str().to_owned(),
        next_run: job.schedule.next_after(now, crew.config.timezone).map(to_display),
        is_running: running.contains(&*job.name),
    };
    crew.config.jobs.iter().map(job).collect()
}

fn streams(config: &Config, snapshot: &Snapshot) -> Vec<StreamJson> {
    let tokens: HashMap<&str, &AccountView> =
        snapshot.streams.iter().map(|view| (&*view.name, view)).collect();
    let stream = |stream: &Arc<Stream>| {
        let token = tokens.get(&*stream.name);
        StreamJson {
            name: stream.name.clone(),
            timezone: stream.timezone.name(),
            tags: stream.tags.clone(),
            token_state: token.map(|view| view.state),
            token_expires_at: token.and_then(|view| view.expires_at).map(to_display),
        }
    };
    config.streams.iter().map(stream).collect()
}

impl From<Trouble> for AlertJson {
    fn from(Trouble { key, since, message, .. }: Trouble) -> Self {
        Self { kind: key.kind.as_str(), subject: key.subject, since: to_display(since), message }
    }
}

impl SeriesJson {
    fn new(view: &SeriesView, now: DateTime<Utc>) -> Self {
        let status = view.exported.as_ref().map(|exported| &exported.status);
        Self {
            job: view.series.job.name.clone(),
            stream: view.series.stream.name.clone(),
            state: state(view.state()),
            exported_until: view.exported_until().map(to_display),
            rows: status.map_or(0, |status| status.rows),
            files: status.map_or(0, |status| status.files),
            missing_buckets: status.map_or(0, |status| status.missing_buckets),
            gaps: view.exported.as_ref().map_or(0, |exported| exported.gaps.len()),
            last_success: view.last_success().map(to_display),
            last_error: view.last_error().map(ErrorJson::from),
            suspect: view.suspicion().map(|found| found.sentence(view.series.rules.grid, now)),
        }
    }
}

fn state(state: SeriesState) -> &'static str {
    match state {
        SeriesState::Failed => "failed",
        SeriesState::Suspect => "suspect",
        SeriesState::Ok => "ok",
        SeriesState::NeverRun => "never_run",
    }
}
