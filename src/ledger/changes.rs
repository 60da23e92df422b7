//! The journal: published values that a later listing changed. An entry is written with the intention to replace the file,
//! and counts once it is known that the file was replaced: so it is kept exactly once, whatever dies in between.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, Transaction, params};

use super::{Change, Intention, Ledger, LedgerError, read::instant};
use crate::{sink::publish::FileHash, time::TimeRange};

const COLUMNS: &str = "bucket_start, bucket_end, column_name, old_value, new_value, seen_at, run";

impl Ledger {
    /// Every change of a series that was seen in `seen`, in the order in which they were seen, and then by bucket.
    pub fn changes(&self, series: i64, seen: Option<TimeRange>) -> Result<Vec<Change>, LedgerError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM changes
             WHERE series = ?1 AND pending_sha256 IS NULL AND seen_at >= ?2 AND seen_at < ?3
             ORDER BY seen_at, bucket_start, id"
        );
        let from = seen.map_or(i64::MIN, |seen| seen.start().timestamp());
        let to = seen.map_or(i64::MAX, |seen| seen.end().timestamp());
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let changes = statement.query_map(params![series, from, to], change)?;
            changes.collect()
        })
    }

    /// When the changes of a series were seen that stand in no file of the journal yet, in order, each time once.
    pub fn unfiled_changes(&self, series: i64) -> Result<Vec<DateTime<Utc>>, LedgerError> {
        let sql = "SELECT DISTINCT seen_at FROM changes
                   WHERE series = ?1 AND filed = 0 AND pending_sha256 IS NULL ORDER BY seen_at";
        self.read(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let times = statement.query_map([series], |row| instant(row, 0))?;
            times.collect()
        })
    }

    /// Notes that every change that was seen in `seen` stands in a file of the journal.
    pub fn note_filed(&self, series: i64, seen: TimeRange) -> Result<(), LedgerError> {
        let sql = "UPDATE changes SET filed = 1
                   WHERE series = ?1 AND filed = 0 AND pending_sha256 IS NULL AND seen_at >= ?2 AND seen_at < ?3";
        let bounds = params![series, seen.start().timestamp(), seen.end().timestamp()];
        self.write(|transaction| transaction.execute(sql, bounds))?;
        Ok(())
    }

    /// Takes over changes that stand in files of the journal already.
    pub fn restore_changes(&self, series: i64, changes: &[Change]) -> Result<(), LedgerError> {
        self.write(|transaction| insert(transaction, series, changes, None))
    }
}

/// Whether there are changes of a series that stand in no file of the journal yet.
pub(super) fn are_unfiled(connection: &Connection, series: i64) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS
               (SELECT 1 FROM changes WHERE series = ?1 AND filed = 0 AND pending_sha256 IS NULL)";
    connection.prepare_cached(sql)?.query_row([series], |row| row.get(0))
}

/// Whether there is anything to settle for any file of a series: seldom, and asked once instead of for each of them.
pub(super) fn are_pending(connection: &Connection, series: i64) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM changes WHERE series = ?1 AND pending_sha256 IS NOT NULL)";
    connection.prepare_cached(sql)?.query_row([series], |row| row.get(0))
}

/// Keeps the changes of an intention until it is known whether the file was replaced. `has_pending`: whether the series had
/// any before these.
pub(super) fn intend(
    transaction: &Transaction<'_>,
    series: i64,
    Intention { file, changes }: &Intention,
    has_pending: bool,
) -> rusqlite::Result<()> {
    if has_pending {
        settle(transaction, series, &file.path, file.hash.as_ref())?;
    }
    insert(transaction, series, changes, file.pending_hash.as_ref().map(|hash| (&*file.path, hash)))
}

/// What is kept of a file counts where `found` is what the file was to become; else it never happened.
pub(super) fn settle(
    connection: &Connection,
    series: i64,
    path: &str,
    found: Option<&FileHash>,
) -> rusqlite::Result<()> {
    let sql = "UPDATE changes SET path = NULL, pending_sha256 = NULL
               WHERE series = ?1 AND path = ?2 AND pending_sha256 IS NOT NULL AND pending_sha256 = ?3";
    connection.prepare_cached(sql)?.execute(params![series, path, found])?;
    let sql = "DELETE FROM changes WHERE series = ?1 AND path = ?2 AND pending_sha256 IS NOT NULL";
    connection.prepare_cached(sql)?.execute(params![series, path])?;
    Ok(())
}

/// `pending`: the file that is to be replaced, and what it is to become; `None` for what is in a file of the journal.
fn insert(
    connection: &Connection,
    series: i64,
    changes: &[Change],
    pending: Option<(&str, &FileHash)>,
) -> rusqlite::Result<()> {
    let sql =
        "INSERT INTO changes (series, bucket_start, bucket_end, column_name, old_value, new_value, seen_at,
                                    run, path, pending_sha256, filed)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    if changes.is_empty() {
        return Ok(());
    }
    let mut statement = connection.prepare_cached(sql)?;
    let (path, hash) = pending.unzip();
    for change in changes {
        let Change { bucket_start, bucket_end, column, old, new, seen_at, run } = change;
        let (start, end, seen_at) = (bucket_start.timestamp(), bucket_end.timestamp(), seen_at.timestamp());
        statement.execute(params![
            series,
            start,
            end,
            column,
            old,
            new,
            seen_at,
            run,
            path,
            hash,
            pending.is_none()
        ])?;
    }
    Ok(())
}

fn change(row: &Row<'_>) -> rusqlite::Result<Change> {
    Ok(Change {
        bucket_start: instant(row, 0)?,
        bucket_end: instant(row, 1)?,
        column: row.get(2)?,
        old: row.get(3)?,
        new: row.get(4)?,
        seen_at: instant(row, 5)?,
        run: row.get(6)?,
    })
}
