//! Bucket sizes, the grid on which buckets lie, and windows of whole buckets.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use chrono_tz::Tz;

use super::{LocalPeriod, PartitionSize, TimeRange, to_display};

/// How much time one bucket covers, as the Data API's `time` parameter names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BucketSize {
    /// One UTC hour.
    Hour,
    /// One UTC day.
    Day,
    /// One whole window; this exporter asks it for one local day at a time.
    Global,
}

impl BucketSize {
    /// Every size, in the order in which messages list them.
    pub const ALL: [Self; 3] = [Self::Hour, Self::Day, Self::Global];

    /// The word used on the wire and in the configuration (Angus contract, section 3).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "by_hour",
            Self::Day => "by_day",
            Self::Global => "global",
        }
    }

    /// What one bucket is, for people and programs that do not care where days begin.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day | Self::Global => "day",
        }
    }

    /// The longest range that one listing may ask for (Angus contract, section 6).
    fn longest_window(self) -> TimeDelta {
        match self {
            Self::Hour => TimeDelta::days(31),
            Self::Day | Self::Global => TimeDelta::days(366),
        }
    }
}

/// Where the buckets of a stream begin: whole UTC hours, whole UTC days, or local midnights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BucketGrid {
    size: BucketSize,
    zone: Tz,
}

impl BucketGrid {
    /// The grid of `size`; `zone` decides where local days begin.
    pub fn new(size: BucketSize, zone: Tz) -> Self {
        Self { size, zone }
    }

    /// The size of its buckets.
    pub fn size(&self) -> BucketSize {
        self.size
    }

    /// The zone of its local days.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// The start of the bucket that holds `instant`.
    pub fn floor(&self, instant: DateTime<Utc>) -> DateTime<Utc> {
        match self.size {
            BucketSize::Hour => truncate(instant, TimeDelta::hours(1)),
            BucketSize::Day => truncate(instant, TimeDelta::days(1)),
            BucketSize::Global => LocalPeriod::of(instant, PartitionSize::Day, self.zone).start(self.zone),
        }
    }

    /// The first bucket start at or after `instant`.
    pub fn ceil(&self, instant: DateTime<Utc>) -> DateTime<Utc> {
        let floor = self.floor(instant);
        if floor == instant { floor } else { self.bucket_end(floor) }
    }

    /// The end of the bucket that starts at `start`.
    pub fn bucket_end(&self, start: DateTime<Utc>) -> DateTime<Utc> {
        match self.size {
            BucketSize::Hour => start + TimeDelta::hours(1),
            BucketSize::Day => start + TimeDelta::days(1),
            BucketSize::Global => LocalPeriod::of(start, PartitionSize::Day, self.zone).end(self.zone),
        }
    }

    /// The start of every bucket of `window`, in order.
    pub fn bucket_starts(self, window: TimeRange) -> impl Iterator<Item = DateTime<Utc>> {
        let first = self.ceil(window.start());
        std::iter::successors(Some(first), move |start| Some(self.bucket_end(*start)))
            .take_while(move |start| *start < window.end())
    }

    /// How many buckets start in `range`, which consists of whole seconds.
    pub fn bucket_count(self, range: TimeRange) -> u64 {
        let step = match self.size {
            BucketSize::Hour => TimeDelta::hours(1),
            BucketSize::Day => TimeDelta::days(1),
            BucketSize::Global => return self.bucket_starts(range).count() as u64,
        };
        let length = range.end() - self.ceil(range.start());
        u64::try_from(length.num_seconds()).unwrap_or(0).div_ceil(step.num_seconds().unsigned_abs())
    }

    /// The smallest range of whole buckets around `range`.
    pub fn widen(&self, range: TimeRange) -> TimeRange {
        TimeRange::new(self.floor(range.start()), self.ceil(range.end())).unwrap_or(range)
    }

    /// Cuts a range of whole buckets into windows: as many whole partitions each as one listing may ask for, so
    /// that a partition is published once. A partition longer than that is cut at local midnights.
    pub fn windows(self, range: TimeRange, partition: PartitionSize) -> Vec<Window> {
        let mut windows = Vec::new();
        let mut start = range.start();
        while let Some(rest) = TimeRange::new(start, range.end()) {
            let end = self.window_end(start, range.end(), partition);
            windows.push(Window { range: TimeRange::new(start, end).unwrap_or(rest), grid: self });
            start = end;
        }
        windows
    }

    fn window_end(
        self,
        start: DateTime<Utc>,
        range_end: DateTime<Utc>,
        partition: PartitionSize,
    ) -> DateTime<Utc> {
        if self.size == BucketSize::Global {
            return self.bucket_end(start);
        }
        let limit = start + self.size.longest_window();
        if range_end <= limit {
            return range_end;
        }
        [partition, PartitionSize::Day]
            .into_iter()
            .map(|size| self.ceil(LocalPeriod::of(limit, size, self.zone).start(self.zone)))
            .find(|boundary| start < *boundary && *boundary <= limit)
            .unwrap_or(limit)
    }
}

fn truncate(instant: DateTime<Utc>, step: TimeDelta) -> DateTime<Utc> {
    // Fails only beyond the years that fit into nanoseconds (1677 to 2262), where nothing is ever asked.
    instant.duration_trunc(step).unwrap_or(instant)
}

/// A range that does not start and end where buckets do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} to {} does not consist of whole {} buckets", to_display(*.start), to_display(*.end), .size.as_str())]
pub struct Misaligned {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    size: BucketSize,
}

/// A range of whole buckets that one listing asks for. Aligned by construction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    range: TimeRange,
    grid: BucketGrid,
}

impl Window {
    /// Refuses a range that is not made of whole buckets of `grid`.
    pub fn new(range: TimeRange, grid: BucketGrid) -> Result<Self, Misaligned> {
        let aligned = grid.floor(range.start()) == range.start() && grid.floor(range.end()) == range.end();
        if aligned {
            Ok(Self { range, grid })
        } else {
            Err(Misaligned { start: range.start(), end: range.end(), size: grid.size() })
        }
    }

    /// The time it covers.
    pub fn range(&self) -> TimeRange {
        self.range
    }

    /// The first instant inside.
    pub fn start(&self) -> DateTime<Utc> {
        self.range.start()
    }

    /// The first instant after.
    pub fn end(&self) -> DateTime<Utc> {
        self.range.end()
    }

    /// The grid on which its buckets lie.
    pub fn grid(&self) -> BucketGrid {
        self.grid
    }

    /// The start of every bucket, in order.
    pub fn bucket_starts(&self) -> impl Iterator<Item = DateTime<Utc>> + use<> {
        self.grid.bucket_starts(self.range)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn buckets_are_counted_as_they_are_told(
            start in 1_700_000_000_i64..1_800_000_000,
            length in 1_i64..4_000_000,
            step in prop::sample::select(vec![1_i64, 3600, 86_400]),
            size in prop::sample::select(BucketSize::ALL.to_vec()),
            zone in prop::sample::select(vec![Tz::UTC, Tz::Europe__Paris, Tz::Asia__Kolkata]),
        ) {
            let [start, end] = [start / step * step, (start + length) / step * step]
                .map(|seconds| DateTime::from_timestamp(seconds, 0).unwrap());
            if let Some(range) = TimeRange::new(start, end) {
                let grid = BucketGrid::new(size, zone);
                prop_assert_eq!(grid.bucket_count(range), grid.bucket_starts(range).count() as u64);
            }
        }
    }
}
