//! Writing the ledger, each call one transaction. What the next run would say or do again is noted, all else is written.

use chrono::{DateTime, Utc};
use rusqlite::{Transaction, params, types::Type};

use super::{
    FileRecord, Intention, LastError, Ledger, LedgerError, RunSummary, Series, SeriesKey, WindowRecord,
    certainty, changes, failures, line,
    read::{load_intervals, load_series},
    schema::VERSION,
    transact::execute,
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
        let sql = "INSERT OR IGNORE INTO series (job, stream, layout, style, first_run) VALUES (?1, ?2, ?3, ?4, ?5)";
        // Everything that is written of it is written after it.
        self.note(|transaction| {
            let values = params![key.job, key.stream, layout, style, first_run.timestamp()];
            execute(transaction, sql, values)?;
            // Whoever made it, it is there now.
            load_series(transaction, key)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
        })
    }

    /// Notes the file system that published files are on.
    pub fn record_output_device(&self, device: i64) -> Result<(), LedgerError> {
        let sql = "INSERT INTO output (id, device) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET device = ?1";
        self.write(|transaction| execute(transaction, sql, [device]))?;
        Ok(())
    }

    /// Notes what is about to be published, so that after a crash the new bytes are known to be ours.
    pub fn intend(&self, series: i64, intentions: &[Intention]) -> Result<(), LedgerError> {
        self.intend_all(&[(series, intentions)])
    }

    /// Notes what is about to be published of many series, of all or of none.
    pub fn intend_all(&self, all: &[(i64, &[Intention])]) -> Result<(), LedgerError> {
        self.write(|transaction| {
            all.iter().try_for_each(|(series, intentions)| intend(transaction, *series, intentions))
        })
    }

    /// Records that files of the series are on disk, written in `style`.
    pub fn record_style(&self, series: i64, style: &str, files: &[FileRecord]) -> Result<(), LedgerError> {
        self.write(|transaction| {
            record_files(transaction, series, files, self.clock.now())?;
            execute(transaction, "UPDATE series SET style = ?2 WHERE id = ?1", params![series, style])
        })?;
        Ok(())
    }

    /// Records a window whose files are on disk.
    pub fn record(&self, series: i64, window: &WindowRecord) -> Result<(), LedgerError> {
        self.record_all(&[(series, window)], &[])
    }

    /// Records windows of many series whose files are on disk, and notes of which series a run ended well, and when: all or
    /// none.
    pub fn record_all(
        &self,
        windows: &[(i64, &WindowRecord)],
        successes: &[(i64, DateTime<Utc>)],
    ) -> Result<(), LedgerError> {
        let now = self.clock.now();
        let work = |transaction: &Transaction<'_>| {
            windows.iter().try_for_each(|(series, window)| record(transaction, *series, window, now))?;
            successes.iter().try_for_each(|(series, at)| note_success(transaction, *series, *at))
        };
        if windows.is_empty() { self.note(work) } else { self.write(work) }
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
            let sql = "DELETE FROM files WHERE series = ?1 AND path = ?2";
            execute(transaction, sql, params![series, path])?;
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
        self.note(|transaction| note_success(transaction, series, at))
    }

    /// Notes why a run of the series did not end well.
    pub fn note_failure(&self, series: i64, error: &LastError) -> Result<(), LedgerError> {
        let sql = "UPDATE series SET last_error_at = ?2, last_error_kind = ?3, last_error = ?4 WHERE id = ?1";
        let at = error.at.timestamp();
        self.note(|transaction| execute(transaction, sql, params![series, at, error.kind, error.message]))?;
        Ok(())
    }

    /// Notes that a run began, and returns its number.
    pub fn begin_run(&self, command: &str, at: DateTime<Utc>) -> Result<i64, LedgerError> {
        // Whatever is written of a run is written after this.
        self.note(|transaction| {
            let sql = "INSERT INTO runs (command, started_at) VALUES (?1, ?2)";
            execute(transaction, sql, params![command, at.timestamp()])?;
            let run = transaction.last_insert_rowid();
            execute(transaction, "DELETE FROM runs WHERE id <= ?1", [run - KEPT_RUNS])?;
            Ok(run)
        })
    }

    /// Notes how a run ended.
    pub fn end_run(&self, run: i64, at: DateTime<Utc>, summary: RunSummary<'_>) -> Result<(), LedgerError> {
        let sql = "UPDATE runs SET ended_at = ?2, outcome = ?3, windows_done = ?4, windows_failed = ?5, rows = ?6 \
                   WHERE id = ?1";
        let RunSummary { outcome, windows_done, windows_failed, rows } = summary;
        let counts = [windows_done, windows_failed, rows].map(signed);
        self.note(|transaction| {
            let values = params![run, at.timestamp(), outcome, counts[0], counts[1], counts[2]];
            execute(transaction, sql, values)
        })?;
        Ok(())
    }

    /// Proves that the ledger can be written now, by writing what stands there already.
    pub fn check_writable(&self) -> Result<(), LedgerError> {
        self.write(|transaction| transaction.pragma_update(None, "user_version", VERSION))
    }

    fn update_coverage(
        &self,
        series: i64,
        change: impl FnOnce(&Transaction<'_>, Coverage) -> rusqlite::Result<Coverage>,
    ) -> Result<(), LedgerError> {
        self.write(|transaction| update_coverage(transaction, series, change))
    }
}

/// Reads the coverage, changes it and writes it back, with whatever `change` does besides.
fn update_coverage(
    transaction: &Transaction<'_>,
    series: i64,
    change: impl FnOnce(&Transaction<'_>, Coverage) -> rusqlite::Result<Coverage>,
) -> rusqlite::Result<()> {
    let known = load_intervals(transaction, series)?;
    let coverage = Coverage::from_intervals(known.clone())
        .map_err(|overlap| rusqlite::Error::FromSqlConversionFailure(0, Type::Integer, overlap.into()))?;
    let changed = change(transaction, coverage)?;
    store_intervals(transaction, series, &known, &changed)
}

fn intend(transaction: &Transaction<'_>, series: i64, intentions: &[Intention]) -> rusqlite::Result<()> {
    let sql = "INSERT INTO files (series, path, period_start, period_end, sha256, pending_sha256)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)
               ON CONFLICT (series, path) DO UPDATE SET sha256 = ?5, pending_sha256 = ?6";
    let mut statement = transaction.prepare_cached(sql)?;
    let has_pending = changes::are_pending(transaction, series)?;
    for intention in intentions {
        let FileRecord { path, period, hash, pending_hash, .. } = &intention.file;
        let (start, end) = (period.start().timestamp(), period.end().timestamp());
        statement.execute(params![series, path, start, end, hash, pending_hash])?;
        changes::intend(transaction, series, intention, has_pending)?;
    }
    Ok(())
}

fn record(
    transaction: &Transaction<'_>,
    series: i64,
    window: &WindowRecord,
    now: DateTime<Utc>,
) -> rusqlite::Result<()> {
    update_coverage(transaction, series, |transaction, coverage| {
        record_files(transaction, series, &window.files, now)?;
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

fn note_success(transaction: &Transaction<'_>, series: i64, at: DateTime<Utc>) -> rusqlite::Result<()> {
    let sql = "UPDATE series SET last_success = ?2, last_error_at = NULL, last_error_kind = NULL, \
               last_error = NULL WHERE id = ?1";
    execute(transaction, sql, params![series, at.timestamp()]).map(drop)
}

/// Writes what differs between the intervals that are `known`, all that there are, and those of `coverage`. Both are in
/// order.
pub(super) fn store_intervals(
    transaction: &Transaction<'_>,
    series: i64,
    known: &[(TimeRange, Standing)],
    coverage: &Coverage,
) -> rusqlite::Result<()> {
    let wanted = coverage.intervals();
    for (range, _) in known {
        if wanted.binary_search_by_key(&range.start(), |(range, _)| range.start()).is_err() {
            let sql = "DELETE FROM intervals WHERE series = ?1 AND start = ?2";
            execute(transaction, sql, params![series, range.start().timestamp()])?;
        }
    }
    let sql = "INSERT OR REPLACE INTO intervals (series, start, end, standing) VALUES (?1, ?2, ?3, ?4)";
    for interval in wanted.iter().filter(|interval| known.binary_search(interval).is_err()) {
        let (range, standing) = interval;
        let standing = match standing {
            Standing::Lost => 0,
            Standing::Provisional => 1,
            Standing::Final => 2,
        };
        let values = params![series, range.start().timestamp(), range.end().timestamp(), standing];
        execute(transaction, sql, values)?;
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
               SET sha256 = ?5, pending_sha256 = NULL, rows = ?6, bytes = ?7
               WHERE sha256 IS NOT ?5 OR pending_sha256 IS NOT NULL OR rows <> ?6 OR bytes <> ?7";
    let mut statement = transaction.prepare_cached(sql)?;
    let has_pending = !files.is_empty() && changes::are_pending(transaction, series)?;
    for file in files {
        let (start, end) = (file.period.start().timestamp(), file.period.end().timestamp());
        let (rows, bytes) = (signed(file.rows), signed(file.bytes));
        statement.execute(params![series, file.path, start, end, file.hash, rows, bytes])?;
        if has_pending {
            changes::settle(transaction, series, &file.path, file.hash.as_ref())?;
        }
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

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn coverage() -> impl Strategy<Value = Coverage> {
        let standing = prop_oneof![Just(Standing::Lost), Just(Standing::Provisional), Just(Standing::Final)];
        let range = (0..20_i64, 1..6_i64).prop_map(|(start, hours)| {
            let hour = |index: i64| DateTime::from_timestamp(index * 3600, 0).unwrap();
            TimeRange::new(hour(start), hour(start + hours)).unwrap()
        });
        vec((range, standing), 0..8).prop_map(|all| {
            all.into_iter()
                .fold(Coverage::default(), |coverage, (range, standing)| coverage.with(range, standing))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn whatever_was_covered_before_what_is_stored_last_is_what_is_read(all in vec(coverage(), 1..6)) {
            let folder = tempfile::tempdir().unwrap();
            let ledger = Ledger::open(folder.path()).unwrap();
            let series = |stream: &str| {
                let key = SeriesKey { job: "hourly".to_owned(), stream: stream.to_owned() };
                ledger.series(&key, "", "", DateTime::UNIX_EPOCH).unwrap().id
            };
            let (series, other) = (series("lobby"), series("gate"));
            for wanted in &all {
                ledger.update_coverage(series, |_, _| Ok(wanted.clone())).unwrap();
                prop_assert_eq!(&ledger.coverage(series).unwrap(), wanted);
                prop_assert_eq!(ledger.coverage(other).unwrap(), Coverage::default());
            }
        }
    }
}
