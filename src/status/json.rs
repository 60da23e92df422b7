//! A snapshot as programs read it: `status --json`, and `/api/status` of the daemon.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeZone, Utc};
use serde::Serialize;

use super::{DeliveryView, InventoryView, SeriesView, Snapshot};
use crate::{
    auth::{AccountState, AccountView},
    config::Config,
    ledger::LastError,
    suspicion::{self, Suspicion},
    time::{BucketGrid, TimeRange, to_display},
};

#[derive(Serialize)]
struct StatusJson {
    now: String,
    daemon: Option<String>,
    series: Vec<SeriesJson>,
    #[serde(flatten)]
    errands: ErrandsJson,
}

/// Deliveries, inventories and accounts, as programs read them.
#[derive(Serialize)]
pub struct ErrandsJson {
    deliveries: Vec<DeliveryJson>,
    inventories: Vec<InventoryJson>,
    accounts: Vec<AccountJson>,
}

#[derive(Serialize)]
struct SeriesJson {
    job: String,
    stream: String,
    exported_until: Option<String>,
    lag_seconds: Option<i64>,
    rows: u64,
    files: u64,
    missing_buckets: u64,
    gaps: Vec<BTreeMap<&'static str, String>>,
    last_success: Option<String>,
    last_error: Option<ErrorJson>,
    suspect: Vec<SuspectJson>,
    token_expires_at: Option<String>,
    next_run: Option<String>,
    next_run_local: Option<String>,
}

#[derive(Serialize)]
struct DeliveryJson {
    name: String,
    pending: u64,
    awaiting_import: u64,
    parked: u64,
    delivered: u64,
    oldest_pending: Option<String>,
    failures: u64,
    retry_at: Option<String>,
    last_success: Option<String>,
    last_error: Option<ErrorJson>,
    parked_files: Vec<ParkedJson>,
}

#[derive(Serialize)]
struct ParkedJson {
    file: String,
    error: ErrorJson,
}

#[derive(Serialize)]
struct InventoryJson {
    name: String,
    cameras: usize,
    last_success: Option<String>,
    last_error: Option<ErrorJson>,
    next_run: Option<String>,
    next_run_local: Option<String>,
}

/// How something ended last time, as programs read it.
#[derive(Serialize)]
pub struct ErrorJson {
    at: String,
    reason: String,
    message: String,
}

/// Zeros that are unlike the camera, as programs read it.
#[derive(Serialize)]
pub struct SuspectJson {
    since: String,
    until: String,
    is_over: bool,
    usual: f64,
    unit: String,
    expected_people: f64,
    message: String,
}

impl SuspectJson {
    /// The suspicion; its message is in the time of the grid's zone.
    pub fn new(suspicion: &Suspicion, grid: BucketGrid, now: DateTime<Utc>) -> Self {
        Self {
            since: to_display(suspicion.since),
            until: to_display(suspicion.until),
            is_over: suspicion.is_over,
            usual: suspicion.usual,
            unit: format!("people/{}", suspicion::unit(grid)),
            expected_people: suspicion.expected_people,
            message: suspicion.sentence(grid, now),
        }
    }
}

/// An account or the token of a stream, as programs read it.
#[derive(Serialize)]
pub struct AccountJson {
    name: String,
    kind: &'static str,
    state: AccountState,
    expires_at: Option<String>,
    refresh_token_issued_at: Option<String>,
    refresh_token_age_seconds: Option<i64>,
    message: Option<String>,
}

impl Snapshot {
    /// For programs. Times are RFC 3339 in UTC, and beside it in the configuration's zone where they are `_local`.
    pub fn to_json(&self, config: &Config) -> impl Serialize + use<> {
        let ends = self.streams.iter().filter_map(|view| Some((&*view.name, view.expires_at?)));
        let ends: HashMap<&str, DateTime<Utc>> = ends.collect();
        let series = self.series.iter().map(|view| {
            let token_ends = ends.get(&*view.series.stream.name).copied();
            series_json(config, view, token_ends, self.at)
        });
        StatusJson {
            now: to_display(self.at),
            daemon: self.daemon.clone(),
            series: series.collect(),
            errands: self.errands_json(config),
        }
    }

    /// What is not about series, for programs.
    pub fn errands_json(&self, config: &Config) -> ErrandsJson {
        ErrandsJson {
            deliveries: self.deliveries.iter().map(delivery_json).collect(),
            inventories: self.inventories.iter().map(|view| inventory_json(config, view)).collect(),
            accounts: self.accounts.iter().map(|view| AccountJson::new(view, self.at)).collect(),
        }
    }
}

impl From<&LastError> for ErrorJson {
    fn from(LastError { at, kind, message }: &LastError) -> Self {
        Self { at: to_display(*at), reason: kind.clone(), message: message.clone() }
    }
}

impl AccountJson {
    /// The account as it is at `now`.
    pub fn new(view: &AccountView, now: DateTime<Utc>) -> Self {
        Self {
            name: view.name.clone(),
            kind: view.kind,
            state: view.state,
            expires_at: view.expires_at.map(to_display),
            refresh_token_issued_at: view.refresh_issued_at.map(to_display),
            refresh_token_age_seconds: view.refresh_issued_at.map(|issued| (now - issued).num_seconds()),
            message: view.message.clone(),
        }
    }
}

fn series_json(
    config: &Config,
    view: &SeriesView,
    token_ends: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> SeriesJson {
    let exported_until = view.exported_until();
    let status = view.exported.as_ref().map(|exported| &exported.status);
    let gap =
        |gap: &TimeRange| BTreeMap::from([("from", to_display(gap.start())), ("to", to_display(gap.end()))]);
    SeriesJson {
        job: view.series.job.name.clone(),
        stream: view.series.stream.name.clone(),
        exported_until: exported_until.map(to_display),
        lag_seconds: exported_until.map(|until| (now - until).num_seconds()),
        rows: status.map_or(0, |status| status.rows),
        files: status.map_or(0, |status| status.files),
        missing_buckets: status.map_or(0, |status| status.missing_buckets),
        gaps: view.exported.iter().flat_map(|exported| &exported.gaps).map(gap).collect(),
        last_success: view.last_success().map(to_display),
        last_error: view.last_error().map(ErrorJson::from),
        suspect: view
            .suspicions()
            .map(|found| SuspectJson::new(found, view.series.rules.grid, now))
            .collect(),
        token_expires_at: token_ends.map(to_display),
        next_run: view.next_run.map(to_display),
        next_run_local: view.next_run.map(|at| local(config, at)),
    }
}

fn delivery_json(view: &DeliveryView) -> DeliveryJson {
    let DeliveryView { delivery, status, parked } = view;
    DeliveryJson {
        name: delivery.name.clone(),
        pending: status.pending,
        awaiting_import: status.awaiting,
        parked: status.parked,
        delivered: status.delivered,
        oldest_pending: status.oldest_pending.map(to_display),
        failures: status.failures,
        retry_at: status.retry_at.map(to_display),
        last_success: status.last_success.map(to_display),
        last_error: status.last_error.as_ref().map(ErrorJson::from),
        parked_files: parked
            .iter()
            .map(|(entry, error)| ParkedJson { file: entry.path.clone(), error: ErrorJson::from(error) })
            .collect(),
    }
}

fn inventory_json(config: &Config, view: &InventoryView) -> InventoryJson {
    InventoryJson {
        name: view.inventory.name.clone(),
        cameras: view.known.as_ref().map_or(0, |known| known.cameras.len()),
        last_success: view.last_success().map(to_display),
        last_error: view.last_error().map(ErrorJson::from),
        next_run: view.next_run.map(to_display),
        next_run_local: view.next_run.map(|at| local(config, at)),
    }
}

/// Schedules are on the wall clock of the configuration's zone.
fn local(config: &Config, instant: DateTime<Utc>) -> String {
    config.timezone.from_utc_datetime(&instant.naive_utc()).to_rfc3339()
}
