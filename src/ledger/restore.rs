//! Writing down what is known of a series from elsewhere than from its runs: its manifest and its files.

use chrono::{DateTime, Utc};
use rusqlite::{Transaction, params};

use super::{
    Change, FileRecord, Ledger, LedgerError, Recheck, Reconciliation, Series, SeriesKey,
    read::load_intervals,
    write::{record_files, store_intervals},
};
use crate::coverage::Coverage;

/// All that there is to restore of a series.
#[derive(Debug, Clone, Default)]
pub struct Restored {
    /// What is exported.
    pub coverage: Coverage,
    /// Starts of the buckets that are exported and have no row.
    pub missing: Vec<DateTime<Utc>>,
    /// Files that are on disk as they were published.
    pub files: Vec<FileRecord>,
    /// Starts of the buckets that the last complete listing lacked, and since when.
    pub vanished: Vec<(DateTime<Utc>, DateTime<Utc>)>,
    /// How far it was rechecked, by age.
    pub rechecked: Vec<Recheck>,
    /// What came of comparing files with the service, by path.
    pub reconciliations: Vec<(String, Reconciliation)>,
    /// The journal, all of which stands in its files.
    pub changes: Vec<Change>,
}

impl Ledger {
    /// Writes down a series that the ledger does not know yet, as [`Series`] says but for its number.
    pub fn restore(&self, key: &SeriesKey, known: &Series, restored: &Restored) -> Result<(), LedgerError> {
        let Series { layout, style, first_run, .. } = known;
        let id = self.series(key, layout, style, *first_run)?.id;
        self.write(|transaction| {
            let known = load_intervals(transaction, id)?;
            store_intervals(transaction, id, &known, &restored.coverage)?;
            record_files(transaction, id, &restored.files, self.clock.now())?;
            restore_buckets(transaction, id, restored)?;
            restore_certainty(transaction, id, restored)
        })?;
        self.restore_changes(id, &restored.changes)
    }

    /// Notes a run that did nothing but restore, behind the last one that is known from a journal, so that no later run
    /// has the number of an earlier one.
    pub fn note_rebuild(&self, last_run: i64, at: DateTime<Utc>) -> Result<(), LedgerError> {
        let sql = "INSERT INTO runs (id, command, started_at, ended_at, outcome)
                   VALUES (?1, 'ledger rebuild', ?2, ?2, 'done')";
        self.write(|transaction| transaction.execute(sql, params![last_run + 1, at.timestamp()]))?;
        Ok(())
    }
}

fn restore_buckets(transaction: &Transaction<'_>, id: i64, restored: &Restored) -> rusqlite::Result<()> {
    let sql = "INSERT INTO missing (series, bucket_start) VALUES (?1, ?2)";
    let mut statement = transaction.prepare_cached(sql)?;
    for bucket in &restored.missing {
        statement.execute(params![id, bucket.timestamp()])?;
    }
    let sql = "INSERT INTO vanished (series, bucket_start, since) VALUES (?1, ?2, ?3)";
    let mut statement = transaction.prepare_cached(sql)?;
    for (bucket, since) in &restored.vanished {
        statement.execute(params![id, bucket.timestamp(), since.timestamp()])?;
    }
    Ok(())
}

fn restore_certainty(transaction: &Transaction<'_>, id: i64, restored: &Restored) -> rusqlite::Result<()> {
    let sql = "INSERT INTO rechecks (series, age, until) VALUES (?1, ?2, ?3)";
    let mut statement = transaction.prepare_cached(sql)?;
    for Recheck { age, until } in &restored.rechecked {
        statement.execute(params![id, age.num_seconds(), until.timestamp()])?;
    }
    let sql =
        "INSERT INTO reconciliations (series, path, sha256, at, disagreement) VALUES (?1, ?2, ?3, ?4, ?5)";
    let mut statement = transaction.prepare_cached(sql)?;
    for (path, Reconciliation { hash, at, disagreement }) in &restored.reconciliations {
        statement.execute(params![id, path, hash, at.timestamp(), disagreement])?;
    }
    Ok(())
}
