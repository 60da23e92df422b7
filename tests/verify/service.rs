//! Figures that the service changes after they were exported.

use std::fs;

use audience_exporter::{journal, ledger::Change, report::Outcome};
use serde_json::Value;

use crate::{town::Town, workbench::books::Files};

/// Hours since the beginning: the pulls come at 0, a day and three days later.
const IN_LOOKBACK: i64 = -5;
const AT_RECHECK_AGE: i64 = -5 * 24 - 10;
const BEYOND: i64 = -15 * 24 - 3;

const JOB: &str = "recheck = [\"7d\"]";

fn entry(town: &Town, hour: i64, more: i64, seen: i64, run: i64) -> Change {
    let people = town.people(hour);
    Change {
        bucket_start: town.hour(hour),
        bucket_end: town.hour(hour + 1),
        column: "passing_by".to_owned(),
        old: Some((people - more).to_string()),
        new: Some(people.to_string()),
        seen_at: town.hour(seen),
        run,
    }
}

/// Every entry of the files of the journal.
fn filed(town: &Town) -> Vec<Change> {
    let folder = town.data().join("hourly").join(journal::FOLDER);
    let mut changes = Vec::new();
    let files = Files::published(&folder);
    for path in files.paths() {
        changes.extend(journal::decode(files.bytes(path).unwrap()).unwrap());
    }
    changes
}

/// A town whose figures were changed at every age, and that was pulled at last three days after the beginning.
fn changed_at_every_age() -> (Town, Vec<Change>) {
    let mut town = Town::new(JOB);
    assert_eq!(town.pull().outcome(), Outcome::Done);
    for (hour, more) in [(IN_LOOKBACK, 7), (AT_RECHECK_AGE, 11), (BEYOND, 13)] {
        town.restate(hour, more);
    }
    town.set_clock(24);
    town.pull();
    let inside = entry(&town, IN_LOOKBACK, 7, 24, 2);
    assert_eq!(town.changes(), std::slice::from_ref(&inside));
    assert_eq!(filed(&town), std::slice::from_ref(&inside));
    town.set_clock(72);
    town.pull();
    let at_age = entry(&town, AT_RECHECK_AGE, 11, 72, 3);
    (town, vec![inside, at_age])
}

#[test]
fn a_change_is_seen_inside_the_lookback_at_recheck_age_and_beyond_by_verify() {
    let (town, seen) = changed_at_every_age();
    assert_eq!(town.changes(), seen);
    assert_eq!(filed(&town), seen);
    let (code, said) = town.run(&["verify"]);
    assert_eq!(code, Some(1), "{said}");
    let day = town.hour(BEYOND).date_naive();
    let of_day = (-480..480).filter(|hour| town.hour(*hour).date_naive() == day);
    let service: i64 = of_day.map(|hour| town.people(hour)).sum();
    let expected = format!("date={day} of lobby: passing_by: file {}, service {service}", service - 13);
    assert!(said.contains(&expected), "no {expected:?} in {said}");
    assert!(said.contains("1 disagreement"), "{said}");
    // It stands in the manifest by now, and the others are reconciled.
    let manifest = town.manifest();
    let path = format!("date={day}/data.csv");
    for partition in manifest.partitions.iter().filter(|partition| partition.sealed) {
        let told =
            (partition.path == path).then(|| format!("passing_by: file {}, service {service}", service - 13));
        assert_eq!((partition.reconciled, &partition.disagreement), (Some(told.is_none()), &told));
    }
    // A forced backfill brings it.
    let next = (day + chrono::Days::new(1)).to_string();
    let (code, said) = town.run(&["backfill", "--force", "--from", &day.to_string(), "--to", &next]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(town.run(&["verify"]).0, Some(0));
    assert_eq!(town.changes().len(), 3);
}

#[test]
fn deep_finds_every_row_and_writes_nothing() {
    let (mut town, _) = changed_at_every_age();
    town.forget(-100);
    let (before, state) = (Files::beginning_with(&town.data(), ""), town.changes());
    let (code, said) = town.run(&["verify", "--deep", "--json"]);
    assert_eq!(code, Some(1), "{said}");
    let json: Value = serde_json::from_str(&said).unwrap();
    let found = json["service"]["disagreements"].as_array().unwrap();
    let shown: Vec<(&str, Option<i64>, Option<i64>)> = found
        .iter()
        .map(|one| (one["divergence"].as_str().unwrap(), one["file"].as_i64(), one["service"].as_i64()))
        .collect();
    let (beyond, gone) = (town.people(BEYOND), 100 + (-100_i64 * 37).rem_euclid(61));
    assert_eq!(shown, [("restated", Some(beyond - 13), Some(beyond)), ("vanished", Some(gone), None)]);
    assert!(Files::beginning_with(&town.data(), "") == before);
    assert_eq!(town.changes(), state);
    assert!(town.manifest().partitions.iter().all(|partition| partition.reconciled.is_none()));
}

#[test]
fn what_late_counts_may_still_change_is_told_as_such_and_is_no_fault() {
    let mut town = Town::new("lookback = \"2000h\"");
    town.pull();
    town.restate(IN_LOOKBACK, 7);
    let (code, said) = town.run(&["verify", "--deep"]);
    assert_eq!(code, Some(0), "{said}");
    let people = town.people(IN_LOOKBACK);
    assert!(said.contains(&format!("passing_by: file {}, service {people}", people - 7)), "{said}");
    assert!(said.contains("late counts"), "{said}");
    // Nothing is sealed.
    let (code, said) = town.run(&["verify"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("0 sealed files"), "{said}");
}

#[test]
fn every_sealed_partition_is_reconciled_once_where_the_job_says_so() {
    let mut town = Town::new("reconcile = true");
    assert_eq!(town.pull().outcome(), Outcome::Done);
    let reconciled = |town: &Town| {
        let partitions = town.manifest().partitions;
        assert!(partitions.iter().all(|one| one.sealed == one.reconciled.is_some()));
        assert!(partitions.iter().all(|one| one.disagreement.is_none()));
        partitions.iter().filter(|one| one.reconciled == Some(true)).count() as u64
    };
    let first = reconciled(&town);
    assert!(first >= 15);
    let pages = town.pages();
    town.pull();
    // The lookback, and nothing else.
    let lookback = town.pages() - pages;
    assert!(lookback < 4, "{lookback}");
    town.set_clock(24);
    let pages = town.pages();
    town.pull();
    assert_eq!(reconciled(&town), first + 1);
    assert!(town.pages() - pages <= lookback + 2);
    town.close();
}

#[test]
fn a_service_that_disagrees_is_told_and_fails_no_run() {
    let mut town = Town::new("");
    town.pull();
    town.restate(BEYOND, 13);
    town.configure("reconcile = true");
    assert_eq!(town.pull().outcome(), Outcome::Done);
    let manifest = town.manifest();
    let told: Vec<_> = manifest.partitions.iter().filter(|one| one.reconciled == Some(false)).collect();
    let day = town.hour(BEYOND).date_naive();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].path, format!("date={day}/data.csv"));
    assert!(told[0].disagreement.as_ref().unwrap().starts_with("passing_by: file "));
}

#[test]
fn a_service_that_cannot_be_asked_is_no_disagreement() {
    let mut town = Town::new("");
    town.pull();
    town.close();
    let (code, said) = town.run(&["verify"]);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("lobby of hourly: no usable answer"), "{said}");
    assert_eq!(town.run(&["verify", "--files"]).0, Some(0));
    // What is wrong with files weighs more.
    let day = town.data().join("hourly/stream=lobby").join(&town.manifest().partitions[0].path);
    fs::remove_file(day).unwrap();
    assert_eq!(town.run(&["verify"]).0, Some(1));
}

#[test]
fn what_could_not_be_reconciled_is_left_to_the_next_run() {
    let mut town = Town::new("lookback = \"0s\"");
    town.pull();
    let reconciled =
        |town: &Town| town.manifest().partitions.iter().filter(|one| one.reconciled == Some(true)).count();
    let job = "lookback = \"0s\"\nreconcile = true";
    town.configure(job);
    town.close();
    assert_eq!(town.pull().outcome(), Outcome::Done);
    assert_eq!(reconciled(&town), 0);
    town.configure(job);
    assert_eq!(town.pull().outcome(), Outcome::Done);
    assert!(reconciled(&town) >= 15);
}

#[test]
fn days_and_whole_days_agree_as_well() {
    for time in ["by_day", "global"] {
        let mut town = Town::new(&format!("time = \"{time}\""));
        town.pull();
        let (code, said) = town.run(&["verify", "--json"]);
        assert_eq!(code, Some(0), "{time}: {said}");
        let json: Value = serde_json::from_str(&said).unwrap();
        assert!(json["service"]["compared"].as_u64() >= Some(15), "{said}");
        assert_eq!(town.run(&["verify", "--deep"]).0, Some(0));
        town.restate(BEYOND, 13);
        let (code, said) = town.run(&["verify", "--deep"]);
        assert_eq!(code, Some(1), "{time}: {said}");
        assert!(said.contains("1 disagreement"), "{said}");
    }
}
