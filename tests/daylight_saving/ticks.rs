//! Which ticks come on the days on which clocks change.

use audience_exporter::{scheduler::Agenda, time::local_midnight};
use chrono::TimeDelta;
use chrono_tz::Tz;

use super::{day, schedule};

type MonthAndDay = (u32, u32);

/// The clock goes from 02:00 to 03:00 and from 03:00 to 02:00.
const PARIS: [MonthAndDay; 2] = [(3, 29), (10, 25)];
/// From 02:00 to 03:00 and from 02:00 to 01:00.
const NEW_YORK: [MonthAndDay; 2] = [(3, 8), (11, 1)];
/// From 02:00 to 02:30 and from 02:00 to 01:30.
const LORD_HOWE: [MonthAndDay; 2] = [(10, 4), (4, 5)];

/// The ticks of one local day up to half past four in the morning, as the clock shows them, by a heartbeat a minute.
fn ticks(line: &str, zone: Tz, (month, of_month): MonthAndDay) -> String {
    let mut now = local_midnight(day(month, of_month), zone) - TimeDelta::minutes(1);
    let mut agenda = Agenda::new([schedule(line)], zone, now);
    let mut shown = Vec::new();
    loop {
        now += TimeDelta::minutes(1);
        let local = now.with_timezone(&zone);
        if local.format("%H:%M").to_string() == "04:30" {
            return shown.join(" ");
        }
        for tick in agenda.look(now) {
            shown.push(tick.due.with_timezone(&zone).format("%H:%M%:z").to_string());
        }
    }
}

/// What `line` does when the clock is set forward, and when it is set back.
#[track_caller]
fn assert_ticks(line: &str, zone: Tz, days: [MonthAndDay; 2], expected: [&str; 2]) {
    assert_eq!(days.map(|day| ticks(line, zone, day)), expected, "{zone} {line}");
}

#[test]
fn a_time_of_day_that_is_skipped_comes_right_after_it() {
    for line in ["30 2 * * *", "15 2 * * *", "0 2 * * *", "0 30 2 * * *"] {
        assert_eq!(ticks(line, Tz::Europe__Paris, PARIS[0]), "03:00+02:00", "{line}");
        assert_eq!(ticks(line, Tz::America__New_York, NEW_YORK[0]), "03:00-04:00", "{line}");
        // Half past two is where Lord Howe's clock goes on.
        assert_eq!(ticks(line, Tz::Australia__Lord_Howe, LORD_HOWE[0]), "02:30+11:00", "{line}");
    }
}

#[test]
fn a_time_of_day_that_is_repeated_comes_once_and_the_first_time() {
    let paris = |line| ticks(line, Tz::Europe__Paris, PARIS[1]);
    assert_eq!(paris("30 2 * * *"), "02:30+02:00");
    assert_eq!(paris("15 2 * * *"), "02:15+02:00");
    let new_york = |line| ticks(line, Tz::America__New_York, NEW_YORK[1]);
    assert_eq!(new_york("45 1 * * *"), "01:45-04:00");
    assert_eq!(new_york("30 2 * * *"), "02:30-05:00", "not repeated");
    let lord_howe = |line| ticks(line, Tz::Australia__Lord_Howe, LORD_HOWE[1]);
    assert_eq!(lord_howe("30 1 * * *"), "01:30+11:00");
    assert_eq!(lord_howe("45 1 * * *"), "01:45+11:00");
    assert_eq!(lord_howe("15 2 * * *"), "02:15+10:30", "not repeated");
}

#[test]
fn an_hourly_line_comes_every_hour_that_passes() {
    let paris = [
        "00:05+01:00 01:05+01:00 03:05+02:00 04:05+02:00",
        "00:05+02:00 01:05+02:00 02:05+02:00 02:05+01:00 03:05+01:00 04:05+01:00",
    ];
    assert_ticks("5 * * * *", Tz::Europe__Paris, PARIS, paris);
    let new_york = [
        "00:05-05:00 01:05-05:00 03:05-04:00 04:05-04:00",
        "00:05-04:00 01:05-04:00 01:05-05:00 02:05-05:00 03:05-05:00 04:05-05:00",
    ];
    assert_ticks("5 * * * *", Tz::America__New_York, NEW_YORK, new_york);
}

/// Where half an hour is skipped or repeated, an hourly line waits an hour and a half, or half an hour. What is due
/// follows from the ledger, so that neither loses anything.
#[test]
fn an_hourly_line_keeps_its_minute_in_lord_howe() {
    let zone = Tz::Australia__Lord_Howe;
    let skipped_or_outside = [
        "00:05+10:30 01:05+10:30 03:05+11:00 04:05+11:00",
        "00:05+11:00 01:05+11:00 02:05+10:30 03:05+10:30 04:05+10:30",
    ];
    assert_ticks("5 * * * *", zone, LORD_HOWE, skipped_or_outside);
    let outside_or_repeated = [
        "00:45+10:30 01:45+10:30 02:45+11:00 03:45+11:00",
        "00:45+11:00 01:45+11:00 01:45+10:30 02:45+10:30 03:45+10:30",
    ];
    assert_ticks("45 * * * *", zone, LORD_HOWE, outside_or_repeated);
}

/// Only a line that names one hour and one minute is carried past the gap and comes once in the fold. Lists, ranges and
/// steps go by what the clock shows: what it skips is left out, and what it repeats comes twice. Ticks are hints, so
/// that this costs or saves a look, and no data.
#[test]
fn lists_ranges_and_steps_go_by_what_the_clock_shows() {
    let zone = Tz::Europe__Paris;
    assert_ticks("15,45 2 * * *", zone, PARIS, ["", "02:15+02:00 02:45+02:00 02:15+01:00 02:45+01:00"]);
    assert_ticks("15 1,2 * * *", zone, PARIS, ["01:15+01:00", "01:15+02:00 02:15+02:00 02:15+01:00"]);
    assert_ticks(
        "0 */2 * * *",
        zone,
        PARIS,
        ["00:00+01:00 04:00+02:00", "00:00+02:00 02:00+02:00 02:00+01:00 04:00+01:00"],
    );
    let zone = Tz::Australia__Lord_Howe;
    let every_third =
        ["01:40+10:30 02:40+11:00", "01:40+11:00 01:40+10:30 02:00+10:30 02:20+10:30 02:40+10:30"];
    let found = LORD_HOWE.map(|day| ticks("*/20 1-2 * * *", zone, day));
    assert!(found.iter().zip(every_third).all(|(found, end)| found.ends_with(end)), "{found:?}");
}
