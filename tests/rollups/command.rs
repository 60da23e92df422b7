//! What people and scripts meet: the command, its answers and its exit codes.

use std::fs;

use audience_exporter::simulator::SimulatorOptions;
use chrono_tz::Tz;

use crate::bench::Bench;

const PARTITION: &str = "data/hourly/stream=lobby/month=2026-03/data.csv";

fn exported() -> Bench {
    let bench = Bench::new();
    bench.run("backfill --from 2026-03-20 --to 2026-04-07").assert(0);
    bench
}

#[test]
fn files_are_told_in_80_columns_and_written_once() {
    let bench = exported();
    let first = bench.run("rollup --job hourly --to week");
    first
        .assert(0)
        .says("_rollup/hourly/week")
        .says("stream=back-entrance   year=2026")
        .says("3 files written");
    first.says("2026-03-16").says("2026-04-06");
    assert!(first.stdout.lines().all(|line| line.chars().count() <= 80), "{}", first.stdout);
    let path = bench.path("data/_rollup/hourly/week/stream=lobby/year=2026/data.csv");
    let modified = || fs::metadata(&path).unwrap().modified().unwrap();
    let before = modified();
    let again = bench.run("rollup --job hourly --to week --json");
    let json = again.assert(0).json();
    assert_eq!(modified(), before);
    assert_eq!(json["files"][2]["path"], "_rollup/hourly/week/stream=lobby/year=2026/data.csv");
    assert_eq!(
        (&json["files"][2]["rows"], &json["files"][2]["first_period"], &json["files"][2]["written"]),
        (&4.into(), &"2026-03-16".into(), &false.into())
    );
    assert_eq!((&json["to"], json["failures"].as_array().unwrap().len()), (&"week".into(), 0));
}

#[test]
fn what_cannot_be_asked_is_2_and_what_is_not_exported_is_1() {
    let bench = Bench::new();
    bench.run("rollup --job hourly --to day").assert(1).says("run pull first");
    bench.run("backfill --from 2026-03-20 --to 2026-03-21").assert(0);
    for (arguments, said) in [
        ("--job hourli --to day", "did you mean hourly?"),
        ("--job hourly --to day --stream loby", "did you mean lobby?"),
        ("--job hourly --to day --by sites", "did you mean site?"),
        ("--job hourly --to year", "day, week, month"),
        ("--job hourly --to day --by site --stream lobby", "cannot be used with"),
    ] {
        bench.run(&format!("rollup {arguments}")).assert(2).says(said);
    }
}

#[test]
fn a_changed_file_holds_up_only_what_it_is_part_of() {
    let bench = exported();
    let untouched = fs::read_to_string(bench.path(PARTITION)).unwrap();
    fs::write(bench.path(PARTITION), untouched.replacen(",lobby", ",yobbl", 1) + "\n").unwrap();
    let ended = bench.run("rollup --job hourly --to day");
    ended.assert(1).says("month=2026-03/data.csv is not as it was published").says("and then pull");
    ended.says("2 files written");
    assert!(!bench.path("data/_rollup/hourly/day/stream=lobby").exists());
    bench.run("rollup --job hourly --to day --by site").assert(1).says("and then pull");
    assert!(!bench.path("data/_rollup/hourly/day-by-site").exists());
    bench.run("backfill --force --from 2026-03-20 --to 2026-04-01").assert(0);
    bench.run("rollup --job hourly --to day --by site").assert(0);
}

#[test]
fn zones_of_half_hours_are_refused_with_the_reason() {
    let options = SimulatorOptions { page_size: 800, ..SimulatorOptions::default() };
    let bench = Bench::of(options, Tz::Asia__Kolkata, audience_exporter::simulator::fleet(1));
    bench.run("backfill --from 2026-03-20 --to 2026-03-22").assert(0);
    bench
        .run("rollup --job hourly --to day")
        .assert(2)
        .says("cannot be cut at the midnights of Asia/Kolkata");
    assert!(!bench.path("data/_rollup/hourly/day").exists());
    bench.configure(|text| text.replace("by_hour", "global").replace("\"hourly\"", "\"daily\""));
    bench.run("backfill --from 2026-03-20 --to 2026-03-22").assert(0);
    bench.run("rollup --job daily --to week").assert(0);
    let text =
        fs::read_to_string(bench.path("data/_rollup/daily/week/stream=lobby/year=2026/data.csv")).unwrap();
    assert!(text.contains("lobby,2026-03-15T18:30:00Z,2026-03-22T18:30:00Z,2026-03-16,7,2,"), "{text}");
}

#[test]
fn streams_of_different_zones_are_not_added_up() {
    let bench = Bench::new();
    bench.configure(|text| {
        text.replacen("name = \"lobby\"", "name = \"lobby\"\ntimezone = \"Europe/London\"", 1)
    });
    bench.run("backfill --from 2026-03-20 --to 2026-03-22").assert(0);
    let refused = bench.run("rollup --job hourly --to day --by site");
    refused.assert(2).says("lobby in Europe/London").says("different stretches of time");
    bench.run("rollup --job hourly --to day").assert(0).says("3 files written");
}

#[test]
fn a_tag_may_be_any_text_or_lack() {
    let bench = exported();
    bench.configure(|text| {
        let text = text.replacen("\"site\" = \"paris-nord\", ", "", 1);
        text.replacen("\"site\" = \"paris-nord\"", "\"site\" = \"../Gare, \\\"Nord\\\"\"", 1)
    });
    bench.run("rollup --job hourly --to month --by site").assert(0).says("3 files written");
    let folder = bench.path("data/_rollup/hourly/month-by-site");
    let odd = folder.join("site=..%2FGare%2C%20%22Nord%22/year=2026/data.csv");
    let text = fs::read_to_string(odd).unwrap();
    assert!(
        text.lines().nth(1).unwrap().starts_with("\"../Gare, \"\"Nord\"\"\",2026-02-28T23:00:00Z"),
        "{text}"
    );
    let none = fs::read_to_string(folder.join("site=__HIVE_DEFAULT_PARTITION__/year=2026/data.csv")).unwrap();
    assert!(none.lines().nth(1).unwrap().starts_with(",2026-02-28T23:00:00Z"), "{none}");

    // When the tags are as before, what was made for the others is no longer there.
    bench.configure(|text| text);
    bench.run("rollup --job hourly --to month --by site").assert(0);
    let left: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().join("year=2026/data.csv"))
        .filter(|path| path.exists())
        .collect();
    assert_eq!(left, [folder.join("site=paris-nord/year=2026/data.csv")]);
}
