//! Configurations, reports and snapshots to be told of.

use std::{fmt::Write, path::Path};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    auth::{AccountState, AccountView},
    config::Config,
    coverage::{Coverage, Standing},
    disk::DiskSpace,
    failure::FailureKind,
    ledger::{InventoryRecord, LastError, OutboxStatus, SeriesKey, SeriesStatus},
    metrics::Gauges,
    report::{Failure, RunReport, SeriesReport},
    series::Series,
    status::{DeliveryView, Exported, InventoryView, SeriesView, Snapshot},
    time::TimeRange,
};

/// One delivery and one inventory, each with its account.
const ERRANDS: &str = r#"
[[accounts]]
name = "partner"
kind = "simacan"
base_url = "https://auth.example.com/api/v1"
username = "exporter@example.com"
password = { file = "secrets/partner" }
[[accounts]]
name = "angelcam"
kind = "angelcam"
client_id = "CID"
[[deliveries]]
name = "partner-hourly"
job = "hourly"
account = "partner"
url = "https://target.example.com/trips/insertOrUpdate"
[[inventories]]
name = "cameras"
account = "angelcam"
"#;

/// Jobs that export every one of so many streams each.
pub(super) fn config(jobs: &[&str], streams: usize) -> Config {
    let mut text = "output_dir = \"data\"\nstate_dir = \"state\"\n".to_owned();
    for stream in 1..=streams {
        let (name, user) =
            (format!("name = \"s{stream}\""), "username = \"u\"\naccess_token = { env = \"X\" }");
        _ = writeln!(text, "[[streams]]\n{name}\nclient_id = \"{stream}\"\n{user}");
    }
    for job in jobs {
        _ = writeln!(text, "[[jobs]]\nname = \"{job}\"\nmetrics = [\"passing_by\"]");
    }
    if jobs.contains(&"hourly") {
        text += ERRANDS;
    }
    Config::parse(&text, Path::new("exporter.toml")).unwrap_or_else(|error| panic!("{error}"))
}

pub(super) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

/// A day after the beginning of 1970.
pub(super) const NOW: i64 = 86_400;

/// Nothing was ever run.
pub(super) fn untouched(config: &Config) -> Snapshot {
    let series = Series::all(config, None, None).into_iter();
    let view = |series| SeriesView { series, exported: None, next_run: None };
    let mut series: Vec<SeriesView> = series.map(view).collect();
    series.sort_by_key(|view| view.series.key());
    let deliveries = config.deliveries.iter().map(|delivery| DeliveryView {
        delivery: delivery.clone(),
        status: OutboxStatus::default(),
        parked: Vec::new(),
    });
    let inventories = config.inventories.iter();
    let inventories = inventories.map(|inventory| InventoryView {
        inventory: inventory.clone(),
        known: None,
        next_run: None,
    });
    Snapshot {
        daemon: None,
        at: at(NOW),
        series,
        deliveries: deliveries.collect(),
        inventories: inventories.collect(),
        accounts: config.accounts.iter().map(|account| account_view(&account.name, None)).collect(),
        streams: config.streams.iter().map(|stream| account_view(&stream.name, None)).collect(),
    }
}

/// Series, streams, deliveries, inventories and accounts that were in use. The later in the list, the later its times.
pub(super) fn in_use(config: &Config) -> Snapshot {
    let mut snapshot = untouched(config);
    for (number, view) in (0_i64..).zip(&mut snapshot.series) {
        let until = at(7200 + number);
        let exported = TimeRange::new(at(0), until).unwrap();
        let error = || LastError { at: until, kind: "unavailable".to_owned(), message: String::new() };
        let status = SeriesStatus {
            coverage: Coverage::from_intervals(vec![(exported, Standing::Final)]).unwrap(),
            files: 1,
            rows: 2,
            missing_buckets: 3,
            last_success: Some(until + TimeDelta::hours(1)),
            last_error: (number == 0).then(error),
        };
        view.exported =
            Some(Exported { status, gaps: Vec::new(), silent_since: None, suspicions: Vec::new() });
    }
    for (number, view) in (0..).zip(&mut snapshot.streams) {
        view.expires_at = Some(at(18_000 + number));
    }
    for view in &mut snapshot.deliveries {
        view.status = OutboxStatus {
            pending: 4,
            awaiting: 2,
            parked: 1,
            oldest_pending: Some(at(3600)),
            ..OutboxStatus::default()
        };
    }
    for view in &mut snapshot.inventories {
        view.known = Some(InventoryRecord {
            source: String::new(),
            last_success: Some(at(10_800)),
            last_error: None,
            cameras: Vec::new(),
        });
    }
    if let Some(view) = snapshot.accounts.first_mut() {
        view.state = AccountState::NeedsAuthorization;
    }
    snapshot
}

fn account_view(name: &str, expires_at: Option<DateTime<Utc>>) -> AccountView {
    let (name, state) = (name.to_owned(), AccountState::Ready);
    AccountView { name, kind: "angus", state, expires_at, refresh_issued_at: None, message: None }
}

/// A run with these rows and failures, stream by stream.
pub(super) fn report(job: &str, streams: &[(&str, u64, Option<FailureKind>)]) -> RunReport {
    let series = streams.iter().map(|(stream, rows, failure)| {
        let key = SeriesKey { job: job.to_owned(), stream: (*stream).to_owned() };
        let failure = failure.map(|kind| Failure::new(kind, ""));
        SeriesReport { rows: *rows, windows_done: u64::from(*rows > 0), failure, ..SeriesReport::new(key) }
    });
    RunReport { series: series.collect(), errands: Vec::new() }
}

pub(super) fn gauges() -> Gauges {
    let disk = |free_bytes| Some(DiskSpace { free_bytes, size_bytes: 1 << 40 });
    Gauges { is_ready: true, started_at: at(60), output_disk: disk(1 << 30), state_disk: disk(1 << 20) }
}
