//! Writing the ledger, each call one transaction.

use chrono::{DateTime, Utc};
use rusqlite::{Transaction, TransactionBehavior, params};

use super::{
    FileRecord, Intention, LastError, Ledger, LedgerError, RunSummary, Series, SeriesKey, WindowRecord,
    certainty, changes, failures, line, read::load_intervals, schema::VERSION,
};
use crate::{
    coverage::{Coverage, Standing},
    time::TimeRange,
};

/// Runs kept in the ledger; older ones are forgotten.
const KEPT_RUNS: i64 = 10_000;

impl Ledger {
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

    /// Notes the file system that published files are on.
    pub fn record_output_device(&self, device: i64) -> Result<(), LedgerError> {
        let sql = "INSERT INTO output (id, device) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET device = ?1";
        self.write(|transaction| transaction.execute(sql, [device]))?;
        Ok(())
    }

    /// Notes what is about to be published, so that after a crash the new bytes are known to be ours.
    pub fn intend(&self, series: i64, intentions: &[Intention]) -> Result<(), LedgerError> {
        let sql = "INSERT INTO files (series, path, period_start, period_end, sha256, pending_sha256)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                   ON CONFLICT (series, path) DO UPDATE SET sha256 = ?5, pending_sha256 = ?6";
        self.write(|transaction| {
            let mut statement = transaction.prepare_cached(sql)?;
            for intention in intentions {
                let FileRecord { path, period, hash, pending_hash, .. } = &intention.file;
                let (start, end) = (period.start().timestamp(), period.end().timestamp());
                statement.execute(params![series, path, start, end, hash, pending_hash])?;
                changes::intend(transaction, series, intention)?;
            }
            Ok(())
        })
    }

    /// Records that files of the series are on disk, written in `style`.
    pub fn record_style(&self, series: i64, style: &str, files: &[FileRecord]) -> Result<(), LedgerError> {
        self.write(|transaction| {
            record_files(transaction, series, files, self.clock.now())?;
            transaction.execute("UPDATE series SET style = ?2 WHERE id = ?1", params![series, style])
        })?;
        Ok(())
    }

    /// Records a window whose files are on disk.
    pub fn record(&self, series: i64, window: &WindowRecord) -> Result<(), LedgerError> {
        self.update_coverage(series, |transaction, coverage| {
            record_files(transaction, series, &window.files, self.clock.now())?;
            record_missing(transaction, series, window)?;
            certainty::record_vanished(transaction, series, window)?;
            failures::forget(transaction, series, window.range)?;
            let standings = window.standings.iter();
            let coverage =
                standings.fold(coverage, |coverage, (range, standing)| coverage.with(*range, *standing));
            certainty::advance_rechecks(transaction, series, window, &coverage)?;
            Ok(coverage)
        })
    }

    /// Forgets that these buckets are missing: a file has them.
    pub fn note_present(&self, series: i64, starts: &[DateTime<Utc>]) -> Result<(), LedgerError> {
        self.write(|transaction| {
            let sql = "DELETE FROM missing WHERE series = ?1 AND bucket_start = ?2";
            let mut statement = transaction.prepare_cached(sql)?;
            starts
                .iter()
                .try_for_each(|start| statement.execute(params![series, start.timestamp()]).map(drop))
        })
    }

    /// Records that the published file of `period` is gone or damaged: what it held is due again. The ledger need not
    /// have known the file.
    pub fn lose(&self, series: i64, path: &str, period: TimeRange) -> Result<(), LedgerError> {
        self.update_coverage(series, |transaction, coverage| {
            transaction
                .execute("DELETE FROM files WHERE series = ?1 AND path = ?2", params![series, path])?;
            changes::settle(transaction, series, path, None)?;
            Ok(coverage.with_lost(period))
        })
    }

    /// Records that the published file of `period` was found damaged: what it holds is due again. The file stays known, so
    /// that whoever publishes next tells that it is not what was published.
    pub fn distrust(&self, series: i64, period: TimeRange) -> Result<(), LedgerError> {
        self.update_coverage(series, |_, coverage| Ok(coverage.with_lost(period)))
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

    /// Proves that the ledger can be written now, by writing what stands there already.
    pub fn check_writable(&self) -> Result<(), LedgerError> {
        self.write(|transaction| transaction.pragma_update(None, "user_version", VERSION))
    }

    pub(super) fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, LedgerError> {
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
}

pub(super) fn store_intervals(
    transaction: &Transaction<'_>,
    series: i64,
    coverage: &Coverage,
) -> rusqlite::Result<()> {
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

/// Records files that are on disk, and queues what of them is new for the deliveries of their job.
pub(super) fn record_files(
    transaction: &Transaction<'_>,
    series: i64,
    files: &[FileRecord],
    now: DateTime<Utc>,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO files (series, path, period_start, period_end, sha256, rows, bytes)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
               ON CONFLICT (series, path) DO UPDATE
               SET sha256 = ?5, pending_sha256 = NULL, rows = ?6, bytes = ?7";
    let mut statement = transaction.prepare_cached(sql)?;
    for file in files {
        let (start, end) = (file.period.start().timestamp(), file.period.end().timestamp());
        let (rows, bytes) = (signed(file.rows), signed(file.bytes));
        statement.execute(params![series, file.path, start, end, file.hash, rows, bytes])?;
        changes::settle(transaction, series, &file.path, file.hash.as_ref())?;
    }
    line::queue_files(transaction, series, files, now)
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

pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
