//! The year 2026 in four zones, with the changes of their clocks: which ticks come, and that the data of every hour is
//! there once. Ticks are those of the daemon's agenda, what is due follows from coverage as in every run, and time is an
//! argument.

#[path = "daylight_saving/down.rs"]
mod down;
#[path = "daylight_saving/export.rs"]
mod export;
#[path = "daylight_saving/ticks.rs"]
mod ticks;

use std::collections::BTreeMap;

use audience_exporter::{config::Schedule, scheduler::Agenda, time::BucketSize};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use self::export::{Export, year_of};

/// When jobs look for work: every hour, within the hour that clocks skip or repeat, and long after it.
const LINES: [&str; 4] = ["5 * * * *", "30 2 * * *", "15 2 * * *", "0 9 * * *"];

/// A lookback of nothing asks for every bucket once; the usual one asks again for two days.
const LOOKBACKS: [TimeDelta; 2] = [TimeDelta::zero(), TimeDelta::hours(48)];

fn day(month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, month, day).unwrap()
}

fn schedule(line: &str) -> Schedule {
    Schedule::parse(line).unwrap()
}

/// Every size of bucket with every lookback.
fn exports(zone: Tz) -> Vec<Export> {
    let sizes = BucketSize::ALL.into_iter();
    sizes.flat_map(|size| LOOKBACKS.map(|lookback| Export::new(size, zone, lookback))).collect()
}

fn run_all(exports: &mut [Export], now: DateTime<Utc>) {
    for export in exports {
        export.run(now);
    }
}

/// How many of each length there are.
type Lengths = BTreeMap<i64, usize>;

fn lengths<const N: usize>(known: [(i64, usize); N]) -> Lengths {
    known.into_iter().collect()
}

/// Lives through the year with a heartbeat every five minutes, at odd seconds. `minutes` are the lengths of its local days.
#[track_caller]
fn live_through_the_year(zone: Tz, minutes: &Lengths) {
    let year = year_of(zone);
    let mut exports = LINES.map(|_| exports(zone));
    let mut now = year.start() + TimeDelta::seconds(7);
    let mut agenda = Agenda::new(LINES.map(schedule), zone, now);
    // The last day is due after it has settled, at the next time of every line.
    while now < year.end() + TimeDelta::hours(36) {
        now += TimeDelta::minutes(5);
        for tick in agenda.look(now) {
            run_all(&mut exports[tick.entry], now);
        }
    }
    for (line, exports) in LINES.iter().zip(&exports) {
        for export in exports {
            export.assert_covers(year, &format!("{zone} {line} {export:?}"), minutes);
        }
    }
}

#[test]
fn paris_loses_and_doubles_no_hour() {
    live_through_the_year(Tz::Europe__Paris, &lengths([(23 * 60, 1), (24 * 60, 363), (25 * 60, 1)]));
}

#[test]
fn new_york_loses_and_doubles_no_hour() {
    live_through_the_year(Tz::America__New_York, &lengths([(23 * 60, 1), (24 * 60, 363), (25 * 60, 1)]));
}

/// Its clock changes by half an hour, and so do two of its days. Hours are those of UTC: one that lies across a local
/// midnight belongs to the day in which it begins.
#[test]
fn lord_howe_loses_and_doubles_no_hour() {
    live_through_the_year(
        Tz::Australia__Lord_Howe,
        &lengths([(23 * 60 + 30, 1), (24 * 60, 363), (24 * 60 + 30, 1)]),
    );
}

/// Its clock never changes, and is half an hour beside the hours of UTC.
#[test]
fn kolkata_loses_and_doubles_no_hour() {
    live_through_the_year(Tz::Asia__Kolkata, &lengths([(24 * 60, 365)]));
}
