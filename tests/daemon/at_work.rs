//! Runs: the first, the next, those that come too soon, and what lies between two daemons.

use std::{fs, path::Path, time::Duration};

use audience_exporter::{clock::Clock, simulator::SimulatorOptions};
use chrono::{Days, NaiveDate};

use crate::{
    bench::{Daemon, busy, busy_house, metric, published},
    house::{House, wait_until},
};

/// Whether it is the file of this day: today's is there only when the first hour has settled.
fn is_of(path: &Path, day: NaiveDate) -> bool {
    path.ends_with(format!("date={day}/data.csv"))
}

fn slow() -> SimulatorOptions {
    SimulatorOptions { latency: Duration::from_millis(700), ..SimulatorOptions::default() }
}

#[test]
fn the_first_run_comes_at_the_start_although_its_time_is_far_off() {
    let house = House::new();
    // Once a year, and not today.
    let month = Clock::system().now().format("%-m").to_string().parse::<u32>().unwrap() % 12 + 1;
    let yearly = |text: String| busy(text).replace("* * * * * *", &format!("0 0 1 {month} *"));
    house.configure(yearly);
    let daemon = Daemon::start(&house);
    daemon.wait_to_say("run ended");
    let said = daemon.stop();
    assert_eq!(said.matches("run ended").count(), 1, "{said}");
    let files = published(&house);
    assert!(!files.is_empty());
    house.run(&["pull"]).assert(0);
    assert!(published(&house) == files, "a pull does the same");

    // Nothing is due now: what comes next comes on time.
    let daemon = Daemon::start(&house);
    wait_until(|| metric(daemon.address(), "audience_exporter_ready") == Some(1.0));
    let said = daemon.stop();
    assert!(!said.contains("run began"), "{said}");
}

#[test]
fn what_lacks_is_fetched_at_the_start_although_the_last_run_was_a_moment_ago() {
    let house = House::new();
    let today = Clock::system().now().date_naive();
    let day = |back| (today - Days::new(back)).to_string();
    house.configure(|text| busy(text).replace("* * * * * *", "0 4 * * *"));
    let start = house.config().jobs[0].start.unwrap().to_string();
    house.configure(|text| busy(text).replace("* * * * * *", "0 4 * * *").replace(&start, &day(12)));
    // Down for three days, with a gap before that.
    house.run(&["backfill", "--from", &day(12), "--to", &day(9)]).assert(0);
    house.run(&["backfill", "--from", &day(7), "--to", &day(3)]).assert(0);
    let daemon = Daemon::start(&house);
    daemon.wait_to_say("run ended");
    let said = daemon.stop();
    assert_eq!(said.matches("run began").count(), 1, "{said}");
    let status = house.run(&["status", "--json"]).assert(0).json();
    assert_eq!(status["series"][0]["gaps"], serde_json::json!([]), "{status}");
    let files = published(&house);
    let days = || files.iter().map(|(path, _)| path);
    assert_eq!(days().filter(|path| !is_of(path, today)).count(), 12, "{:?}", days().collect::<Vec<_>>());

    fs::remove_dir_all(house.path("data")).unwrap();
    fs::remove_dir_all(house.path("state")).unwrap();
    house.run(&["pull"]).assert(0);
    assert!(published(&house) == files, "the same as one undisturbed pull");
}

#[test]
fn a_run_that_is_still_going_when_the_next_time_comes_is_counted_and_never_overlaps() {
    let house = busy_house(slow());
    let daemon = Daemon::start(&house);
    let address = daemon.address();
    wait_until(|| {
        metric(address, "audience_exporter_runs_overlapped_total{job=\"hourly\"}")
            .is_some_and(|count| count > 1.0)
    });
    daemon.wait_to_say("the run of before is still going");
    daemon.wait_to_say_times("run ended", 2);
    let said = daemon.stop();
    let mut depth = 0;
    for line in said.lines() {
        depth += i32::from(line.contains("run began")) - i32::from(line.contains("run ended"));
        assert!((0..=1).contains(&depth), "{said}");
    }
}

#[test]
fn a_second_daemon_on_the_same_state_is_refused_and_told_who_holds_it() {
    let house = busy_house(SimulatorOptions::default());
    let first = Daemon::start(&house);
    let second = Daemon::start_with(&house, |_| {});
    let (code, said) = second.wait();
    assert_eq!(code, Some(5), "{said}");
    assert!(said.contains(&format!("process {}", first.id())), "{said}");
    assert!(said.contains("exporter.toml"), "{said}");
    first.stop();
    Daemon::start(&house).stop();
}

#[test]
fn a_backfill_a_pull_and_a_look_at_the_status_go_beside_it() {
    let house = busy_house(SimulatorOptions::default());
    let today = Clock::system().now().date_naive();
    let day = |back| (today - Days::new(back)).to_string();
    let daemon = Daemon::start(&house);
    house.run(&["backfill", "--from", &day(20), "--to", &day(10)]).assert(0);
    house.run(&["pull"]).assert(0);
    let status = house.run(&["status"]);
    status.assert(0).says("hourly").says(&format!("daemon: process {}", daemon.id()));
    daemon.wait_to_say_times("run ended", 2);
    daemon.stop();
    let days = published(&house).into_iter().filter(|(path, _)| !is_of(path, today));
    assert_eq!(days.count(), 11);
    house.run(&["status"]).assert(0).says("daemon: not running");
}

#[test]
fn a_service_that_is_down_is_asked_again_before_the_next_time_comes() {
    let house = House::new();
    house.configure(|text| {
        let text = busy(text).replace("* * * * * *", "0 0 1 1 *");
        let address = text.split("data_url = \"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        text.replace(
            &format!("data_url = \"{address}\""),
            "data_url = \"http://127.0.0.1:9\"\nmax_attempts = 1",
        )
    });
    let daemon = Daemon::start(&house);
    daemon.wait_to_say("looks again");
    let said = daemon.said();
    assert!(said.contains("after_seconds=60"), "{said}");
    assert_eq!(
        metric(daemon.address(), "audience_exporter_failures_total{reason=\"unavailable\"}"),
        Some(1.0)
    );
    daemon.stop();
}
