//! Years of the simulator's cameras, and real ones.

use std::path::Path;

use chrono::{Datelike, NaiveDate};

use super::*;
use crate::{
    simulator::{Believable, Replay, SimulatorOptions, Source},
    suspicion::SHORTEST_HISTORY,
};

const YEAR: &str = "2026-01-04T23:00:00Z";
const WEEKS: i64 = 53;
const SEEDS: u64 = 4;
const STREAMS: usize = 6;

fn fleet(seed: u64) -> SimulatorOptions {
    let source = Source::Believable(Believable::of_fleet(STREAMS, PARIS));
    SimulatorOptions { source, seed, ..SimulatorOptions::default() }
}

fn counted(options: &SimulatorOptions, client_id: &str, range: TimeRange, zone: Tz) -> Vec<Row> {
    let starts = hours_of(zone).bucket_starts(range);
    let figures = starts.filter_map(|start| Some((start, options.hour(client_id, start)?)));
    figures
        .map(|(start, figures)| row(start, hours_of(zone), i64::try_from(figures.passing_by).ok()))
        .collect()
}

fn year() -> TimeRange {
    TimeRange::new(at(YEAR), at(YEAR) + TimeDelta::weeks(WEEKS)).unwrap()
}

/// The days on which every simulated place is closed.
fn is_holiday(date: NaiveDate) -> bool {
    matches!((date.month(), date.day()), (1, 1) | (12, 25))
}

/// Whether a holiday is the reason: nobody came all day, and perhaps in the last hours of the evening before.
fn is_of_a_holiday(suspicion: &Suspicion) -> bool {
    let day = suspicion.since.with_timezone(&PARIS).date_naive();
    let soon = suspicion.since + TimeDelta::hours(4);
    is_holiday(day) || is_holiday(soon.with_timezone(&PARIS).date_naive())
}

#[test]
fn quiet_closed_and_ordinary_cameras_are_suspect_on_holidays_only() {
    let mut holidays = 0;
    for seed in 0..SEEDS {
        let options = fleet(seed);
        for client_id in Believable::client_ids(STREAMS - 1) {
            let rows = counted(&options, &client_id, year(), PARIS);
            for suspicion in suspicions(&rows, hours_of(PARIS), ever()) {
                assert!(is_of_a_holiday(&suspicion), "seed {seed}, {client_id}: {suspicion:?}");
                holidays += 1;
            }
        }
    }
    // Christmas and New Year's Day of four streams a seed: the quiet one is never suspect, and some were closed anyway.
    assert!((1..=8 * SEEDS).contains(&holidays), "{holidays}");
}

/// The runs of zeros that the simulator planted: it was blind where the box had been offline for three hours.
fn planted(options: &SimulatorOptions, client_id: &str) -> Vec<DateTime<Utc>> {
    let hour = TimeDelta::hours(1);
    let is_offline = |start: DateTime<Utc>| options.hour(client_id, start).is_none();
    let starts = hours_of(PARIS).bucket_starts(year());
    starts.filter(|start| is_offline(*start - hour) && !is_offline(*start)).collect()
}

#[test]
fn the_camera_that_fails_is_suspect_nearly_every_time_and_at_no_other_time() {
    let (mut all, mut seen) = (0, 0);
    for seed in 0..4 * SEEDS {
        let options = fleet(seed);
        let client_id = Believable::client_ids(STREAMS).last().unwrap();
        let found = suspicions(&counted(&options, &client_id, year(), PARIS), hours_of(PARIS), ever());
        let outages = planted(&options, &client_id);
        let is_near = |suspicion: &Suspicion, outage: DateTime<Utc>| {
            (TimeDelta::zero()..=TimeDelta::hours(6)).contains(&(suspicion.since - outage))
        };
        let judged = outages.iter().filter(|outage| at(YEAR) + TimeDelta::weeks(3) < **outage);
        let judged = judged.filter(|outage| !is_holiday(outage.with_timezone(&PARIS).date_naive()));
        for outage in judged {
            all += 1;
            seen += usize::from(found.iter().any(|suspicion| is_near(suspicion, *outage)));
        }
        for suspicion in found {
            let is_planted = outages.iter().any(|outage| is_near(&suspicion, *outage));
            assert!(is_planted || is_of_a_holiday(&suspicion), "seed {seed}: {suspicion:?}");
        }
    }
    eprintln!("{seen} of {all} outages were suspect");
    assert!(all > 700, "{all}");
    assert!(seen * 100 >= all * 95, "{seen} of {all} outages");
}

#[test]
fn two_weeks_of_a_camera_that_fails_are_enough_for_most_outages() {
    let (mut all, mut seen) = (0, 0);
    for seed in 0..40 {
        let options = fleet(seed);
        let client_id = Believable::client_ids(STREAMS).last().unwrap();
        let first_weeks = TimeRange::new(at(YEAR), at(YEAR) + TimeDelta::weeks(4)).unwrap();
        let rows = counted(&options, &client_id, first_weeks, PARIS);
        let found = suspicions(&rows, hours_of(PARIS), ever());
        let soonest = at(YEAR) + SHORTEST_HISTORY + TimeDelta::days(1);
        let outages = planted(&options, &client_id);
        for outage in outages.iter().filter(|outage| soonest < **outage && **outage < first_weeks.end()) {
            all += 1;
            seen += usize::from(
                found.iter().any(|suspicion| suspicion.since.date_naive() == outage.date_naive()),
            );
        }
    }
    eprintln!("{seen} of {all} outages were suspect");
    assert!(all > 50 && seen * 100 >= all * 90, "{seen} of {all} outages");
}

#[test]
fn real_cameras_are_hardly_ever_suspect() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/melbourne-footfall.csv.gz");
    if !path.exists() {
        eprintln!("skipped: {} is not here", path.display());
        return;
    }
    let (replay, zone) = (Replay::from_file(&path).unwrap(), Tz::Australia__Melbourne);
    let options = SimulatorOptions { source: Source::Replay(replay.clone()), ..SimulatorOptions::default() };
    let mut runs = 0;
    for stream in replay.streams() {
        let rows = counted(&options, stream, replay.range(stream).unwrap(), zone);
        let found = suspicions(&rows, hours_of(zone), ever());
        for run in &found {
            eprintln!("{stream}: {run:?}");
        }
        runs += found.len();
    }
    // Four cameras, two years each: less than one run in two camera years.
    assert!(runs <= 4, "{runs} runs");
}
