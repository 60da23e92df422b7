//! An export without a service: what is asked arrives.

use std::{collections::BTreeMap, fmt};

use audience_exporter::{
    coverage::{Coverage, Standing},
    plan::{PlannedWindow, SeriesRules},
    time::{BucketGrid, BucketSize, PartitionSize, TimeRange, Window, local_midnight},
};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use super::{Lengths, day};

/// A bucket that was exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bucket {
    end: DateTime<Utc>,
    times_asked: u32,
}

/// One series since the beginning of the year.
#[derive(Clone)]
pub(crate) struct Export {
    rules: SeriesRules,
    start: DateTime<Utc>,
    coverage: Coverage,
    /// By its start.
    buckets: BTreeMap<DateTime<Utc>, Bucket>,
}

impl fmt::Debug for Export {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} looking back {}", self.rules.grid.size().as_str(), self.rules.lookback)
    }
}

/// The local year.
pub(crate) fn year_of(zone: Tz) -> TimeRange {
    let next = NaiveDate::from_ymd_opt(2027, 1, 1).unwrap();
    TimeRange::new(local_midnight(day(1, 1), zone), local_midnight(next, zone)).unwrap()
}

impl Export {
    /// Files by local day, and fifteen minutes for a bucket to settle.
    pub(crate) fn new(size: BucketSize, zone: Tz, lookback: TimeDelta) -> Self {
        let grid = BucketGrid::new(size, zone);
        let (partition, settle) = (PartitionSize::Day, TimeDelta::minutes(15));
        Self {
            rules: SeriesRules { grid, partition, settle, lookback },
            start: year_of(zone).start(),
            coverage: Coverage::default(),
            buckets: BTreeMap::new(),
        }
    }

    /// Whether anything is due that it does not have.
    pub(crate) fn lacks_something(&self, now: DateTime<Utc>) -> bool {
        self.due(now).iter().any(|planned| planned.reason.only_if_lacking())
    }

    /// Exports all that is due.
    pub(crate) fn run(&mut self, now: DateTime<Utc>) {
        for planned in self.due(now) {
            self.export(planned.window, now);
        }
    }

    fn due(&self, now: DateTime<Utc>) -> Vec<PlannedWindow> {
        self.rules.due(self.start, &self.coverage, &[], now)
    }

    fn export(&mut self, window: Window, now: DateTime<Utc>) {
        assert!(window.end() <= now - self.rules.settle, "asked before it was over");
        for start in window.bucket_starts() {
            let end = self.rules.grid.bucket_end(start);
            let bucket = self.buckets.entry(start).or_insert(Bucket { end, times_asked: 0 });
            bucket.times_asked += 1;
        }
        let standings = Standing::of(window.range(), self.rules.final_until(now));
        let coverage = std::mem::take(&mut self.coverage);
        self.coverage =
            standings.fold(coverage, |coverage, (range, standing)| coverage.with(range, standing));
    }

    /// Has exported the same.
    #[track_caller]
    pub(crate) fn assert_same(&self, expected: &Self, when: &str) {
        assert_eq!(self.coverage, expected.coverage, "{when}");
        assert!(self.buckets.keys().eq(expected.buckets.keys()), "{when}: other buckets");
    }

    /// Every bucket of the year is there once, and every local day is as long as some day of `minutes` is.
    #[track_caller]
    pub(crate) fn assert_covers(&self, year: TimeRange, when: &str, minutes: &Lengths) {
        self.assert_tiles(year, when);
        self.assert_asked_as_often_as_needed(year, when);
        let found = match self.rules.grid.size() {
            BucketSize::Hour => self.hours_of_days(year),
            BucketSize::Global => self.lengths_of_buckets(year),
            BucketSize::Day => {
                assert_eq!(self.lengths_of_buckets(year), Lengths::from([(24 * 60, 365)]), "{when}");
                return;
            }
        };
        let expected = if self.rules.grid.size() == BucketSize::Hour {
            in_whole_hours(minutes)
        } else {
            minutes.clone()
        };
        assert_eq!(found, expected, "{when}");
    }

    /// Buckets follow each other without a gap and without sharing any time, and coverage says the same.
    #[track_caller]
    fn assert_tiles(&self, year: TimeRange, when: &str) {
        let first = self.rules.grid.ceil(year.start());
        let mut covered_until = first;
        for (start, bucket) in &self.buckets {
            assert_eq!(*start, covered_until, "{when}: a gap or an overlap");
            covered_until = bucket.end;
        }
        assert!(covered_until >= year.end(), "{when}: it ends at {covered_until}");
        let all = TimeRange::new(first, covered_until).unwrap();
        assert!(self.coverage.lacking(all).is_empty(), "{when}: coverage has a gap");
        assert_eq!(self.coverage.exported_until(), Some(covered_until), "{when}");
    }

    /// Once where nothing is looked back at; otherwise the last time is when it was older than the lookback.
    #[track_caller]
    fn assert_asked_as_often_as_needed(&self, year: TimeRange, when: &str) {
        let of_year = self.buckets.range(..year.end() - TimeDelta::hours(72));
        for (start, bucket) in of_year {
            let looks_back = self.rules.lookback > TimeDelta::zero();
            assert!(
                bucket.times_asked == 1 || looks_back,
                "{when}: {start} was asked {}",
                bucket.times_asked
            );
            let range = TimeRange::new(*start, bucket.end).unwrap();
            let mut finals = self.coverage.of_standing(Standing::Final);
            assert!(finals.any(|is_final| is_final.intersection(&range) == Some(range)), "{when}: {start}");
        }
    }

    /// The hours in the file of each local day, in minutes.
    fn hours_of_days(&self, year: TimeRange) -> Lengths {
        let mut lengths = Lengths::new();
        for (_, of_day) in self.rules.partitions(year) {
            let hours = self.buckets.range(of_day.start()..of_day.end()).count();
            *lengths.entry(60 * i64::try_from(hours).unwrap()).or_default() += 1;
        }
        lengths
    }

    fn lengths_of_buckets(&self, year: TimeRange) -> Lengths {
        let mut lengths = Lengths::new();
        for (start, bucket) in self.buckets.range(year.start()..year.end()) {
            *lengths.entry((bucket.end - start).num_minutes()).or_default() += 1;
        }
        lengths
    }
}

/// A day of 23 hours and a half has 23 whole hours of UTC, and one of 24 and a half has 25: the half hour that one lacks
/// at its end is part of an hour that begins in it.
fn in_whole_hours(minutes: &Lengths) -> Lengths {
    let whole = |minutes: i64| match minutes - 24 * 60 {
        ..0 => 23 * 60,
        0 => 24 * 60,
        1.. => 25 * 60,
    };
    minutes.iter().map(|(length, days)| (whole(*length), *days)).collect()
}
