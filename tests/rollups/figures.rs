//! Every figure of a roll-up, against sums that are made hour by hour.

use std::path::Path;

use audience_exporter::simulator::{Replay, SimulatorOptions, Source};
use chrono::NaiveDate;
use chrono_tz::Tz;

use crate::bench::Bench;

fn date(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

#[test]
fn two_years_of_real_footfall_by_week_and_month() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/melbourne-footfall.csv.gz");
    if !path.exists() {
        eprintln!("skipped: {} is not here", path.display());
        return;
    }
    let replay = Replay::from_file(&path).unwrap();
    let mut streams = replay.fleet();
    for (index, stream) in streams.iter_mut().enumerate() {
        let side = if index < 3 { "north" } else { "south" };
        stream.tags.insert("side".to_owned(), side.to_owned());
    }
    let options =
        SimulatorOptions { source: Source::Replay(replay), page_size: 800, ..SimulatorOptions::default() };
    let bench = Bench::of(options, Tz::Australia__Melbourne, streams);
    bench.configure_job("rollup = [\"month\", \"week\"]\nrollup_by = [\"side\"]\n");
    bench.run("backfill --from 2015-01-01 --to 2017-01-01").assert(0);
    let names: Vec<&str> = bench.streams.iter().map(|stream| &*stream.name).collect();
    assert_eq!(names.len(), 4);
    let (from, to) = (date(2015, 1, 1), date(2017, 1, 1));
    for size in ["week", "month"] {
        for name in &names {
            bench.assert_right(&format!("{size}/stream={name}"), &[name], size, from, to);
        }
        bench.assert_right(&format!("{size}-by-side/side=north"), &names[..3], size, from, to);
        bench.assert_right(&format!("{size}-by-side/side=south"), &names[3..], size, from, to);
    }
    let weeks = bench.lines(&format!("week/stream={}", names[0]));
    // From the week of 2014-12-29 to that of 2016-12-26, two with an hour more and two with an hour less.
    let hours = |hours: &str| weeks.iter().filter(|week| week["buckets_expected"] == hours).count();
    assert_eq!((weeks.len(), hours("167"), hours("169")), (105, 2, 2));
    assert!(weeks.iter().any(|week| week["coverage"] == "1.0" && !week["stop_time_seconds"].is_empty()));
    assert!(weeks.iter().any(|week| week["coverage"].parse::<f64>().unwrap() < 0.5), "the data has gaps");
}

#[test]
fn days_weeks_and_months_across_both_changes_of_the_clock() {
    let bench = Bench::new();
    let names = ["lobby", "back-entrance", "entrance-north"];
    bench.run("backfill --from 2026-03-20 --to 2026-04-07").assert(0);
    let (from, to) = (date(2026, 3, 20), date(2026, 4, 7));
    for size in ["day", "week", "month"] {
        bench.run(&format!("rollup --job hourly --to {size}")).assert(0);
        bench.run(&format!("rollup --job hourly --to {size} --by zone")).assert(0);
        for name in names {
            bench.assert_right(&format!("{size}/stream={name}"), &[name], size, from, to);
        }
        bench.assert_right(&format!("{size}-by-zone/zone=entrance"), &names, size, from, to);
    }
    let days = bench.lines("day/stream=lobby");
    let spring = days.iter().find(|day| day["local_date"] == "2026-03-29").unwrap();
    assert_eq!(
        (&*spring["buckets_expected"], &*spring["period_start"], &*spring["period_end"]),
        ("23", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z")
    );
    assert!(!spring["stop_time_seconds"].is_empty() || spring["interested"] == "0", "{spring:?}");
    assert_eq!((&*spring["tag_site"], &*spring["tag_zone"]), ("paris-nord", "entrance"));

    // What comes later is seen, and the gap in between has periods of its own, where nothing is known.
    bench.run("backfill --from 2026-10-19 --to 2026-11-02").assert(0);
    bench.run("rollup --job hourly --to week --stream lobby").assert(0);
    bench.assert_right("week/stream=lobby", &["lobby"], "week", date(2026, 3, 20), date(2026, 11, 2));
    let weeks = bench.lines("week/stream=lobby");
    let week = |monday: &str| weeks.iter().find(|week| week["local_date"] == monday).unwrap();
    assert_eq!((&*week("2026-10-19")["buckets_expected"], &*week("2026-10-19")["coverage"]), ("169", "1.0"));
    let nothing = week("2026-06-01");
    assert_eq!(
        (&*nothing["buckets_present"], &*nothing["passing_by"], &*nothing["coverage"]),
        ("0", "", "0.0")
    );
}

#[test]
fn the_columns_are_those_that_are_documented() {
    let bench = Bench::new();
    bench.run("backfill --from 2026-03-20 --to 2026-03-22").assert(0);
    bench.run("rollup --job hourly --to day --by site").assert(0);
    bench.run("rollup --job hourly --to day").assert(0);
    let header = |path: &str| {
        let text = std::fs::read_to_string(bench.path(path)).unwrap();
        text.lines().next().unwrap().to_owned()
    };
    let figures = "period_start,period_end,local_date,buckets_expected,buckets_present,coverage,passing_by,interested,\
                   stop_time_seconds,attention_time_seconds,category_senior_female,category_senior_male,\
                   category_young_female,category_young_male,gender_female,gender_male,gender_unknown";
    assert_eq!(
        header("data/_rollup/hourly/day/stream=lobby/year=2026/data.csv"),
        format!("stream,{figures},tag_site,tag_zone")
    );
    assert_eq!(
        header("data/_rollup/hourly/day-by-site/site=paris-nord/year=2026/data.csv"),
        format!("tag_site,{figures}")
    );
}
