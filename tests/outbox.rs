//! What is to be sent on: nothing is forgotten, nothing is sent twice, and each file comes in the order in which it was
//! published.

#[path = "outbox/bench.rs"]
mod bench;
#[path = "outbox/model.rs"]
mod model;

use audience_exporter::ledger::{Intention, LastError, OutboxEntry, OutboxStatus};
use chrono::TimeDelta;

use self::bench::{ALL, Bench, SeriesNumber, file_path, instant, period, version};

const LOBBY: SeriesNumber = (0, 0);
const ENTRANCE: SeriesNumber = (0, 1);
const DAILY: SeriesNumber = (1, 0);
const PARTNER: &str = "partner";
const ENROLLED: [(&str, &str); 1] = [(PARTNER, "hourly")];

#[test]
fn what_is_published_is_queued_in_that_order_with_what_is_known_of_it() {
    let bench = Bench::new();
    bench.enroll(&ENROLLED);
    bench.wait(60);
    bench.publish(LOBBY, &[1, 2], 1);
    bench.publish(ENTRANCE, &[0], 1);
    bench.publish(LOBBY, &[0], 1);
    bench.publish(DAILY, &[0], 1);
    let expected = [(LOBBY, 1), (LOBBY, 2), (ENTRANCE, 0), (LOBBY, 0)];
    assert_eq!(bench.line(PARTNER), expected.map(|(series, day)| (file_path(series, day), 1)));
    let entry = bench.pending(PARTNER).remove(2);
    let known = OutboxEntry {
        delivery: PARTNER.to_owned(),
        series: bench.series(ENTRANCE),
        job: "hourly".to_owned(),
        stream: "entrance".to_owned(),
        path: file_path(ENTRANCE, 0),
        period: period(0),
        hash: version(1),
        position: entry.position,
        attempts: 0,
        receipt: None,
    };
    assert_eq!(entry, known);
    let status = OutboxStatus { pending: 4, oldest_pending: Some(instant(60)), ..OutboxStatus::default() };
    assert_eq!(bench.status(PARTNER), status);
}

#[test]
fn the_line_is_read_in_slices() {
    let bench = Bench::new();
    bench.enroll(&ENROLLED);
    bench.publish(LOBBY, &[0, 1, 2], 1);
    let first = bench.ledger.outbox_pending(PARTNER, 0, 2).unwrap();
    let rest = bench.ledger.outbox_pending(PARTNER, first[1].position, 2).unwrap();
    assert_eq!((first.len(), rest.len()), (2, 1));
    assert_eq!([first, rest].concat(), bench.pending(PARTNER));
}

#[test]
fn the_same_bytes_are_never_queued_twice_whatever_became_of_them() {
    let bench = Bench::new();
    bench.enroll(&ENROLLED);
    bench.publish(LOBBY, &[0, 1, 2], 1);
    bench.publish(ENTRANCE, &[0], 1);
    let line = bench.pending(PARTNER);
    bench.deliver(&line[0]);
    assert!(bench.ledger.outbox_await(&line[1], bench.now(), "receipt").unwrap());
    assert!(bench.park(&line[2]));
    let status = bench.status(PARTNER);
    assert_eq!((status.delivered, status.awaiting, status.parked, status.pending), (1, 1, 1, 1));
    bench.publish(LOBBY, &[0, 1, 2], 1);
    bench.publish(ENTRANCE, &[0], 1);
    assert_eq!(bench.pending(PARTNER), line[3..]);
    assert_eq!(bench.status(PARTNER), status);
}

#[test]
fn a_file_that_is_restated_while_it_is_in_flight_stays_pending() {
    let outcomes: [fn(&Bench, &OutboxEntry) -> bool; 3] = [
        |bench, entry| bench.ledger.outbox_delivered(entry, bench.now(), Some("late")).unwrap(),
        |bench, entry| bench.ledger.outbox_await(entry, bench.now(), "late").unwrap(),
        |bench, entry| bench.park(entry),
    ];
    for outcome in outcomes {
        let bench = Bench::new();
        bench.enroll(&ENROLLED);
        bench.publish(LOBBY, &[0, 1], 1);
        let in_flight = bench.pending(PARTNER).remove(0);
        bench.publish(LOBBY, &[0], 2);
        bench.ledger.outbox_attempted(&in_flight, bench.now(), "no answer").unwrap();
        assert!(!outcome(&bench, &in_flight));
        assert_eq!(bench.line(PARTNER), [(file_path(LOBBY, 1), 1), (file_path(LOBBY, 0), 2)]);
        assert_eq!(bench.pending(PARTNER)[1].attempts, 0);
        assert!(outcome(&bench, &bench.pending(PARTNER)[1]));
        assert_eq!(bench.line(PARTNER), [(file_path(LOBBY, 1), 1)]);
    }
}

#[test]
fn a_restated_file_is_queued_afresh_whatever_became_of_it() {
    let bench = Bench::new();
    bench.enroll(&ENROLLED);
    bench.publish(LOBBY, &[0, 1, 2], 1);
    let line = bench.pending(PARTNER);
    bench.ledger.outbox_attempted(&line[0], bench.now(), "no answer").unwrap();
    assert_eq!(bench.pending(PARTNER)[0].attempts, 1);
    bench.park(&line[0]);
    bench.deliver(&line[1]);
    bench.ledger.outbox_await(&line[2], bench.now(), "receipt").unwrap();
    bench.wait(3600);
    bench.publish(LOBBY, &[2, 0, 1], 2);
    assert_eq!(bench.line(PARTNER), [2, 0, 1].map(|day| (file_path(LOBBY, day), 2)));
    assert!(bench.pending(PARTNER).iter().all(|entry| entry.attempts == 0 && entry.receipt.is_none()));
    let status = OutboxStatus { pending: 3, oldest_pending: Some(instant(3600)), ..OutboxStatus::default() };
    assert_eq!(bench.status(PARTNER), status);
}

#[test]
fn what_is_delivered_is_not_undone_by_a_late_answer() {
    let bench = Bench::new();
    bench.enroll(&ENROLLED);
    bench.publish(LOBBY, &[0], 1);
    let entry = bench.pending(PARTNER).remove(0);
    bench.deliver(&entry);
    assert!(!bench.park(&entry));
    assert!(!bench.ledger.outbox_await(&entry, bench.now(), "late").unwrap());
    assert_eq!(bench.status(PARTNER), OutboxStatus { delivered: 1, ..OutboxStatus::default() });
}

#[test]
fn an_import_is_awaited_with_its_receipt_until_it_is_done_or_refused() {
    let bench = Bench::new();
    bench.enroll(&ENROLLED);
    bench.publish(LOBBY, &[0, 1], 1);
    for entry in bench.pending(PARTNER) {
        bench.ledger.outbox_attempted(&entry, bench.now(), "no answer").unwrap();
        assert!(bench.ledger.outbox_await(&entry, bench.now(), &entry.path).unwrap());
    }
    assert!(bench.pending(PARTNER).is_empty());
    let awaiting = bench.ledger.outbox_awaiting(PARTNER).unwrap();
    for entry in &awaiting {
        assert_eq!((entry.receipt.as_ref(), entry.attempts), (Some(&entry.path), 0));
    }
    bench.deliver(&awaiting[0]);
    assert!(bench.park(&awaiting[1]));
    assert!(bench.ledger.outbox_awaiting(PARTNER).unwrap().is_empty());
    let parked = bench.ledger.outbox_parked(PARTNER, ALL).unwrap();
    let error = LastError { at: bench.now(), kind: "rejected".into(), message: "bad field".into() };
    assert_eq!(parked, [(awaiting[1].clone(), error)]);
}

#[test]
fn retrying_keeps_the_order_and_stands_behind_what_waits_already() {
    let bench = Bench::new();
    bench.enroll(&ENROLLED);
    bench.publish(LOBBY, &[2, 0, 1], 1);
    let line = bench.pending(PARTNER);
    for entry in line.iter().rev() {
        bench.park(entry);
    }
    bench.publish(ENTRANCE, &[0], 1);
    bench.wait(60);
    assert_eq!(bench.ledger.outbox_retry_parked(PARTNER).unwrap(), 3);
    bench.publish(ENTRANCE, &[1], 1);
    let expected = [(ENTRANCE, 0), (LOBBY, 2), (LOBBY, 0), (LOBBY, 1), (ENTRANCE, 1)];
    assert_eq!(bench.line(PARTNER), expected.map(|(series, day)| (file_path(series, day), 1)));
    assert!(bench.ledger.outbox_parked(PARTNER, ALL).unwrap().is_empty());
    assert_eq!(bench.ledger.outbox_retry_parked(PARTNER).unwrap(), 0);
    assert_eq!(bench.ledger.outbox_retry_parked("nobody").unwrap(), 0);
}

#[test]
fn enrolling_queues_what_was_published_before_by_series_and_period() {
    let bench = Bench::new();
    bench.publish(ENTRANCE, &[1], 1);
    bench.publish(LOBBY, &[2, 0], 2);
    bench.publish(DAILY, &[0], 3);
    bench.publish(ENTRANCE, &[0], 4);
    bench.wait(60);
    bench.enroll(&ENROLLED);
    let expected = [(ENTRANCE, 0, 4), (ENTRANCE, 1, 1), (LOBBY, 0, 2), (LOBBY, 2, 2)];
    assert_eq!(bench.line(PARTNER), expected.map(|(series, day, number)| (file_path(series, day), number)));
    assert_eq!(bench.status(PARTNER).oldest_pending, Some(instant(60)));
}

#[test]
fn enrolling_again_changes_nothing() {
    let bench = Bench::new();
    bench.publish(LOBBY, &[0, 1, 2], 1);
    bench.enroll(&ENROLLED);
    let line = bench.pending(PARTNER);
    bench.deliver(&line[0]);
    bench.park(&line[1]);
    let status = bench.status(PARTNER);
    bench.wait(60);
    bench.enroll(&ENROLLED);
    bench.enroll(&[ENROLLED[0], ENROLLED[0]]);
    assert_eq!(bench.pending(PARTNER), line[2..]);
    assert_eq!(bench.status(PARTNER), status);
}

#[test]
fn a_delivery_that_is_removed_and_configured_again_queues_only_what_changed_meanwhile() {
    let bench = Bench::new();
    bench.publish(LOBBY, &[0, 1, 2], 1);
    bench.enroll(&ENROLLED);
    let line = bench.pending(PARTNER);
    bench.deliver(&line[0]);
    bench.deliver(&line[1]);
    bench.enroll(&[]);
    assert_eq!(bench.status(PARTNER), OutboxStatus::default());
    bench.publish(LOBBY, &[0, 2], 1);
    bench.publish(LOBBY, &[1], 2);
    bench.publish(ENTRANCE, &[0], 1);
    assert_eq!(bench.pending(PARTNER), line[2..]);
    bench.enroll(&ENROLLED);
    let expected = [(LOBBY, 2, 1), (LOBBY, 1, 2), (ENTRANCE, 0, 1)];
    assert_eq!(bench.line(PARTNER), expected.map(|(series, day, number)| (file_path(series, day), number)));
    let status = bench.status(PARTNER);
    assert_eq!((status.pending, status.delivered), (3, 1));
}

#[test]
fn a_delivery_of_another_job_sends_that_one_whole_and_nothing_more_of_the_first() {
    let bench = Bench::new();
    bench.publish(LOBBY, &[0, 1], 1);
    bench.publish(DAILY, &[0], 1);
    bench.enroll(&ENROLLED);
    bench.deliver(&bench.pending(PARTNER)[0]);
    bench.enroll(&[(PARTNER, "daily")]);
    bench.publish(LOBBY, &[2], 1);
    assert_eq!(bench.line(PARTNER), [(file_path(DAILY, 0), 1)]);
    bench.enroll(&ENROLLED);
    assert_eq!(bench.line(PARTNER), [1, 2].map(|day| (file_path(LOBBY, day), 1)));
    let status = bench.status(PARTNER);
    assert_eq!((status.pending, status.delivered), (2, 1));
}

#[test]
fn deliveries_of_one_job_do_not_hold_each_other_up() {
    let bench = Bench::new();
    bench.enroll(&[(PARTNER, "hourly"), ("mirror", "hourly")]);
    bench.publish(LOBBY, &[0], 1);
    bench.deliver(&bench.pending(PARTNER)[0]);
    assert_eq!((bench.status(PARTNER).pending, bench.status("mirror").pending), (0, 1));
}

#[test]
fn a_lost_file_stays_in_the_line_and_its_return_is_not_queued_again() {
    let bench = Bench::new();
    bench.enroll(&ENROLLED);
    bench.publish(LOBBY, &[0, 1], 1);
    let line = bench.pending(PARTNER);
    bench.deliver(&line[1]);
    for entry in &line {
        bench.ledger.lose(entry.series, &entry.path, entry.period).unwrap();
    }
    assert_eq!(bench.pending(PARTNER), line[..1]);
    bench.publish(LOBBY, &[0, 1], 1);
    assert_eq!(bench.pending(PARTNER), line[..1]);
    assert_eq!(bench.status(PARTNER).delivered, 1);
}

#[test]
fn files_written_anew_in_another_style_are_queued() {
    let bench = Bench::new();
    bench.enroll(&ENROLLED);
    bench.publish(LOBBY, &[0, 1], 1);
    for entry in bench.pending(PARTNER) {
        bench.deliver(&entry);
    }
    let series = bench.series(LOBBY);
    let mut files = bench.ledger.files(series).unwrap();
    files[1].hash = Some(version(2));
    bench.ledger.record_style(series, "zstd", &files).unwrap();
    assert_eq!(bench.line(PARTNER), [(file_path(LOBBY, 1), 2)]);
}

#[test]
fn a_file_that_is_about_to_be_published_is_not_queued() {
    let bench = Bench::new();
    bench.publish(LOBBY, &[0], 1);
    let series = bench.series(LOBBY);
    let mut file = bench.ledger.files(series).unwrap().remove(0);
    file.path = file_path(LOBBY, 1);
    (file.hash, file.pending_hash) = (None, Some(version(2)));
    bench.ledger.intend(series, &[Intention { file, changes: Vec::new() }]).unwrap();
    bench.enroll(&ENROLLED);
    assert_eq!(bench.line(PARTNER), [(file_path(LOBBY, 0), 1)]);
}

#[test]
fn failures_of_the_target_are_counted_until_it_takes_something() {
    let bench = Bench::new();
    bench.enroll(&ENROLLED);
    let error =
        |seconds| LastError { at: instant(seconds), kind: "unavailable".into(), message: "503".into() };
    let half = TimeDelta::milliseconds(500);
    bench.ledger.delivery_failed(PARTNER, &error(1), None).unwrap();
    bench.ledger.delivery_failed(PARTNER, &error(2), Some(instant(60) + half)).unwrap();
    let failing = OutboxStatus {
        failures: 2,
        // Never earlier than it was told.
        retry_at: Some(instant(61)),
        last_error: Some(error(2)),
        ..OutboxStatus::default()
    };
    assert_eq!(bench.status(PARTNER), failing);
    bench.ledger.delivery_succeeded(PARTNER, instant(62)).unwrap();
    let well = OutboxStatus { last_success: Some(instant(62)), ..OutboxStatus::default() };
    assert_eq!(bench.status(PARTNER), well);
    bench.ledger.delivery_failed(PARTNER, &error(63), None).unwrap();
    assert_eq!(bench.status(PARTNER), OutboxStatus { failures: 1, last_error: Some(error(63)), ..well });
}

#[test]
fn of_a_delivery_that_never_was_there_is_nothing_to_tell() {
    let bench = Bench::new();
    bench.ledger.delivery_succeeded("nobody", instant(0)).unwrap();
    assert_eq!(bench.status("nobody"), OutboxStatus::default());
    assert!(bench.pending("nobody").is_empty());
}
