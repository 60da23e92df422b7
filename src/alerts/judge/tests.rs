//! What counts as trouble, and what does not.

use std::{path::Path, sync::Arc};

use super::*;
use crate::{
    alerts::{roster::Roster, trouble::TroubleKind},
    auth::{AccountState, AccountView},
    config::Config,
    coverage::{Coverage, Standing},
    disk::DiskSpace,
    ledger::{InventoryRecord, LastError, OutboxEntry, OutboxStatus, SeriesStatus},
    series::Series,
    status::{DeliveryView, Exported, InventoryView, SeriesView},
    time::{TimeRange, parse_label},
};

const CONFIG: &str = r#"output_dir = "data"
state_dir = "state"
timezone = "UTC"
[[streams]]
name = "lobby"
username = "ops@example.com"
client_id = "1"
access_token = { file = "lobby" }
[[jobs]]
name = "hourly"
schedule = "20 * * * *"
settle = "15m"
[[accounts]]
name = "partner"
kind = "simacan"
base_url = "https://partner.example.com/api/v1"
username = "ops@example.com"
password = { file = "partner" }
[[accounts]]
name = "cameras"
kind = "angelcam"
personal_access_token = { file = "cameras" }
[[deliveries]]
name = "partner-hourly"
job = "hourly"
account = "partner"
url = "https://partner.example.com/trips"
[[inventories]]
name = "cameras"
account = "cameras"
"#;

/// Everything in good order at noon of the second of March 2026: exported until eleven, and due until eleven.
struct Bench {
    config: Config,
    snapshot: Snapshot,
    disks: Disks,
    desk: Desk,
    now: DateTime<Utc>,
}

fn at(text: &str) -> DateTime<Utc> {
    parse_label(&format!("2026-03-{text}:00Z")).unwrap()
}

fn range(from: &str, to: &str) -> TimeRange {
    TimeRange::new(at(from), at(to)).unwrap()
}

fn error(kind: &str) -> LastError {
    LastError { at: at("02T11:20"), kind: kind.to_owned(), message: format!("why {kind}") }
}

fn view(name: &str, state: AccountState) -> AccountView {
    let message = Some(format!("{name}: {}", state.as_str()));
    AccountView {
        name: name.to_owned(),
        kind: "x",
        state,
        expires_at: None,
        refresh_issued_at: None,
        message,
    }
}

impl Bench {
    fn new() -> Self {
        Self::with(CONFIG)
    }

    fn with(text: &str) -> Self {
        let config =
            Config::parse(text, Path::new("exporter.toml")).unwrap_or_else(|error| panic!("{error}"));
        let coverage = Coverage::default().with(range("01T00:00", "02T11:00"), Standing::Final);
        let status = SeriesStatus {
            coverage,
            files: 1,
            rows: 35,
            missing_buckets: 0,
            last_success: Some(at("02T11:20")),
            last_error: None,
        };
        let series = Series::all(&config, None, None).into_iter().map(|series| {
            let exported = Exported {
                status: status.clone(),
                gaps: Vec::new(),
                silent_since: None,
                suspicions: Vec::new(),
            };
            SeriesView { series, exported: Some(exported), next_run: None }
        });
        let delivery = |delivery| DeliveryView {
            delivery: Arc::clone(delivery),
            status: OutboxStatus::default(),
            parked: Vec::new(),
        };
        let inventory =
            |inventory| InventoryView { inventory: Arc::clone(inventory), known: None, next_run: None };
        let snapshot = Snapshot {
            daemon: None,
            at: at("02T12:00"),
            series: series.collect(),
            deliveries: config.deliveries.iter().map(delivery).collect(),
            inventories: config.inventories.iter().map(inventory).collect(),
            accounts: config.accounts.iter().map(|it| view(&it.name, AccountState::Ready)).collect(),
            streams: config.streams.iter().map(|it| view(&it.name, AccountState::Ready)).collect(),
        };
        let (disks, desk) = (Disks::default(), Desk::default());
        Self { config, snapshot, disks, desk, now: at("02T12:00") }
    }

    fn exported(&mut self) -> &mut Exported {
        self.snapshot.series[0].exported.as_mut().unwrap()
    }

    fn fails(&mut self, kind: &str) {
        self.exported().status.last_error = Some(error(kind));
    }

    fn troubles(&self) -> Vec<Trouble> {
        let Self { config, snapshot, disks, desk, now } = self;
        troubles(snapshot, disks, &config.alerts, config.timezone, desk, *now)
    }

    /// Kind and subject of everything that is wrong.
    fn wrong(&self) -> Vec<String> {
        let shown = |trouble: &Trouble| format!("{} {}", trouble.key.kind.as_str(), trouble.key.subject);
        self.troubles().iter().map(shown).collect()
    }

    /// The only trouble.
    fn one(&self) -> Trouble {
        let mut troubles = self.troubles();
        assert_eq!(troubles.len(), 1, "{:?}", self.wrong());
        troubles.remove(0)
    }

    /// Lets the desk take in what is wrong, tell all of it, and time go by.
    fn told(&mut self) {
        self.desk.update(self.troubles(), &Roster::of(&self.snapshot), self.now);
        let notices = TroubleKind::ALL.map(|kind| {
            let of_kind = self.troubles().into_iter().filter(|trouble| trouble.key.kind == kind);
            let record = self.desk.book().alerts;
            let begun = of_kind.map(|trouble| {
                let record = &record[&(kind.as_str().to_owned(), trouble.key.subject.clone())];
                (trouble.key, record.clone())
            });
            crate::alerts::desk::Notice { kind, begun: begun.collect(), over: Vec::new() }
        });
        for notice in notices {
            self.desk.acknowledge(&notice, self.now);
        }
    }
}

#[test]
fn nothing_is_wrong_with_what_is_in_order() {
    assert_eq!(Bench::new().wrong(), [""; 0]);
}

#[test]
fn data_are_stale_when_the_run_that_was_to_bring_them_is_long_over() {
    let mut bench = Bench::new();
    // The bucket of eleven is due at 12:15, the run is at 12:20, and six hours are borne.
    bench.now = at("02T18:19");
    assert_eq!(bench.wrong(), [""; 0]);
    bench.now = at("02T18:20");
    let stale = bench.one();
    assert_eq!((stale.key, stale.since), (Key::new(TroubleKind::Stale, "hourly/lobby"), at("02T11:00")));
    // A daemon that was down has a moment to make good.
    assert_eq!(stale.tell_at, at("02T18:35"));
    assert!(stale.message.starts_with("nothing newer is there; see"), "{}", stale.message);
    bench.fails("unavailable");
    let stale = bench.one();
    assert_eq!(stale.message, "nothing newer is there; at the last run: why unavailable");
}

#[test]
fn a_schedule_that_comes_once_a_day_makes_nothing_stale_before_it_came() {
    let mut bench = Bench::with(&CONFIG.replace("20 * * * *", "0 3 * * *"));
    bench.now = at("03T08:59");
    assert_eq!(bench.wrong(), [""; 0]);
    bench.now = at("03T09:00");
    assert_eq!(bench.wrong(), ["stale hourly/lobby"]);
}

#[test]
fn a_gap_is_stale_when_it_was_known_for_too_long() {
    let mut bench = Bench::new();
    bench.exported().gaps = vec![range("01T03:00", "01T05:00"), range("01T07:00", "01T08:00")];
    let stale = bench.one();
    assert_eq!(
        (stale.since, stale.tell_at, &*stale.message),
        (
            at("02T12:00"),
            at("02T18:20"),
            "2026-03-01 03:00 UTC to 2026-03-01 05:00 UTC and 1 more range lack although later data are there; \
             see: audience-exporter status, and its log"
        )
    );
    bench.told();
    bench.now = at("02T13:00");
    assert_eq!((bench.one().since, bench.one().tell_at), (at("02T12:00"), at("02T18:20")));
}

#[test]
fn a_series_that_was_never_exported_counts_from_when_it_was_first_seen() {
    let mut bench = Bench::new();
    bench.snapshot.series[0].exported = None;
    assert_eq!((bench.one().since, bench.one().tell_at), (at("02T12:00"), at("02T18:20")));
    bench.told();
    bench.now = at("04T00:10");
    assert_eq!((bench.one().since, bench.one().tell_at), (at("02T12:00"), at("02T18:20")));
    let mut later = Bench::with(&CONFIG.replace("settle", "start = \"2026-03-05\"\nsettle"));
    later.snapshot.series[0].exported = None;
    assert_eq!(later.wrong(), [""; 0]);
    later.now = at("05T07:15");
    assert_eq!(later.wrong(), ["stale hourly/lobby"]);
}

#[test]
fn refused_credentials_are_trouble_of_the_stream_and_of_nothing_else() {
    for (kind, subject) in
        [("credentials", "lobby"), ("refused", "hourly/lobby"), ("configuration", "hourly/lobby")]
    {
        let mut bench = Bench::new();
        bench.fails(kind);
        let refused = bench.one();
        assert_eq!(refused.key, Key::new(TroubleKind::Refused, subject));
        assert_eq!((refused.tell_at, refused.message), (bench.now, format!("why {kind}")));
        bench.now = at("12T00:00");
        assert_eq!(bench.wrong(), [format!("refused {subject}")], "not stale as well");
    }
}

#[test]
fn a_stream_whose_sign_in_is_rejected_is_refused_once() {
    let mut bench = Bench::new();
    bench.snapshot.streams[0].state = AccountState::Rejected;
    assert_eq!(bench.wrong(), ["refused lobby"]);
    bench.fails("credentials");
    assert_eq!(bench.one().message, "why credentials");
    bench.snapshot.streams[0].state = AccountState::Unreadable;
    assert_eq!(bench.wrong(), ["sign_in_needed stream lobby", "refused lobby"]);
}

#[test]
fn what_was_refused_stays_so_until_a_run_ends_well() {
    for (kind, subject) in [("credentials", "lobby"), ("configuration", "hourly/lobby")] {
        let mut bench = Bench::new();
        bench.fails(kind);
        bench.told();
        for kind in ["interrupted", "unavailable", "busy"] {
            bench.fails(kind);
            bench.now = at("12T00:00");
            assert_eq!(bench.wrong(), [format!("refused {subject}")], "{kind}");
        }
        bench.exported().status.last_error = None;
        assert_eq!(bench.wrong(), ["stale hourly/lobby"]);
    }
}

#[test]
fn what_was_told_as_stale_stays_so_when_credentials_are_refused_on_top() {
    let mut bench = Bench::new();
    bench.now = at("02T18:20");
    bench.told();
    bench.fails("credentials");
    assert_eq!(bench.wrong(), ["refused lobby", "stale hourly/lobby"]);
}

#[test]
fn runs_that_fail_without_lacking_data_are_trouble_when_that_lasts() {
    for kind in ["unavailable", "rate_limited", "protocol", "incomplete", "storage", "busy"] {
        let mut bench = Bench::new();
        bench.fails(kind);
        let failing = bench.one();
        assert_eq!(failing.key, Key::new(TroubleKind::Failing, "hourly/lobby"));
        // Beyond the bound, the next bucket and the patience with a run: where data lack, they are stale before that.
        assert_eq!((failing.since, failing.tell_at), (at("02T12:00"), at("02T19:15")));
        bench.now = at("02T18:20");
        assert_eq!(bench.wrong(), ["stale hourly/lobby"]);
    }
    let mut bench = Bench::new();
    bench.fails("interrupted");
    assert_eq!(bench.wrong(), [""; 0]);
}

#[test]
fn what_was_told_as_failing_stays_so_and_is_not_stale_as_well() {
    let mut bench = Bench::new();
    bench.fails("storage");
    bench.told();
    for kind in ["storage", "interrupted"] {
        bench.fails(kind);
        bench.now = at("03T12:00");
        assert_eq!(bench.wrong(), ["failing hourly/lobby"]);
    }
}

#[test]
fn a_stream_without_buckets_is_silent_when_that_lasts() {
    let mut bench = Bench::new();
    bench.exported().silent_since = Some(at("01T12:00"));
    assert_eq!(bench.wrong(), [""; 0]);
    bench.exported().silent_since = Some(at("01T11:00"));
    let silent = bench.one();
    assert_eq!((silent.key, silent.since), (Key::new(TroubleKind::Silent, "hourly/lobby"), at("01T11:00")));
    // That is another cause than data that do not come.
    bench.now = at("12T00:00");
    assert_eq!(bench.wrong(), ["stale hourly/lobby", "silent hourly/lobby"].map(str::to_owned));
}

#[test]
fn deliveries_are_trouble_when_files_are_parked_or_the_target_keeps_failing() {
    let mut bench = Bench::new();
    let view = &mut bench.snapshot.deliveries[0];
    view.status.last_error = Some(error("unavailable"));
    assert_eq!(bench.wrong(), [""; 0], "nothing is to be sent");
    bench.snapshot.deliveries[0].status.pending = 3;
    let failing = bench.one();
    assert_eq!(failing.key, Key::new(TroubleKind::DeliveryFailing, "partner-hourly"));
    assert_eq!((failing.tell_at, &*failing.message), (at("02T18:00"), "why unavailable; 3 files waiting"));
    bench.snapshot.accounts[0].state = AccountState::Rejected;
    assert_eq!(bench.wrong(), ["sign_in_needed partner"], "the account is the cause");
    bench.snapshot.accounts[0].state = AccountState::Ready;
    bench.told();
    bench.snapshot.accounts[0].state = AccountState::Rejected;
    assert_eq!(bench.wrong(), ["sign_in_needed partner", "delivery_failing partner-hourly"]);

    let mut bench = Bench::new();
    let view = &mut bench.snapshot.deliveries[0];
    view.status.parked = 12;
    let entry = OutboxEntry {
        delivery: "partner-hourly".to_owned(),
        series: 1,
        job: "hourly".to_owned(),
        stream: "lobby".to_owned(),
        path: "a/b.csv".to_owned(),
        period: range("01T00:00", "02T00:00"),
        hash: [0; 32],
        position: 1,
        attempts: 0,
        receipt: None,
    };
    view.parked = vec![(entry, error("rejected"))];
    let parked = bench.one();
    assert_eq!((parked.since, parked.tell_at), (at("02T11:20"), bench.now));
    assert_eq!(
        parked.message,
        "the target refused 12 files for good, the first one: a/b.csv: why rejected; once that is put right, run: \
         audience-exporter deliver --delivery partner-hourly --retry"
    );
}

#[test]
fn an_inventory_is_trouble_when_it_keeps_failing_by_itself() {
    let mut bench = Bench::new();
    let (source, last_success, cameras) = (String::new(), None, Vec::new());
    let last_error = Some(error("protocol"));
    bench.snapshot.inventories[0].known = Some(InventoryRecord { source, last_success, last_error, cameras });
    let failing = bench.one();
    assert_eq!(failing.key, Key::new(TroubleKind::InventoryFailing, "cameras"));
    assert_eq!(failing.tell_at, at("02T18:00"));
    bench.snapshot.accounts[1].state = AccountState::NeedsAuthorization;
    assert_eq!(bench.wrong(), ["sign_in_needed cameras"]);
}

#[test]
fn a_disk_that_both_folders_lie_on_is_one_trouble() {
    let mut bench = Bench::new();
    let full = Some(DiskSpace { free_bytes: 2_000_000_000, size_bytes: 100_000_000_000 });
    bench.disks = Disks { output_dir: full, state_dir: full, are_one: true };
    assert_eq!(
        bench.one().message,
        "2.0 GB of 100.0 GB are free on its disk, where state_dir lies too; make room there"
    );
    bench.disks.are_one = false;
    assert_eq!(bench.wrong(), ["disk output_dir", "disk state_dir"]);
    bench.disks.output_dir = Some(DiskSpace { free_bytes: 5, size_bytes: 100 });
    assert_eq!(bench.wrong(), ["disk state_dir"]);
}
