//! What is to be sent on, and what became of it. A file asks to be sent until one of these calls names the very version
//! that it asks for: where it was published anew meanwhile, it stays in the line.

use chrono::{DateTime, Utc};
use rusqlite::{Row, ToSql, named_params, params};

use super::{
    LastError, Ledger, LedgerError, OutboxEntry,
    read::{instant, range, unsigned},
    write::signed,
};

/// The columns of an entry, as [`entry`] reads them. Says `state <> 1` for the sake of the index.
const ENTRIES: &str =
    "SELECT outbox.delivery, outbox.series, series.job, series.stream, outbox.path, outbox.period_start,
            outbox.period_end, outbox.sha256, outbox.position, outbox.attempts, outbox.receipt,
            outbox.error_at, outbox.error_kind, outbox.error
     FROM outbox JOIN series ON series.id = outbox.series
     WHERE outbox.delivery = ?1 AND outbox.state = ?2 AND outbox.state <> 1 AND outbox.position > ?3
     ORDER BY outbox.position LIMIT ?4";

const PENDING: i64 = 0;
const PARKED: i64 = 2;
const AWAITING: i64 = 3;

impl Ledger {
    /// The next files to send, behind this position in the line. A newer version of a file stands further back than the
    /// older one stood, so what was published first is sent first.
    pub fn outbox_pending(
        &self,
        delivery: &str,
        after_position: i64,
        limit: u32,
    ) -> Result<Vec<OutboxEntry>, LedgerError> {
        self.entries(params![delivery, PENDING, after_position, limit], entry)
    }

    /// Every file that the target took and has not imported yet, in the order of the line.
    pub fn outbox_awaiting(&self, delivery: &str) -> Result<Vec<OutboxEntry>, LedgerError> {
        self.entries(params![delivery, AWAITING, 0, -1], entry)
    }

    /// Files that the target refused for good, and why, in the order of the line.
    pub fn outbox_parked(
        &self,
        delivery: &str,
        limit: u32,
    ) -> Result<Vec<(OutboxEntry, LastError)>, LedgerError> {
        self.entries(params![delivery, PARKED, 0, limit], |row| {
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
        let change = "state = 1, delivered_at = :at, receipt = coalesce(:receipt, receipt), error_at = NULL,
                      error_kind = NULL, error = NULL";
        self.change(entry, change, &[(":at", &at.timestamp()), (":receipt", &receipt)])
    }

    /// Notes that the target took a file, and has not imported it yet. Says whether this version was asked for.
    pub fn outbox_await(
        &self,
        entry: &OutboxEntry,
        at: DateTime<Utc>,
        receipt: &str,
    ) -> Result<bool, LedgerError> {
        let change = "state = 3, delivered_at = :at, receipt = :receipt, attempts = 0, error_at = NULL,
                      error_kind = NULL, error = NULL";
        self.change(entry, change, &[(":at", &at.timestamp()), (":receipt", &receipt)])
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
        let change = "state = 2, error_at = :at, error_kind = :kind, error = :message, delivered_at = NULL";
        let values: [(&str, &dyn ToSql); 3] =
            [(":at", &at.timestamp()), (":kind", &kind), (":message", &message)];
        self.change(entry, change, &values)
    }

    /// Notes that sending a file failed, or asking what became of it. It stays where it is.
    pub fn outbox_attempted(
        &self,
        entry: &OutboxEntry,
        at: DateTime<Utc>,
        message: &str,
    ) -> Result<(), LedgerError> {
        let change = "attempts = attempts + 1, error_at = :at, error = :message";
        self.change(entry, change, &[(":at", &at.timestamp()), (":message", &message)])?;
        Ok(())
    }

    /// Queues what the target refused once more, at the end of the line, in the same order. Says how many files that is.
    pub fn outbox_retry_parked(&self, delivery: &str) -> Result<u64, LedgerError> {
        let requeue = "
            UPDATE outbox
            SET state = 0, position = last_position + line.place, attempts = 0, error_at = NULL, error_kind = NULL,
                error = NULL, receipt = NULL
            FROM deliveries JOIN (
                SELECT series, path, row_number() OVER (ORDER BY position) AS place
                FROM outbox WHERE delivery = ?1 AND state = 2 AND state <> 1
            ) AS line
            WHERE deliveries.name = ?1 AND outbox.delivery = ?1 AND outbox.series = line.series
                AND outbox.path = line.path";
        let advance = "UPDATE deliveries SET last_position = last_position + ?2 WHERE name = ?1";
        let retried = self.write(|transaction| {
            let files = transaction.execute(requeue, [delivery])? as u64;
            transaction.execute(advance, params![delivery, signed(files)])?;
            Ok(files)
        })?;
        Ok(retried)
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
        change: &str,
        values: &[(&str, &dyn ToSql)],
    ) -> Result<bool, LedgerError> {
        let sql = format!(
            "UPDATE outbox SET {change}
             WHERE delivery = :delivery AND series = :series AND path = :path AND sha256 = :hash AND state <> 1"
        );
        let OutboxEntry { delivery, series, path, hash, .. } = entry;
        let key = named_params! { ":delivery": delivery, ":series": series, ":path": path, ":hash": hash };
        let changed =
            self.write(|transaction| transaction.prepare_cached(&sql)?.execute(&*[key, values].concat()))?;
        Ok(changed > 0)
    }
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
