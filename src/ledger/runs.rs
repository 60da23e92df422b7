//! What became of runs.

use super::{
    Ledger, LedgerError, RunRecord,
    read::{instant, optional_instant, unsigned},
};

impl Ledger {
    /// The latest runs, the last one first.
    pub fn recent_runs(&self, limit: u32) -> Result<Vec<RunRecord>, LedgerError> {
        self.read(|connection| {
            let sql = "SELECT id, command, started_at, ended_at, outcome, windows_done, windows_failed, rows \
                       FROM runs ORDER BY id DESC LIMIT ?1";
            let mut statement = connection.prepare_cached(sql)?;
            let runs = statement.query_map([limit], |row| {
                Ok(RunRecord {
                    id: row.get(0)?,
                    command: row.get(1)?,
                    started_at: instant(row, 2)?,
                    ended_at: optional_instant(row, 3)?,
                    outcome: row.get(4)?,
                    windows_done: unsigned(row, 5)?,
                    windows_failed: unsigned(row, 6)?,
                    rows: unsigned(row, 7)?,
                })
            })?;
            runs.collect()
        })
    }
}
