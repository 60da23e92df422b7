//! What of a series was counted, and its runs of zeros.

use std::ops::Range;

use chrono::{DateTime, Datelike, TimeZone, Timelike, Utc};

use crate::{
    row::{Count, Row},
    time::{BucketGrid, BucketSize},
};

/// One bucket whose people are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    pub(super) start: DateTime<Utc>,
    pub(super) end: DateTime<Utc>,
    pub(super) slot: Slot,
    pub(super) people: i64,
}

impl Counted {
    /// A bucket of `grid`, and how many people came by.
    pub fn new(start: DateTime<Utc>, end: DateTime<Utc>, people: i64, grid: BucketGrid) -> Self {
        Self { start, end, slot: slot(start, grid), people }
    }

    /// A row of `grid`; `None` where its people are not known.
    pub fn of(row: &Row, grid: BucketGrid) -> Option<Self> {
        Some(Self::new(row.start, row.end, row.count(Count::PassingBy)?, grid))
    }

    /// The bucket's first instant.
    pub fn start(&self) -> DateTime<Utc> {
        self.start
    }

    /// Whether nobody came by.
    pub fn is_zero(&self) -> bool {
        self.people == 0
    }
}

/// What makes two buckets alike: the local hour of the week, or the weekday where buckets are days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot {
    /// From 0 on Monday to 6.
    pub(super) weekday: u8,
    /// From 0 to 23; 0 where buckets are days.
    pub(super) hour: u8,
}

/// The longest stretches of zeros, as positions, in order; none is empty.
pub(super) fn runs_of_zeros(counted: &[Counted]) -> impl Iterator<Item = Range<usize>> {
    let mut end = 0;
    let chunks = counted.chunk_by(|one, next| (one.people == 0) == (next.people == 0));
    let runs = chunks.map(move |chunk| {
        let start = end;
        end += chunk.len();
        (start..end, chunk[0].people == 0)
    });
    runs.filter(|(_, is_zero)| *is_zero).map(|(run, _)| run)
}

fn slot(start: DateTime<Utc>, grid: BucketGrid) -> Slot {
    let local = grid.zone().from_utc_datetime(&start.naive_utc());
    let weekday = match grid.size() {
        // A UTC day is the same one everywhere.
        BucketSize::Day => start.weekday(),
        BucketSize::Hour | BucketSize::Global => local.weekday(),
    };
    let hour = if grid.size() == BucketSize::Hour { local.hour() } else { 0 };
    let byte = |number: u32| u8::try_from(number).unwrap_or_default();
    Slot { weekday: byte(weekday.num_days_from_monday()), hour: byte(hour) }
}
