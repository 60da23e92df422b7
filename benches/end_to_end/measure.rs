//! What a process costs. The system tells it of all children that ended, so each process that is measured gets a parent
//! of its own, which has no other child.

use std::{
    env,
    ffi::OsStr,
    fs::{self, File},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Instant,
};

use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeVal,
};
use serde::{Deserialize, Serialize};

/// The last bytes of what a process said that are shown where it failed.
const SHOWN_BYTES: usize = 2_000;

/// What one process cost, from its start to its end.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Cost {
    pub(crate) wall_seconds: f64,
    /// In the program and in the system for it.
    pub(crate) cpu_seconds: f64,
    /// Memory that was in use at most, shared libraries included. Never less than that of the parent when it started it.
    pub(crate) peak_bytes: f64,
    is_success: bool,
}

/// This program, to start parts of itself.
pub(crate) fn this_program() -> Command {
    Command::new(env::current_exe().expect("the path of this program"))
}

/// Runs `program` in `folder` to its end. What it says goes to a file there and is part of the error where it fails.
pub(crate) fn run(program: &Path, arguments: &[String], folder: &Path) -> Result<Cost, String> {
    let log = folder.join("output.log");
    let said = File::create(&log).map_err(|error| format!("cannot write {}: {error}", log.display()))?;
    let mut command = this_program();
    command.args([OsStr::new("measure"), program.as_os_str(), OsStr::new("--")]).args(arguments);
    let output =
        command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(said).output();
    let output = output.map_err(|error| format!("cannot start {}: {error}", program.display()))?;
    let cost: Option<Cost> = serde_json::from_slice(&output.stdout).ok();
    cost.filter(|cost| cost.is_success).ok_or_else(|| format!("it said:\n{}", end_of(&log)))
}

/// The end of what a process said.
fn end_of(log: &Path) -> String {
    let said = fs::read(log).unwrap_or_default();
    String::from_utf8_lossy(&said[said.len().saturating_sub(SHOWN_BYTES)..]).trim_end().to_owned()
}

/// Runs `program`, whose output goes to standard error, and prints what it cost.
pub(crate) fn tell(program: &Path, arguments: &[String]) {
    let mut command = Command::new(program);
    command.args(arguments).stdout(std::io::stderr());
    let began = Instant::now();
    let status = command.status().expect("a program that can be started");
    let wall_seconds = began.elapsed().as_secs_f64();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the usage of the child");
    let cost = Cost {
        wall_seconds,
        cpu_seconds: seconds(usage.user_time()) + seconds(usage.system_time()),
        peak_bytes: usage.max_rss() as f64 * 1024.0,
        is_success: status.success(),
    };
    println!("{}", serde_json::to_string(&cost).expect("numbers"));
}

fn seconds(time: TimeVal) -> f64 {
    time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6
}

/// How busy the machine is, in words.
pub(crate) fn load() -> String {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().filter(|load| !load.is_empty()).unwrap_or("unknown");
    format!("{cores} cores, load {load}")
}
