//! The buckets of one listing: which there are, and what was counted in each.

use std::ops::Range;

use chrono::{DateTime, Utc};

use super::{ask::Ask, camera::Camera, figures::Figures};
use crate::time::BucketSize;

/// One hour in microseconds, the resolution of dates on the wire.
const HOUR: i64 = 3_600_000_000;

/// How long after its end an hour still misses people, when data is late.
const LATE_SECONDS: u64 = 3 * 3600;

/// How many in a hundred people are missing at the end of an hour, when data is late.
const LATE_PERCENT: u64 = 15;

/// The buckets that overlap a window, up to now.
///
/// Buckets are numbered by their hours or days since 1970; the only global one is number 0. A bucket that reaches out
/// of the window counts only what lies inside, so that the parts of a window that was cut in two add up to the whole.
#[derive(Debug)]
pub(super) struct Listing<'a> {
    camera: &'a Camera<'a>,
    size: BucketSize,
    /// The window up to now, in microseconds since 1970.
    window: Range<i64>,
    /// Now, where data is late.
    late_at: Option<i64>,
    /// The numbers of the buckets, as runs without a gap.
    buckets: Vec<Range<i64>>,
    total: usize,
}

impl<'a> Listing<'a> {
    /// The listing that `ask` asks for at `now`; with `late`, the last hours still miss people.
    pub(super) fn new(camera: &'a Camera<'a>, ask: &Ask, now: DateTime<Utc>, late: bool) -> Self {
        let now = now.timestamp_micros();
        let window = ask.from.timestamp_micros()..ask.to.timestamp_micros().min(now);
        let measured = if window.is_empty() { Vec::new() } else { camera.measured(&hours_around(&window)) };
        let buckets = match ask.size {
            BucketSize::Hour => measured,
            BucketSize::Day => days(&measured),
            BucketSize::Global if measured.is_empty() => Vec::new(),
            BucketSize::Global => std::iter::once(0..1).collect(),
        };
        let total = buckets.iter().map(length).sum();
        Self { camera, size: ask.size, window, late_at: late.then_some(now), buckets, total }
    }

    /// How many buckets there are.
    pub(super) fn total(&self) -> usize {
        self.total
    }

    /// The numbers of at most `count` buckets after the first `skipped`, in order.
    pub(super) fn buckets(&self, mut skipped: usize, count: usize) -> Vec<i64> {
        let mut numbers = Vec::with_capacity(count.min(self.total));
        for run in &self.buckets {
            if skipped < length(run) {
                numbers.extend(run.clone().skip(skipped).take(count - numbers.len()));
            }
            skipped = skipped.saturating_sub(length(run));
        }
        numbers
    }

    /// What was counted in the bucket of this number.
    pub(super) fn figures(&self, bucket: i64) -> Figures {
        let hours = hours_around(&self.window);
        let hours = match self.size {
            BucketSize::Hour => bucket..bucket + 1,
            BucketSize::Day => hours.start.max(bucket * 24)..hours.end.min(bucket * 24 + 24),
            BucketSize::Global => hours,
        };
        hours.filter_map(|hour| self.hour(hour)).fold(Figures::default(), Figures::plus)
    }

    /// What was counted in the part of `hour` that lies in the window.
    fn hour(&self, hour: i64) -> Option<Figures> {
        let whole = self.camera.hour(hour)?;
        let arrived = match self.late_at {
            Some(now) => whole.first(arrived(whole.passing_by, now - (hour + 1) * HOUR)),
            None => whole,
        };
        let begin = (self.window.start - hour * HOUR).max(0);
        let end = (self.window.end - hour * HOUR).min(HOUR);
        if (begin, end) == (0, HOUR) {
            return Some(arrived);
        }
        let until = |elapsed| arrived.first(passed(arrived.passing_by, elapsed));
        Some(until(end).minus(until(begin)))
    }
}

/// The whole hours around a window in microseconds.
fn hours_around(window: &Range<i64>) -> Range<i64> {
    window.start.div_euclid(HOUR)..(window.end + HOUR - 1).div_euclid(HOUR)
}

/// The days that hold any of `hours`, as runs without a gap.
fn days(hours: &[Range<i64>]) -> Vec<Range<i64>> {
    let mut days: Vec<Range<i64>> = Vec::new();
    for run in hours {
        let (first, end) = (run.start.div_euclid(24), (run.end + 23).div_euclid(24));
        match days.last_mut() {
            Some(last) if first <= last.end => last.end = end,
            _ => days.push(first..end),
        }
    }
    days
}

fn length(run: &Range<i64>) -> usize {
    usize::try_from(run.end - run.start).unwrap_or(0)
}

/// How many of the people of one hour came in its first `elapsed` microseconds.
fn passed(people: u64, elapsed: i64) -> u64 {
    people * elapsed.cast_unsigned() / HOUR.cast_unsigned()
}

/// How many of the people of one hour are known `age` microseconds after its end.
fn arrived(people: u64, age: i64) -> u64 {
    let age = u64::try_from(age / 1_000_000).unwrap_or(0);
    let missing = people * LATE_PERCENT * LATE_SECONDS.saturating_sub(age);
    people - missing.div_ceil(100 * LATE_SECONDS)
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;
    use proptest::prelude::*;

    use super::*;
    use crate::{
        metric::Metric,
        simulator::{audience::Believable, camera::Source},
        time::parse_label,
    };

    const START: &str = "2026-03-02T00:00:00Z";

    fn instant(seconds: i64) -> DateTime<Utc> {
        parse_label(START).unwrap() + chrono::TimeDelta::seconds(seconds)
    }

    fn ask(size: BucketSize, window: Range<i64>) -> Ask {
        let (from, to) = (instant(window.start).fixed_offset(), instant(window.end).fixed_offset());
        Ask { metrics: Metric::ALL.to_vec(), from, to, size, page: 1 }
    }

    /// The figures of all buckets of a window in seconds after [`START`], asked `now` seconds after it.
    fn list(size: BucketSize, window: Range<i64>, now: i64, late: bool) -> Vec<(i64, Figures)> {
        let source = Source::Believable(Believable::of_fleet(1, Tz::Europe__Paris));
        let camera = source.camera("00000000-0000-4000-8000-000000000000", 0).unwrap();
        let listing = Listing::new(&camera, &ask(size, window), instant(now), late);
        let buckets = listing.buckets(0, usize::MAX);
        assert_eq!(buckets.len(), listing.total());
        buckets.into_iter().map(|bucket| (bucket, listing.figures(bucket))).collect()
    }

    fn sum(buckets: &[(i64, Figures)]) -> Figures {
        buckets.iter().fold(Figures::default(), |sum, (_, figures)| sum.plus(*figures))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn every_size_counts_the_same_people_and_a_cut_loses_nobody(
            mut cuts in prop::array::uniform3(0..700_000_i64),
            now in 0..900_000_i64,
            late: bool,
        ) {
            cuts.sort_unstable();
            let [from, cut, to] = cuts;
            prop_assume!(from < cut && cut < to);
            let whole = sum(&list(BucketSize::Hour, from..to, now, late));
            for size in [BucketSize::Hour, BucketSize::Day, BucketSize::Global] {
                prop_assert_eq!(sum(&list(size, from..to, now, late)), whole);
                let parts = [list(size, from..cut, now, late), list(size, cut..to, now, late)];
                prop_assert_eq!(sum(&parts[0]).plus(sum(&parts[1])), whole);
            }
        }
    }

    #[test]
    fn nothing_exists_after_now_and_the_current_hour_ends_now() {
        let noon = 12 * 3600;
        let at = |now| list(BucketSize::Hour, 0..86_400, now, false);
        assert_eq!((at(0).len(), at(noon).len(), at(noon + 1).len()), (0, 12, 13));
        let people = |now| sum(&at(now)).passing_by;
        assert!(people(noon) < people(noon + 1800) && people(noon + 1800) < people(noon + 3600));
        assert!(list(BucketSize::Global, 0..86_400, 0, false).is_empty());
    }

    #[test]
    fn pages_cut_the_buckets_without_overlap() {
        let source = Source::Believable(Believable::of_fleet(1, Tz::Europe__Paris));
        let camera = source.camera("00000000-0000-4000-8000-000000000000", 0).unwrap();
        let month = ask(BucketSize::Hour, 0..31 * 86_400);
        let listing = Listing::new(&camera, &month, instant(40 * 86_400), false);
        let all = listing.buckets(0, usize::MAX);
        assert!(all.is_sorted() && all.len() < 31 * 24, "an outage leaves gaps");
        let paged: Vec<i64> = (0..=all.len() / 7).flat_map(|page| listing.buckets(page * 7, 7)).collect();
        assert_eq!(paged, all);
        assert!(listing.buckets(all.len(), 7).is_empty());
    }

    #[test]
    fn late_people_arrive_within_three_hours() {
        let people = |age: i64| arrived(1000, age * 1_000_000);
        assert_eq!((people(-5), people(0), people(5400), people(10_800)), (850, 850, 925, 1000));
        assert!((0..10_800).all(|age| people(age) <= people(age + 1)));
        assert_eq!((arrived(0, 0), arrived(1, 0)), (0, 0));
    }
}
