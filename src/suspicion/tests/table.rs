//! One thing at a time, on a shop that is open from nine to six and closed on Sundays.

use chrono::{Datelike, Timelike, Weekday};

use super::*;

/// A Monday, at midnight in Paris.
const START: &str = "2026-01-04T23:00:00Z";

fn shop(local: DateTime<Tz>) -> i64 {
    let open = (9..18).contains(&local.hour()) && local.weekday() != Weekday::Sun;
    if open { 40 } else { 0 }
}

/// Four weeks of the shop; `change` is asked what becomes of the last one.
fn four_weeks(change: impl Fn(DateTime<Tz>, i64) -> Option<i64>) -> Vec<Row> {
    let last_week = at(START) + TimeDelta::weeks(3);
    rows(hours_of(PARIS), START, 4, |local| {
        if local < last_week { Some(shop(local)) } else { change(local, shop(local)) }
    })
}

fn is_tuesday(local: DateTime<Tz>, hours: std::ops::Range<u32>) -> bool {
    local.weekday() == Weekday::Tue && hours.contains(&local.hour())
}

fn found(rows: &[Row]) -> Vec<Suspicion> {
    suspicions(rows, hours_of(PARIS), ever())
}

fn tuesday(since: &str, until: &str, expected_people: f64) -> Vec<Suspicion> {
    let time = |time: &str| at(&format!("2026-01-27T{time}:00+01:00"));
    vec![Suspicion { since: time(since), until: time(until), usual: 40.0, expected_people, is_over: true }]
}

#[test]
fn what_is_usual_is_not_suspect() {
    assert_eq!(found(&four_weeks(|_, usual| Some(usual))), []);
}

#[test]
fn zeros_in_opening_hours_are_suspect_until_somebody_comes() {
    let rows = four_weeks(|local, usual| Some(if is_tuesday(local, 11..15) { 0 } else { usual }));
    assert_eq!(found(&rows), tuesday("11:00", "15:00", 160.0));
    assert_eq!(silence(&rows, hours_of(PARIS)), None);
}

#[test]
fn one_hour_is_not_suspect_and_neither_are_few_people() {
    assert_eq!(
        found(&four_weeks(|local, usual| Some(if is_tuesday(local, 11..12) { 0 } else { usual }))),
        []
    );
    let hardly_anybody =
        |local: DateTime<Tz>| Some((shop(local) / 10) * i64::from(!is_tuesday(local, 9..16)));
    let four_weeks_of_people = rows(hours_of(PARIS), START, 3, |local| Some(shop(local) / 10));
    let mut all = four_weeks_of_people;
    all.extend(rows(hours_of(PARIS), "2026-01-25T23:00:00Z", 1, hardly_anybody));
    assert_eq!(found(&all), []);
}

#[test]
fn a_silence_that_begins_at_night_is_told_from_the_first_hour_that_lacks_people() {
    let dies_on_monday_night = |local: DateTime<Tz>, usual| {
        let is_blind = local.weekday() == Weekday::Tue || local.hour() >= 20;
        let is_dead = local.weekday() != Weekday::Mon;
        (local.weekday() == Weekday::Mon || local.weekday() == Weekday::Tue)
            .then_some(if is_blind && is_dead { 0 } else { usual })
    };
    let rows = four_weeks(dies_on_monday_night);
    let mut expected = tuesday("09:00", "15:00", 360.0);
    expected[0].until = at("2026-01-28T00:00:00+01:00");
    expected[0].is_over = false;
    assert_eq!(found(&rows), expected);
    assert_eq!(silence(&rows, hours_of(PARIS)), expected.first().copied());
}

#[test]
fn missing_and_unknown_buckets_neither_end_a_run_nor_count_in_it() {
    let usual_but = |gone: Option<i64>| {
        let mut rows = four_weeks(|local, usual| {
            if is_tuesday(local, 13..14) {
                gone.map(|_| -1)
            } else {
                Some(if is_tuesday(local, 11..15) { 0 } else { usual })
            }
        });
        rows.iter_mut()
            .filter(|row| row.count(Count::PassingBy) == Some(-1))
            .for_each(|row| row.set_count(Count::PassingBy, None));
        rows
    };
    for rows in [usual_but(None), usual_but(Some(0))] {
        assert_eq!(found(&rows), tuesday("11:00", "15:00", 120.0));
    }
    // Offline at first, then blind, then offline again.
    let rows = four_weeks(|local, usual| match local.hour() {
        10 | 11 | 14 | 15 if local.weekday() == Weekday::Tue => None,
        12 | 13 if local.weekday() == Weekday::Tue => Some(0),
        _ => Some(usual),
    });
    assert_eq!(found(&rows), tuesday("12:00", "14:00", 80.0));
}

#[test]
fn metrics_that_do_not_tell_how_many_passed_are_not_judged() {
    let mut rows = four_weeks(|_, _| Some(0));
    for row in &mut rows {
        row.set_count(Count::PassingBy, None);
    }
    assert_eq!(found(&rows), []);
    assert_eq!(trailing_zeros(&rows), None);
}

#[test]
fn two_weeks_of_history_are_enough_and_less_is_not() {
    let rows = four_weeks(|local, usual| Some(if is_tuesday(local, 11..15) { 0 } else { usual }));
    let from = |label: &str| {
        let from = at(label);
        found(&rows.iter().filter(|row| from <= row.start).cloned().collect::<Vec<_>>())
    };
    assert_eq!(from("2026-01-13T11:00:00+01:00"), tuesday("11:00", "15:00", 160.0));
    assert_eq!(from("2026-01-13T12:00:00+01:00"), []);
}

#[test]
fn an_hour_of_the_week_that_was_never_counted_is_judged_by_the_same_hour_of_other_days() {
    let mut rows = four_weeks(|local, usual| Some(if is_tuesday(local, 11..15) { 0 } else { usual }));
    rows.retain(|row| {
        let local = row.start.with_timezone(&PARIS);
        !is_tuesday(local, 0..24) || at("2026-01-27T00:00:00+01:00") <= local
    });
    assert_eq!(found(&rows), tuesday("11:00", "15:00", 160.0));
}

#[test]
fn outages_in_the_history_do_not_become_the_habit() {
    let rows = rows(hours_of(PARIS), START, 4, |local| {
        let is_blind = [12, 13, 26, 27].contains(&local.day()) && (11..15).contains(&local.hour());
        Some(if is_blind { 0 } else { shop(local) })
    });
    let days: Vec<u32> = found(&rows).iter().map(|run| run.since.with_timezone(&PARIS).day()).collect();
    assert_eq!(days, [26, 27]);
}

#[test]
fn a_hall_that_is_often_empty_is_never_suspect() {
    let hall = |local: DateTime<Tz>| Some(if local.day().is_multiple_of(3) { 0 } else { shop(local) * 10 });
    assert_eq!(found(&rows(hours_of(PARIS), START, 30, hall)), []);
}

#[test]
fn a_new_closed_day_is_suspect_three_times() {
    let closes_on_mondays = |local: DateTime<Tz>| {
        let is_closed = local.weekday() == Weekday::Mon && at("2026-04-01T00:00:00Z") < local;
        Some(if is_closed { 0 } else { shop(local) })
    };
    assert_eq!(found(&rows(hours_of(PARIS), START, 30, closes_on_mondays)).len(), 3);
}

#[test]
fn habits_are_those_of_the_wall_clock_across_the_change_of_clocks() {
    // The clocks of Troll change by two hours, on 2026-03-29 and 2026-10-25.
    let (troll, utc) = (hours_of(Tz::Antarctica__Troll), hours_of(Tz::UTC));
    let rows = rows(troll, START, 52, |local| Some(shop(local)));
    assert_eq!(suspicions(&rows, troll, ever()), []);
    assert!(!suspicions(&rows, utc, ever()).is_empty(), "by another clock it would be a new habit");
}

#[test]
fn days_are_judged_by_their_weekday() {
    for size in [BucketSize::Day, BucketSize::Global] {
        let grid = BucketGrid::new(size, Tz::America__Los_Angeles);
        let start = if size == BucketSize::Day { "2026-01-05T00:00:00Z" } else { "2026-01-05T08:00:00Z" };
        let gone = at(start) + TimeDelta::days(17);
        let people = |local: DateTime<Tz>| {
            let weekday = if size == BucketSize::Day { local.to_utc().weekday() } else { local.weekday() };
            Some(if local == gone || weekday == Weekday::Sun { 0 } else { 500 })
        };
        let rows = rows(grid, start, 30, people);
        let expected = Suspicion {
            since: gone,
            until: gone + TimeDelta::days(1),
            usual: 500.0,
            expected_people: 500.0,
            is_over: true,
        };
        assert_eq!(suspicions(&rows, grid, ever()), [expected], "{size:?}");
    }
}

#[test]
fn only_what_shares_time_with_the_range_is_told() {
    let rows = four_weeks(|local, usual| Some(if is_tuesday(local, 11..15) { 0 } else { usual }));
    let told = |from: &str, to: &str| {
        let bound = |time: &str| at(&format!("2026-01-27T{time}:00+01:00"));
        suspicions(&rows, hours_of(PARIS), TimeRange::new(bound(from), bound(to)).unwrap()).len()
    };
    assert_eq!(
        [told("09:00", "11:00"), told("09:00", "11:30"), told("14:59", "18:00"), told("15:00", "18:00")],
        [0, 1, 1, 0]
    );
}

#[test]
fn the_end_of_an_export_tells_whether_history_is_needed_at_all() {
    let grid = hours_of(PARIS);
    let row_at = |hour: u32, people| row(at(&format!("2026-01-27T{hour:02}:00:00Z")), grid, people);
    let range = |from: u32, to: u32| {
        TimeRange::new(at(&format!("2026-01-27T{from:02}:00:00Z")), at(&format!("2026-01-27T{to:02}:00:00Z")))
    };
    assert_eq!(trailing_zeros(&[]), None);
    assert_eq!(trailing_zeros(&[row_at(9, Some(0)), row_at(10, Some(3))]), None);
    assert_eq!(trailing_zeros(&[row_at(9, Some(3)), row_at(10, Some(0))]), range(10, 11));
    let with_gaps = [row_at(7, Some(0)), row_at(8, None), row_at(10, Some(0)), row_at(12, None)];
    assert_eq!(trailing_zeros(&with_gaps), range(7, 11));
}

#[test]
fn sentences_tell_the_day_that_is_meant() {
    let suspicion = |usual, is_over| Suspicion {
        since: at("2026-01-27T13:00:00Z"),
        until: at("2026-01-27T17:00:00Z"),
        usual,
        expected_people: 4.0 * usual,
        is_over,
    };
    let now = at("2026-01-27T17:10:00Z");
    let next_week = now + TimeDelta::weeks(1);
    let (over, lasting) = (true, false);
    for (size, usual, is_over, now, expected) in [
        (BucketSize::Hour, 38.4, lasting, now, "silent since Tue 14:00, usually 38 people/h"),
        (
            BucketSize::Hour,
            3.44,
            lasting,
            next_week,
            "silent since Tue 2026-01-27 14:00, usually 3.4 people/h",
        ),
        (BucketSize::Day, 520.0, lasting, now, "silent since Tue, usually 520 people/day"),
        (
            BucketSize::Global,
            520.0,
            lasting,
            next_week,
            "silent since Tue 2026-01-27, usually 520 people/day",
        ),
        (BucketSize::Hour, 38.4, over, now, "silent from Tue 14:00 to Tue 18:00, usually 38 people/h"),
        (BucketSize::Global, 520.0, over, now, "silent from Tue to Tue, usually 520 people/day"),
    ] {
        assert_eq!(suspicion(usual, is_over).sentence(BucketGrid::new(size, PARIS), now), expected);
    }
}
