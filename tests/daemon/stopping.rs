//! Signals that end it.

use std::{fs, time::Duration};

use audience_exporter::simulator::SimulatorOptions;

use crate::bench::{Daemon, busy, busy_house, published};

fn unhurried() -> SimulatorOptions {
    SimulatorOptions { latency: Duration::from_hours(1), ..SimulatorOptions::default() }
}

#[test]
fn a_slow_listing_is_given_up_and_nothing_is_half_written() {
    for signal in ["TERM", "INT"] {
        let house = busy_house(unhurried());
        let daemon = Daemon::start(&house);
        daemon.wait_to_say("run began");
        daemon.signal(signal);
        let (code, said) = daemon.wait();
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("daemon ended"), "{said}");
        assert!(published(&house).is_empty());
    }
}

/// Only a debug build can be told to hang.
#[cfg(debug_assertions)]
#[test]
fn work_that_hangs_is_abandoned_when_its_time_is_up_and_a_second_signal_ends_it_at_once() {
    let house = busy_house(SimulatorOptions::default());
    house.configure(|text| busy(text).replace("[daemon]", "[daemon]\ndrain_timeout = \"1s\""));
    let hang = |command: &mut std::process::Command| {
        command.env(audience_exporter::crash_point::HANG_VARIABLE, "temp");
    };
    let daemon = Daemon::start_with(&house, hang);
    daemon.wait_to_say("hanging at this step");
    daemon.signal("TERM");
    let (code, said) = daemon.wait();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("abandoned"), "{said}");

    house.configure(|text| busy(text).replace("[daemon]", "[daemon]\ndrain_timeout = \"1h\""));
    let daemon = Daemon::start_with(&house, hang);
    daemon.wait_to_say("hanging at this step");
    daemon.signal("TERM");
    daemon.wait_to_say("one more signal stops at once");
    daemon.signal("TERM");
    let (code, said) = daemon.wait();
    assert_eq!(code, Some(130), "{said}");

    // What hung is done again.
    let daemon = Daemon::start(&house);
    daemon.wait_to_say("run ended");
    daemon.stop();
    let files = published(&house);
    assert!(!files.is_empty());
    fs::remove_dir_all(house.path("data")).unwrap();
    fs::remove_dir_all(house.path("state")).unwrap();
    house.run(&["pull"]).assert(0);
    assert!(published(&house) == files);
}
