//! What the ledger holds, as the rest of the program sees it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    coverage::{Coverage, Standing},
    sink::publish::FileHash,
    suspicion::Suspicion,
    time::TimeRange,
};

/// One job on one stream.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub struct SeriesKey {
    pub job: String,
    pub stream: String,
}

/// A series as the ledger knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// The ledger's own number for it.
    pub id: i64,
    /// What decided where rows lie when it was first exported.
    pub layout: String,
    /// What decided how rows were written when its files were last made alike.
    pub style: String,
    /// The local midnight before its first run.
    pub first_run: DateTime<Utc>,
}

/// A published file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRecord {
    /// Relative to the output folder.
    pub path: String,
    /// The local period that it covers.
    pub period: TimeRange,
    /// Of the bytes that were published; `None` while the first publication is under way.
    pub hash: Option<FileHash>,
    /// Of the bytes that are about to be published, or may have been by a process that died.
    pub pending_hash: Option<FileHash>,
    /// Data rows.
    pub rows: u64,
    /// Size in bytes.
    pub bytes: u64,
}

/// What is recorded of a window when its files are on disk.
#[derive(Debug, Clone)]
pub struct WindowRecord {
    /// The window's time.
    pub range: TimeRange,
    /// The same time, split by standing.
    pub standings: Vec<(TimeRange, Standing)>,
    /// Starts of the buckets that neither the listing nor a file has.
    pub missing: Vec<DateTime<Utc>>,
    /// Every file whose partition shares time with the window.
    pub files: Vec<FileRecord>,
    /// Starts of the buckets of the window that a file has and the listing lacked.
    pub vanished: Vec<DateTime<Utc>>,
    /// When it was asked.
    pub asked_at: DateTime<Utc>,
    /// Until when time was older than each age of its rechecks when it was asked.
    pub rechecked: Vec<Recheck>,
}

/// How far a series was asked again at one age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recheck {
    /// The age.
    pub age: TimeDelta,
    /// What was exported before this needs no further recheck at this age.
    pub until: DateTime<Utc>,
}

/// What of a series was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extent {
    /// What is exported.
    pub coverage: Coverage,
    /// How far it was asked again, by age.
    pub rechecked: Vec<Recheck>,
}

/// A stretch that was due and could not be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureRecord {
    /// Which time.
    pub range: TimeRange,
    /// When it first could not be had.
    pub since: DateTime<Utc>,
    /// Why it could not be had the last time, and when that was.
    pub last: LastError,
}

/// A published value that a later listing changed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Change {
    /// The bucket's first instant.
    pub bucket_start: DateTime<Utc>,
    /// The first instant after the bucket.
    pub bucket_end: DateTime<Utc>,
    /// The column's name in the files.
    pub column: String,
    /// What was published, as the column shows it in a CSV file; `None` where it was not known.
    pub old: Option<String>,
    /// What is published since.
    pub new: Option<String>,
    /// When it was asked.
    pub seen_at: DateTime<Utc>,
    /// The number of the run that saw it.
    pub run: i64,
}

/// Published values that the file of one intention changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intention {
    /// What is about to be published.
    pub file: FileRecord,
    /// What of it is different from what was published.
    pub changes: Vec<Change>,
}

/// What came of comparing a file with the sums that the service tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciliation {
    /// Of the file that was compared.
    pub hash: FileHash,
    /// When.
    pub at: DateTime<Utc>,
    /// Both numbers where they differ; `None` where they agree.
    pub disagreement: Option<String>,
}

/// All that the ledger knows of the buckets of a series, at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evidence {
    /// What is exported.
    pub coverage: Coverage,
    /// Starts of the buckets that complete listings lacked and no file has.
    pub missing: BTreeSet<DateTime<Utc>>,
    /// Starts of the buckets that a file has and the last complete listing lacked, and since when that is known.
    pub vanished: BTreeMap<DateTime<Utc>, DateTime<Utc>>,
    /// What could not be had, in order, without overlap.
    pub failures: Vec<FailureRecord>,
    /// When a run last ended well.
    pub last_success: Option<DateTime<Utc>>,
    /// Why the last run did not end well.
    pub last_error: Option<LastError>,
    /// Every published file, by path.
    pub files: Vec<FileRecord>,
    /// What came of comparing files with the service, by path.
    pub reconciliations: BTreeMap<String, Reconciliation>,
    /// How far it was rechecked, by age.
    pub rechecked: Vec<Recheck>,
    /// Runs of zeros that are unlike the series, in order.
    pub suspicions: Vec<Suspicion>,
}

/// Why the last run of a series was not a success.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct LastError {
    pub at: DateTime<Utc>,
    pub kind: String,
    pub message: String,
}

/// What `status` tells of a series.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct SeriesStatus {
    pub coverage: Coverage,
    pub files: u64,
    pub rows: u64,
    pub missing_buckets: u64,
    pub last_success: Option<DateTime<Utc>>,
    pub last_error: Option<LastError>,
}

/// What there is to tell of a series, beside all others.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesOverview {
    /// The series.
    pub series: Series,
    /// What is exported of it, and how its last run ended.
    pub status: SeriesStatus,
    /// The start of its last bucket that is missing.
    pub last_missing: Option<DateTime<Utc>>,
    /// Runs of zeros that are unlike it, in order.
    pub suspicions: Vec<Suspicion>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct RunSummary<'a> {
    pub outcome: &'a str,
    pub windows_done: u64,
    pub windows_failed: u64,
    pub rows: u64,
}

/// A run, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRecord {
    /// Counts up.
    pub id: i64,
    /// What was run: `pull`, `run hourly`.
    pub command: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended; `None` where it is under way, or died.
    pub ended_at: Option<DateTime<Utc>>,
    /// The word for how it ended.
    pub outcome: Option<String>,
    /// Windows that were published.
    pub windows_done: u64,
    /// Windows that could not be had.
    pub windows_failed: u64,
    /// Rows that were received.
    pub rows: u64,
}

/// A file that a delivery is to send, or has sent, in its latest version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEntry {
    /// The delivery.
    pub delivery: String,
    /// The ledger's own number of the series.
    pub series: i64,
    /// The job of the series.
    pub job: String,
    /// The stream of the series.
    pub stream: String,
    /// The file, relative to the output folder.
    pub path: String,
    /// The local period that it covers.
    pub period: TimeRange,
    /// Of the bytes that are to be sent. What is published by now may be newer; then that is queued too.
    pub hash: FileHash,
    /// Its place in the delivery's line.
    pub position: i64,
    /// Attempts that failed since it was queued, or since the target took it.
    pub attempts: u64,
    /// What the target gave when it took the file.
    pub receipt: Option<String>,
}

/// What there is to tell of a delivery.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutboxStatus {
    /// Files that are to be sent.
    pub pending: u64,
    /// Files that the target took and has not imported yet.
    pub awaiting: u64,
    /// Files that the target refused for good.
    pub parked: u64,
    /// Files that are delivered as they are published.
    pub delivered: u64,
    /// Since when the pending file that waits longest has been waiting.
    pub oldest_pending: Option<DateTime<Utc>>,
    /// Failures of the target as a whole, in a row.
    pub failures: u64,
    /// Nothing is to be sent before that.
    pub retry_at: Option<DateTime<Utc>>,
    /// When the target last took something.
    pub last_success: Option<DateTime<Utc>>,
    /// Why the target as a whole takes nothing.
    pub last_error: Option<LastError>,
}

/// A camera of an inventory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CameraRecord {
    /// The number that the service knows it by.
    pub id: i64,
    /// What people call it.
    pub name: Option<String>,
    /// Its type, as the service words it.
    pub kind: Option<String>,
    /// Whether it is online, as the service words it.
    pub status: Option<String>,
    /// What it is tagged with, in the service's order.
    pub tags: Vec<String>,
    /// Complete listings in a row that lacked it.
    pub absences: u32,
}

/// What is known of an inventory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InventoryRecord {
    /// Which account, space and owner the cameras were listed for; empty before the first success.
    pub source: String,
    /// When it was last listed.
    pub last_success: Option<DateTime<Utc>>,
    /// Why it could not be listed since.
    pub last_error: Option<LastError>,
    /// Every camera, by id.
    pub cameras: Vec<CameraRecord>,
}

/// What is known of one trouble.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRecord {
    /// Since when it is so.
    pub since: DateTime<Utc>,
    /// Since when that is known.
    pub seen_at: DateTime<Utc>,
    /// When a message of it was first sent that may have been taken: it is not known what became of it.
    pub tried_at: Option<DateTime<Utc>>,
    /// When one was taken.
    pub told_at: Option<DateTime<Utc>>,
    /// Since when it is not seen any more.
    pub gone_at: Option<DateTime<Utc>>,
    /// What is wrong, and the next step.
    pub message: String,
}

/// What people were told of trouble, and what they are still to be told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlertBook {
    /// By kind and subject.
    pub alerts: BTreeMap<(String, String), AlertRecord>,
    /// When the last message of each kind was taken.
    pub sent: BTreeMap<String, DateTime<Utc>>,
}
