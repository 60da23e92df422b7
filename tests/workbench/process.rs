//! Runs of the real binary, each with a deadline.

use std::{
    fs::{self, File},
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Far beyond what anything here takes.
pub(crate) const DEADLINE: Duration = Duration::from_secs(90);

/// How long to wait between two looks.
const POLL: Duration = Duration::from_millis(2);

/// Waits until `is_so` is; panics where that takes too long.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < DEADLINE, "waited too long until {what}");
        thread::sleep(POLL);
    }
}

/// A process that was started. It is killed when it is dropped.
pub(crate) struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Starts `command`; what it says goes to `log`.
    pub(crate) fn start(command: &mut Command, log: PathBuf) -> Self {
        let file = File::create(&log).unwrap();
        let stdout = file.try_clone().unwrap();
        let child = command.stdin(Stdio::null()).stdout(stdout).stderr(file).spawn().unwrap();
        Self { child, log }
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Ends it where it stands after this long, unless it has ended by itself.
    pub(crate) fn kill_after(mut self, delay: Duration) -> Ended {
        let began = Instant::now();
        wait_until("it is time to kill", || self.has_ended() || began.elapsed() >= delay);
        // Fails where it has ended.
        _ = self.child.kill();
        self.wait()
    }

    /// Sends the signal of this name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Ended {
        let log = self.log.clone();
        let said = move || fs::read_to_string(&log).unwrap();
        let mut status = None;
        wait_until("the program ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        Ended { status: status.unwrap(), said: said() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// How a process ended, and what it said on both outputs.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) said: String,
}

impl Ended {
    #[track_caller]
    pub(crate) fn assert_code(&self, expected: i32) {
        assert_eq!(self.status.code(), Some(expected), "{}: {}", self.status, self.said);
    }

    /// Died of `abort`, as a debug build does at a crash point.
    #[track_caller]
    pub(crate) fn assert_crashed(&self, at: &str) {
        const SIGABRT: i32 = 6;
        assert_eq!(self.status.signal(), Some(SIGABRT), "crash at {at}: {}: {}", self.status, self.said);
    }

    #[track_caller]
    pub(crate) fn assert_says(&self, expected: &str) {
        assert!(self.said.contains(expected), "no {expected:?} in: {}", self.said);
    }

    #[track_caller]
    pub(crate) fn assert_silent_about(&self, unexpected: &str) {
        assert!(!self.said.contains(unexpected), "{unexpected:?} in: {}", self.said);
    }
}
