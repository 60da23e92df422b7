//! Reading and writing what the ledger holds.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};

use super::{Ledger, LedgerError};
use crate::{
    coverage::{Coverage, Standing},
    sink::publish::FileHash,
    time::TimeRange,
};

/// Runs kept in the ledger; older ones are forgotten.
const KEPT_RUNS: i64 = 10_000;

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

impl Ledger {
    /// The series of `key`, if it was ever exported.
    pub fn find_series(&self, key: &SeriesKey) -> Result<Option<Series>, LedgerError> {
        let sql = "SELECT id, layout, style, first_run FROM series WHERE job = ?1 AND stream = ?2";
        self.read(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let found = statement.query_row(params![key.job, key.stream], |row| {
                let (id, layout, style) = (row.get(0)?, row.get(1)?, row.get(2)?);
                Ok(Series { id, layout, style, first_run: instant(row, 3)? })
            });
            found.optional()
        })
    }

    /// The series of `key`; made with this layout, style and first run where it is new.
    pub fn series(
        &self,
        key: &SeriesKey,
        layout: &str,
        style: &str,
        first_run: DateTime<Utc>,
    ) -> Result<Series, LedgerError> {
        if let Some(series) = self.find_series(key)? {
            return Ok(series);
        }
        self.write(|transaction| {
            transaction.execute(
                "INSERT OR IGNORE INTO series (job, stream, layout, style, first_run) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![key.job, key.stream, layout, style, first_run.timestamp()],
            )
        })?;
        // Whoever made it, it is there now.
        let made = Series { id: 0, layout: layout.to_owned(), style: style.to_owned(), first_run };
        Ok(self.find_series(key)?.unwrap_or(made))
    }

    /// What of a series is exported.
    pub fn coverage(&self, series: i64) -> Result<Coverage, LedgerError> {
        let intervals = self.read(|connection| load_intervals(connection, series))?;
        self.checked(intervals)
    }

    /// The record of one file.
    pub fn file(&self, series: i64, path: &str) -> Result<Option<FileRecord>, LedgerError> {
        let sql = "SELECT path, period_start, period_end, sha256, pending_sha256, rows, bytes
                   FROM files WHERE series = ?1 AND path = ?2";
        self.read(|connection| {
            connection.prepare_cached(sql)?.query_row(params![series, path], file_record).optional()
        })
    }

    /// Every file of a series whose publication is recorded, by path.
    pub fn files(&self, series: i64) -> Result<Vec<FileRecord>, LedgerError> {
        let sql = "SELECT path, period_start, period_end, sha256, pending_sha256, rows, bytes
                   FROM files WHERE series = ?1 AND sha256 IS NOT NULL ORDER BY path";
        self.read(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let files = statement.query_map([series], file_record)?;
            files.collect()
        })
    }

    /// Notes what is about to be published, so that after a crash the new bytes are known to be ours.
    pub fn intend(&self, series: i64, files: &[FileRecord]) -> Result<(), LedgerError> {
        let sql = "INSERT INTO files (series, path, period_start, period_end, sha256, pending_sha256)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                   ON CONFLICT (series, path) DO UPDATE SET sha256 = ?5, pending_sha256 = ?6";
        self.write(|transaction| {
            let mut statement = transaction.prepare_cached(sql)?;
            for file in files {
                let (start, end) = (file.period.start().timestamp(), file.period.end().timestamp());
                statement.execute(params![series, file.path, start, end, file.hash, file.pending_hash])?;
            }
            Ok(())
        })
    }

    /// Records that files of the series are on disk, written in `style`.
    pub fn record_style(&self, series: i64, style: &str, files: &[FileRecord]) -> Result<(), LedgerError> {
        self.write(|transaction| {
            record_files(transaction, series, files)?;
            transaction.execute("UPDATE series SET style = ?2 WHERE id = ?1", params![series, style])
        })?;
        Ok(())
    }

    /// Records a window whose files are on disk.
    pub fn record(&self, series: i64, window: &WindowRecord) -> Result<(), LedgerError> {
        self.update_coverage(series, |transaction, coverage| {
            record_files(transaction, series, &window.files)?;
            record_missing(transaction, series, window)?;
            let standings = window.standings.iter();
            Ok(standings.fold(coverage, |coverage, (range, standing)| coverage.with(*range, *standing)))
        })
    }

    /// Records that a published file is gone or damaged: what it held is due again.
    pub fn lose(&self, series: i64, file: &FileRecord) -> Result<(), LedgerError> {
        self.lose_range(series, &file.path, file.period)
    }

    /// As [`Ledger::lose`], for a file that the ledger does not know.
    pub fn lose_range(&self, series: i64, path: &str, period: TimeRange) -> Result<(), LedgerError> {
        self.update_coverage(series, |transaction, coverage| {
            transaction
                .execute("DELETE FROM files WHERE series = ?1 AND path = ?2", params![series, path])?;
            Ok(coverage.with_lost(period))
        })
    }

    /// Notes that a run of the series ended well.
    pub fn note_success(&self, series: i64, at: DateTime<Utc>) -> Result<(), LedgerError> {
        let sql = "UPDATE series SET last_success = ?2, last_error_at = NULL, last_error_kind = NULL, \
                   last_error = NULL WHERE id = ?1";
        self.write(|transaction| transaction.execute(sql, params![series, at.timestamp()]))?;
        Ok(())
    }

    /// Notes why a run of the series did not end well.
    pub fn note_failure(&self, series: i64, error: &LastError) -> Result<(), LedgerError> {
        let sql = "UPDATE series SET last_error_at = ?2, last_error_kind = ?3, last_error = ?4 WHERE id = ?1";
        let at = error.at.timestamp();
        self.write(|transaction| transaction.execute(sql, params![series, at, error.kind, error.message]))?;
        Ok(())
    }

    /// What there is to tell of a series.
    pub fn status(&self, series: i64) -> Result<SeriesStatus, LedgerError> {
        let coverage = self.coverage(series)?;
        self.read(|connection| {
            let sql =
                "SELECT count(*), coalesce(sum(rows), 0) FROM files WHERE series = ?1 AND sha256 IS NOT NULL";
            let (files, rows) = connection
                .prepare_cached(sql)?
                .query_row([series], |row| Ok((unsigned(row, 0)?, unsigned(row, 1)?)))?;
            let missing_buckets = connection
                .prepare_cached("SELECT count(*) FROM missing WHERE series = ?1")?
                .query_row([series], |row| unsigned(row, 0))?;
            let sql =
                "SELECT last_success, last_error_at, last_error_kind, last_error FROM series WHERE id = ?1";
            let (last_success, last_error) = connection.prepare_cached(sql)?.query_row([series], last_run)?;
            Ok(SeriesStatus { coverage, files, rows, missing_buckets, last_success, last_error })
        })
    }

    /// Starts of the buckets of a series that are recorded as missing inside `range`, in order.
    pub fn missing(&self, series: i64, range: TimeRange) -> Result<Vec<DateTime<Utc>>, LedgerError> {
        let sql = "SELECT bucket_start FROM missing
                   WHERE series = ?1 AND bucket_start >= ?2 AND bucket_start < ?3 ORDER BY bucket_start";
        self.read(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let bounds = params![series, range.start().timestamp(), range.end().timestamp()];
            let starts = statement.query_map(bounds, |row| instant(row, 0))?;
            starts.collect()
        })
    }

    /// Notes that a run began, and returns its number.
    pub fn begin_run(&self, command: &str, at: DateTime<Utc>) -> Result<i64, LedgerError> {
        self.write(|transaction| {
            let sql = "INSERT INTO runs (command, started_at) VALUES (?1, ?2)";
            transaction.execute(sql, params![command, at.timestamp()])?;
            let run = transaction.last_insert_rowid();
            transaction.execute("DELETE FROM runs WHERE id <= ?1", [run - KEPT_RUNS])?;
            Ok(run)
        })
    }

    /// Notes how a run ended.
    pub fn end_run(&self, run: i64, at: DateTime<Utc>, summary: RunSummary<'_>) -> Result<(), LedgerError> {
        let sql = "UPDATE runs SET ended_at = ?2, outcome = ?3, windows_done = ?4, windows_failed = ?5, rows = ?6 \
                   WHERE id = ?1";
        let RunSummary { outcome, windows_done, windows_failed, rows } = summary;
        let counts = [windows_done, windows_failed, rows].map(signed);
        self.write(|transaction| {
            transaction.execute(sql, params![run, at.timestamp(), outcome, counts[0], counts[1], counts[2]])
        })?;
        Ok(())
    }

    fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, LedgerError> {
        work(&self.connection()).map_err(LedgerError::from_sqlite(self.path()))
    }

    fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T, LedgerError> {
        let mut connection = self.connection();
        let done =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).and_then(|transaction| {
                let outcome = work(&transaction)?;
                transaction.commit()?;
                Ok(outcome)
            });
        done.map_err(LedgerError::from_sqlite(self.path()))
    }

    /// Reads the coverage, changes it and writes it back, in one transaction with whatever `change` does besides.
    fn update_coverage(
        &self,
        series: i64,
        change: impl FnOnce(&Transaction<'_>, Coverage) -> rusqlite::Result<Coverage>,
    ) -> Result<(), LedgerError> {
        let overlap =
            self.write(|transaction| match Coverage::from_intervals(load_intervals(transaction, series)?) {
                Ok(coverage) => {
                    let changed = change(transaction, coverage)?;
                    store_intervals(transaction, series, &changed)?;
                    Ok(None)
                }
                Err(overlap) => Ok(Some(overlap)),
            })?;
        overlap.map_or(Ok(()), |overlap| Err(self.damaged(overlap.to_string())))
    }

    fn checked(&self, intervals: Vec<(TimeRange, Standing)>) -> Result<Coverage, LedgerError> {
        Coverage::from_intervals(intervals).map_err(|overlap| self.damaged(overlap.to_string()))
    }

    fn damaged(&self, reason: String) -> LedgerError {
        LedgerError::Damaged { path: self.path().to_owned(), reason }
    }
}

fn load_intervals(connection: &Connection, series: i64) -> rusqlite::Result<Vec<(TimeRange, Standing)>> {
    let sql = "SELECT start, end, standing FROM intervals WHERE series = ?1 ORDER BY start";
    let mut statement = connection.prepare_cached(sql)?;
    let intervals = statement.query_map([series], |row| {
        let standing = match row.get(2)? {
            0 => Standing::Lost,
            1 => Standing::Provisional,
            2 => Standing::Final,
            found => return Err(rusqlite::Error::IntegralValueOutOfRange(2, found)),
        };
        Ok((range(row, 0)?, standing))
    })?;
    intervals.collect()
}

fn store_intervals(transaction: &Transaction<'_>, series: i64, coverage: &Coverage) -> rusqlite::Result<()> {
    transaction.prepare_cached("DELETE FROM intervals WHERE series = ?1")?.execute([series])?;
    let sql = "INSERT INTO intervals (series, start, end, standing) VALUES (?1, ?2, ?3, ?4)";
    let mut statement = transaction.prepare_cached(sql)?;
    for (range, standing) in coverage.intervals() {
        let standing = match standing {
            Standing::Lost => 0,
            Standing::Provisional => 1,
            Standing::Final => 2,
        };
        statement.execute(params![series, range.start().timestamp(), range.end().timestamp(), standing])?;
    }
    Ok(())
}

fn record_files(transaction: &Transaction<'_>, series: i64, files: &[FileRecord]) -> rusqlite::Result<()> {
    let sql = "INSERT INTO files (series, path, period_start, period_end, sha256, rows, bytes)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
               ON CONFLICT (series, path) DO UPDATE
               SET sha256 = ?5, pending_sha256 = NULL, rows = ?6, bytes = ?7";
    let mut statement = transaction.prepare_cached(sql)?;
    for file in files {
        let (start, end) = (file.period.start().timestamp(), file.period.end().timestamp());
        let (rows, bytes) = (signed(file.rows), signed(file.bytes));
        statement.execute(params![series, file.path, start, end, file.hash, rows, bytes])?;
    }
    Ok(())
}

fn record_missing(transaction: &Transaction<'_>, series: i64, window: &WindowRecord) -> rusqlite::Result<()> {
    let sql = "DELETE FROM missing WHERE series = ?1 AND bucket_start >= ?2 AND bucket_start < ?3";
    let (start, end) = (window.range.start().timestamp(), window.range.end().timestamp());
    transaction.prepare_cached(sql)?.execute(params![series, start, end])?;
    let sql = "INSERT OR REPLACE INTO missing (series, bucket_start) VALUES (?1, ?2)";
    let mut statement = transaction.prepare_cached(sql)?;
    for bucket in &window.missing {
        statement.execute(params![series, bucket.timestamp()])?;
    }
    Ok(())
}

fn file_record(row: &Row<'_>) -> rusqlite::Result<FileRecord> {
    Ok(FileRecord {
        path: row.get(0)?,
        period: range(row, 1)?,
        hash: row.get(3)?,
        pending_hash: row.get(4)?,
        rows: unsigned(row, 5)?,
        bytes: unsigned(row, 6)?,
    })
}

fn last_run(row: &Row<'_>) -> rusqlite::Result<(Option<DateTime<Utc>>, Option<LastError>)> {
    let optional = |index| -> rusqlite::Result<Option<DateTime<Utc>>> {
        let seconds: Option<i64> = row.get(index)?;
        seconds.map(|seconds| from_timestamp(index, seconds)).transpose()
    };
    let last_error = match optional(1)? {
        Some(at) => Some(LastError { at, kind: row.get(2)?, message: row.get(3)? }),
        None => None,
    };
    Ok((optional(0)?, last_error))
}

fn range(row: &Row<'_>, index: usize) -> rusqlite::Result<TimeRange> {
    let (start, end) = (instant(row, index)?, instant(row, index + 1)?);
    TimeRange::new(start, end).ok_or(rusqlite::Error::IntegralValueOutOfRange(index + 1, end.timestamp()))
}

fn instant(row: &Row<'_>, index: usize) -> rusqlite::Result<DateTime<Utc>> {
    from_timestamp(index, row.get(index)?)
}

fn from_timestamp(index: usize, seconds: i64) -> rusqlite::Result<DateTime<Utc>> {
    DateTime::from_timestamp(seconds, 0).ok_or(rusqlite::Error::IntegralValueOutOfRange(index, seconds))
}

fn unsigned(row: &Row<'_>, index: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(index)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(index, number))
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
