//! What lets every bucket be accounted for, since version 4.

use audience_exporter::{
    ledger::{Change, Evidence, FileRecord, Intention, Ledger, Recheck, Reconciliation, WindowRecord},
    suspicion::Suspicion,
    time::TimeRange,
};
use chrono::TimeDelta;

use super::{day, error, instant};

fn change() -> Change {
    Change {
        bucket_start: instant("2026-01-02T09:00:00Z"),
        bucket_end: instant("2026-01-02T10:00:00Z"),
        column: "passing_by".to_owned(),
        old: Some("7".to_owned()),
        new: None,
        seen_at: instant("2026-01-05T00:00:00Z"),
        run: 1,
    }
}

fn recheck() -> Recheck {
    Recheck { age: TimeDelta::days(7), until: instant("2025-12-28T00:00:00Z") }
}

fn reconciliation() -> Reconciliation {
    let disagreement = Some("passing_by: file 123, service 125".to_owned());
    Reconciliation { hash: [1; 32], at: instant("2026-01-05T00:04:00Z"), disagreement }
}

fn suspicion() -> Suspicion {
    let (since, until) = (instant("2026-01-04T14:00:00Z"), instant("2026-01-05T00:00:00Z"));
    Suspicion { since, until, usual: 38.5, expected_people: 385.0, is_over: false }
}

/// Tells a ledger all of it. `window` is recorded already.
pub(super) fn tell(ledger: &Ledger, series: i64, window: &WindowRecord) {
    ledger.enroll_rechecks(series, &[recheck()]).unwrap();
    let file = FileRecord { pending_hash: day(2).hash, ..day(2) };
    ledger.intend(series, &[Intention { file, changes: vec![change()] }]).unwrap();
    let vanished = vec![instant("2026-01-03T00:00:00Z")];
    ledger.record(series, &WindowRecord { vanished, ..window.clone() }).unwrap();
    let failed = TimeRange::new(instant("2026-01-05T00:00:00Z"), instant("2026-01-05T02:00:00Z")).unwrap();
    let failure = error("2026-01-05T02:20:00Z", "unavailable", "503");
    ledger.note_failed_windows(series, &[failed], &failure).unwrap();
    ledger.note_reconciliation(series, &day(1).path, &reconciliation()).unwrap();
    ledger.note_suspicions(series, window.range, &[suspicion()]).unwrap();
}

pub(super) fn assert_told(ledger: &Ledger, series: i64) {
    assert_eq!(ledger.changes(series, None).unwrap(), [change()]);
    assert_eq!(ledger.unfiled_changes(series).unwrap(), [change().seen_at]);
    let Evidence { missing, vanished, failures, reconciliations, rechecked, suspicions, .. } =
        ledger.evidence(series).unwrap();
    assert_eq!(missing, [instant("2026-01-01T00:00:00Z")].into());
    let (gone, since) = (instant("2026-01-03T00:00:00Z"), instant("2026-01-05T00:00:00Z"));
    assert_eq!(vanished, [(gone, since)].into());
    assert_eq!(failures[0].since, instant("2026-01-05T02:20:00Z"));
    assert_eq!(failures[0].last.message, "503");
    assert_eq!(reconciliations, [(day(1).path, reconciliation())].into());
    assert_eq!(rechecked, [recheck()]);
    assert_eq!(suspicions, [suspicion()]);
}
