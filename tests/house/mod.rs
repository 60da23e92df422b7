//! A project folder beside a simulated service, with every account, and the real program in it.

#![allow(dead_code, reason = "every test crate uses its own part of it")]

use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use audience_exporter::{
    clock::Clock,
    config::{Config, is_loopback},
    simulator::{
        AccountOptions, Accounts, ConfigurationOptions, Simulator, SimulatorOptions, account_configuration,
        configuration, fleet,
    },
    sink::{CsvCompression, FileFormat},
    time::PartitionSize,
};
use chrono_tz::Tz;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Where everything of one test lies.
pub(crate) struct House {
    pub(crate) runtime: Runtime,
    pub(crate) simulator: Simulator,
    pub(crate) folder: TempDir,
}

impl House {
    pub(crate) fn new() -> Self {
        Self::with(AccountOptions::default())
    }

    pub(crate) fn with(accounts: AccountOptions) -> Self {
        Self::of(SimulatorOptions { accounts, ..SimulatorOptions::default() })
    }

    pub(crate) fn of(options: SimulatorOptions) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let simulator = Simulator::start("127.0.0.1:0".parse().unwrap(), options, Clock::system());
        let simulator = runtime.block_on(simulator).unwrap();
        let house = Self { runtime, simulator, folder: tempfile::tempdir().unwrap() };
        house.configure(|text| text);
        house
    }

    /// Writes the configuration for the simulator, as `change` has it.
    pub(crate) fn configure(&self, change: impl Fn(String) -> String) {
        let base_url = self.simulator.base_url();
        let streams = fleet(1);
        let today = Clock::system().now().date_naive();
        let text = configuration(&ConfigurationOptions {
            base_url: &base_url,
            streams: &streams,
            timezone: Tz::UTC,
            output_dir: "data",
            state_dir: "state",
            concurrency: 8,
            format: FileFormat::Csv(CsvCompression::None),
            partition: PartitionSize::Day,
            start: today.pred_opt(),
        });
        let text = change(text + &account_configuration(&base_url));
        fs::write(self.path("exporter.toml"), text).unwrap();
    }

    /// The configuration with the redirect address on a port that nobody has. Returns the port.
    pub(crate) fn with_free_redirect_port(&self) -> u16 {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        self.configure(|text| text.replace("127.0.0.1:8400", &format!("127.0.0.1:{port}")));
        port
    }

    pub(crate) fn accounts(&self) -> Accounts {
        self.simulator.accounts()
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    pub(crate) fn config(&self) -> Config {
        let config = Config::load(&self.path("exporter.toml")).unwrap_or_else(|error| panic!("{error}"));
        assert!(is_loopback(&config.angus.console_url));
        config
    }

    pub(crate) fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_audience-exporter"));
        command.current_dir(self.folder.path()).args(arguments);
        for unset in ["AUDIENCE_EXPORTER_CONFIG", "DISPLAY", "WAYLAND_DISPLAY"] {
            command.env_remove(unset);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        Ended::of(&self.program(arguments).output().unwrap())
    }

    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Ended {
        let mut child = self.program(arguments).stdin(Stdio::piped()).spawn().unwrap();
        // A program that ends before it reads is judged by its end.
        _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Ended::of(&child.wait_with_output().unwrap())
    }

    /// Every one of these at the same time.
    pub(crate) fn run_at_once(&self, count: usize, arguments: &[&str]) -> Vec<Ended> {
        let children: Vec<Child> = (0..count).map(|_| self.program(arguments).spawn().unwrap()).collect();
        children.into_iter().map(|child| Ended::of(&child.wait_with_output().unwrap())).collect()
    }

    /// What `auth status` tells of the account or stream `name`.
    pub(crate) fn status_of(&self, name: &str) -> Value {
        let status = self.run(&["auth", "status", "--json"]).assert(0).json();
        let all = ["accounts", "streams"].into_iter().flat_map(|list| status[list].as_array().unwrap());
        all.clone()
            .find(|found| found["name"] == name)
            .unwrap_or_else(|| panic!("no {name} in {status}"))
            .clone()
    }

    pub(crate) fn state_of(&self, name: &str) -> String {
        self.status_of(name)["state"].as_str().unwrap().to_owned()
    }

    /// Every file below the folder with its bytes.
    pub(crate) fn everything(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        visit(self.folder.path(), &mut |path| files.push((path.to_owned(), fs::read(path).unwrap())));
        files
    }

    /// The published files below a folder: their bytes, by path, in order. What begins with `_` or `.` is for others.
    pub(crate) fn published(&self, below: &str) -> Vec<(PathBuf, Vec<u8>)> {
        let folder = self.path(below);
        let is_data =
            |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("data."));
        let mut files = self.everything();
        files.retain(|(path, _)| path.starts_with(&folder) && is_data(path));
        files.sort();
        files
    }

    /// Files of `state_dir` are 0600 and its folders 0700.
    #[track_caller]
    pub(crate) fn assert_private(&self) {
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o7777;
        let state = self.path("state");
        assert_eq!(mode(&state), 0o700, "{}", state.display());
        for folder in
            fs::read_dir(&state).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir())
        {
            assert_eq!(mode(&folder), 0o700, "{}", folder.display());
        }
        visit(&state, &mut |path| assert_eq!(mode(path), 0o600, "{}", path.display()));
    }
}

fn visit(folder: &Path, file: &mut impl FnMut(&Path)) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() { visit(&path, file) } else { file(&path) }
    }
}

/// How the program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    #[track_caller]
    pub(crate) fn assert(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "out: {}\nerr: {}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn says(&self, expected: &str) -> &Self {
        let found = self.stdout.contains(expected) || self.stderr.contains(expected);
        assert!(found, "no {expected:?}\nout: {}\nerr: {}", self.stdout, self.stderr);
        self
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap()
    }
}

/// Waits until `is_so` is; panics where that takes too long.
pub(crate) fn wait_until(mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_mins(1), "waited too long");
        thread::sleep(Duration::from_millis(50));
    }
}
