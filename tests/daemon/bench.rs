//! A project folder with a daemon in it.

use std::{
    fs::{self, File},
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use audience_exporter::simulator::SimulatorOptions;

use crate::house::{House, wait_until};

/// A daemon that runs in a house's folder. It is killed when it is dropped.
pub(crate) struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Daemon {
    /// Starts it with whatever `prepare` adds to its environment.
    pub(crate) fn start_with(house: &House, prepare: impl FnOnce(&mut Command)) -> Self {
        let log = house.path(&format!("daemon-{}.log", fs::read_dir(house.folder.path()).unwrap().count()));
        let file = File::create(&log).unwrap();
        let mut command = house.program(&["run", "--log-level", "debug"]);
        command.env_remove("NOTIFY_SOCKET").env_remove("WATCHDOG_USEC").env_remove("JOURNAL_STREAM");
        prepare(&mut command);
        let child =
            command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file).spawn().unwrap();
        Self { child, log }
    }

    /// Starts it and waits until it is at work.
    pub(crate) fn start(house: &House) -> Self {
        let daemon = Self::start_with(house, |_| {});
        daemon.wait_to_say("daemon started");
        daemon
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    #[track_caller]
    pub(crate) fn wait_to_say(&self, expected: &str) {
        self.wait_to_say_times(expected, 1);
    }

    /// Waits until it has said something so often.
    #[track_caller]
    pub(crate) fn wait_to_say_times(&self, expected: &str, times: usize) {
        let log = self.log.clone();
        wait_until(|| fs::read_to_string(&log).unwrap().matches(expected).count() >= times);
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for its end; its exit code, and all that it said.
    pub(crate) fn wait(mut self) -> (Option<i32>, String) {
        let mut status = None;
        wait_until(|| {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        (status.unwrap().code(), self.said())
    }

    /// Asks it to end, which it must do well.
    #[track_caller]
    pub(crate) fn stop(self) -> String {
        self.signal("TERM");
        let (code, said) = self.wait();
        assert_eq!(code, Some(0), "{said}");
        said
    }

    /// Where it answers HTTP.
    #[track_caller]
    pub(crate) fn address(&self) -> SocketAddr {
        self.wait_to_say("listening for http");
        let said = self.said();
        let line = said.lines().rfind(|line| line.contains("listening for http")).unwrap();
        let address = line.split("address=").nth(1).unwrap().split_whitespace().next().unwrap();
        address.parse().unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// One answer to one request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// Asks with these further header lines.
pub(crate) fn ask(address: SocketAddr, method: &str, path: &str, headers: &[&str]) -> Answer {
    let mut connection = TcpStream::connect(address).unwrap();
    connection.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let (first, host) = (format!("{method} {path} HTTP/1.1"), format!("Host: {address}"));
    let lines: [&[&str]; 3] = [&[&first, &host, "Connection: close"], headers, &["", ""]];
    let request = lines.concat().join("\r\n");
    connection.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    connection.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_lowercase(), body: body.to_owned() }
}

pub(crate) fn get(address: SocketAddr, path: &str) -> Answer {
    ask(address, "GET", path, &[])
}

/// The value of a metric, with its labels as they are written.
pub(crate) fn metric(address: SocketAddr, name: &str) -> Option<f64> {
    let text = get(address, "/metrics").body;
    let line = text.lines().find(|line| line.rsplit_once(' ').is_some_and(|(found, _)| found == name))?;
    line.rsplit_once(' ')?.1.parse().ok()
}

/// A house whose daemon starts at once, ticks every second, answers HTTP and delivers nothing.
pub(crate) fn busy_house(options: SimulatorOptions) -> House {
    let house = House::of(options);
    house.configure(busy);
    house
}

/// The configuration `text` as [`busy_house`] has it.
#[expect(clippy::needless_pass_by_value, reason = "House::configure hands it over")]
pub(crate) fn busy(text: String) -> String {
    let (text, _) = text.split_once("[[accounts]]").unwrap();
    let text = text.replace("schedule = \"5 * * * *\"", "schedule = \"* * * * * *\"");
    format!("{text}\n[daemon]\nstart_jitter = \"0s\"\n[http]\nlisten = \"127.0.0.1:0\"\n")
}

/// The bytes of every published file, by path, in order.
pub(crate) fn published(house: &House) -> Vec<(PathBuf, Vec<u8>)> {
    house.published("data")
}
