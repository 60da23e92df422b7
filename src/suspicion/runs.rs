//! What of a series was counted, and its runs of zeros.

use std::ops::Range;

use chrono::{DateTime, Datelike, TimeZone, Timelike, Utc};

use crate::{
    row::{Count, Row},
    time::{BucketGrid, BucketSize},
};

/// One bucket whose people are known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted {
    pub(super) start: DateTime<Utc>,
    pub(super) end: DateTime<Utc>,
    pub(super) slot: Slot,
    pub(super) people: i64,
}

/// What makes two buckets alike: the local hour of the week, or the weekday where buckets are days.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    /// From 0 on Monday to 6.
    pub(super) weekday: usize,
    /// From 0 to 23; 0 where buckets are days.
    pub(super) hour: usize,
}

/// The buckets whose people are known, in the order of `rows`.
pub(super) fn counted(rows: &[Row], grid: BucketGrid) -> Vec<Counted> {
    let known = rows.iter().filter_map(|row| Some((row, people(row)?)));
    known
        .map(|(row, people)| Counted { start: row.start, end: row.end, slot: slot(row.start, grid), people })
        .collect()
}

/// How many people came by; `None` where it is not known.
pub(super) fn people(row: &Row) -> Option<i64> {
    row.count(Count::PassingBy)
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
    Slot { weekday: weekday.num_days_from_monday() as usize, hour: hour as usize }
}
