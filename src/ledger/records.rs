//! What the ledger holds, as the rest of the program sees it.

use chrono::{DateTime, Utc};

use crate::{
    coverage::{Coverage, Standing},
    sink::publish::FileHash,
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

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct RunSummary<'a> {
    pub outcome: &'a str,
    pub windows_done: u64,
    pub windows_failed: u64,
    pub rows: u64,
}
