use proptest::prelude::*;

use super::*;
use crate::suspicion::HISTORY;

const WEEK: usize = 168;

/// Weeks of a habit, with stretches in which nobody or nothing was counted.
fn series() -> impl Strategy<Value = Vec<Row>> {
    let habit = prop::collection::vec(prop_oneof![Just(0_i64), 1..60_i64], 24);
    let stretch = (0..14 * WEEK, 1..90_usize, prop::option::of(Just(0_i64)));
    (habit, 2..14_usize, prop::collection::vec(stretch, 0..12)).prop_map(|(habit, weeks, stretches)| {
        let mut people: Vec<Option<i64>> =
            habit.iter().copied().map(Some).cycle().take(weeks * WEEK).collect();
        for (from, length, instead) in stretches {
            people.iter_mut().skip(from).take(length).for_each(|people| *people = instead);
        }
        let start = |hour: i64| at("2026-01-05T00:00:00Z") + TimeDelta::hours(hour);
        (0..).zip(people).map(|(hour, people)| row(start(hour), hours_of(PARIS), people)).collect()
    })
}

fn found(rows: &[Row]) -> Vec<Suspicion> {
    suspicions(rows, hours_of(PARIS), ever())
}

fn people_inside(rows: &[Row], suspicion: &Suspicion) -> Option<i64> {
    let range = suspicion.range().unwrap();
    let inside = rows.iter().filter(|row| range.contains(row.start));
    inside.filter_map(|row| row.count(Count::PassingBy)).max()
}

proptest! {
    #[test]
    fn runs_hold_only_zeros_come_in_order_and_miss_enough_people(rows in series()) {
        let found = found(&rows);
        prop_assert!(found.windows(2).all(|pair| pair[0].until <= pair[1].since));
        for suspicion in &found {
            prop_assert_eq!(people_inside(&rows, suspicion), Some(0));
            prop_assert!(suspicion.expected_people >= 30.0 && suspicion.usual >= 1.0);
        }
    }

    #[test]
    fn a_row_without_people_known_is_as_good_as_none(rows in series()) {
        let known: Vec<Row> = rows.iter().filter(|row| row.count(Count::PassingBy).is_some()).cloned().collect();
        prop_assert_eq!(found(&rows), found(&known));
        prop_assert_eq!(trailing_zeros(&rows), trailing_zeros(&known));
    }

    #[test]
    fn silence_is_the_last_suspicion_and_needs_zeros_at_the_end(rows in series(), cut in 0..14 * WEEK) {
        let rows = &rows[..cut.min(rows.len())];
        let silence = silence(rows, hours_of(PARIS));
        let zeros = trailing_zeros(rows);
        prop_assert!(silence.is_none() || zeros.is_some());
        let last = found(rows).last().copied().filter(|last| zeros.is_some_and(|zeros| zeros.end() == last.until));
        prop_assert_eq!(silence, last);
    }

    #[test]
    fn a_run_is_judged_by_the_weeks_before_it_alone(rows in series()) {
        for suspicion in found(&rows) {
            let last_people = |row: &&Row| row.start < suspicion.since && row.count(Count::PassingBy) > Some(0);
            let run = rows.iter().rev().find(last_people).unwrap().end;
            let needed = |row: &&Row| run - HISTORY <= row.start && row.start < suspicion.until;
            let needed: Vec<Row> = rows.iter().filter(needed).cloned().collect();
            // At its end nobody knows that it is over.
            let lasting = Suspicion { is_over: false, ..suspicion };
            prop_assert_eq!(silence(&needed, hours_of(PARIS)), Some(lasting));
        }
    }
}
