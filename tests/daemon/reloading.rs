//! SIGHUP: the configuration is read again, and taken whole or not at all.

use std::net::TcpListener;

use audience_exporter::simulator::SimulatorOptions;

use crate::{
    bench::{Daemon, busy, busy_house, get, metric, published},
    house::wait_until,
};

const RELOADED: &str = "audience_exporter_config_last_reload_successful";

#[test]
fn a_changed_configuration_is_applied() {
    let house = busy_house(SimulatorOptions::default());
    let daemon = Daemon::start(&house);
    let address = daemon.address();
    daemon.wait_to_say("run ended");
    house.configure(|text| {
        let text = busy(text);
        let job = text.split_once("[[jobs]]").unwrap().1.split_once("[daemon]").unwrap().0.to_owned();
        let second = job.replace("name = \"hourly\"", "name = \"second\"");
        text.replace("[daemon]", &format!("[[jobs]]{second}[daemon]"))
    });
    daemon.signal("HUP");
    daemon.wait_to_say("configuration applied");
    let has_second = || published(&house).iter().any(|(path, _)| path.starts_with(house.path("data/second")));
    wait_until(has_second);
    assert_eq!(daemon.address(), address, "the address stays open");
    assert_eq!(metric(address, RELOADED), Some(1.0));
    assert!(get(address, "/api/status").body.contains("\"second\""));
    let runs = "audience_exporter_runs_total{job=\"hourly\",outcome=\"done\"}";
    assert!(metric(address, runs).is_some_and(|runs| runs >= 1.0), "counters go on");
    daemon.stop();
}

#[test]
fn a_wrong_configuration_is_rejected_with_every_reason_and_the_one_of_before_stays() {
    let house = busy_house(SimulatorOptions::default());
    let daemon = Daemon::start(&house);
    let address = daemon.address();
    house.configure(|text| busy(text).replace("name = \"hourly\"", "nam = \"hourly\"\nlookback = \"soon\""));
    daemon.signal("HUP");
    daemon.wait_to_say("stays in force");
    let said = daemon.said();
    assert!(said.contains("jobs[0].lookback") && said.contains("jobs[0].nam"), "{said}");
    assert_eq!(metric(address, RELOADED), Some(0.0));
    let runs = said.matches("run ended").count();
    daemon.wait_to_say_times("run ended", runs + 1);

    // A good one is taken after it.
    house.configure(busy);
    daemon.signal("HUP");
    daemon.wait_to_say("configuration applied");
    assert_eq!(metric(address, RELOADED), Some(1.0));
    daemon.stop();
}

#[test]
fn an_address_that_cannot_be_had_changes_nothing() {
    let house = busy_house(SimulatorOptions::default());
    let daemon = Daemon::start(&house);
    let address = daemon.address();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let elsewhere = taken.local_addr().unwrap().to_string();
    house.configure(|text| busy(text).replace("127.0.0.1:0", &elsewhere));
    daemon.signal("HUP");
    daemon.wait_to_say("stays in force");
    assert!(daemon.said().contains(&elsewhere), "{}", daemon.said());
    assert_eq!(get(address, "/healthz").status, 200);
    drop(taken);
    daemon.signal("HUP");
    daemon.wait_to_say("configuration applied");
    wait_until(|| daemon.said().contains(&format!("address={elsewhere}")));
    assert_eq!(get(elsewhere.parse().unwrap(), "/healthz").status, 200);
    assert!(std::net::TcpStream::connect(address).is_err(), "the old address is closed");
    daemon.stop();
}

#[test]
fn another_state_folder_is_taken_and_the_old_one_is_free() {
    let house = busy_house(SimulatorOptions::default());
    let daemon = Daemon::start(&house);
    daemon.wait_to_say("run ended");
    house.configure(|text| busy(text).replace("\"state\"", "\"state-2\"").replace("\"data\"", "\"data-2\""));
    daemon.signal("HUP");
    daemon.wait_to_say("configuration applied");
    house.configure(busy);
    let other = Daemon::start(&house);
    other.stop();
    house.configure(|text| busy(text).replace("\"state\"", "\"state-2\"").replace("\"data\"", "\"data-2\""));
    let (code, said) = Daemon::start_with(&house, |_| {}).wait();
    assert_eq!(code, Some(5), "{said}");
    daemon.stop();
}
