//! Laws of roll-ups.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Timelike, Utc, Weekday};
use chrono_tz::{TZ_VARIANTS, Tz};
use proptest::prelude::*;

use super::*;
use crate::{
    row::{Count, Mean, Row},
    time::{BucketGrid, BucketSize, TimeRange, local_midnight},
};

fn at(year: i32, month: u32, day: u32, zone: Tz) -> DateTime<Utc> {
    local_midnight(NaiveDate::from_ymd_opt(year, month, day).unwrap(), zone)
}

fn hourly(zone: Tz) -> BucketGrid {
    BucketGrid::new(BucketSize::Hour, zone)
}

/// Figures of an hour as a test makes them up: people, interested, and how long they stop.
type Figures = (Option<i64>, Option<i64>, Option<f64>);

fn row(start: DateTime<Utc>, (people, interested, stop): Figures) -> Row {
    let mut row = Row::new(start, start + TimeDelta::hours(1));
    row.set_count(Count::PassingBy, people);
    row.set_count(Count::Interested, interested);
    row.set_mean(Mean::StopTime, stop);
    row
}

fn figures() -> impl Strategy<Value = Figures> {
    (prop::option::of(0_i64..1000), prop::option::of(0_i64..50), prop::option::of(0.0_f64..300.0))
}

/// Four weeks around the end of summer in Paris, from a Monday to a Monday, where some hours lack.
fn four_weeks() -> impl Strategy<Value = Vec<Row>> {
    let start = at(2026, 10, 5, Tz::Europe__Paris);
    let hours = usize::try_from((at(2026, 11, 2, Tz::Europe__Paris) - start).num_hours()).unwrap();
    prop::collection::vec(prop::option::weighted(0.8, figures()), hours).prop_map(move |hours| {
        let starts = (0..).map(|index| start + TimeDelta::hours(index));
        starts.zip(hours).filter_map(|(start, figures)| Some(row(start, figures?))).collect()
    })
}

fn rolled(rows: &[Row], size: RollupSize, zone: Tz) -> Vec<RollupRow> {
    let span = TimeRange::new(at(2026, 10, 5, zone), at(2026, 11, 2, zone)).unwrap();
    let tally = tally(rows, size, hourly(zone));
    add_up(RollupPeriod::overlapping(span, size, zone), &[Member { grid: hourly(zone), tally: &tally }])
}

/// The mean by the book: of everybody's seconds, over everybody.
fn brute_force<'a>(rows: impl Iterator<Item = &'a Row>) -> Option<f64> {
    let known: Vec<(f64, f64)> = rows
        .filter_map(|row| Some((row.mean(Mean::StopTime)?, row.count(Count::Interested)? as f64)))
        .collect();
    let people: f64 = known.iter().map(|(_, people)| people).sum();
    let seconds: f64 = known.iter().map(|(seconds, people)| seconds * people).sum();
    (people > 0.0).then(|| seconds / people)
}

proptest! {
    #[test]
    fn days_add_up_to_weeks(rows in four_weeks()) {
        let (days, weeks) = (
            rolled(&rows, RollupSize::Day, Tz::Europe__Paris),
            rolled(&rows, RollupSize::Week, Tz::Europe__Paris),
        );
        prop_assert_eq!((days.len(), weeks.len()), (28, 4));
        for (week, days) in weeks.iter().zip(days.chunks(7)) {
            prop_assert_eq!(week.range.start(), days[0].range.start());
            prop_assert_eq!(week.range.end(), days[6].range.end());
            prop_assert_eq!(week.expected, days.iter().map(|day| day.expected).sum::<u64>());
            prop_assert_eq!(week.totals.buckets, days.iter().map(|day| day.totals.buckets).sum::<u64>());
            for count in Count::ALL {
                let known: Vec<i64> = days.iter().filter_map(|day| day.totals.count(count)).collect();
                let sum = (!known.is_empty()).then(|| known.iter().sum::<i64>());
                prop_assert_eq!(week.totals.count(count), sum);
            }
        }
    }

    #[test]
    fn a_mean_is_that_of_all_people_of_the_period(rows in four_weeks()) {
        for period in rolled(&rows, RollupSize::Week, Tz::Europe__Paris) {
            let expected = brute_force(rows.iter().filter(|row| period.range.contains(row.start)));
            let found = period.totals.mean(Mean::StopTime);
            prop_assert_eq!(found.is_some(), expected.is_some());
            if let (Some(found), Some(expected)) = (found, expected) {
                prop_assert!((found - expected).abs() <= 1e-9 * expected.abs(), "{found} {expected}");
            }
        }
    }

    #[test]
    fn streams_together_are_the_sum_of_the_streams(one in four_weeks(), other in four_weeks()) {
        let zone = Tz::Europe__Paris;
        let span = TimeRange::new(at(2026, 10, 5, zone), at(2026, 11, 2, zone)).unwrap();
        let tallies = [&one, &other].map(|rows| tally(rows, RollupSize::Day, hourly(zone)));
        let members = tallies.each_ref().map(|tally| Member { grid: hourly(zone), tally });
        for day in add_up(RollupPeriod::overlapping(span, RollupSize::Day, zone), &members) {
            let of_day: Vec<&Row> =
                one.iter().chain(&other).filter(|row| day.range.contains(row.start)).collect();
            let hours = u64::try_from(day.range.duration().num_hours()).unwrap();
            prop_assert_eq!((day.expected, day.totals.buckets), (2 * hours, of_day.len() as u64));
            let people: Vec<i64> = of_day.iter().filter_map(|row| row.count(Count::PassingBy)).collect();
            let sum = (!people.is_empty()).then(|| people.iter().sum::<i64>());
            prop_assert_eq!(day.totals.count(Count::PassingBy), sum);
            prop_assert_eq!(day.totals.mean(Mean::StopTime).is_some(), brute_force(of_day.into_iter()).is_some());
        }
    }
}

#[test]
fn what_is_unknown_is_not_zero_and_weighs_nothing() {
    let start = at(2026, 10, 5, Tz::Europe__Paris);
    let hour = |index, figures| row(start + TimeDelta::hours(index), figures);
    let rows = [
        hour(0, (Some(9), Some(4), Some(12.5))),
        hour(1, (None, Some(6), Some(20.0))),
        hour(2, (Some(5), Some(3), None)),
        hour(3, (Some(5), Some(0), Some(99.0))),
        hour(4, (Some(5), None, Some(99.0))),
    ];
    let day = rolled(&rows, RollupSize::Day, Tz::Europe__Paris).remove(0);
    assert_eq!(
        (day.totals.count(Count::PassingBy), day.totals.count(Count::Interested)),
        (Some(24), Some(13))
    );
    assert_eq!((day.totals.mean(Mean::StopTime), day.totals.mean(Mean::AttentionTime)), (Some(17.0), None));
    assert_eq!((day.expected, day.totals.buckets), (24, 5));
    assert!((day.coverage() - 5.0 / 24.0).abs() < f64::EPSILON);
    assert!(day.totals.is_incomplete);
    let empty = rolled(&[], RollupSize::Day, Tz::Europe__Paris).remove(20);
    assert_eq!((empty.local_date.as_str(), empty.expected, empty.totals.buckets), ("2026-10-25", 25, 0));
    assert_eq!((empty.totals.count(Count::Interested), empty.totals.mean(Mean::StopTime)), (None, None));
}

/// The two days before the clock changes and the two behind, of every change from 2015 to 2037 in zones of whole hours.
fn changes_of(zone: Tz) -> Vec<TimeRange> {
    let offset = |instant: DateTime<Utc>| instant.with_timezone(&zone).naive_local() - instant.naive_utc();
    let days = (0..23 * 366).map(|day| at(2015, 1, 1, Tz::UTC) + TimeDelta::days(day));
    let changes = days.filter(|day| offset(*day) != offset(*day + TimeDelta::days(1)));
    let around =
        |day: DateTime<Utc>| TimeRange::new(day - TimeDelta::days(2), day + TimeDelta::days(3)).unwrap();
    changes.map(around).collect()
}

#[test]
fn every_hour_lies_in_one_period_around_every_change_of_every_zone_of_whole_hours() {
    let mut checked = 0;
    for zone in TZ_VARIANTS {
        for range in changes_of(zone) {
            for size in RollupSize::ALL {
                if check_alignment(hourly(zone), size, range).is_err() {
                    continue;
                }
                checked += 1;
                let mut covered_until = RollupPeriod::of(range.start(), size, zone).start(zone);
                for period in RollupPeriod::overlapping(range, size, zone) {
                    let found = period.range(zone).unwrap();
                    assert_eq!(found.start(), covered_until, "{zone} {period:?}");
                    assert_eq!(found.start().minute(), 0, "{zone} {period:?}");
                    let last = found.end() - TimeDelta::hours(1);
                    for instant in [found.start(), last] {
                        assert_eq!(RollupPeriod::of(instant, size, zone), period, "{zone} {instant}");
                    }
                    covered_until = found.end();
                }
                assert!(covered_until >= range.end(), "{zone}");
            }
        }
    }
    assert!(checked > 10_000, "{checked}");
}

#[test]
fn days_and_weeks_are_as_long_as_the_clock_makes_them() {
    let zone = Tz::Europe__Paris;
    let hours = |month, day, size| {
        let range = RollupPeriod::of(at(2026, month, day, zone), size, zone).range(zone);
        range.unwrap().duration().num_hours()
    };
    assert_eq!([hours(3, 29, RollupSize::Day), hours(10, 25, RollupSize::Day)], [23, 25]);
    assert_eq!([hours(3, 23, RollupSize::Week), hours(10, 19, RollupSize::Week)], [167, 169]);
    assert_eq!([hours(3, 1, RollupSize::Month), hours(10, 1, RollupSize::Month)], [743, 745]);
}

#[test]
fn a_week_begins_on_monday_and_stands_in_the_year_that_iso_counts_it_in() {
    let zone = Tz::Australia__Melbourne;
    for (date, monday, year) in [
        ((2014, 12, 31), (2014, 12, 29), 2015),
        ((2016, 1, 3), (2015, 12, 28), 2015),
        ((2016, 1, 4), (2016, 1, 4), 2016),
    ] {
        let week = RollupPeriod::of(at(date.0, date.1, date.2, zone), RollupSize::Week, zone);
        assert_eq!(week.first_day(), NaiveDate::from_ymd_opt(monday.0, monday.1, monday.2).unwrap());
        assert_eq!((week.first_day().weekday(), week.year()), (Weekday::Mon, year));
    }
}

#[test]
fn the_years_of_a_span_hold_its_periods_once() {
    let zone = Tz::Australia__Melbourne;
    let span = TimeRange::new(at(2014, 12, 31, zone), at(2017, 3, 2, zone)).unwrap();
    for size in RollupSize::ALL {
        let mut by_year: BTreeMap<i32, Vec<RollupPeriod>> = BTreeMap::new();
        for period in RollupPeriod::overlapping(span, size, zone) {
            by_year.entry(period.year()).or_default().push(period);
        }
        let found = RollupPeriod::years(span, size, zone).into_iter();
        let found: BTreeMap<_, Vec<_>> = found
            .map(|(year, range)| (year, RollupPeriod::overlapping(range, size, zone).collect()))
            .collect();
        assert_eq!(found, by_year);
    }
}

#[test]
fn what_cannot_be_cut_at_local_midnights_is_refused_with_the_reason() {
    let span = |year, zone| TimeRange::new(at(year, 6, 1, zone), at(year, 6, 3, zone)).unwrap();
    let refused = |size, year, zone| {
        check_alignment(BucketGrid::new(size, zone), RollupSize::Day, span(year, zone)).err()
    };
    assert_eq!(
        refused(BucketSize::Hour, 2026, Tz::Asia__Kolkata).unwrap().to_string(),
        "by_hour buckets cannot be cut at the midnights of Asia/Kolkata, one of which is 2026-05-31T18:30:00Z \
         (UTC+05:30); for exact local days, export with a job of time = \"global\""
    );
    for (size, year, zone, is_refused) in [
        (BucketSize::Hour, 2026, Tz::Asia__Kathmandu, true),
        (BucketSize::Hour, 2026, Tz::Australia__Lord_Howe, true),
        (BucketSize::Hour, 2026, Tz::Europe__Paris, false),
        // Venezuela was half an hour off until May of 2016.
        (BucketSize::Hour, 2015, Tz::America__Caracas, true),
        (BucketSize::Hour, 2016, Tz::America__Caracas, false),
        (BucketSize::Day, 2026, Tz::Europe__London, true),
        (BucketSize::Day, 2026, Tz::Africa__Abidjan, false),
        (BucketSize::Global, 2026, Tz::Asia__Kathmandu, false),
    ] {
        assert_eq!(refused(size, year, zone).is_some(), is_refused, "{} {year} {zone}", size.as_str());
    }
}
