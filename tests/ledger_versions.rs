//! Every version of the ledger that was ever released can be read for ever.

#[path = "ledger_versions/trust.rs"]
mod trust;

use std::{collections::BTreeMap, fs, path::PathBuf, sync::Barrier, thread};

use audience_exporter::{
    clock::Clock,
    coverage::Standing,
    ledger::{
        AlertBook, AlertRecord, CameraRecord, FILE_NAME, FileRecord, InventoryRecord, LastError, Ledger,
        LedgerError, Limit, RunSummary, SeriesKey, WindowRecord,
    },
    time::{TimeRange, parse_label, to_display},
};
use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::Connection;

fn golden(version: &str) -> PathBuf {
    format!("{}/tests/golden/ledger-{version}.sqlite", env!("CARGO_MANIFEST_DIR")).into()
}

/// A folder with a copy of a golden ledger.
fn copied(version: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(golden(version), folder.path().join(FILE_NAME)).unwrap();
    folder
}

fn open(version: &str) -> (tempfile::TempDir, Ledger) {
    let folder = copied(version);
    let ledger = Ledger::open(folder.path()).unwrap();
    (folder, ledger)
}

/// A folder with a new ledger.
fn new() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    Ledger::open(folder.path()).unwrap();
    folder
}

/// Everything that the schema of a ledger consists of, in the words in which it was made.
fn schema(folder: &tempfile::TempDir) -> (i64, Vec<(String, Option<String>)>) {
    let connection = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    let version = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    let mut statement = connection.prepare("SELECT name, sql FROM sqlite_schema ORDER BY name").unwrap();
    let parts = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    (version, parts.map(Result::unwrap).collect())
}

#[test]
fn version_1_tells_what_it_was_told() {
    let (_folder, ledger) = open("v1");
    assert_tells_of_the_export(&ledger);
}

#[test]
fn version_1_is_migrated_where_it_is_only_looked_at() {
    let folder = copied("v1");
    let ledger = Ledger::open_if_present(folder.path()).unwrap().unwrap();
    assert_tells_of_the_export(&ledger);
    assert_eq!(ledger.outbox_status("partner").unwrap().pending, 0);
}

fn assert_tells_of_the_export(ledger: &Ledger) {
    let key = SeriesKey { job: "hourly".to_owned(), stream: "lobby".to_owned() };
    let series = ledger.find_series(&key).unwrap().unwrap();
    assert_eq!(series.layout, "by_hour Europe/Paris month data.csv");
    assert_eq!(to_display(series.first_run), "2025-12-31T23:00:00Z");
    let status = ledger.status(series.id).unwrap();
    let shown = |(range, standing): &(TimeRange, Standing)| {
        (to_display(range.start()), to_display(range.end()), *standing)
    };
    let intervals: Vec<_> = status.coverage.intervals().iter().map(shown).collect();
    let expected = [
        ("2025-12-31T23:00:00Z", "2026-01-01T23:00:00Z", Standing::Final),
        ("2026-01-01T23:00:00Z", "2026-01-02T01:00:00Z", Standing::Provisional),
        ("2026-01-02T03:00:00Z", "2026-01-02T04:00:00Z", Standing::Lost),
    ];
    assert_eq!(
        intervals,
        expected.map(|(start, end, standing)| (start.to_owned(), end.to_owned(), standing))
    );
    assert_eq!((status.files, status.rows, status.missing_buckets), (1, 25, 1));
    assert_eq!(status.last_error.unwrap().kind, "unavailable");
    assert_eq!(ledger.output_device().unwrap(), Some(2049));
    let file = &ledger.files(series.id).unwrap()[0];
    assert_eq!(file.path, "hourly/stream=lobby/month=2026-01/data.csv");
    assert_eq!(file.hash.unwrap()[31], 31);
}

#[test]
fn a_migrated_ledger_is_made_like_a_new_one() {
    for version in ["v1", "v2", "v3", "v4"] {
        let (migrated, _ledger) = open(version);
        assert_eq!(schema(&migrated), schema(&new()));
    }
    // What is released is not changed any more: a new schema is a new version.
    assert_eq!(schema(&copied("v5")), schema(&new()));
}

#[test]
fn a_migrated_ledger_delivers_what_was_published_before() {
    let (_folder, ledger) = open("v1");
    ledger.enroll_deliveries(&[("partner", "hourly")], instant("2026-02-01T00:00:00Z")).unwrap();
    let pending = ledger.outbox_pending("partner", 0, 10).unwrap();
    let shown: Vec<_> = pending.iter().map(|entry| (&*entry.stream, &*entry.path, entry.hash[31])).collect();
    assert_eq!(shown, [("lobby", "hourly/stream=lobby/month=2026-01/data.csv", 31)]);
}

#[test]
fn processes_that_open_an_old_ledger_at_once_migrate_it_once() {
    for _ in 0..8 {
        let folder = copied("v1");
        let path = folder.path().join(FILE_NAME);
        // As its program left it; the golden one was made by hand.
        Connection::open(path).unwrap().pragma_update(None, "journal_mode", "WAL").unwrap();
        let barrier = Barrier::new(4);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    barrier.wait();
                    assert_tells_of_the_export(&Ledger::open(folder.path()).unwrap());
                });
            }
        });
        assert_eq!(schema(&folder), schema(&new()));
    }
}

#[test]
fn a_migration_that_fails_leaves_the_old_version() {
    // The last table that each step makes.
    for table in ["requests", "alert_messages", "suspicions", "totals"] {
        let folder = copied("v1");
        let path = folder.path().join(FILE_NAME);
        let change = |sql: &str| Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        change(&format!("CREATE TABLE {table} (at INTEGER)"));
        let before = schema(&folder);
        assert!(Ledger::open(folder.path()).is_err());
        assert_eq!(schema(&folder), before);
        change(&format!("DROP TABLE {table}"));
        assert_tells_of_the_export(&Ledger::open(folder.path()).unwrap());
    }
}

#[test]
fn an_old_ledger_that_is_damaged_is_refused_and_not_migrated() {
    let harms: [fn(&mut Vec<u8>); 4] = [
        |bytes| bytes.truncate(bytes.len() - 1),
        |bytes| bytes.truncate(bytes.len() / 2),
        // The number of the application.
        |bytes| bytes[68] ^= 1,
        // The header of a page.
        |bytes| bytes[3 * 4096..][..16].iter_mut().for_each(|byte| *byte = !*byte),
    ];
    for harm in harms {
        let folder = copied("v1");
        let path = folder.path().join(FILE_NAME);
        let mut harmed = fs::read(&path).unwrap();
        harm(&mut harmed);
        fs::write(&path, &harmed).unwrap();
        for opened in [Ledger::open(folder.path()).map(Some), Ledger::open_if_present(folder.path())] {
            assert!(matches!(opened, Err(LedgerError::Damaged { .. })));
        }
        assert!(fs::read(&path).unwrap() == harmed);
    }
}

fn instant(text: &str) -> DateTime<Utc> {
    parse_label(text).unwrap()
}

fn error(text: &str, kind: &str, message: &str) -> LastError {
    LastError { at: instant(text), kind: kind.to_owned(), message: message.to_owned() }
}

fn day(number: u8) -> FileRecord {
    let at = |number| instant(&format!("2026-01-{number:02}T00:00:00Z"));
    FileRecord {
        path: format!("daily/stream=lobby/date=2026-01-{number:02}/data.csv"),
        period: TimeRange::new(at(number), at(number + 1)).unwrap(),
        hash: Some([number; 32]),
        pending_hash: None,
        rows: 24,
        bytes: 1000,
    }
}

fn cameras() -> [CameraRecord; 2] {
    let gate = CameraRecord {
        id: 7,
        name: Some("Gate".to_owned()),
        kind: Some("h264".to_owned()),
        status: Some("online".to_owned()),
        tags: vec!["shop".to_owned(), "ground \"floor\"".to_owned()],
        absences: 1,
    };
    let unknown = CameraRecord { id: 101, name: None, kind: None, status: None, tags: vec![], absences: 0 };
    [gate, unknown]
}

const MINUTE: Limit = Limit { window: TimeDelta::seconds(60), requests: 2 };

/// Makes the golden ledger of the version that this program writes. For once, before that version is released:
/// `cargo test --test ledger_versions -- --ignored`. Afterwards it is kept as it is.
#[test]
#[ignore = "writes tests/golden"]
fn make_the_golden_ledger_of_version_5() {
    let folder = tempfile::tempdir().unwrap();
    let told = instant("2026-01-05T00:00:00Z");
    let ledger = Ledger::open(folder.path()).unwrap().with_clock(Clock::fixed(told));
    let delivery = "partner-daily";
    ledger.enroll_deliveries(&[("former", "daily"), (delivery, "daily")], told).unwrap();
    export(&ledger, told);
    ledger.enroll_deliveries(&[(delivery, "daily")], told).unwrap();
    let line = ledger.outbox_pending(delivery, 0, 10).unwrap();
    let at = instant("2026-01-05T00:01:00Z");
    ledger.outbox_attempted(&line[0], at, "timed out").unwrap();
    ledger.outbox_delivered(&line[1], at, Some("receipt 2")).unwrap();
    ledger.outbox_await(&line[2], at, "receipt 3").unwrap();
    ledger.outbox_park(&line[3], at, "rejected", "bad field").unwrap();
    ledger.delivery_succeeded(delivery, at).unwrap();
    let failure = error("2026-01-05T00:02:00Z", "unavailable", "503");
    ledger.delivery_failed(delivery, &failure, Some(instant("2026-01-05T00:03:00Z"))).unwrap();
    ledger.record_inventory("cameras", "angelcam space 1", &cameras(), told).unwrap();
    ledger.note_inventory_failure("cameras", &failure).unwrap();
    for _ in 0..2 {
        assert_eq!(ledger.take_request("angelcam", &[MINUTE], told).unwrap(), None);
    }
    ledger.keep_alert_book(&AlertBook::default(), &alerts()).unwrap();
    drop(ledger);
    fs::copy(folder.path().join(FILE_NAME), golden("v5")).unwrap();
}

fn alerts() -> AlertBook {
    let new = AlertRecord {
        since: instant("2026-01-04T23:00:00Z"),
        seen_at: instant("2026-01-05T00:00:00Z"),
        tried_at: None,
        told_at: None,
        gone_at: None,
        message: "status 503".to_owned(),
    };
    let at = |text| Some(instant(text));
    let tried = AlertRecord { tried_at: at("2026-01-05T00:01:00Z"), ..new.clone() };
    let told = AlertRecord { told_at: at("2026-01-05T00:02:00Z"), ..tried.clone() };
    let over = AlertRecord { gone_at: at("2026-01-05T00:03:00Z"), ..told.clone() };
    let key = |kind: &str, subject: &str| (kind.to_owned(), subject.to_owned());
    AlertBook {
        alerts: BTreeMap::from([
            (key("parked", "partner-daily"), new),
            (key("refused", "lobby"), tried),
            (key("stale", "daily/hall"), over),
            (key("stale", "daily/lobby"), told),
        ]),
        sent: BTreeMap::from([("stale".to_owned(), instant("2026-01-05T00:02:00Z"))]),
    }
}

fn export(ledger: &Ledger, told: DateTime<Utc>) {
    let key = SeriesKey { job: "daily".to_owned(), stream: "lobby".to_owned() };
    let first_run = instant("2026-01-01T00:00:00Z");
    let series = ledger.series(&key, "by_hour UTC day data.csv", "none", first_run).unwrap();
    ledger.record_output_device(2049).unwrap();
    let range = TimeRange::new(first_run, told).unwrap();
    let files = (1..=4).map(day).collect();
    let standings = vec![(range, Standing::Final)];
    let window = WindowRecord {
        range,
        standings,
        missing: vec![first_run],
        files,
        vanished: vec![],
        asked_at: told,
        rechecked: vec![],
    };
    ledger.record(series.id, &window).unwrap();
    trust::tell(ledger, series.id, &window);
    let run = ledger.begin_run("pull", told).unwrap();
    let summary = RunSummary { outcome: "done", windows_done: 1, windows_failed: 0, rows: 96 };
    ledger.end_run(run, told, summary).unwrap();
}

#[test]
fn versions_since_2_tell_what_they_were_told_of_deliveries() {
    for version in ["v2", "v3", "v4", "v5"] {
        assert_tells_of_deliveries(&open(version).1);
    }
}

fn assert_tells_of_deliveries(ledger: &Ledger) {
    let told = instant("2026-01-05T00:00:00Z");
    let status = ledger.outbox_status("partner-daily").unwrap();
    assert_eq!((status.pending, status.awaiting, status.parked, status.delivered), (1, 1, 1, 1));
    assert_eq!(status.oldest_pending, Some(told));
    assert_eq!((status.failures, status.retry_at), (1, Some(instant("2026-01-05T00:03:00Z"))));
    assert_eq!(status.last_success, Some(instant("2026-01-05T00:01:00Z")));
    assert_eq!(status.last_error, Some(error("2026-01-05T00:02:00Z", "unavailable", "503")));
    let pending = ledger.outbox_pending("partner-daily", 0, 10).unwrap();
    let [pending] = &*pending else { panic!("{pending:?}") };
    assert_eq!((&*pending.job, &*pending.stream, pending.attempts), ("daily", "lobby", 1));
    assert_eq!((&pending.path, Some(pending.hash)), (&day(1).path, day(1).hash));
    assert_eq!((pending.period, pending.position), (day(1).period, 1));
    let awaiting = ledger.outbox_awaiting("partner-daily").unwrap();
    assert_eq!((&awaiting[0].path, awaiting[0].receipt.as_deref()), (&day(3).path, Some("receipt 3")));
    let (parked, why) = ledger.outbox_parked("partner-daily", 10).unwrap().remove(0);
    assert_eq!((parked.path, why), (day(4).path, error("2026-01-05T00:01:00Z", "rejected", "bad field")));
    ledger.enroll_deliveries(&[("former", "daily")], told).unwrap();
    assert_eq!(ledger.outbox_status("former").unwrap().pending, 4);
}

#[test]
fn versions_since_2_tell_what_they_were_told_of_inventories_and_requests() {
    for version in ["v2", "v3", "v4", "v5"] {
        assert_tells_of_inventories_and_requests(&open(version).1);
    }
}

fn assert_tells_of_inventories_and_requests(ledger: &Ledger) {
    let told = instant("2026-01-05T00:00:00Z");
    let inventory = InventoryRecord {
        source: "angelcam space 1".to_owned(),
        last_success: Some(told),
        last_error: Some(error("2026-01-05T00:02:00Z", "unavailable", "503")),
        cameras: cameras().to_vec(),
    };
    assert_eq!(ledger.inventory("cameras").unwrap(), Some(inventory));
    let minute = TimeDelta::seconds(60);
    assert_eq!(ledger.take_request("angelcam", &[MINUTE], told).unwrap(), Some(told + minute));
}

#[test]
fn version_3_tells_what_it_was_told_of_alerts_and_earlier_ones_knew_of_none() {
    let none = AlertBook::default;
    let expected = [("v1", none()), ("v2", none()), ("v3", alerts()), ("v4", alerts()), ("v5", alerts())];
    for (version, expected) in expected {
        let (_folder, ledger) = open(version);
        assert_eq!(ledger.alert_book().unwrap(), expected, "{version}");
    }
}

#[test]
fn every_version_tells_the_totals_that_counting_tells() {
    for version in ["v1", "v2", "v3", "v4", "v5"] {
        let (folder, ledger) = open(version);
        let counted =
            "SELECT count(*), sum(rows), (SELECT count(*) FROM missing) FROM files WHERE sha256 NOT NULL";
        let connection = Connection::open(folder.path().join(FILE_NAME)).unwrap();
        let counted: [i64; 3] =
            connection.query_row(counted, [], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?])).unwrap();
        let known = ledger.overview().unwrap();
        let status = &known.values().next().unwrap().status;
        let told = [status.files, status.rows, status.missing_buckets].map(u64::cast_signed);
        assert_eq!(told, counted, "{version}");
        assert_eq!(known.len(), 1, "{version}");
    }
}

#[test]
fn version_4_tells_what_it_was_told_of_every_bucket_and_earlier_ones_knew_nothing() {
    for (version, is_told) in [("v3", false), ("v4", true), ("v5", true)] {
        let (_folder, ledger) = open(version);
        let key = SeriesKey { job: "daily".to_owned(), stream: "lobby".to_owned() };
        let series = ledger.find_series(&key).unwrap().unwrap().id;
        if is_told {
            trust::assert_told(&ledger, series);
        } else {
            assert!(ledger.evidence(series).unwrap().failures.is_empty());
        }
    }
}
