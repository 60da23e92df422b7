//! The stream that fails once a week: first its box is offline, then its camera sees nothing.

use std::ops::Range;

use chrono::{Days, TimeDelta, TimeZone};
use chrono_tz::Tz;

use super::{chance::Dice, hours};
use crate::time::local_midnight;

/// How long the box is offline: nothing is measured, so these hours have no bucket.
const OFFLINE_HOURS: i64 = 3;

/// How long an outage lasts; after the first hours the camera is back but blind, and counts nobody.
const OUTAGE_HOURS: i64 = 9;

/// The local hours at which outages start: while people are there, and early enough to end on the same day, so that
/// an outage belongs to one week.
const FIRST_START: u64 = 9;
const LAST_START: u64 = 13;

/// How one hour is affected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    /// As always.
    Fine,
    /// Not measured.
    Offline,
    /// Measured, but nobody is seen.
    Blind,
}

/// One outage in each local ISO week, at a weekday and hour drawn for that week.
#[derive(Debug, Clone)]
pub(super) struct Outages {
    seed: u64,
    zone: Tz,
}

impl Outages {
    /// The outages that belong to `seed`.
    pub(super) fn new(seed: u64, zone: Tz) -> Self {
        Self { seed, zone }
    }

    /// How `hour` is affected.
    pub(super) fn health(&self, hour: i64) -> Health {
        match hour - self.start(self.week(hour)) {
            0..OFFLINE_HOURS => Health::Offline,
            OFFLINE_HOURS..OUTAGE_HOURS => Health::Blind,
            _ => Health::Fine,
        }
    }

    /// What is left of `span` without the hours that were not measured, in order.
    pub(super) fn measured(&self, span: &Range<i64>) -> Vec<Range<i64>> {
        let mut runs = Vec::new();
        let mut start = span.start;
        for week in self.week(span.start)..=self.week(span.end) {
            let offline = self.start(week);
            runs.push(start..offline.min(span.end));
            start = start.max(offline + OFFLINE_HOURS);
        }
        runs.push(start..span.end);
        runs.retain(|run| !run.is_empty());
        runs
    }

    /// The local ISO week that holds `hour`, counted from the one that holds 1970-01-01, which was a Thursday.
    fn week(&self, hour: i64) -> i64 {
        let local = self.zone.from_utc_datetime(&hours::instant(hour).naive_utc()).date_naive();
        (i64::from(local.to_epoch_days()) + 3).div_euclid(7)
    }

    /// The first hour of the outage of `week`.
    fn start(&self, week: i64) -> i64 {
        let mut dice = Dice::new(&[self.seed, week.cast_unsigned()]);
        let (weekday, hour) = (dice.below(7), dice.between(FIRST_START, LAST_START));
        let monday = hours::instant((week * 7 - 3) * 24).date_naive();
        let day = monday.checked_add_days(Days::new(weekday)).unwrap_or(monday);
        hours::containing(local_midnight(day, self.zone) + TimeDelta::hours(hour.cast_signed()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_week_has_one_outage_and_runs_agree_with_single_hours() {
        for zone in [Tz::Europe__Paris, Tz::Asia__Kolkata, Tz::America__Los_Angeles] {
            let outages = Outages::new(3, zone);
            let monday =
                hours::containing(local_midnight(chrono::NaiveDate::from_ymd_opt(2026, 1, 5).unwrap(), zone));
            let mut offline_starts = 0;
            for hour in monday..monday + 52 * 7 * 24 {
                let health = outages.health(hour);
                let began = health == Health::Offline && outages.health(hour - 1) == Health::Fine;
                offline_starts += i64::from(began);
                let measured = !outages.measured(&(hour..hour + 1)).is_empty();
                assert_eq!(measured, health != Health::Offline, "{zone} {}", hours::instant(hour));
            }
            assert_eq!(offline_starts, 52);
            let year: i64 =
                outages.measured(&(monday..monday + 52 * 7 * 24)).iter().map(|run| run.end - run.start).sum();
            assert_eq!(year, 52 * (7 * 24 - OFFLINE_HOURS));
        }
    }
}
