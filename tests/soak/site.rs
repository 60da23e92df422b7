//! The folder of the daemon, and commands in it.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use audience_exporter::{config::Config, series::Series};
use serde_json::Value;
use tempfile::TempDir;

use super::{
    options::Options,
    workbench::books::{Books, Files},
};

/// Far beyond what anything here takes, also on a machine that does something else.
const DEADLINE: Duration = Duration::from_mins(3);

const CONFIG: &str = "exporter.toml";

const POLL: Duration = Duration::from_millis(20);

/// Waits until `is_so` is; panics where that takes too long.
#[track_caller]
pub(crate) fn wait_until(what: &str, is_so: impl FnMut() -> bool) {
    wait_for(what, DEADLINE, is_so);
}

#[track_caller]
pub(crate) fn wait_for(what: &str, deadline: Duration, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < deadline, "waited too long until {what}");
        thread::sleep(POLL);
    }
}

/// The story takes its time. Nothing is waited for.
pub(crate) fn let_pass(time: Duration) {
    thread::sleep(time);
}

/// A folder with a configuration.
pub(crate) struct Site {
    folder: PathBuf,
    program: PathBuf,
    /// Every series that any of its configurations has.
    series: Vec<Series>,
    /// Removed with everything in it when this is dropped, unless it is to be kept.
    _removed: Option<TempDir>,
}

impl Site {
    /// With the configuration that has every series.
    pub(crate) fn new(options: &Options, text: &str) -> Self {
        let removed = options.folder.is_none().then(|| tempfile::tempdir().unwrap());
        let folder = match (&options.folder, &removed) {
            (Some(kept), _) => {
                fs::create_dir(kept).unwrap();
                kept.canonicalize().unwrap()
            }
            (None, removed) => removed.as_ref().unwrap().path().to_owned(),
        };
        Self { folder, program: options.program.clone(), series: Vec::new(), _removed: removed }
            .configured(text)
    }

    /// Another folder within this one, with nothing in it but this configuration.
    pub(crate) fn within(&self, name: &str, text: &str) -> Self {
        let folder = self.folder.join(name);
        fs::create_dir(&folder).unwrap();
        Self { folder, program: self.program.clone(), series: Vec::new(), _removed: None }.configured(text)
    }

    fn configured(mut self, text: &str) -> Self {
        self.configure(text);
        let config = Config::load(&self.path(CONFIG)).unwrap_or_else(|error| panic!("{error}"));
        self.series = Series::all(&config, None, None);
        self
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.folder.join(relative)
    }

    pub(crate) fn configure(&self, text: &str) {
        fs::write(self.path(CONFIG), text).unwrap();
    }

    pub(crate) fn series(&self) -> &[Series] {
        &self.series
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(&self.folder).args(arguments).stdin(Stdio::null());
        for unset in ["AUDIENCE_EXPORTER_CONFIG", "NOTIFY_SOCKET", "WATCHDOG_USEC", "JOURNAL_STREAM"] {
            command.env_remove(unset);
        }
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        Ended::of(&self.command(arguments).output().unwrap())
    }

    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Ended {
        let pipes = (Stdio::piped(), Stdio::piped(), Stdio::piped());
        let mut child =
            self.command(arguments).stdin(pipes.0).stdout(pipes.1).stderr(pipes.2).spawn().unwrap();
        // A program that ends before it reads is judged by its end.
        _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Ended::of(&child.wait_with_output().unwrap())
    }

    /// What `status` tells a program.
    pub(crate) fn status(&self) -> Value {
        let ended = self.run(&["status", "--json"]);
        ended.assert(&[0]);
        serde_json::from_str(&ended.stdout).unwrap()
    }

    /// What jobs published.
    pub(crate) fn published(&self) -> Files {
        Files::published(&self.path("data")).without("cameras")
    }

    pub(crate) fn books(&self) -> Books {
        Books::read(&self.path("state"), &self.series)
    }

    /// Readers see whole files only, the ledger claims nothing that is not on disk, and nobody was taken for a vandal.
    #[track_caller]
    pub(crate) fn assert_honest(&self, when: &str) {
        let files = self.published();
        let rows = files.decode(&self.series, when);
        self.books().assert_covered_by(&self.series, &files, &rows, when);
        self.assert_nothing_beginning_with(".damaged-", when);
    }

    #[track_caller]
    pub(crate) fn assert_nothing_beginning_with(&self, prefix: &str, when: &str) {
        let found = Files::beginning_with(&self.path("data"), prefix);
        assert!(found.is_empty(), "{when}: {:?}", found.paths());
    }

    /// Every log of a daemon so far, by its name.
    pub(crate) fn logs(&self) -> Vec<(PathBuf, String)> {
        let names = fs::read_dir(&self.folder).unwrap().map(|entry| entry.unwrap().path());
        let mut logs: Vec<PathBuf> =
            names.filter(|path| path.extension().is_some_and(|is| is == "log")).collect();
        logs.sort();
        logs.into_iter().map(|path| (path.clone(), read(&path))).collect()
    }
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// With one of these codes.
    #[track_caller]
    pub(crate) fn assert(&self, codes: &[i32]) {
        let is_expected = self.code.is_some_and(|code| codes.contains(&code));
        assert!(
            is_expected,
            "{:?} is none of {codes:?}\nout: {}\nerr: {}",
            self.code, self.stdout, self.stderr
        );
    }
}
