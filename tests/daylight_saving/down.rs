//! Down for three days while the clock changes: one look finds everything.

use audience_exporter::{scheduler::Agenda, time::local_midnight};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use super::{LINES, day, exports, run_all, schedule};

/// Zones, and the days on which their clocks change; Kolkata's never does.
fn changes() -> Vec<(Tz, NaiveDate)> {
    vec![
        (Tz::Europe__Paris, day(3, 29)),
        (Tz::Europe__Paris, day(10, 25)),
        (Tz::America__New_York, day(3, 8)),
        (Tz::America__New_York, day(11, 1)),
        (Tz::Australia__Lord_Howe, day(4, 5)),
        (Tz::Australia__Lord_Howe, day(10, 4)),
        (Tz::Asia__Kolkata, day(7, 1)),
    ]
}

/// The three days around the noon of that day.
fn three_days_around(date: NaiveDate, zone: Tz) -> (DateTime<Utc>, DateTime<Utc>) {
    let noon = local_midnight(date, zone) + TimeDelta::hours(12);
    (noon - TimeDelta::hours(36), noon + TimeDelta::hours(36))
}

/// The machine slept: the agenda is the same, and has not looked.
#[test]
fn after_three_days_of_sleep_one_tick_of_each_line_brings_everything() {
    for (zone, date) in changes() {
        let (falls_asleep, wakes) = three_days_around(date, zone);
        let mut agenda = Agenda::new(LINES.map(schedule), zone, falls_asleep);
        let mut entries: Vec<usize> = agenda.look(wakes).into_iter().map(|tick| tick.entry).collect();
        entries.sort_unstable();
        assert_eq!(entries, [0, 1, 2, 3], "{zone} {date}: one tick each");
        assert!(agenda.look(wakes).is_empty(), "{zone} {date}");
        let is_ahead =
            |entry| agenda.next(entry).is_some_and(|next| next > wakes && next <= wakes + TimeDelta::days(1));
        assert!((0..LINES.len()).all(is_ahead), "{zone} {date}");
    }
}

/// Whoever was there all the time, and looks now as well, has the same.
#[test]
fn after_three_days_down_one_run_has_everything_that_an_undisturbed_one_has() {
    for (zone, date) in changes() {
        let (goes_down, comes_back) = three_days_around(date, zone);
        for line in LINES {
            let mut disturbed = exports(zone);
            run_all(&mut disturbed, goes_down);
            let mut undisturbed = disturbed.clone();
            for now in ticks(line, zone, goes_down, comes_back) {
                run_all(&mut undisturbed, now);
            }
            for (disturbed, undisturbed) in disturbed.iter_mut().zip(&mut undisturbed) {
                let when = format!("{zone} {date} {line} {disturbed:?}");
                undisturbed.run(comes_back);
                assert!(disturbed.lacks_something(comes_back), "{when}: nothing was missed");
                disturbed.run(comes_back);
                assert!(!disturbed.lacks_something(comes_back), "{when}");
                disturbed.assert_same(undisturbed, &when);
            }
        }
    }
}

fn ticks(line: &str, zone: Tz, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let mut agenda = Agenda::new([schedule(line)], zone, from);
    let beats = std::iter::successors(Some(from), |now| Some(*now + TimeDelta::minutes(5)));
    beats.take_while(|now| *now < to).filter(|now| !agenda.look(*now).is_empty()).collect()
}

/// What was never asked before the three days is older still, and comes with the rest.
#[test]
fn gaps_from_before_come_in_the_same_run() {
    for (zone, date) in changes() {
        let (_, comes_back) = three_days_around(date, zone);
        for mut late in exports(zone) {
            let mut steady = late.clone();
            for looks_ago in (0..70).rev() {
                steady.run(comes_back - TimeDelta::hours(7 * looks_ago));
            }
            late.run(comes_back);
            late.assert_same(&steady, &format!("{zone} {date} {late:?}"));
        }
    }
}
