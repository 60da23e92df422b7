//! The points of a chart: stretches of time that cover a range once.

use chrono_tz::Tz;

use crate::{
    rollup::{RollupPeriod, RollupSize},
    time::{BucketGrid, TimeRange},
};

/// How much time one point stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// One bucket.
    Bucket,
    /// A local day, week or month.
    Period(RollupSize),
}

impl Resolution {
    /// Every one, in the order in which messages list them.
    pub const ALL: [Self; 4] = [
        Self::Bucket,
        Self::Period(RollupSize::Day),
        Self::Period(RollupSize::Week),
        Self::Period(RollupSize::Month),
    ];

    /// The word in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bucket => "bucket",
            Self::Period(size) => size.as_str(),
        }
    }

    /// The resolution of this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == word)
    }

    /// What can be looked at without counting points: buckets up to 8 days, days up to half a year, and then weeks.
    pub fn fitting(range: TimeRange) -> Self {
        match range.duration().num_days() {
            ..=8 => Self::Bucket,
            9..=190 => Self::Period(RollupSize::Day),
            _ => Self::Period(RollupSize::Week),
        }
    }
}

/// The points of `range`, in order; the first and the last may be cut by it. `grid` is that of the buckets, in `zone`.
pub fn slots(range: TimeRange, resolution: Resolution, grid: BucketGrid, zone: Tz) -> Vec<TimeRange> {
    match resolution {
        Resolution::Bucket => {
            let starts = grid.bucket_starts(range);
            starts.filter_map(|start| TimeRange::new(start, grid.bucket_end(start))).collect()
        }
        Resolution::Period(size) => RollupPeriod::overlapping(range, size, zone)
            .filter_map(|period| period.range(zone)?.intersection(&range))
            .collect(),
    }
}
