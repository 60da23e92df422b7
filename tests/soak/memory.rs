//! What the daemon takes of the machine, looked at twice a second.

use std::{
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
        mpsc::{RecvTimeoutError, Sender, channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

const PERIOD: Duration = Duration::from_millis(500);

/// So much more than before is no growth: allocators keep what they were given, and runs differ.
const TOLERANCE: f64 = 1.3;

/// One look at a process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) process: u32,
    /// Since the soak began.
    pub(crate) at: Duration,
    pub(crate) resident_kib: u64,
    pub(crate) highest_kib: u64,
    pub(crate) open_files: usize,
}

/// Looks at whichever process is the daemon.
pub(crate) struct Watch {
    process: Arc<AtomicU32>,
    samples: Arc<Mutex<Vec<Sample>>>,
    looking: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Watch {
    pub(crate) fn start() -> Self {
        let (process, samples) = (Arc::new(AtomicU32::new(0)), Arc::new(Mutex::new(Vec::new())));
        let (stop, stopped) = channel();
        let (watched, kept, began) = (Arc::clone(&process), Arc::clone(&samples), Instant::now());
        let looking = thread::spawn(move || {
            while stopped.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
                let sample = look(watched.load(Ordering::SeqCst), began.elapsed());
                kept.lock().unwrap().extend(sample);
            }
        });
        Self { process, samples, looking: Some((stop, looking)) }
    }

    /// The daemon is this process from now on.
    pub(crate) fn look_at(&self, process: u32) {
        self.process.store(process, Ordering::SeqCst);
    }

    pub(crate) fn samples(&self) -> Vec<Sample> {
        self.samples.lock().unwrap().clone()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some((stop, looking)) = self.looking.take() {
            drop(stop);
            _ = looking.join();
        }
    }
}

/// `None` where there is no such process any more.
fn look(process: u32, at: Duration) -> Option<Sample> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let kib = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key))?;
        line.split_whitespace().next()?.parse().ok()
    };
    let open_files = fs::read_dir(format!("/proc/{process}/fd")).ok()?.count();
    let (resident_kib, highest_kib) = (kib("VmRSS:")?, kib("VmHWM:")?);
    Some(Sample { process, at, resident_kib, highest_kib, open_files })
}

/// The most of the first and of the second half of one process' life.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Halves {
    pub(crate) resident_kib: [u64; 2],
    pub(crate) open_files: [usize; 2],
}

impl Halves {
    /// `None` where it was hardly looked at.
    pub(crate) fn of(samples: &[Sample], process: u32) -> Option<Self> {
        let of_process: Vec<&Sample> = samples.iter().filter(|sample| sample.process == process).collect();
        let halves = of_process.split_at(of_process.len() / 2);
        let most = |half: &[&Sample]| {
            let resident = half.iter().map(|sample| sample.resident_kib).max()?;
            Some((resident, half.iter().map(|sample| sample.open_files).max()?))
        };
        let (first, second) = (most(halves.0)?, most(halves.1)?);
        Some(Self { resident_kib: [first.0, second.0], open_files: [first.1, second.1] })
    }

    pub(crate) fn is_flat(&self) -> bool {
        let [first, second] = self.resident_kib;
        second as f64 <= first as f64 * TOLERANCE
    }
}
