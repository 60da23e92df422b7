//! The metrics of the daemon, as text in the format of `OpenMetrics`.
//!
//! What happens is counted in [`Metrics`] while it happens, requests in [`Traffic`]; how everything is comes from a
//! [`Snapshot`], as `status` shows it. Every name begins with `audience_exporter_`, and every name is there from the first
//! answer on, with or without samples. Counts begin at 0 with the process, and what can be known of their labels before is
//! there as 0, so that the first failure is a change.
//!
//! | name | type | what it tells |
//! |---|---|---|
//! | `runs_total{job,outcome}` | counter | runs, by how they ended |
//! | `run_duration_seconds{job}` | histogram | how long they took |
//! | `run_in_progress{job}` | gauge | 1 while one is under way |
//! | `runs_overlapped_total{job}` | counter | times that one was due while one was under way |
//! | `rows_exported_total{job,stream}` | counter | rows that arrived and were published |
//! | `failures_total{reason}` | counter | series, deliveries and inventories that failed, once a run |
//! | `deliveries_total{delivery,outcome}` | counter | rounds of a delivery |
//! | `files_delivered_total{delivery}` | counter | files that a partner took |
//! | `inventories_total{inventory,outcome}` | counter | times that an inventory was to be taken |
//! | `config_reloads_total{outcome}` | counter | `applied`, `rejected` |
//! | `config_last_reload_successful` | gauge | 0 while what is in the file is not what is in use |
//! | `requests_total{endpoint,code}` | counter | requests that ended |
//! | `request_retries_total{reason}` | counter | requests made again |
//! | `last_success_timestamp_seconds{job,stream}` | gauge | when a run last ended well |
//! | `data_until_timestamp_seconds{job,stream}` | gauge | the end of what is exported |
//! | `missing_buckets{job,stream}` | gauge | buckets that the service does not have |
//! | `last_run_failed{job,stream}` | gauge | 1 where the last run did not end well |
//! | `token_expiry_timestamp_seconds{stream}` | gauge | when the token ends |
//! | `outbox_pending{delivery}` | gauge | files to be sent |
//! | `outbox_awaiting_import{delivery}` | gauge | files taken and not imported yet |
//! | `outbox_parked{delivery}` | gauge | files refused for good |
//! | `outbox_oldest_pending_timestamp_seconds{delivery}` | gauge | since when the oldest of them waits |
//! | `inventory_last_success_timestamp_seconds{inventory}` | gauge | when it was last taken |
//! | `account_needs_sign_in{account}` | gauge | 1 where only a person can help |
//! | `output_free_bytes`, `output_size_bytes` | gauge | the disk of `output_dir` |
//! | `state_free_bytes`, `state_size_bytes` | gauge | the disk of `state_dir` |
//! | `series_aggregated` | gauge | 1 where figures of streams are told together |
//! | `ready` | gauge | 1 where `/readyz` says yes |
//! | `started_timestamp_seconds` | gauge | when the process began |
//! | `build_info{version}` | info | what runs |
//!
//! Closed sets:
//!
//! | label | values |
//! |---|---|
//! | `outcome` of runs, deliveries and inventories | `done`, `failed`, `misconfigured`, `credentials_refused`, `incomplete`, `busy`, `interrupted` |
//! | `outcome` of reloads | `applied`, `rejected` |
//! | `reason` of failures | `credentials`, `refused`, `unavailable`, `rate_limited`, `protocol`, `incomplete`, `storage`, `busy`, `configuration`, `interrupted` |
//! | `reason` of retries | `connect`, `timeout`, `interrupted`, `rate_limited`, `server_error`, `other_status`, `garbled`, `token_refused`, `incomplete` |
//! | `endpoint` | `angus_token`, `angus_entities`, `simacan_token`, `angelcam_token`, `angelcam_revoke`, `angelcam_api`, `delivery`, `delivery_status`, `alert_webhook`, `alert_heartbeat` |
//! | `code` | the HTTP status, or `connect`, `timeout`, `interrupted` where no answer came |
//!
//! A time that is not known has no sample; it is never 0. Of a fleet of more than [`MAX_SERIES`] jobs on streams, or
//! streams, the families with a label `stream` tell one sample a job, with `stream="*"`: the earliest of times, and the sum
//! of rows, of missing buckets and of `last_run_failed`. Beyond as many jobs it is one sample in all, with `job="*"` too.

mod book;
mod classic;
mod detail;
mod durations;
mod ending;
mod family;
mod seen;
#[cfg(test)]
mod tests;

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};

use self::{
    book::Book,
    seen::{fleet, of_daemon, of_snapshot, of_traffic},
};
use crate::{
    config::Config,
    disk::DiskSpace,
    errands::ErrandReports,
    report::{Failure, RunReport},
    status::Snapshot,
    wire::Traffic,
};

pub use classic::{CLASSIC_CONTENT_TYPE, to_classic};
pub use detail::MAX_SERIES;

/// What [`Metrics::render`] makes, for the header.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Counts what happens, for the life of the process.
#[derive(Default)]
pub struct Metrics(Mutex<Book>);

/// What only the daemon knows at the moment when it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gauges {
    /// Whether `/readyz` says yes.
    pub is_ready: bool,
    /// When the process began.
    pub started_at: DateTime<Utc>,
    /// The room for published files; `None` where it could not be had.
    pub output_disk: Option<DiskSpace>,
    /// The room for ledger and tokens; `None` where it could not be had.
    pub state_disk: Option<DiskSpace>,
}

impl Metrics {
    /// Everything that can happen with `config` has a count from now on, be it 0. Called at the start, and whenever
    /// another configuration is applied: rows of series that are in it no longer are told with their job only.
    pub fn expect(&self, config: &Config) {
        self.book().expect(config);
    }

    /// A run of `job` began.
    pub fn run_began(&self, job: &str) {
        self.book().run_began(job);
    }

    /// A run of `job` ended like this. Failures of errands that `report` holds count towards its outcome, and are
    /// counted themselves by [`Metrics::errands_ended`].
    pub fn run_ended(&self, job: &str, report: &RunReport, took: Duration) {
        self.book().run_ended(job, report, took);
    }

    /// A run of `job` came to nothing before any series was looked at.
    pub fn run_failed(&self, job: &str, failure: &Failure, took: Duration) {
        self.book().run_failed(job, failure, took);
    }

    /// A run of `job` was due while one was under way.
    pub fn run_overlapped(&self, job: &str) {
        self.book().run_overlapped(job);
    }

    /// Deliveries and inventories ended like this.
    pub fn errands_ended(&self, reports: &ErrandReports) {
        self.book().errands_ended(reports);
    }

    /// The configuration was read again, and applied or rejected.
    pub fn reloaded(&self, applied: bool) {
        self.book().reloaded(applied);
    }

    /// Everything as text, see [`CONTENT_TYPE`]. Without a snapshot, what comes from it lacks.
    pub fn render(&self, traffic: &Traffic, snapshot: Option<&Snapshot>, gauges: &Gauges) -> String {
        let book = self.book();
        let seen = snapshot.map(fleet).unwrap_or_default();
        let detail = book.fleet().max(seen).detail(MAX_SERIES);
        let mut families = book.families(detail);
        drop(book);
        families.extend(of_traffic(traffic));
        families.extend(of_snapshot(snapshot, detail));
        families.extend(of_daemon(gauges, detail));
        family::to_text(families)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
