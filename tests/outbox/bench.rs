//! A ledger with a few series, and a clock to turn.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use audience_exporter::{
    clock::Clock,
    coverage::Standing,
    ledger::{FileRecord, Ledger, OutboxEntry, OutboxStatus, SeriesKey, WindowRecord},
    sink::publish::FileHash,
    time::TimeRange,
};
use chrono::{DateTime, Utc};

pub(crate) const JOBS: [&str; 2] = ["hourly", "daily"];
pub(crate) const STREAMS: [&str; 2] = ["lobby", "entrance"];

/// More than there ever are.
pub(crate) const ALL: u32 = 1000;

pub(crate) fn instant(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600 + seconds, 0).unwrap()
}

pub(crate) fn period(day: i64) -> TimeRange {
    TimeRange::new(instant(day * 86_400), instant((day + 1) * 86_400)).unwrap()
}

pub(crate) fn version(number: u8) -> FileHash {
    [number; 32]
}

/// One of the series: job and stream by number.
pub(crate) type SeriesNumber = (usize, usize);

pub(crate) struct Bench {
    _folder: tempfile::TempDir,
    pub(crate) ledger: Ledger,
    seconds: Arc<AtomicI64>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let seconds = Arc::new(AtomicI64::new(0));
        let told = Arc::clone(&seconds);
        let clock = Clock::from_fn(move || instant(told.load(Ordering::SeqCst)));
        let ledger = Ledger::open(folder.path()).unwrap().with_clock(clock);
        Self { _folder: folder, ledger, seconds }
    }

    pub(crate) fn wait(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        instant(self.seconds.load(Ordering::SeqCst))
    }

    pub(crate) fn series(&self, (job, stream): SeriesNumber) -> i64 {
        let key = SeriesKey { job: JOBS[job].to_owned(), stream: STREAMS[stream].to_owned() };
        self.ledger.series(&key, "layout", "style", instant(0)).unwrap().id
    }

    /// Records that the files of these days are on disk, all in one version.
    pub(crate) fn publish(&self, series: SeriesNumber, days: &[i64], number: u8) {
        let file = |day: &i64| FileRecord {
            path: file_path(series, *day),
            period: period(*day),
            hash: Some(version(number)),
            pending_hash: None,
            rows: 24,
            bytes: 1000,
        };
        let range = period(days[0]);
        let standings = vec![(range, Standing::Final)];
        let files = days.iter().map(file).collect();
        let window = WindowRecord {
            range,
            standings,
            missing: Vec::new(),
            files,
            vanished: Vec::new(),
            asked_at: self.now(),
            rechecked: Vec::new(),
        };
        self.ledger.record(self.series(series), &window).unwrap();
    }

    pub(crate) fn enroll(&self, deliveries: &[(&str, &str)]) {
        self.ledger.enroll_deliveries(deliveries, self.now()).unwrap();
    }

    pub(crate) fn pending(&self, delivery: &str) -> Vec<OutboxEntry> {
        self.ledger.outbox_pending(delivery, 0, ALL).unwrap()
    }

    /// Paths and versions in the order of the line.
    pub(crate) fn line(&self, delivery: &str) -> Vec<(String, u8)> {
        self.pending(delivery).into_iter().map(|entry| (entry.path, entry.hash[0])).collect()
    }

    pub(crate) fn status(&self, delivery: &str) -> OutboxStatus {
        self.ledger.outbox_status(delivery).unwrap()
    }

    #[track_caller]
    pub(crate) fn deliver(&self, entry: &OutboxEntry) {
        assert!(self.ledger.outbox_delivered(entry, self.now(), None).unwrap());
    }

    pub(crate) fn park(&self, entry: &OutboxEntry) -> bool {
        self.ledger.outbox_park(entry, self.now(), "rejected", "bad field").unwrap()
    }
}

pub(crate) fn file_path((job, stream): SeriesNumber, day: i64) -> String {
    let (job, stream) = (JOBS[job], STREAMS[stream]);
    format!("{job}/stream={stream}/date=2026-01-{:02}/data.csv", day + 1)
}
