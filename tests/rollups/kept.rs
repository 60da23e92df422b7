//! The option of a job: roll-ups that are kept up to date.

use std::{collections::BTreeMap, fs, path::PathBuf, time::SystemTime};

use audience_exporter::crash_point;

use crate::bench::Bench;

const LINES: &str = "rollup = [\"day\", \"week\"]\nrollup_by = [\"site\"]\n";
const PARTITION: &str = "data/hourly/stream=lobby/month=2026-03/data.csv";
const LOBBY: &str = "data/_rollup/hourly/day/stream=lobby/year=2026/data.csv";

type Files = BTreeMap<PathBuf, (Vec<u8>, SystemTime)>;

fn kept() -> Bench {
    let bench = Bench::new();
    bench.configure_job(LINES);
    bench
}

fn rollups(bench: &Bench) -> Files {
    let folder = bench.path("data/_rollup");
    let all = bench.house.everything().into_iter().filter(|(path, _)| path.starts_with(&folder));
    let modified = |path: &PathBuf| fs::metadata(path).unwrap().modified().unwrap();
    let relative = |path: &PathBuf| path.strip_prefix(bench.path("")).unwrap().to_owned();
    all.map(|(path, bytes)| (relative(&path), (bytes, modified(&path)))).collect()
}

fn bytes(files: Files) -> BTreeMap<PathBuf, Vec<u8>> {
    files.into_iter().map(|(path, (bytes, _))| (path, bytes)).collect()
}

#[test]
fn a_run_makes_them_and_one_that_changes_nothing_reads_and_writes_nothing() {
    let bench = kept();
    bench.run("backfill --from 2026-03-20 --to 2026-04-07").assert(0).says("roll-ups written");
    let before = rollups(&bench);
    // A day and a week file for each stream, and for the site; and what they were made from.
    assert_eq!(before.len(), 9, "{:?}", before.keys());
    // Whoever reads this file would find out.
    let published = fs::read(bench.path(PARTITION)).unwrap();
    fs::write(bench.path(PARTITION), b"stream\n").unwrap();
    let again = bench.run("backfill --from 2026-03-20 --to 2026-04-07");
    again.assert(0).says("nothing to do");
    assert!(!again.stderr.contains("roll-ups"), "{}", again.stderr);
    assert!(rollups(&bench) == before);

    // Later days change the same year. The file is read now, and refused; the export goes on.
    let failed = bench.run("backfill --from 2026-04-07 --to 2026-04-09");
    failed.assert(4).says("cannot make roll-ups").says("and then pull").says("lobby of hourly");
    assert!(bench.path("data/hourly/stream=lobby/month=2026-04/data.csv").exists());
    let status = bench.run("status --json").assert(0).json();
    let of_lobby = status["series"].as_array().unwrap().iter().find(|series| series["stream"] == "lobby");
    assert_eq!(of_lobby.unwrap()["last_error"]["reason"], "storage");
    assert_eq!(bench.lines("day/stream=back-entrance").len(), 20, "others are kept up to date");
    assert_eq!(bench.lines("day/stream=lobby").len(), 18);

    fs::write(bench.path(PARTITION), published).unwrap();
    bench.run("backfill --from 2026-03-20 --to 2026-04-09").assert(0);
    assert_eq!(bench.lines("day/stream=lobby").len(), 20);
    assert_eq!(bench.lines("week-by-site/site=paris-nord").len(), 4);
}

#[test]
fn a_file_that_is_gone_or_cut_off_is_made_again() {
    let bench = kept();
    bench.run("backfill --from 2026-03-20 --to 2026-04-07").assert(0);
    let before = bytes(rollups(&bench));
    fs::remove_file(bench.path(LOBBY)).unwrap();
    let weeks = bench.path("data/_rollup/hourly/week-by-site/site=paris-nord/year=2026/data.csv");
    let text = fs::read(&weeks).unwrap();
    fs::write(&weeks, &text[..text.len() / 2]).unwrap();
    bench.run("backfill --from 2026-03-20 --to 2026-04-07").assert(0);
    assert!(bytes(rollups(&bench)) == before);

    // What was remembered of sources is no more than a help.
    for damage in [&b"{"[..], b"", b"{\"files\":{}}"] {
        fs::write(bench.path("data/_rollup/hourly/.sources.json"), damage).unwrap();
        fs::write(bench.path(LOBBY), "nonsense").unwrap();
        bench.run("backfill --from 2026-03-20 --to 2026-04-07").assert(0);
        assert!(bytes(rollups(&bench)) == before);
    }
}

#[test]
fn whatever_a_crash_leaves_the_next_run_puts_right() {
    let (undisturbed, bench) = (kept(), kept());
    for half in ["--from 2026-03-20 --to 2026-03-30", "--from 2026-03-30 --to 2026-04-07"] {
        undisturbed.run(&format!("backfill {half}")).assert(0);
    }
    let expected = bytes(rollups(&undisturbed));
    bench.run("backfill --from 2026-03-20 --to 2026-03-30").assert(0);
    let mut crashes = 0;
    // Five partitions are renamed at the most, in the first of these runs only; then a book and eight files follow.
    for times in 1..=14 {
        let mut command = bench.house.program(&["backfill", "--from", "2026-03-20", "--to", "2026-04-07"]);
        command.env(crash_point::VARIABLE, format!("rename:{times}"));
        crashes += u32::from(command.output().unwrap().status.code().is_none());
    }
    bench.run("backfill --from 2026-03-20 --to 2026-04-07").assert(0);
    assert!(crashes >= 4, "{crashes}");
    assert!(bytes(rollups(&bench)) == expected);
}

#[test]
fn in_whatever_order_history_comes_roll_ups_are_the_same_bytes() {
    let (forth, back) = (kept(), kept());
    let pieces = [
        "--from 2026-03-20 --to 2026-03-27",
        "--from 2026-03-27 --to 2026-04-03",
        "--from 2026-04-03 --to 2026-04-07",
    ];
    for (one, other) in pieces.iter().zip(pieces.iter().rev()) {
        forth.run(&format!("backfill {one}")).assert(0);
        back.run(&format!("backfill {other}")).assert(0);
    }
    assert!(bytes(rollups(&forth)) == bytes(rollups(&back)));
}
