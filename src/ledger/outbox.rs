//! What is to be sent on, and what became of it. A file asks to be sent until one of these calls names the very version
//! that it asks for: where it was published anew meanwhile, it stays in the line.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, named_params, params};

use super::{
    LastError, Ledger, LedgerError, OutboxEntry,
    line::{Line, State, Tally},
    read::{instant, range, unsigned},
};

/// The columns of an entry, as [`entry`] reads them. Says `state <> 1` for the sake of the index.
const ENTRIES: &str =
    "SELECT outbox.delivery, outbox.series, series.job, series.stream, outbox.path, outbox.period_start,
            outbox.period_end, outbox.sha256, outbox.position, outbox.attempts, outbox.receipt,
            outbox.error_at, outbox.error_kind, outbox.error
     FROM outbox JOIN series ON series.id = outbox.series
     WHERE outbox.delivery = ?1 AND outbox.state = ?2 AND outbox.state <> 1 AND outbox.position > ?3
     ORDER BY outbox.position LIMIT ?4";

impl Ledger {
    /// The next files to send, behind this position in the line. A newer version of a file stands further back than the
    /// older one stood, so what was published first is sent first.
    pub fn outbox_pending(
        &self,
        delivery: &str,
        after_position: i64,
        limit: u32,
    ) -> Result<Vec<OutboxEntry>, LedgerError> {
        self.entries(params![delivery, State::Pending, after_position, limit], entry)
    }

    /// Every file that the target took and has not imported yet, in the order of the line.
    pub fn outbox_awaiting(&self, delivery: &str) -> Result<Vec<OutboxEntry>, LedgerError> {
        self.entries(params![delivery, State::Awaiting, 0, -1], entry)
    }

    /// Files that the target refused for good, and why, in the order of the line.
    pub fn outbox_parked(
        &self,
        delivery: &str,
        limit: u32,
    ) -> Result<Vec<(OutboxEntry, LastError)>, LedgerError> {
        self.entries(params![delivery, State::Parked, 0, limit], |row| {
            let error = LastError { at: instant(row, 11)?, kind: row.get(12)?, message: row.get(13)? };
            Ok((entry(row)?, error))
        })
    }

    /// Notes that a file is delivered. Says whether this version was asked for, and was not delivered already.
    pub fn outbox_delivered(
        &self,
        entry: &OutboxEntry,
        at: DateTime<Utc>,
        receipt: Option<&str>,
    ) -> Result<bool, LedgerError> {
        let change = "delivered_at = :at, receipt = coalesce(:receipt, receipt), error_at = NULL,
                      error_kind = NULL, error = NULL";
        self.change(
            entry,
            Some(State::Delivered),
            change,
            &[(":at", &at.timestamp()), (":receipt", &receipt)],
        )
    }

    /// Notes that the target took a file, and has not imported it yet. Says whether this version was asked for.
    pub fn outbox_await(
        &self,
        entry: &OutboxEntry,
        at: DateTime<Utc>,
        receipt: &str,
    ) -> Result<bool, LedgerError> {
        let change = "delivered_at = :at, receipt = :receipt, attempts = 0, error_at = NULL,
                      error_kind = NULL, error = NULL";
        self.change(entry, Some(State::Awaiting), change, &[(":at", &at.timestamp()), (":receipt", &receipt)])
    }

    /// Notes that the target refused a file for good: it is not sent again before it is published anew, or somebody asks
    /// for it. Says whether this version was asked for.
    pub fn outbox_park(
        &self,
        entry: &OutboxEntry,
        at: DateTime<Utc>,
        kind: &str,
        message: &str,
    ) -> Result<bool, LedgerError> {
        let change = "error_at = :at, error_kind = :kind, error = :message, delivered_at = NULL";
        let values: [(&str, &dyn ToSql); 3] =
            [(":at", &at.timestamp()), (":kind", &kind), (":message", &message)];
        self.change(entry, Some(State::Parked), change, &values)
    }

    /// Notes that sending a file failed, or asking what became of it. It stays where it is.
    pub fn outbox_attempted(
        &self,
        entry: &OutboxEntry,
        at: DateTime<Utc>,
        message: &str,
    ) -> Result<(), LedgerError> {
        let change = "attempts = attempts + 1, error_at = :at, error = :message";
        self.change(entry, None, change, &[(":at", &at.timestamp()), (":message", &message)])?;
        Ok(())
    }

    /// Queues what the target refused once more, at the end of the line, in the same order. Says how many files that is.
    pub fn outbox_retry_parked(&self, delivery: &str) -> Result<u64, LedgerError> {
        let now = self.clock.now();
        let retried = self.write(|transaction| {
            let mut line = Line::of(transaction, delivery, now)?;
            let files = line.queue_parked()?;
            line.close()?;
            Ok(files)
        })?;
        Ok(retried.unsigned_abs())
    }

    fn entries<T>(
        &self,
        values: &[&dyn ToSql],
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, LedgerError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(ENTRIES)?;
            let entries = statement.query_map(values, read)?;
            entries.collect()
        })
    }

    /// Changes the row of an entry where it still asks for this version; whether it did.
    fn change(
        &self,
        entry: &OutboxEntry,
        to: Option<State>,
        change: &str,
        values: &[(&str, &dyn ToSql)],
    ) -> Result<bool, LedgerError> {
        let sql = format!(
            "UPDATE outbox SET state = coalesce(:to, state), {change}
             WHERE delivery = :delivery AND series = :series AND path = :path"
        );
        let OutboxEntry { delivery, series, path, .. } = entry;
        let row = named_params! { ":to": to, ":delivery": delivery, ":series": series, ":path": path };
        self.write(|transaction| {
            let Some(from) = asking(transaction, entry)? else { return Ok(false) };
            transaction.prepare_cached(&sql)?.execute(&*[row, values].concat())?;
            let mut tally = Tally::default();
            tally.left(from, 1);
            tally.joined(to.unwrap_or(from), 1);
            tally.store(transaction, delivery)?;
            Ok(true)
        })
    }
}

/// The state of an entry that still asks for its version to be delivered.
fn asking(connection: &Connection, entry: &OutboxEntry) -> rusqlite::Result<Option<State>> {
    let sql = "SELECT state FROM outbox
               WHERE delivery = ?1 AND series = ?2 AND path = ?3 AND sha256 = ?4 AND state <> 1";
    let OutboxEntry { delivery, series, path, hash, .. } = entry;
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_row(params![delivery, series, path, hash], |row| row.get(0)).optional()
}

fn entry(row: &Row<'_>) -> rusqlite::Result<OutboxEntry> {
    Ok(OutboxEntry {
        delivery: row.get(0)?,
        series: row.get(1)?,
        job: row.get(2)?,
        stream: row.get(3)?,
        path: row.get(4)?,
        period: range(row, 5)?,
        hash: row.get(7)?,
        position: row.get(8)?,
        attempts: unsigned(row, 9)?,
        receipt: row.get(10)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_read_by_its_index_and_never_sorted() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path()).unwrap();
        let plan: Vec<String> = ledger
            .read(|connection| {
                let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {ENTRIES}"))?;
                let values = params!["partner", State::Pending, 0, 100];
                let steps = statement.query_map(values, |row| row.get("detail"))?;
                steps.collect()
            })
            .unwrap();
        let by_index = "SEARCH outbox USING INDEX outbox_in_line (delivery=? AND state=? AND position>?)";
        assert_eq!(plan, [by_index, "SEARCH series USING INTEGER PRIMARY KEY (rowid=?)"]);
    }
}
