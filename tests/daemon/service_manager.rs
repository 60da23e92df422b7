//! What systemd is told (`sd_notify(3)`).

use std::{os::unix::net::UnixDatagram, path::PathBuf, time::Duration};

use audience_exporter::simulator::SimulatorOptions;

use crate::{
    bench::{Daemon, busy, busy_house, get},
    house::{House, wait_until},
};

/// A service manager that writes down what it is told.
struct Manager {
    socket: UnixDatagram,
    path: PathBuf,
    told: Vec<String>,
}

impl Manager {
    fn new(house: &House) -> Self {
        let path = house.path("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        Self { socket, path, told: Vec::new() }
    }

    fn start(&self, house: &House, watchdog: Duration, hang_at: Option<&str>) -> Daemon {
        Daemon::start_with(house, |command| {
            command.env("NOTIFY_SOCKET", &self.path).env("WATCHDOG_USEC", watchdog.as_micros().to_string());
            if let Some(step) = hang_at {
                command.env("AUDIENCE_EXPORTER_HANG_AT", step);
            }
        })
    }

    fn listen(&mut self) {
        let mut buffer = [0; 4096];
        while let Ok(length) = self.socket.recv(&mut buffer) {
            self.told.extend(String::from_utf8_lossy(&buffer[..length]).lines().map(str::to_owned));
        }
    }

    fn count(&mut self, beginning: &str) -> usize {
        self.listen();
        self.told.iter().filter(|line| line.starts_with(beginning)).count()
    }

    #[track_caller]
    fn wait_for(&mut self, beginning: &str, times: usize) {
        wait_until(|| self.count(beginning) >= times);
    }

    fn place(&self, line: &str) -> usize {
        self.told
            .iter()
            .position(|told| told == line)
            .unwrap_or_else(|| panic!("no {line} in {:?}", self.told))
    }
}

#[test]
fn it_is_ready_when_it_listens_and_says_so_again_after_a_reload_and_that_it_stops() {
    let house = busy_house(SimulatorOptions::default());
    let mut manager = Manager::new(&house);
    let daemon = manager.start(&house, Duration::from_secs(2), None);
    manager.wait_for("READY=1", 1);
    assert_eq!(get(daemon.address(), "/healthz").status, 200);
    manager.wait_for("WATCHDOG=1", 2);
    manager.wait_for("STATUS=", 1);
    let status = manager.told.iter().find(|line| line.starts_with("STATUS=")).unwrap();
    assert!(status.contains("hourly"), "{status}");
    daemon.signal("HUP");
    manager.wait_for("RELOADING=1", 1);
    manager.wait_for("READY=1", 2);
    assert_eq!(manager.count("MONOTONIC_USEC="), 1);
    assert!(manager.place("RELOADING=1") > manager.place("READY=1"));

    // A configuration that is rejected leaves it ready as well.
    house.configure(|_| "nonsense".to_owned());
    daemon.signal("HUP");
    manager.wait_for("READY=1", 3);
    daemon.stop();
    manager.wait_for("STOPPING=1", 1);
    assert!(manager.place("STOPPING=1") > manager.place("RELOADING=1"));
}

/// Only a debug build can be told to hang.
#[cfg(debug_assertions)]
#[test]
fn a_worker_that_hangs_stops_the_pings_and_is_told() {
    // By month it is one window, and nothing else happens while that one hangs.
    for (step, partition) in [("page", "day"), ("page", "month"), ("temp", "day")] {
        let house = busy_house(SimulatorOptions::default());
        house.configure(|text| {
            let text = busy(text).replace("partition = \"day\"", &format!("partition = \"{partition}\""));
            text.replace("[daemon]", "[daemon]\nhang_after = \"1s\"")
        });
        let mut manager = Manager::new(&house);
        let daemon = manager.start(&house, Duration::from_millis(500), Some(step));
        daemon.wait_to_say("hanging at");
        daemon.wait_to_say("shows no sign of life");
        manager.listen();
        let pings = manager.count("WATCHDOG=1");
        let address = daemon.address();
        assert_eq!(get(address, "/readyz").status, 503);
        // Some beats later there are no more.
        let beats = daemon.said().matches("tick").count();
        daemon.wait_to_say_times("tick", beats + 3);
        assert_eq!(manager.count("WATCHDOG=1"), pings, "at {step} by {partition}: {:?}", manager.told);
    }
}
