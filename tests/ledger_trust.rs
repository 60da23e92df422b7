//! What the ledger keeps so that every bucket is accounted for: the journal, failures, what vanished, rechecks.

use std::slice;

use audience_exporter::{
    coverage::Standing,
    ledger::{Change, FileRecord, Intention, LastError, Ledger, Recheck, SeriesKey, WindowRecord},
    suspicion::Suspicion,
    time::TimeRange,
};
use chrono::{DateTime, TimeDelta, Utc};

struct Bench {
    _folder: tempfile::TempDir,
    ledger: Ledger,
    series: i64,
}

fn hour(index: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600 + index * 3600, 0).unwrap()
}

fn hours(from: i64, to: i64) -> TimeRange {
    TimeRange::new(hour(from), hour(to)).unwrap()
}

const PATH: &str = "hourly/stream=lobby/date=2026-01-01/data.csv";

fn file(hash: Option<u8>, pending: Option<u8>) -> FileRecord {
    let [hash, pending_hash] = [hash, pending].map(|version| version.map(|version| [version; 32]));
    FileRecord { path: PATH.to_owned(), period: hours(0, 24), hash, pending_hash, rows: 24, bytes: 1000 }
}

fn change(new: &str) -> Change {
    Change {
        bucket_start: hour(3),
        bucket_end: hour(4),
        column: "passing_by".to_owned(),
        old: Some("7".to_owned()),
        new: Some(new.to_owned()),
        seen_at: hour(30),
        run: 5,
    }
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path()).unwrap();
        let key = SeriesKey { job: "hourly".to_owned(), stream: "lobby".to_owned() };
        let series = ledger.series(&key, "", "", hour(0)).unwrap().id;
        Self { _folder: folder, ledger, series }
    }

    fn intend(&self, from: Option<u8>, to: u8, changes: &[Change]) {
        let intention = Intention { file: file(from, Some(to)), changes: changes.to_vec() };
        self.ledger.intend(self.series, slice::from_ref(&intention)).unwrap();
    }

    fn record(&self, range: TimeRange, change: impl FnOnce(&mut WindowRecord)) {
        let mut window = WindowRecord {
            range,
            standings: vec![(range, Standing::Final)],
            missing: vec![],
            files: vec![],
            vanished: vec![],
            asked_at: hour(40),
            rechecked: vec![],
        };
        change(&mut window);
        self.ledger.record(self.series, &window).unwrap();
    }

    fn record_file(&self, version: u8) {
        self.record(hours(0, 24), |window| window.files = vec![file(Some(version), None)]);
    }

    fn changes(&self) -> Vec<Change> {
        self.ledger.changes(self.series, None).unwrap()
    }

    fn fail(&self, range: TimeRange, at: i64) {
        let error =
            LastError { at: hour(at), kind: "unavailable".to_owned(), message: "no answer".to_owned() };
        self.ledger.note_failed_windows(self.series, &[range], &error).unwrap();
    }

    /// Of each failure its range, and since when and when last, in hours.
    fn failures(&self) -> Vec<(i64, i64, i64, i64)> {
        let index = |instant: DateTime<Utc>| (instant - hour(0)).num_hours();
        let failures = self.ledger.evidence(self.series).unwrap().failures;
        let one = failures.iter().map(|failure| {
            let range = failure.range;
            (index(range.start()), index(range.end()), index(failure.since), index(failure.last.at))
        });
        one.collect()
    }
}

#[test]
fn a_change_counts_once_its_file_is_recorded() {
    let bench = Bench::new();
    bench.intend(Some(1), 2, &[change("8")]);
    assert_eq!(bench.changes(), []);
    bench.record_file(2);
    assert_eq!(bench.changes(), [change("8")]);
    bench.record_file(2);
    assert_eq!(bench.changes(), [change("8")]);
}

#[test]
fn a_change_whose_file_was_replaced_by_a_process_that_died_counts_when_that_is_found() {
    let bench = Bench::new();
    bench.intend(Some(1), 2, &[change("8")]);
    // The next listing finds the new bytes, and changes them once more.
    bench.intend(Some(2), 3, &[change("9")]);
    bench.record_file(3);
    assert_eq!(bench.changes(), [change("8"), change("9")]);
}

#[test]
fn a_change_whose_file_was_never_replaced_did_not_happen() {
    let bench = Bench::new();
    bench.intend(Some(1), 2, &[change("8")]);
    bench.intend(Some(1), 3, &[change("9")]);
    bench.record_file(3);
    assert_eq!(bench.changes(), [change("9")]);
    bench.intend(Some(3), 4, &[change("8")]);
    bench.ledger.lose(bench.series, PATH, hours(0, 24)).unwrap();
    assert_eq!(bench.changes(), [change("9")]);
}

#[test]
fn what_stands_in_a_file_of_the_journal_is_not_filed_again() {
    let bench = Bench::new();
    bench.intend(Some(1), 2, &[change("8")]);
    assert!(bench.ledger.unfiled_changes(bench.series).unwrap().is_empty());
    bench.record_file(2);
    assert_eq!(bench.ledger.unfiled_changes(bench.series).unwrap(), [hour(30)]);
    bench.ledger.note_filed(bench.series, hours(24, 48)).unwrap();
    assert!(bench.ledger.unfiled_changes(bench.series).unwrap().is_empty());
    bench.ledger.restore_changes(bench.series, &[change("9")]).unwrap();
    assert!(bench.ledger.unfiled_changes(bench.series).unwrap().is_empty());
    assert_eq!(bench.changes().len(), 2);
    assert_eq!(bench.ledger.changes(bench.series, Some(hours(31, 48))).unwrap(), []);
}

#[test]
fn what_fails_again_keeps_its_beginning_and_what_was_exported_is_no_failure() {
    let bench = Bench::new();
    bench.fail(hours(0, 5), 6);
    bench.fail(hours(2, 8), 9);
    assert_eq!(bench.failures(), [(0, 2, 6, 6), (2, 5, 6, 9), (5, 8, 9, 9)]);
    bench.record(hours(1, 6), |_| ());
    assert_eq!(bench.failures(), [(0, 1, 6, 6), (6, 8, 9, 9)]);
    bench.record(hours(0, 9), |_| ());
    assert_eq!(bench.failures(), []);
}

#[test]
fn what_vanished_is_known_until_it_is_back() {
    let bench = Bench::new();
    bench.record(hours(0, 9), |window| window.vanished = vec![hour(2), hour(4)]);
    bench.record(hours(3, 9), |window| {
        window.vanished = vec![hour(4), hour(5)];
        window.asked_at = hour(50);
    });
    let known = |bench: &Bench| bench.ledger.evidence(bench.series).unwrap().vanished;
    assert_eq!(known(&bench), [(hour(2), hour(40)), (hour(4), hour(40)), (hour(5), hour(50))].into());
    bench.record(hours(0, 5), |_| ());
    assert_eq!(known(&bench), [(hour(5), hour(50))].into());
}

#[test]
fn a_recheck_goes_on_where_something_of_it_failed() {
    let bench = Bench::new();
    let week = |until: i64| Recheck { age: TimeDelta::days(7), until: hour(until) };
    bench.ledger.enroll_rechecks(bench.series, &[week(10)]).unwrap();
    // Enrolled again at each run: it goes on where it was.
    bench.ledger.enroll_rechecks(bench.series, &[week(20)]).unwrap();
    assert_eq!(bench.ledger.rechecks(bench.series).unwrap(), [week(10)]);
    bench.record(hours(0, 100), |_| ());
    let asked = |bench: &Bench, range, until| {
        bench.record(range, |window| window.rechecked = vec![week(until)]);
        bench.ledger.rechecks(bench.series).unwrap()
    };
    assert_eq!(asked(&bench, hours(20, 30), 30), [week(10)]);
    assert_eq!(asked(&bench, hours(10, 20), 30), [week(20)]);
    assert_eq!(asked(&bench, hours(20, 30), 30), [week(30)]);
    // What is younger than the age is not done with, and what is not exported needs no recheck.
    assert_eq!(asked(&bench, hours(30, 60), 40), [week(40)]);
    assert_eq!(asked(&bench, hours(40, 100), 200), [week(200)]);
    bench.ledger.enroll_rechecks(bench.series, &[]).unwrap();
    assert_eq!(bench.ledger.rechecks(bench.series).unwrap(), []);
}

#[test]
fn what_is_judged_anew_takes_the_place_of_what_was_suspected_of_it() {
    let bench = Bench::new();
    let suspicion = |since, until| Suspicion {
        since: hour(since),
        until: hour(until),
        usual: 38.5,
        expected_people: 300.0,
        is_over: until < 90,
    };
    let note = |judged, found: &[Suspicion]| {
        bench.ledger.note_suspicions(bench.series, judged, found).unwrap();
        bench.ledger.suspicions(bench.series).unwrap()
    };
    let all = [suspicion(1, 9), suspicion(20, 30), suspicion(80, 90)];
    assert_eq!(note(hours(0, 90), &all), all);
    assert_eq!(note(hours(9, 20), &[]), all);
    assert_eq!(note(hours(25, 40), &[]), [all[0], all[2]]);
    // It goes on.
    assert_eq!(note(hours(85, 100), &[suspicion(80, 100)]), [all[0], suspicion(80, 100)]);
}
