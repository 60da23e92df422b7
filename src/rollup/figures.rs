//! The rows of a roll-up.

use std::collections::BTreeMap;

use super::{RollupPeriod, RollupSize};
use crate::{
    row::{Row, Totals},
    time::{BucketGrid, TimeRange},
};

/// One stream's part in a roll-up.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// Where its buckets lie.
    pub grid: BucketGrid,
    /// Its rows, added up.
    pub tally: &'a BTreeMap<RollupPeriod, Totals>,
}

/// One period of one stream, or of several together.
#[derive(Debug, Clone, PartialEq)]
pub struct RollupRow {
    /// The time it covers.
    pub range: TimeRange,
    /// Its first calendar day, `2026-11-21`.
    pub local_date: String,
    /// The buckets that begin in it, of every stream.
    pub expected: u64,
    /// What was exported of them, added up.
    pub totals: Totals,
}

impl RollupRow {
    /// The share of buckets that are there, from 0 to 1.
    pub fn coverage(&self) -> f64 {
        self.totals.buckets as f64 / self.expected as f64
    }
}

/// Adds the rows of a stream up by the period in which they start. The rows are in order: so the same rows give the same
/// totals to the last digit, whichever files they came from.
pub fn tally(rows: &[Row], size: RollupSize, grid: BucketGrid) -> BTreeMap<RollupPeriod, Totals> {
    let zone = grid.zone();
    let mut tally = BTreeMap::new();
    let mut rest = rows;
    while let Some(first) = rest.first() {
        let period = RollupPeriod::of(first.start, size, zone);
        let end = period.end(zone);
        // At least the one that was looked at, so that it ends whatever a zone does.
        let count = rest.partition_point(|row| row.start < end).max(1);
        let (of_period, others) = rest.split_at(count);
        tally.insert(period, Totals::of(of_period));
        rest = others;
    }
    tally
}

/// The row of each of `periods`. The members, which share a zone, are added up in the order in which they come. A period
/// of which a member has nothing still counts its buckets as expected.
pub fn add_up(periods: impl IntoIterator<Item = RollupPeriod>, members: &[Member<'_>]) -> Vec<RollupRow> {
    let row = |period: RollupPeriod| {
        let zone = members.first()?.grid.zone();
        let range = period.range(zone)?;
        let expected = members.iter().map(|member| member.grid.bucket_starts(range).count() as u64).sum();
        let mut totals = Totals::default();
        members.iter().filter_map(|member| member.tally.get(&period)).for_each(|part| totals.join(part));
        (expected > 0).then(|| RollupRow {
            range,
            local_date: period.first_day().to_string(),
            expected,
            totals,
        })
    };
    periods.into_iter().filter_map(row).collect()
}
