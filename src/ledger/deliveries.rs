//! Which deliveries there are, and how each is doing.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{
    LastError, Ledger, LedgerError, OutboxStatus,
    line::{Line, Tally},
    read::{file_record, last_run, optional_instant, unsigned},
    transact::execute,
};

impl Ledger {
    /// Makes these (delivery, job) pairs the active ones. For one that was not active, or had another job, every file of
    /// its job that it never sent in the present version is queued, by series and period; what it had yet to send of
    /// another job is forgotten. Deliveries that are not named keep what they know, and nothing more is queued for them.
    /// Where nothing changed, this reads one small table.
    pub fn enroll_deliveries(
        &self,
        deliveries: &[(&str, &str)],
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        let wanted: BTreeMap<&str, &str> = deliveries.iter().copied().collect();
        if Enrolment::between(&self.read(known_deliveries)?, &wanted).is_empty() {
            return Ok(());
        }
        self.write(|transaction| {
            let enrolment = Enrolment::between(&known_deliveries(transaction)?, &wanted);
            for delivery in enrolment.ended {
                transaction.execute("UPDATE deliveries SET active = 0 WHERE name = ?1", [delivery])?;
            }
            for (delivery, job) in enrolment.begun {
                begin(transaction, delivery, job, now)?;
            }
            Ok(())
        })
    }

    /// What there is to tell of a delivery; nothing but zeros where it is not active.
    pub fn outbox_status(&self, delivery: &str) -> Result<OutboxStatus, LedgerError> {
        let sql = "SELECT last_success, last_error_at, last_error_kind, last_error, retry_at, failures,
                          pending, awaiting, parked, delivered,
                          (SELECT queued_at FROM outbox WHERE delivery = ?1 AND state = 0 AND state <> 1
                           ORDER BY position LIMIT 1)
                   FROM deliveries WHERE name = ?1 AND active = 1";
        let found = self.read(|connection| {
            connection.prepare_cached(sql)?.query_row([delivery], outbox_status).optional()
        });
        Ok(found?.unwrap_or_default())
    }

    /// Notes that the target as a whole takes nothing now, and when to try again.
    pub fn delivery_failed(
        &self,
        delivery: &str,
        error: &LastError,
        retry_at: Option<DateTime<Utc>>,
    ) -> Result<(), LedgerError> {
        let sql = "UPDATE deliveries
                   SET failures = failures + 1, retry_at = ?2,
                       last_error_at = ?3, last_error_kind = ?4, last_error = ?5
                   WHERE name = ?1";
        // A part of a second is waited for, too.
        let retry_at = retry_at.map(|at| at.timestamp() + i64::from(at.timestamp_subsec_nanos() > 0));
        let at = error.at.timestamp();
        self.write(|transaction| {
            execute(transaction, sql, params![delivery, retry_at, at, error.kind, error.message])
        })?;
        Ok(())
    }

    /// Notes that the target took something.
    pub fn delivery_succeeded(&self, delivery: &str, at: DateTime<Utc>) -> Result<(), LedgerError> {
        let sql = "UPDATE deliveries
                   SET failures = 0, retry_at = NULL, last_success = ?2,
                       last_error_at = NULL, last_error_kind = NULL, last_error = NULL
                   WHERE name = ?1";
        self.write(|transaction| execute(transaction, sql, params![delivery, at.timestamp()]))?;
        Ok(())
    }
}

/// Makes a delivery active, and queues what of its job it did not send yet.
fn begin(connection: &Connection, delivery: &str, job: &str, now: DateTime<Utc>) -> rusqlite::Result<()> {
    let sql = "INSERT INTO deliveries (name, job, active) VALUES (?1, ?2, 1)
               ON CONFLICT (name) DO UPDATE SET job = ?2, active = 1";
    connection.execute(sql, [delivery, job])?;
    forget_other_jobs(connection, delivery, job)?;
    let sql = "SELECT files.path, files.period_start, files.period_end, files.sha256, files.pending_sha256,
                      files.rows, files.bytes, files.series, outbox.state
               FROM files LEFT JOIN outbox
                   ON outbox.delivery = ?1 AND outbox.series = files.series AND outbox.path = files.path
               WHERE files.series IN (SELECT id FROM series WHERE job = ?2)
                   AND files.sha256 IS NOT NULL AND files.sha256 IS NOT outbox.sha256
               ORDER BY files.series, files.period_start, files.path";
    let mut statement = connection.prepare(sql)?;
    let mut files = statement.query([delivery, job])?;
    let mut line = Line::of(connection, delivery, now)?;
    while let Some(row) = files.next()? {
        line.queue(row.get(7)?, &file_record(row)?, row.get(8)?)?;
    }
    line.close()
}

/// What a delivery had yet to send of another job than this one is not to be sent any more.
fn forget_other_jobs(connection: &Connection, delivery: &str, job: &str) -> rusqlite::Result<()> {
    let sql = "DELETE FROM outbox
               WHERE delivery = ?1 AND state <> 1 AND series NOT IN (SELECT id FROM series WHERE job = ?2)
               RETURNING state";
    let mut tally = Tally::default();
    let mut statement = connection.prepare(sql)?;
    for state in statement.query_map([delivery, job], |row| row.get(0))? {
        tally.left(state?, 1);
    }
    tally.store(connection, delivery)
}

/// Every delivery that there ever was, and the job of those that are active.
type Known = BTreeMap<String, Option<String>>;

fn known_deliveries(connection: &Connection) -> rusqlite::Result<Known> {
    let sql = "SELECT name, iif(active = 1, job, NULL) FROM deliveries";
    let mut statement = connection.prepare_cached(sql)?;
    let deliveries = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    deliveries.collect()
}

/// What makes the known deliveries the wanted ones.
struct Enrolment<'a> {
    ended: Vec<String>,
    begun: Vec<(&'a str, &'a str)>,
}

impl<'a> Enrolment<'a> {
    fn between(known: &Known, wanted: &BTreeMap<&'a str, &'a str>) -> Self {
        let is_ended =
            |(name, job): &(&String, &Option<String>)| job.is_some() && !wanted.contains_key(name.as_str());
        let is_begun = |(name, job): &(&'a str, &'a str)| {
            known.get(*name).is_none_or(|known| known.as_deref() != Some(*job))
        };
        Self {
            ended: known.iter().filter(is_ended).map(|(name, _)| name.clone()).collect(),
            begun: wanted.iter().map(|(name, job)| (*name, *job)).filter(is_begun).collect(),
        }
    }

    fn is_empty(&self) -> bool {
        self.ended.is_empty() && self.begun.is_empty()
    }
}

fn outbox_status(row: &Row<'_>) -> rusqlite::Result<OutboxStatus> {
    let (last_success, last_error) = last_run(row)?;
    Ok(OutboxStatus {
        last_success,
        last_error,
        retry_at: optional_instant(row, 4)?,
        failures: unsigned(row, 5)?,
        pending: unsigned(row, 6)?,
        awaiting: unsigned(row, 7)?,
        parked: unsigned(row, 8)?,
        delivered: unsigned(row, 9)?,
        oldest_pending: optional_instant(row, 10)?,
    })
}
