//! What of a series' time is exported: disjoint intervals, each with its standing. Pure.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::time::{TimeRange, to_display};

/// What is known of an interval of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Was exported, but its file was found missing or damaged: due again.
    Lost,
    /// Exported, but asked so early that late counts may still change it: asked once more when it is old enough.
    Provisional,
    /// Exported, and asked when it was older than the lookback.
    Final,
}

impl Standing {
    /// Splits a range that was asked when it had settled until `settled_until`, the end of a bucket, into what is final
    /// and what is provisional.
    pub fn of(range: TimeRange, settled_until: DateTime<Utc>) -> impl Iterator<Item = (TimeRange, Self)> {
        let settled_until = settled_until.clamp(range.start(), range.end());
        let old = TimeRange::new(range.start(), settled_until).map(|range| (range, Self::Final));
        let young = TimeRange::new(settled_until, range.end()).map(|range| (range, Self::Provisional));
        old.into_iter().chain(young)
    }
}

/// Two intervals of one series that share time: the ledger that holds them is damaged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the interval that starts at {} overlaps the one before it", to_display(*.0))]
pub struct Overlap(DateTime<Utc>);

/// Intervals in order, without overlap; neighbours that touch differ in standing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage(Vec<(TimeRange, Standing)>);

impl Coverage {
    /// Takes intervals in order of their starts.
    pub fn from_intervals(intervals: Vec<(TimeRange, Standing)>) -> Result<Self, Overlap> {
        match intervals.windows(2).find(|pair| pair[1].0.start() < pair[0].0.end()) {
            Some(pair) => Err(Overlap(pair[1].0.start())),
            None => Ok(Self(intervals).coalesced()),
        }
    }

    /// Every interval, in order.
    pub fn intervals(&self) -> &[(TimeRange, Standing)] {
        &self.0
    }

    /// Gives all of `range` this standing, whatever it had.
    #[must_use]
    pub fn with(self, range: TimeRange, standing: Standing) -> Self {
        let mut intervals: Vec<_> =
            self.0.iter().flat_map(|(old, kept)| old.without(&range).map(|piece| (piece, *kept))).collect();
        intervals.push((range, standing));
        intervals.sort_unstable_by_key(|(range, _)| range.start());
        Self(intervals).coalesced()
    }

    /// Marks as lost what of `range` was exported; the rest of `range` stays unknown.
    #[must_use]
    pub fn with_lost(self, range: TimeRange) -> Self {
        let exported: Vec<_> = self.exported().filter_map(|old| old.intersection(&range)).collect();
        exported.into_iter().fold(self, |coverage, lost| coverage.with(lost, Standing::Lost))
    }

    /// What is exported, provisional or final; neighbours may touch.
    pub fn exported(&self) -> impl Iterator<Item = TimeRange> + '_ {
        self.0.iter().filter(|(_, standing)| *standing != Standing::Lost).map(|(range, _)| *range)
    }

    /// What is exported of the time from `start` to `end`.
    pub fn exported_between(
        &self,
        start: DateTime<Utc>,
        end: DateTime<Utc>,
    ) -> impl Iterator<Item = TimeRange> + '_ {
        let asked = TimeRange::new(start, end);
        self.exported().filter_map(move |exported| exported.intersection(&asked?))
    }

    /// Whether all of `range` is of this standing.
    pub fn is_wholly(&self, range: TimeRange, standing: Standing) -> bool {
        // Neighbours of one standing are one interval.
        self.of_standing(standing).any(|found| found.start() <= range.start() && range.end() <= found.end())
    }

    /// Everything of this standing.
    pub fn of_standing(&self, standing: Standing) -> impl Iterator<Item = TimeRange> + '_ {
        self.0.iter().filter(move |(_, found)| *found == standing).map(|(range, _)| *range)
    }

    /// What of `range` is not exported: unknown or lost.
    pub fn lacking(&self, range: TimeRange) -> Vec<TimeRange> {
        self.exported().fold(vec![range], |lacking, exported| {
            lacking.iter().flat_map(|piece| piece.without(&exported)).collect()
        })
    }

    /// The end of the last exported interval.
    pub fn exported_until(&self) -> Option<DateTime<Utc>> {
        self.exported().last().map(|range| range.end())
    }

    /// The last piece of exported time, whatever the standing of its parts.
    pub fn tail(&self) -> Option<TimeRange> {
        self.exported().fold(None, |tail: Option<TimeRange>, range| match tail {
            Some(tail) if tail.end() == range.start() => Some(tail.joined(&range)),
            _ => Some(range),
        })
    }

    fn coalesced(self) -> Self {
        let mut merged: Vec<(TimeRange, Standing)> = Vec::with_capacity(self.0.len());
        for (range, standing) in self.0 {
            match merged.last_mut() {
                Some((last, kept)) if *kept == standing && last.end() == range.start() => {
                    *last = last.joined(&range);
                }
                _ => merged.push((range, standing)),
            }
        }
        Self(merged)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hours(start: i64, end: i64) -> TimeRange {
        let hour = |index: i64| DateTime::from_timestamp(index * 3600, 0).unwrap();
        TimeRange::new(hour(start), hour(end)).unwrap()
    }

    fn operation() -> impl Strategy<Value = (TimeRange, Standing)> {
        let standing = prop_oneof![Just(Standing::Lost), Just(Standing::Provisional), Just(Standing::Final)];
        ((0i64..60, 1i64..20), standing)
            .prop_map(|((start, length), standing)| (hours(start, start + length), standing))
    }

    proptest! {
        #[test]
        fn every_hour_has_the_standing_that_it_was_given_last(operations in prop::collection::vec(operation(), 0..30)) {
            let mut coverage = Coverage::default();
            let mut model = vec![None; 80];
            for (range, standing) in operations {
                coverage = coverage.with(range, standing);
                for (hour, slot) in (0..).zip(&mut model) {
                    if range.overlaps(&hours(hour, hour + 1)) { *slot = Some(standing); }
                }
                prop_assert_eq!(&Coverage::from_intervals(coverage.0.clone()), &Ok(coverage.clone()));
            }
            let is_exported = |hour: &usize| matches!(model[*hour], Some(Standing::Provisional | Standing::Final));
            let last = (0..80).rev().find(|hour| is_exported(hour));
            let tail = last.map(|last| {
                let first = (0..=last).rev().take_while(is_exported).last().unwrap_or(last);
                hours(i64::try_from(first).unwrap(), i64::try_from(last + 1).unwrap())
            });
            prop_assert_eq!(coverage.tail(), tail);
            let lacking = coverage.lacking(hours(0, 80));
            for (hour, slot) in (0..).zip(&model) {
                let this = hours(hour, hour + 1);
                let found = coverage.0.iter().find(|(range, _)| range.overlaps(&this)).map(|(_, standing)| *standing);
                prop_assert_eq!(found, *slot);
                let is_lacking = lacking.iter().any(|piece| piece.overlaps(&this));
                prop_assert_eq!(is_lacking, matches!(slot, None | Some(Standing::Lost)));
            }
        }
    }

    #[test]
    fn only_what_was_exported_can_be_lost() {
        let coverage = Coverage::default().with(hours(2, 4), Standing::Final).with_lost(hours(0, 3));
        assert_eq!(coverage.0, vec![(hours(2, 3), Standing::Lost), (hours(3, 4), Standing::Final)]);
    }

    #[test]
    fn a_range_is_final_where_it_was_older_than_the_lookback_when_asked() {
        let split: Vec<_> = Standing::of(hours(0, 9), hours(0, 6).end()).collect();
        assert_eq!(split, vec![(hours(0, 6), Standing::Final), (hours(6, 9), Standing::Provisional)]);
        let all_final: Vec<_> = Standing::of(hours(0, 9), hours(0, 10).end()).collect();
        assert_eq!(all_final, vec![(hours(0, 9), Standing::Final)]);
    }

    #[test]
    fn overlapping_intervals_are_refused() {
        let intervals = vec![(hours(0, 3), Standing::Final), (hours(2, 4), Standing::Final)];
        assert!(Coverage::from_intervals(intervals).is_err());
    }
}
