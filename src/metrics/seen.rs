//! How everything is at this moment, in figures.

use chrono::{DateTime, Utc};

use super::{
    Gauges,
    book::of,
    detail::{Detail, Fleet},
    family::{Family, Labels},
};
use crate::{
    disk::DiskSpace,
    status::{DeliveryView, SeriesView, Snapshot},
    wire::{RetryReason, Traffic},
};

/// The jobs and streams that it tells of.
pub(super) fn fleet(snapshot: &Snapshot) -> Fleet {
    // Series come by job.
    let mut jobs: Vec<&str> = snapshot.series.iter().map(|view| &*view.series.job.name).collect();
    jobs.dedup();
    Fleet { jobs: jobs.len(), streams: snapshot.streams.len(), series: snapshot.series.len() }
}

/// What was asked of remote systems.
pub(super) fn of_traffic(traffic: &Traffic) -> Vec<Family> {
    let requests = traffic.requests().into_iter().map(|((endpoint, answer), count)| {
        (vec![("endpoint", endpoint.as_str().to_owned()), ("code", answer.to_string())], count)
    });
    let retries = traffic.retries();
    let retry = |reason: RetryReason| {
        (of("reason", reason.as_str()), retries.get(&reason).copied().unwrap_or_default())
    };
    vec![
        Family::counter(
            "requests",
            "Requests that ended, by the status of the answer or how the connection failed",
            requests,
        ),
        Family::counter("request_retries", "Requests made again, by the reason", RetryReason::ALL.map(retry)),
    ]
}

/// What ledger and token files tell. Without a snapshot, names without samples.
pub(super) fn of_snapshot(snapshot: Option<&Snapshot>, detail: Detail) -> Vec<Family> {
    of_series(snapshot, detail)
        .into_iter()
        .chain([of_streams(snapshot, detail)])
        .chain(of_deliveries(snapshot))
        .chain(of_accounts(snapshot))
        .collect()
}

fn of_series(snapshot: Option<&Snapshot>, detail: Detail) -> [Family; 4] {
    let views = || snapshot.iter().flat_map(|snapshot| &snapshot.series);
    let told = |figure: fn(&SeriesView) -> Option<i64>, join: fn(i64, i64) -> i64| {
        let key = |view: &'_ SeriesView| figure(view);
        let figures = views()
            .filter_map(|view| Some(((&*view.series.job.name, &*view.series.stream.name), key(view)?)));
        detail.by_series(figures, join)
    };
    [
        Family::gauge(
            "last_success_timestamp",
            "When a run of the series last ended well; absent where none ever did",
            told(|view| view.last_success().map(seconds), i64::min),
        )
        .in_seconds(),
        Family::gauge(
            "data_until_timestamp",
            "The end of what is exported; absent where nothing is",
            told(|view| view.exported_until().map(seconds), i64::min),
        )
        .in_seconds(),
        Family::gauge(
            "missing_buckets",
            "Buckets that the service does not have; absent where the series was never run",
            told(|view| Some(whole(view.exported.as_ref()?.status.missing_buckets)), i64::saturating_add),
        ),
        Family::gauge(
            "last_run_failed",
            "1 where the last run of the series did not end well, or the number of such series; absent where none was run",
            told(has_failed, i64::saturating_add),
        ),
    ]
}

/// `None` where the series was never run.
fn has_failed(view: &SeriesView) -> Option<i64> {
    let was_run = view.last_success().is_some() || view.last_error().is_some();
    was_run.then_some(i64::from(view.last_error().is_some()))
}

fn of_streams(snapshot: Option<&Snapshot>, detail: Detail) -> Family {
    let views = snapshot.iter().flat_map(|snapshot| &snapshot.streams);
    let ends = views.filter_map(|view| Some((&*view.name, seconds(view.expires_at?))));
    let help = "When the token of the stream ends; absent where there is none";
    Family::gauge("token_expiry_timestamp", help, detail.by_stream(ends, i64::min)).in_seconds()
}

fn of_deliveries(snapshot: Option<&Snapshot>) -> [Family; 4] {
    let views = || snapshot.iter().flat_map(|snapshot| &snapshot.deliveries);
    let told = |figure: fn(&DeliveryView) -> Option<i64>| -> Vec<(Labels, i64)> {
        views().filter_map(|view| Some((of("delivery", &view.delivery.name), figure(view)?))).collect()
    };
    [
        Family::gauge("outbox_pending", "Files to be sent", told(|view| Some(whole(view.status.pending)))),
        Family::gauge(
            "outbox_awaiting_import",
            "Files that the partner took and has not imported yet",
            told(|view| Some(whole(view.status.awaiting))),
        ),
        Family::gauge(
            "outbox_parked",
            "Files that the partner refused for good",
            told(|view| Some(whole(view.status.parked))),
        ),
        Family::gauge(
            "outbox_oldest_pending_timestamp",
            "Since when the file has been waiting that waits longest; absent where none is",
            told(|view| view.status.oldest_pending.map(seconds)),
        )
        .in_seconds(),
    ]
}

fn of_accounts(snapshot: Option<&Snapshot>) -> [Family; 2] {
    let inventories = snapshot.iter().flat_map(|snapshot| &snapshot.inventories);
    let taken = inventories
        .filter_map(|view| Some((of("inventory", &view.inventory.name), seconds(view.last_success()?))));
    let accounts = snapshot.iter().flat_map(|snapshot| &snapshot.accounts);
    let needs = accounts.map(|view| (of("account", &view.name), i64::from(view.state.needs_a_person())));
    [
        Family::gauge(
            "inventory_last_success_timestamp",
            "When the inventory was last taken; absent where it never was",
            taken,
        )
        .in_seconds(),
        Family::gauge(
            "account_needs_sign_in",
            "Whether the account goes on only when a person has done something",
            needs,
        ),
    ]
}

/// What only the daemon knows.
pub(super) fn of_daemon(gauges: &Gauges, detail: Detail) -> Vec<Family> {
    let Gauges { is_ready, started_at, output_disk, state_disk } = gauges;
    let alone = |figure: i64| [(Labels::new(), figure)];
    let free = |disk: &Option<DiskSpace>| disk.map(|disk| (Labels::new(), whole(disk.free_bytes)));
    let size = |disk: &Option<DiskSpace>| disk.map(|disk| (Labels::new(), whole(disk.size_bytes)));
    vec![
        Family::gauge("output_free", "Room on the disk of output_dir", free(output_disk)).in_bytes(),
        Family::gauge("output_size", "Size of the disk of output_dir", size(output_disk)).in_bytes(),
        Family::gauge("state_free", "Room on the disk of state_dir", free(state_disk)).in_bytes(),
        Family::gauge("state_size", "Size of the disk of state_dir", size(state_disk)).in_bytes(),
        Family::gauge(
            "series_aggregated",
            "Whether figures of single streams are told together, because there are too many",
            alone(i64::from(detail.is_aggregated())),
        ),
        Family::gauge("ready", "Whether /readyz says yes", alone(i64::from(*is_ready))),
        Family::gauge("started_timestamp", "When the process began", alone(seconds(*started_at)))
            .in_seconds(),
        Family::info("build", "What runs", vec![("version", env!("CARGO_PKG_VERSION").to_owned())]),
    ]
}

fn seconds(at: DateTime<Utc>) -> i64 {
    at.timestamp()
}

fn whole(figure: u64) -> i64 {
    i64::try_from(figure).unwrap_or(i64::MAX)
}
