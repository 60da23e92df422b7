use chrono::TimeDelta;
use chrono_tz::Tz;
use proptest::prelude::*;

use super::*;
use crate::{
    coverage::Coverage,
    ledger::{FailureRecord, FileRecord, Reconciliation},
    time::{BucketGrid, BucketSize, PartitionSize},
};

/// Of an hour that is counted from the start of the job.
fn hour(index: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600 + index * 3600, 0).unwrap()
}

fn hours(from: i64, to: i64) -> TimeRange {
    TimeRange::new(hour(from), hour(to)).unwrap()
}

fn rules() -> SeriesRules {
    SeriesRules {
        grid: BucketGrid::new(BucketSize::Hour, Tz::UTC),
        partition: PartitionSize::Day,
        settle: TimeDelta::minutes(15),
        lookback: TimeDelta::hours(4),
    }
}

fn error(hour_of_it: i64, kind: &str) -> LastError {
    LastError { at: hour(hour_of_it), kind: kind.to_owned(), message: format!("{kind} it is") }
}

fn ground(evidence: &Evidence, now: DateTime<Utc>) -> Ground<'_> {
    Ground { rules: rules(), start: hour(0), evidence, now, expected_until: rules().due_until(now) }
}

fn shown(ground: &Ground<'_>, range: TimeRange) -> Vec<(i64, i64, &'static str)> {
    let index = |instant: DateTime<Utc>| (instant - hour(0)).num_hours();
    let stretches = ground.stretches(range);
    let one = |stretch: &Stretch| {
        (index(stretch.range.start()), index(stretch.range.end()), stretch.state.as_str())
    };
    stretches.iter().map(one).collect()
}

#[test]
fn every_state_follows_from_what_is_known() {
    let evidence = Evidence {
        coverage: Coverage::default()
            .with(hours(-2, 10), Standing::Final)
            .with(hours(12, 13), Standing::Lost)
            .with(hours(14, 18), Standing::Provisional),
        missing: [hour(3), hour(4), hour(15)].into(),
        vanished: [(hour(6), hour(9))].into(),
        failures: vec![FailureRecord {
            range: hours(10, 11),
            since: hour(12),
            last: error(17, "unavailable"),
        }],
        ..Evidence::default()
    };
    let ground = ground(&evidence, hour(21) + TimeDelta::minutes(10));
    assert_eq!(ground.whole_range(), Some(hours(-2, 22)));
    let expected = [
        (-3, -2, "not_due"),
        (-2, 3, "final"),
        (3, 5, "missing"),
        (5, 6, "final"),
        (6, 7, "vanished"),
        (7, 10, "final"),
        (10, 11, "failed"),
        (11, 12, "due"),
        (12, 13, "failed"),
        (13, 14, "due"),
        (14, 15, "provisional"),
        (15, 16, "missing"),
        (16, 18, "provisional"),
        (18, 20, "due"),
        (20, 21, "pending"),
        (21, 23, "not_due"),
    ];
    assert_eq!(shown(&ground, hours(-3, 23)), expected);
    let why = |index: i64| ground.stretches(hours(index, index + 1)).remove(0).why;
    let failed = why(10).unwrap();
    assert_eq!((failed.since, &*failed.kind), (Some(hour(12)), "unavailable"));
    assert_eq!(why(12).unwrap().kind, "lost");
    assert_eq!(why(6).unwrap().since, Some(hour(9)));
    assert_eq!(why(7), None);
}

#[test]
fn what_keeps_the_whole_series_from_being_exported_keeps_each_of_its_buckets() {
    let evidence = Evidence {
        coverage: Coverage::default().with(hours(0, 2), Standing::Final),
        last_error: Some(error(4, "credentials")),
        ..Evidence::default()
    };
    let ground = ground(&evidence, hour(5) + TimeDelta::minutes(20));
    // What was not due when it failed is merely due.
    let expected = [(0, 2, "final"), (2, 3, "failed"), (3, 5, "due"), (5, 6, "not_due")];
    assert_eq!(shown(&ground, hours(0, 6)), expected);
    let why = ground.stretches(hours(2, 3)).remove(0).why.unwrap();
    assert_eq!((why.since, &*why.kind), (Some(hour(4)), "credentials"));
}

fn file(day: i64) -> FileRecord {
    FileRecord {
        path: format!("hourly/stream=lobby/date={day}/data.csv"),
        period: hours(24 * day, 24 * day + 24),
        hash: Some([u8::try_from(day).unwrap(); 32]),
        pending_hash: None,
        rows: 24,
        bytes: 1000,
    }
}

#[test]
fn a_file_is_sealed_when_all_of_its_period_is_final_or_missing() {
    let evidence = Evidence {
        coverage: Coverage::default()
            .with(hours(0, 60), Standing::Final)
            .with(hours(60, 96), Standing::Provisional),
        missing: [hour(3), hour(70)].into(),
        vanished: [(hour(30), hour(40))].into(),
        files: (0..4).map(file).collect(),
        ..Evidence::default()
    };
    let seals = seals(&rules(), &evidence);
    let found: Vec<_> = seals.iter().map(|seal| (seal.expected, seal.missing, seal.is_sealed)).collect();
    assert_eq!(found, [(24, 1, true), (24, 0, false), (24, 1, false), (24, 0, false)]);
}

#[test]
fn a_comparison_counts_for_the_bytes_that_were_compared() {
    let compared = |hash| Reconciliation { hash, at: hour(99), disagreement: None };
    let mut evidence = Evidence {
        coverage: Coverage::default().with(hours(0, 24), Standing::Final),
        files: vec![file(0)],
        ..Evidence::default()
    };
    assert!(seals(&rules(), &evidence)[0].lacks_reconciliation());
    evidence.reconciliations.insert(file(0).path, compared([0; 32]));
    assert!(!seals(&rules(), &evidence)[0].lacks_reconciliation());
    evidence.reconciliations.insert(file(0).path, compared([1; 32]));
    assert!(seals(&rules(), &evidence)[0].lacks_reconciliation());
}

proptest! {
    /// Whatever is known: each bucket is in one state, stretches are those buckets, and what lacks is what a run asks.
    #[test]
    fn what_lacks_is_what_a_run_would_ask(
        intervals in prop::collection::vec((0i64..60, 1i64..9, 0usize..3), 0..8),
        now in 0i64..80,
    ) {
        let standings = [Standing::Lost, Standing::Provisional, Standing::Final];
        let coverage = intervals.iter().fold(Coverage::default(), |coverage, (start, length, standing)| {
            coverage.with(hours(*start, start + length), standings[*standing])
        });
        let evidence = Evidence { coverage, ..Evidence::default() };
        let now = hour(now) + TimeDelta::minutes(20);
        let ground = ground(&evidence, now);
        let Some(range) = ground.whole_range() else { return Ok(()) };
        let buckets: Vec<BucketState> = ground.buckets(range).collect();
        let spread: Vec<BucketState> = ground
            .stretches(range)
            .into_iter()
            .flat_map(|stretch| {
                rules().grid.bucket_starts(stretch.range).map(move |start| BucketState { start, state: stretch.state })
            })
            .collect();
        prop_assert_eq!(&buckets, &spread);
        let windows = rules().due(hour(0), &evidence.coverage, &[], now);
        for bucket in &buckets {
            let asked = windows.iter().find(|planned| planned.window.range().contains(bucket.start));
            if bucket.state.is_lacking() && bucket.start < rules().due_until(now) {
                prop_assert!(asked.is_some_and(|planned| planned.reason.only_if_lacking()), "{:?}", bucket);
            }
            if matches!(bucket.state, State::NotDue | State::Pending) {
                prop_assert!(asked.is_none(), "{:?}", bucket);
            }
        }
    }
}
