//! What was due and could not be had: since when, and why.

use rusqlite::{Connection, Transaction, params};

use super::{
    FailureRecord, LastError, Ledger, LedgerError,
    read::{instant, range},
};
use crate::time::TimeRange;

impl Ledger {
    /// Notes that these windows of a series could not be had. What of them failed before keeps its beginning.
    pub fn note_failed_windows(
        &self,
        series: i64,
        windows: &[TimeRange],
        error: &LastError,
    ) -> Result<(), LedgerError> {
        self.write(|transaction| {
            windows.iter().try_for_each(|window| note(transaction, series, *window, error))
        })
    }
}

fn note(
    transaction: &Transaction<'_>,
    series: i64,
    window: TimeRange,
    error: &LastError,
) -> rusqlite::Result<()> {
    let known = overlapping(transaction, series, window)?;
    forget(transaction, series, window)?;
    let mut fresh = vec![window];
    for failure in known {
        let Some(again) = failure.range.intersection(&window) else { continue };
        fresh = fresh.iter().flat_map(|piece| piece.without(&again)).collect();
        store(transaction, series, &FailureRecord { range: again, last: error.clone(), ..failure })?;
    }
    for range in fresh {
        store(transaction, series, &FailureRecord { range, since: error.at, last: error.clone() })?;
    }
    Ok(())
}

/// Forgets what of `range` failed: it was exported.
pub(super) fn forget(connection: &Connection, series: i64, range: TimeRange) -> rusqlite::Result<()> {
    let known = overlapping(connection, series, range)?;
    let mut statement = connection.prepare_cached("DELETE FROM failures WHERE series = ?1 AND start = ?2")?;
    for failure in &known {
        statement.execute(params![series, failure.range.start().timestamp()])?;
    }
    for failure in known {
        for rest in failure.range.without(&range) {
            store(connection, series, &FailureRecord { range: rest, ..failure.clone() })?;
        }
    }
    Ok(())
}

fn overlapping(
    connection: &Connection,
    series: i64,
    range: TimeRange,
) -> rusqlite::Result<Vec<FailureRecord>> {
    let all = load(connection, series)?;
    Ok(all.into_iter().filter(|failure| failure.range.overlaps(&range)).collect())
}

/// Every failure of a series, in order.
pub(super) fn load(connection: &Connection, series: i64) -> rusqlite::Result<Vec<FailureRecord>> {
    let sql =
        "SELECT start, end, since, last_at, kind, message FROM failures WHERE series = ?1 ORDER BY start";
    let mut statement = connection.prepare_cached(sql)?;
    let failures = statement.query_map([series], |row| {
        let last = LastError { at: instant(row, 3)?, kind: row.get(4)?, message: row.get(5)? };
        Ok(FailureRecord { range: range(row, 0)?, since: instant(row, 2)?, last })
    })?;
    failures.collect()
}

fn store(connection: &Connection, series: i64, failure: &FailureRecord) -> rusqlite::Result<()> {
    let sql = "INSERT INTO failures (series, start, end, since, last_at, kind, message)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let FailureRecord { range, since, last: LastError { at, kind, message } } = failure;
    let [start, end, since, at] =
        [range.start(), range.end(), *since, *at].map(|instant| instant.timestamp());
    connection.prepare_cached(sql)?.execute(params![series, start, end, since, at, kind, message])?;
    Ok(())
}
