//! The daemon as a process.

use std::{
    fs::{self, File},
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::{Child, Command},
    time::Duration,
};

use super::site::{Site, wait_until};

/// How much of its log is shown where a test fails.
const SHOWN_LINES: usize = 60;

/// A daemon that runs. It is killed when it is dropped.
pub(crate) struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Daemon {
    /// Starts it, and does not wait for anything. Its log is the `number`-th.
    pub(crate) fn begin(site: &Site, number: usize) -> Self {
        let log = site.path(&format!("daemon-{number:04}.log"));
        let file = File::create(&log).unwrap();
        let mut command = site.command(&["run"]);
        let child = command.stdout(file.try_clone().unwrap()).stderr(file).spawn().unwrap();
        Self { child, log }
    }

    /// Starts it and waits until it is at work.
    pub(crate) fn start(site: &Site, number: usize) -> Self {
        let mut daemon = Self::begin(site, number);
        daemon.wait_to_say("daemon started", 1);
        daemon
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn said(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap()).into_owned()
    }

    pub(crate) fn times(&self, said: &str) -> usize {
        self.said().matches(said).count()
    }

    /// Waits until it has said something so often, which it must live to do.
    #[track_caller]
    pub(crate) fn wait_to_say(&mut self, expected: &str, times: usize) {
        wait_until(&format!("the daemon says {expected:?}"), || {
            self.assert_alive();
            self.times(expected) >= times
        });
    }

    #[track_caller]
    pub(crate) fn assert_alive(&mut self) {
        let ended = self.child.try_wait().unwrap();
        assert!(ended.is_none(), "it ended by itself: {ended:?}: {}", self.said());
    }

    #[track_caller]
    pub(crate) fn signal(&mut self, name: &str) {
        self.assert_alive();
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, after which it must end well.
    #[track_caller]
    pub(crate) fn terminate(mut self) {
        self.signal("TERM");
        let mut status = None;
        wait_until("it ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        assert_eq!(status.unwrap().code(), Some(0), "{}", self.said());
    }

    /// What it answers to a GET, with its status.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        let address = self.address();
        let mut connection = TcpStream::connect(address).unwrap();
        connection.set_read_timeout(Some(Duration::from_mins(2))).unwrap();
        write!(connection, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        connection.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// The value of a metric, with its labels as they are written.
    pub(crate) fn metric(&self, name: &str) -> Option<f64> {
        let (_, text) = self.get("/metrics");
        let mut samples = text.lines().filter_map(|line| line.rsplit_once(' '));
        samples.find(|(found, _)| *found == name)?.1.parse().ok()
    }

    fn address(&self) -> SocketAddr {
        let said = self.said();
        let line = said.lines().rfind(|line| line.contains("listening for http")).unwrap();
        line.split("address=").nth(1).unwrap().split_whitespace().next().unwrap().parse().unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
        if std::thread::panicking() {
            let said = self.said();
            let lines: Vec<&str> = said.lines().collect();
            let last = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
            eprintln!("the last words of {}:\n{}", self.log.display(), last.join("\n"));
        }
    }
}
