use chrono::TimeDelta;
use chrono_tz::{TZ_VARIANTS, Tz};
use proptest::prelude::*;

use super::*;
use crate::{
    coverage::{Coverage, Standing},
    ledger::{Evidence, FailureRecord, LastError},
    plan::SeriesRules,
    suspicion::Suspicion,
    time::{BucketGrid, BucketSize, parse_bound},
};

fn at(text: &str, zone: Tz) -> DateTime<Utc> {
    parse_bound(text, zone).unwrap()
}

fn rules(size: BucketSize, zone: Tz) -> SeriesRules {
    SeriesRules {
        grid: BucketGrid::new(size, zone),
        partition: PartitionSize::Day,
        settle: TimeDelta::minutes(15),
        lookback: TimeDelta::hours(48),
    }
}

fn ground(rules: SeriesRules, start: DateTime<Utc>, evidence: &Evidence, now: DateTime<Utc>) -> Ground<'_> {
    Ground { rules, start, evidence, now, expected_until: rules.due_until(now) }
}

/// Dates and how many buckets each has, in a calendar of all days from `from` to `to`.
fn shown(size: BucketSize, zone: Tz, from: &str, to: &str) -> Vec<(String, u64)> {
    let (start, now) = (at(from, zone), at("2030-01-01", zone));
    let evidence = Evidence::default();
    let ground = ground(rules(size, zone), start, &evidence, now);
    let calendar = Calendar::new(&ground, Bounds { from: None, to: Some(at(to, zone)) });
    let days = calendar.days.iter();
    days.map(|day| (day.date.format("%m-%d").to_string(), day.tally.expected())).collect()
}

fn days<const N: usize>(days: [(&str, u64); N]) -> Vec<(String, u64)> {
    days.map(|(date, buckets)| (date.to_owned(), buckets)).to_vec()
}

#[test]
fn days_have_23_or_25_hours_where_the_clock_changes() {
    let paris = Tz::Europe__Paris;
    let spring = shown(BucketSize::Hour, paris, "2026-03-28", "2026-03-31");
    assert_eq!(spring, days([("03-28", 24), ("03-29", 23), ("03-30", 24)]));
    let autumn = shown(BucketSize::Hour, paris, "2026-10-24", "2026-10-27");
    assert_eq!(autumn, days([("10-24", 24), ("10-25", 25), ("10-26", 24)]));
    // Midnight itself is skipped, and the clock that is turned back shows the day before again.
    let sao_paulo = Tz::America__Sao_Paulo;
    let skipped = shown(BucketSize::Hour, sao_paulo, "2018-11-03", "2018-11-06");
    assert_eq!(skipped, days([("11-03", 24), ("11-04", 23), ("11-05", 24)]));
    let repeated = shown(BucketSize::Hour, sao_paulo, "2018-02-16", "2018-02-19");
    assert_eq!(repeated, days([("02-16", 24), ("02-17", 25), ("02-18", 24)]));
    // Nobody in Apia had a 30th of December.
    let apia = shown(BucketSize::Hour, Tz::Pacific__Apia, "2011-12-29", "2012-01-01");
    assert_eq!(apia, days([("12-29", 24), ("12-31", 24)]));
}

#[test]
fn a_day_that_is_one_bucket_is_one_bucket() {
    for zone in [Tz::Europe__Paris, Tz::Asia__Kolkata] {
        for size in [BucketSize::Day, BucketSize::Global] {
            let found = shown(size, zone, "2026-10-24", "2026-10-27");
            assert_eq!(found, days([("10-24", 1), ("10-25", 1), ("10-26", 1)]), "{size:?} {zone}");
        }
    }
}

#[test]
fn bounds_cut_and_reach_no_further_than_what_is_expected() {
    let zone = Tz::Europe__Paris;
    let error = LastError { at: at("2026-03-05", zone), kind: "unavailable".into(), message: "no".into() };
    let range = TimeRange::new(at("2026-01-10", zone), at("2026-01-11", zone)).unwrap();
    let failures = vec![FailureRecord { range, since: error.at, last: error }];
    let evidence = Evidence { failures, ..Evidence::default() };
    let now = at("2026-03-05T11:30:00+01:00", zone);
    let ground = ground(rules(BucketSize::Hour, zone), at("2026-03-01", zone), &evidence, now);
    let found = |from: Option<&str>, to: Option<&str>| {
        let bound = |text: Option<&str>| text.map(|text| at(text, zone));
        let calendar = Calendar::new(&ground, Bounds { from: bound(from), to: bound(to) });
        let range = calendar.range.map(|range| (range.start(), range.end()));
        let total = calendar.total();
        (range, [State::Due, State::Failed, State::Pending, State::NotDue].map(|state| total.of(state)))
    };
    let whole = (at("2026-03-01", zone), at("2026-03-05T12:00:00+01:00", zone));
    assert_eq!(found(None, None), (Some(whole), [4 * 24 + 11, 0, 0, 1]));
    let cut = (at("2026-03-02", zone), at("2026-03-04", zone));
    assert_eq!(found(Some("2026-03-02"), Some("2026-03-04")), (Some(cut), [48, 0, 0, 0]));
    assert_eq!(found(Some("2026-03-02"), Some("2199-01-01")).0, Some((cut.0, whole.1)));
    // What a backfill could not have is told where it is asked for.
    let failed = (range.start(), at("2026-03-02", zone));
    let before = u64::try_from((whole.0 - range.end()).num_hours()).unwrap();
    let expected = (Some(failed), [24, 24, 0, before]);
    assert_eq!(found(Some("2020-01-01"), Some("2026-03-02")), expected);
    assert_eq!(found(Some("2026-04-01"), None), (None, [0; 4]));
    assert_eq!(found(None, Some("2026-02-01")), (None, [0; 4]));
}

#[test]
fn days_with_suspect_zeros_are_marked() {
    let zone = Tz::UTC;
    let exported = TimeRange::new(at("2026-03-01", zone), at("2026-03-05", zone)).unwrap();
    let suspicion = Suspicion {
        since: at("2026-03-03T14:00:00Z", zone),
        until: at("2026-03-04T02:00:00Z", zone),
        usual: 38.0,
        expected_people: 300.0,
        is_over: false,
    };
    let evidence = Evidence {
        coverage: Coverage::default().with(exported, Standing::Final),
        suspicions: vec![suspicion],
        ..Evidence::default()
    };
    let rules = rules(BucketSize::Hour, zone);
    let calendar =
        Calendar::new(&ground(rules, exported.start(), &evidence, exported.end()), Bounds::default());
    let marked: Vec<bool> = calendar.days.iter().map(|day| day.is_suspect).collect();
    assert_eq!(marked, [false, false, true, true]);
}

proptest! {
    /// In every zone: days are in order, hold every bucket once, and lie where the folders of the files say.
    #[test]
    fn days_hold_every_bucket_once(
        zone in prop::sample::select(TZ_VARIANTS.to_vec()),
        size in prop::sample::select(BucketSize::ALL.to_vec()),
        start in 0_i64..1_900_000_000,
        hours in 1_i64..2_000,
    ) {
        let start = DateTime::from_timestamp(start, 0).unwrap();
        let (evidence, rules) = (Evidence::default(), rules(size, zone));
        let ground = ground(rules, start, &evidence, start + TimeDelta::hours(hours));
        let calendar = Calendar::new(&ground, Bounds::default());
        let Some(range) = calendar.range else { return Ok(()) };
        prop_assert!(calendar.days.windows(2).all(|pair| pair[0].date < pair[1].date));
        prop_assert_eq!(calendar.total().buckets(), rules.grid.bucket_starts(range).count() as u64);
        for day in &calendar.days {
            let period = LocalPeriod::containing(day.date, PartitionSize::Day);
            let buckets = rules.partition_range(period).and_then(|buckets| buckets.intersection(&range));
            let buckets = buckets.map_or(0, |buckets| rules.grid.bucket_starts(buckets).count());
            prop_assert_eq!(day.tally.buckets(), buckets as u64, "{}", day.date);
        }
    }
}
