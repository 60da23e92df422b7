//! What was due and could not be had: since when, and why.

use rusqlite::{Connection, Row, Transaction, params};

use super::{
    FailureRecord, LastError, Ledger, LedgerError,
    read::{instant, range},
    transact::execute,
};
use crate::time::TimeRange;

impl Ledger {
    /// Notes that these windows of a series could not be had, as far as they are not exported. What of them failed before
    /// keeps its beginning.
    pub fn note_failed_windows(
        &self,
        series: i64,
        windows: &[TimeRange],
        error: &LastError,
    ) -> Result<(), LedgerError> {
        let coverage = self.coverage(series)?;
        let lacking = joined(windows).into_iter().flat_map(|window| coverage.lacking(window));
        let lacking: Vec<TimeRange> = lacking.collect();
        if lacking.is_empty() {
            return Ok(());
        }
        self.note(|transaction| lacking.iter().try_for_each(|range| note(transaction, series, *range, error)))
    }
}

/// Ranges in order, with those that touch put together.
fn joined(ranges: &[TimeRange]) -> Vec<TimeRange> {
    let mut ranges = ranges.to_vec();
    ranges.sort_unstable();
    let mut joined: Vec<TimeRange> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start() <= last.end() => *last = last.joined(&range),
            _ => joined.push(range),
        }
    }
    joined
}

fn note(
    transaction: &Transaction<'_>,
    series: i64,
    range: TimeRange,
    error: &LastError,
) -> rusqlite::Result<()> {
    let known = overlapping(transaction, series, range)?;
    forget(transaction, series, range)?;
    let mut fresh = vec![range];
    for failure in known {
        let Some(again) = failure.range.intersection(&range) else { continue };
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
    for failure in &known {
        let sql = "DELETE FROM failures WHERE series = ?1 AND start = ?2";
        execute(connection, sql, params![series, failure.range.start().timestamp()])?;
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
    let sql = "SELECT start, end, since, last_at, kind, message FROM failures
               WHERE series = ?1 AND start < ?3 AND end > ?2 ORDER BY start";
    let mut statement = connection.prepare_cached(sql)?;
    let bounds = params![series, range.start().timestamp(), range.end().timestamp()];
    let failures = statement.query_map(bounds, failure)?;
    failures.collect()
}

/// Every failure of a series, in order.
pub(super) fn load(connection: &Connection, series: i64) -> rusqlite::Result<Vec<FailureRecord>> {
    let sql =
        "SELECT start, end, since, last_at, kind, message FROM failures WHERE series = ?1 ORDER BY start";
    let mut statement = connection.prepare_cached(sql)?;
    let failures = statement.query_map([series], failure)?;
    failures.collect()
}

fn failure(row: &Row<'_>) -> rusqlite::Result<FailureRecord> {
    let last = LastError { at: instant(row, 3)?, kind: row.get(4)?, message: row.get(5)? };
    Ok(FailureRecord { range: range(row, 0)?, since: instant(row, 2)?, last })
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
