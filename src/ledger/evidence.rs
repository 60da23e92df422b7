//! All that is known of the buckets of a series, read at one moment.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::{
    Evidence, Ledger, LedgerError,
    certainty::{load_rechecks, load_reconciliations, load_suspicions, load_vanished},
    failures,
    read::{instant, last_run, load_files, load_intervals},
};
use crate::coverage::Coverage;

impl Ledger {
    /// All that is known of the buckets of a series. What other processes write meanwhile is not seen in parts.
    pub fn evidence(&self, series: i64) -> Result<Evidence, LedgerError> {
        let (intervals, evidence) = self.read(|connection| {
            let transaction = connection.unchecked_transaction()?;
            let found = (load_intervals(&transaction, series)?, load(&transaction, series)?);
            transaction.finish()?;
            Ok(found)
        })?;
        let coverage = Coverage::from_intervals(intervals);
        let coverage = coverage.map_err(|overlap| self.damaged(overlap.to_string()))?;
        Ok(Evidence { coverage, ..evidence })
    }
}

/// All but the coverage.
fn load(connection: &Connection, series: i64) -> rusqlite::Result<Evidence> {
    let sql = "SELECT last_success, last_error_at, last_error_kind, last_error FROM series WHERE id = ?1";
    let (last_success, last_error) = connection.prepare_cached(sql)?.query_row([series], last_run)?;
    Ok(Evidence {
        coverage: Coverage::default(),
        missing: load_missing(connection, series)?,
        vanished: load_vanished(connection, series)?,
        failures: failures::load(connection, series)?,
        last_success,
        last_error,
        files: load_files(connection, series)?,
        reconciliations: load_reconciliations(connection, series)?,
        rechecked: load_rechecks(connection, series)?,
        suspicions: load_suspicions(connection, series)?,
    })
}

fn load_missing(connection: &Connection, series: i64) -> rusqlite::Result<BTreeSet<DateTime<Utc>>> {
    let sql = "SELECT bucket_start FROM missing WHERE series = ?1 ORDER BY bucket_start";
    let mut statement = connection.prepare_cached(sql)?;
    let missing = statement.query_map([series], |row| instant(row, 0))?;
    missing.collect()
}
