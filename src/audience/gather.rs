//! Adds the buckets of one stream after the other to the points of a chart.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::{
    figures::{Figures, Known},
    week::Week,
};
use crate::{
    row::Row,
    states::{BucketState, Ground},
    time::TimeRange,
};

/// Figures of one range, as far as they were added.
pub struct Gatherer {
    /// The time that is looked at.
    pub range: TimeRange,
    /// Of which points, in order.
    pub slots: Vec<TimeRange>,
    /// The figures of each.
    pub points: Vec<Figures>,
    /// Of all together.
    pub summary: Figures,
    /// The hours of the week.
    pub week: Week,
    zone: Tz,
}

impl Gatherer {
    /// Nothing yet of these points of `range`; `zone` is that of the week.
    pub fn new(range: TimeRange, slots: Vec<TimeRange>, zone: Tz) -> Self {
        let points = vec![Figures::default(); slots.len()];
        Self { range, slots, points, summary: Figures::default(), week: Week::default(), zone }
    }

    /// Adds what is known of one stream. The rows are in order; those outside the range are passed over.
    pub fn add(&mut self, ground: &Ground<'_>, rows: &[Row]) {
        let grid = ground.rules.grid;
        let suspicions = &ground.evidence.suspicions;
        let mut rows = rows.iter().peekable();
        for BucketState { start, state } in ground.buckets(self.range) {
            while rows.next_if(|row| row.start < start).is_some() {}
            let row = rows.next_if(|row| row.start == start).filter(|_| state.is_exported());
            let is_suspect = suspicions.iter().any(|found| found.since <= start && start < found.until);
            let is_to_come = ground.now < grid.bucket_end(start);
            let known = Known { state, row, is_suspect, is_to_come };
            self.summary.add(known);
            if let Some(point) = self.point(start) {
                point.add(known);
            }
            if let Some(row) = row {
                self.week.add(start, self.zone, row);
            }
        }
    }

    /// The point in which a bucket starts. One of another zone may start before the first.
    fn point(&mut self, start: DateTime<Utc>) -> Option<&mut Figures> {
        let after = self.slots.partition_point(|slot| slot.start() <= start);
        self.points.get_mut(after.saturating_sub(1))
    }
}
