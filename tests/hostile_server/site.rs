//! A folder with a configuration, and the real program in it.

#![allow(dead_code, reason = "each test file uses its part of it")]

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::{self, File},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    double::Double,
    vendor::{access_token, token},
};

/// A program that runs longer hangs, and is killed.
const DEADLINE: Duration = Duration::from_mins(1);

/// How often to look whether it ended.
const POLL: Duration = Duration::from_millis(10);

/// How the program ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// The one line that tells what became of `stream`.
    pub(crate) fn line_about(&self, stream: &str) -> &str {
        let about = format!("{stream} of hourly: ");
        let lines: Vec<&str> = self.stderr.lines().filter(|line| line.starts_with(&about)).collect();
        let [line] = lines[..] else { panic!("not one line about {stream}: {}", self.stderr) };
        assert!(line.chars().count() < 400, "{line}");
        line
    }
}

/// Where the program is at home.
pub(crate) struct Site {
    folder: TempDir,
    streams: Vec<String>,
}

impl Site {
    /// One job over these streams, all of them at the service behind `double`, which has plenty of time to answer.
    pub(crate) fn new(double: &Double, streams: &[&str]) -> Self {
        Self::with_timeout(double, streams, "30s")
    }

    /// The program waits so long for each answer.
    pub(crate) fn with_timeout(double: &Double, streams: &[&str], timeout: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let configuration = configuration(double.base_url(), timeout, streams);
        fs::write(folder.path().join("exporter.toml"), configuration).unwrap();
        Self { folder, streams: streams.iter().map(|&stream| stream.to_owned()).collect() }
    }

    /// Runs the program to its end; `options` precede its command.
    pub(crate) async fn run(&self, options: &str, command: &str) -> Run {
        // Into files, because a full pipe would stop a program that is talkative.
        let [stdout, stderr] = ["stdout", "stderr"].map(|name| self.folder.path().join(name));
        let program = Command::new(env!("CARGO_BIN_EXE_audience-exporter"))
            .args(options.split_whitespace().chain(command.split_whitespace()))
            .current_dir(self.folder.path())
            .env_remove("AUDIENCE_EXPORTER_CONFIG")
            .stdin(Stdio::null())
            .stdout(File::create(&stdout).unwrap())
            .stderr(File::create(&stderr).unwrap())
            .spawn()
            .unwrap();
        let status = end_of(program).await;
        let text = |path| fs::read_to_string(path).unwrap();
        let run =
            Run { code: status.and_then(|status| status.code()), stdout: text(stdout), stderr: text(stderr) };
        assert!(run.code.is_some(), "killed: {run:?}");
        self.assert_discreet(&run);
        run
    }

    /// A path in its folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Changes what the configuration says.
    pub(crate) fn reconfigure(&self, change: impl FnOnce(&str) -> String) {
        let path = self.path("exporter.toml");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, change(&text)).unwrap();
    }

    /// Exports the days from `from` to `to`.
    pub(crate) async fn backfill(&self, from: &str, to: &str) -> Run {
        self.run("", &format!("backfill --from {from} --to {to}")).await
    }

    /// What `status` tells of `stream`.
    pub(crate) async fn status(&self, stream: &str) -> Value {
        let run = self.run("-q", "status --json").await;
        assert_eq!(run.code, Some(0), "{run:?}");
        let status: Value = serde_json::from_str(&run.stdout).unwrap();
        let mut series = status["series"].as_array().unwrap().iter();
        series.find(|series| series["stream"] == stream).unwrap().clone()
    }

    /// The files below the output folder, by their paths.
    pub(crate) fn files(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        let output = self.folder.path().join("data");
        visit(&output, &mut |path| {
            let name = path.strip_prefix(&output).unwrap().to_str().unwrap().to_owned();
            if name.ends_with("_manifest.json") {
                return;
            }
            files.insert(name, fs::read_to_string(path).unwrap());
        });
        files
    }

    /// No secret stands in what the program said or keeps.
    fn assert_discreet(&self, run: &Run) {
        let mut told = vec![run.stdout.clone().into_bytes(), run.stderr.clone().into_bytes()];
        let mut stored = Vec::new();
        for kept in ["data", "state"] {
            visit(&self.folder.path().join(kept), &mut |path| {
                let is_token_file = path.parent().unwrap().ends_with("state/tokens");
                let kept = if is_token_file { &mut stored } else { &mut told };
                kept.push(fs::read(path).unwrap());
                let mode = path.metadata().unwrap().permissions().mode();
                assert!(!is_token_file || mode & 0o7777 == 0o600, "{} {mode:o}", path.display());
            });
        }
        for stream in &self.streams {
            assert_silent(&told, &token(stream));
            assert_silent(&told, &access_token(stream));
            assert_silent(&stored, &access_token(stream));
        }
    }
}

fn assert_silent(texts: &[Vec<u8>], secret: &str) {
    let found = texts.iter().find(|text| text.windows(secret.len()).any(|part| part == secret.as_bytes()));
    assert!(found.is_none(), "{secret} in {}", String::from_utf8_lossy(found.unwrap()));
}

/// `None` where the program had to be killed.
async fn end_of(mut program: Child) -> Option<ExitStatus> {
    let ended = async {
        loop {
            if let Some(status) = program.try_wait().unwrap() {
                return status;
            }
            tokio::time::sleep(POLL).await;
        }
    };
    let ended = tokio::time::timeout(DEADLINE, ended).await;
    if ended.is_err() {
        program.kill().unwrap();
        program.wait().unwrap();
    }
    ended.ok()
}

fn visit(folder: &Path, file: &mut impl FnMut(&Path)) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            visit(&path, file);
        } else {
            file(&path);
        }
    }
}

fn configuration(base_url: &str, timeout: &str, streams: &[&str]) -> String {
    let mut text = format!(
        "output_dir = \"data\"\nstate_dir = \"state\"\n\n[angus]\nconsole_url = \"{base_url}\"\ndata_url = \"{base_url}\"\n\
         timeout = \"{timeout}\"\nmax_attempts = 2\nrequests_per_second = 1000.0\n\n"
    );
    for stream in streams {
        let access_token = access_token(stream);
        writeln!(
            text,
            "[[streams]]\nname = \"{stream}\"\nusername = \"ops@example.com\"\nclient_id = \"{stream}\"\n\
             access_token = \"{access_token}\"\n"
        )
        .unwrap();
    }
    text + "[[jobs]]\nname = \"hourly\"\ntime = \"by_hour\"\nmetrics = [\"passing_by\"]\nformat = \"csv\"\n\
            partition = \"day\"\nstart = \"2024-03-04\"\n"
}
