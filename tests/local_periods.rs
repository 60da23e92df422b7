//! Laws of local time, over every zone of chrono-tz and every local day, month and year from 1970 to 2037.

use std::{num::NonZero, thread};

use audience_exporter::time::{
    BucketGrid, BucketSize, LocalPeriod, PartitionSize, TimeRange, Window, local_midnight,
};
use chrono::{DateTime, NaiveDate, TimeDelta, Timelike, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use proptest::prelude::*;

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

/// Calls `check` with every zone, on every processor there is.
fn for_every_zone(check: impl Fn(Tz) + Sync) {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        for offset in 0..threads {
            let check = &check;
            scope.spawn(move || {
                TZ_VARIANTS.iter().skip(offset).step_by(threads).for_each(|zone| check(*zone));
            });
        }
    });
}

/// Walks the periods of `zone` from 1970 to 2037: each begins where the one before it ends, and its first and last
/// bucket belong to it and to no other. So every hour is covered once.
fn check_periods_of(zone: Tz, size: PartitionSize) {
    let grid = BucketGrid::new(BucketSize::Hour, zone);
    let mut period = LocalPeriod::containing(day(1970, 1, 1), size);
    let last = LocalPeriod::containing(day(2037, 12, 31), size);
    let mut covered_until = period.start(zone);
    while period <= last {
        assert_eq!(period.start(zone), covered_until, "{zone} {period:?}");
        covered_until = period.end(zone);
        let buckets = TimeRange::new(grid.ceil(period.start(zone)), grid.ceil(period.end(zone)));
        if let Some(buckets) = buckets {
            let last_bucket = buckets.end() - TimeDelta::hours(1);
            for start in [buckets.start(), last_bucket] {
                assert_eq!(LocalPeriod::of(start, size, zone), period, "{zone} {start}");
            }
        }
        period = period.next();
    }
}

#[test]
fn local_days_cover_every_utc_hour_once_in_every_zone() {
    for_every_zone(|zone| check_periods_of(zone, PartitionSize::Day));
}

#[test]
fn local_months_and_years_cover_every_utc_hour_once_in_every_zone() {
    for_every_zone(|zone| {
        check_periods_of(zone, PartitionSize::Month);
        check_periods_of(zone, PartitionSize::Year);
    });
}

#[test]
fn days_have_23_or_25_hours_where_the_clock_changes() {
    let hours = |date, zone| {
        LocalPeriod::containing(date, PartitionSize::Day)
            .range(zone)
            .map_or(0, |range| range.duration().num_minutes())
    };
    assert_eq!(hours(day(2026, 3, 29), Tz::Europe__Paris), 23 * 60);
    assert_eq!(hours(day(2026, 10, 25), Tz::Europe__Paris), 25 * 60);
    assert_eq!(hours(day(2026, 4, 5), Tz::Australia__Lord_Howe), 24 * 60 + 30);
    assert_eq!(hours(day(2026, 6, 1), Tz::Asia__Kolkata), 24 * 60);
    assert_eq!(hours(day(2011, 12, 30), Tz::Pacific__Apia), 0);
}

#[test]
fn a_clock_turned_back_across_midnight_stays_in_the_new_day() {
    // Antarctica/Casey went from 2010-03-05 02:00 back to 2010-03-04 23:00.
    let zone = Tz::Antarctica__Casey;
    let again = local_midnight(day(2010, 3, 5), zone) + TimeDelta::hours(2);
    assert_eq!(again.with_timezone(&zone).hour(), 23);
    assert_eq!(LocalPeriod::of(again, PartitionSize::Day, zone).first_day(), day(2010, 3, 5));
}

fn any_zone() -> impl Strategy<Value = Tz> {
    prop::sample::select(TZ_VARIANTS.to_vec())
}

fn any_instant() -> impl Strategy<Value = DateTime<Utc>> {
    (0_i64..2_145_916_800).prop_map(|seconds| DateTime::from_timestamp(seconds, 0).unwrap())
}

fn any_size() -> impl Strategy<Value = BucketSize> {
    prop::sample::select(BucketSize::ALL.to_vec())
}

fn any_partition() -> impl Strategy<Value = PartitionSize> {
    prop::sample::select(PartitionSize::ALL.to_vec())
}

proptest! {
    #[test]
    fn every_instant_lies_in_the_period_that_it_is_said_to_lie_in(
        zone in any_zone(), instant in any_instant(), size in any_partition(),
    ) {
        let period = LocalPeriod::of(instant, size, zone);
        prop_assert!(period.range(zone).unwrap().contains(instant));
    }

    #[test]
    fn floor_and_ceil_are_neighbouring_bucket_bounds(
        zone in any_zone(), instant in any_instant(), size in any_size(),
    ) {
        let grid = BucketGrid::new(size, zone);
        let (floor, ceil) = (grid.floor(instant), grid.ceil(instant));
        prop_assert!(floor <= instant && instant <= ceil);
        prop_assert_eq!(grid.floor(floor), floor);
        prop_assert_eq!(grid.floor(ceil), ceil);
        prop_assert!(ceil == floor || ceil == grid.bucket_end(floor));
    }

    #[test]
    fn windows_cover_their_range_once_in_whole_buckets_and_keep_to_the_longest_listing(
        zone in any_zone(), start in any_instant(), days in 1_i64..900, size in any_size(), partition in any_partition(),
    ) {
        let grid = BucketGrid::new(size, zone);
        let range = grid.widen(TimeRange::new(start, start + TimeDelta::days(days)).unwrap());
        let windows = grid.windows(range, partition);
        prop_assert_eq!(windows.first().map(Window::start), Some(range.start()));
        prop_assert_eq!(windows.last().map(Window::end), Some(range.end()));
        prop_assert!(windows.windows(2).all(|pair| pair[0].end() == pair[1].start()));
        let longest = TimeDelta::days(if size == BucketSize::Hour { 31 } else { 366 });
        for window in windows {
            prop_assert_eq!(Window::new(window.range(), grid), Ok(window));
            prop_assert!(window.range().duration() <= longest);
        }
    }
}
