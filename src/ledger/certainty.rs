//! How sure what is exported is: what vanished, how far it was rechecked, what agreed with the service, what is suspect.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, Row, Transaction, params};

use super::{Ledger, LedgerError, Recheck, Reconciliation, WindowRecord, read::instant};
use crate::{coverage::Coverage, suspicion::Suspicion, time::TimeRange};

impl Ledger {
    /// Sets the ages at which a series is rechecked. One that is new begins with `until`: what is older by then was
    /// exported before it was configured.
    pub fn enroll_rechecks(&self, series: i64, configured: &[Recheck]) -> Result<(), LedgerError> {
        let known = self.rechecks(series)?;
        let ages = |rechecks: &[Recheck]| rechecks.iter().map(|recheck| recheck.age).collect::<Vec<_>>();
        if ages(&known) == ages(configured) {
            return Ok(());
        }
        // Whatever is rechecked is written after this.
        self.note(|transaction| {
            for gone in known.iter().filter(|known| configured.iter().all(|new| new.age != known.age)) {
                let sql = "DELETE FROM rechecks WHERE series = ?1 AND age = ?2";
                transaction.execute(sql, params![series, gone.age.num_seconds()])?;
            }
            let sql = "INSERT OR IGNORE INTO rechecks (series, age, until) VALUES (?1, ?2, ?3)";
            for Recheck { age, until } in configured {
                transaction.execute(sql, params![series, age.num_seconds(), until.timestamp()])?;
            }
            Ok(())
        })
    }

    /// How far a series was asked again at each age, by age.
    pub fn rechecks(&self, series: i64) -> Result<Vec<Recheck>, LedgerError> {
        self.read(|connection| load_rechecks(connection, series))
    }

    /// Notes what came of comparing a file with the service.
    pub fn note_reconciliation(
        &self,
        series: i64,
        path: &str,
        Reconciliation { hash, at, disagreement }: &Reconciliation,
    ) -> Result<(), LedgerError> {
        let sql =
            "INSERT INTO reconciliations (series, path, sha256, at, disagreement) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (series, path) DO UPDATE SET sha256 = ?3, at = ?4, disagreement = ?5";
        let values = params![series, path, hash, at.timestamp(), disagreement];
        self.write(|transaction| transaction.execute(sql, values))?;
        Ok(())
    }

    /// Runs of zeros of a series that are unlike it, in order.
    pub fn suspicions(&self, series: i64) -> Result<Vec<Suspicion>, LedgerError> {
        self.read(|connection| load_suspicions(connection, series))
    }

    /// Takes the place of what was suspected of `judged`; `found` are all suspicions that share time with it.
    pub fn note_suspicions(
        &self,
        series: i64,
        judged: TimeRange,
        found: &[Suspicion],
    ) -> Result<(), LedgerError> {
        let (inside, mut kept): (Vec<_>, Vec<_>) = self
            .suspicions(series)?
            .into_iter()
            .partition(|known| known.range().is_some_and(|range| range.overlaps(&judged)));
        if inside == found {
            return Ok(());
        }
        kept.retain(|known| found.iter().all(|new| new.since != known.since));
        // The next run that judges this time finds them again.
        self.note(|transaction| {
            transaction.execute("DELETE FROM suspicions WHERE series = ?1", [series])?;
            let sql = "INSERT INTO suspicions (series, since, until, usual, expected, is_over)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            for Suspicion { since, until, usual, expected_people, is_over } in kept.iter().chain(found) {
                let (since, until) = (since.timestamp(), until.timestamp());
                transaction.execute(sql, params![series, since, until, usual, expected_people, is_over])?;
            }
            Ok(())
        })
    }
}

/// Moves each recheck on over what of it is done with this window, given what is exported by now.
pub(super) fn advance_rechecks(
    transaction: &Transaction<'_>,
    series: i64,
    window: &WindowRecord,
    coverage: &Coverage,
) -> rusqlite::Result<()> {
    for known in load_rechecks(transaction, series)? {
        let Some(reached) = window.rechecked.iter().find(|reached| reached.age == known.age) else {
            continue;
        };
        let pending = coverage.exported_between(known.until, reached.until);
        let pending = pending.flat_map(|piece| piece.without(&window.range)).next();
        let until = pending.map_or(reached.until, |piece| piece.start());
        if known.until < until {
            let sql = "UPDATE rechecks SET until = ?3 WHERE series = ?1 AND age = ?2";
            let values = params![series, known.age.num_seconds(), until.timestamp()];
            transaction.prepare_cached(sql)?.execute(values)?;
        }
    }
    Ok(())
}

/// What vanished of the window; what was known to be gone keeps its beginning.
pub(super) fn record_vanished(
    transaction: &Transaction<'_>,
    series: i64,
    window: &WindowRecord,
) -> rusqlite::Result<()> {
    for gone in vanished_in(transaction, series, window.range)? {
        if window.vanished.binary_search(&gone).is_err() {
            let sql = "DELETE FROM vanished WHERE series = ?1 AND bucket_start = ?2";
            transaction.prepare_cached(sql)?.execute(params![series, gone.timestamp()])?;
        }
    }
    let sql = "INSERT OR IGNORE INTO vanished (series, bucket_start, since) VALUES (?1, ?2, ?3)";
    for bucket in &window.vanished {
        let values = params![series, bucket.timestamp(), window.asked_at.timestamp()];
        transaction.prepare_cached(sql)?.execute(values)?;
    }
    Ok(())
}

fn vanished_in(
    connection: &Connection,
    series: i64,
    range: TimeRange,
) -> rusqlite::Result<Vec<DateTime<Utc>>> {
    let sql =
        "SELECT bucket_start FROM vanished WHERE series = ?1 AND bucket_start >= ?2 AND bucket_start < ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let bounds = params![series, range.start().timestamp(), range.end().timestamp()];
    let starts = statement.query_map(bounds, |row| instant(row, 0))?;
    starts.collect()
}

pub(super) fn load_rechecks(connection: &Connection, series: i64) -> rusqlite::Result<Vec<Recheck>> {
    let sql = "SELECT age, until FROM rechecks WHERE series = ?1 ORDER BY age";
    let mut statement = connection.prepare_cached(sql)?;
    let rechecks = statement.query_map([series], |row| {
        let seconds: i64 = row.get(0)?;
        let age = TimeDelta::try_seconds(seconds);
        let age = age.ok_or(rusqlite::Error::IntegralValueOutOfRange(0, seconds))?;
        Ok(Recheck { age, until: instant(row, 1)? })
    })?;
    rechecks.collect()
}

pub(super) fn load_vanished(
    connection: &Connection,
    series: i64,
) -> rusqlite::Result<BTreeMap<DateTime<Utc>, DateTime<Utc>>> {
    let sql = "SELECT bucket_start, since FROM vanished WHERE series = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let vanished = statement.query_map([series], |row| Ok((instant(row, 0)?, instant(row, 1)?)))?;
    vanished.collect()
}

pub(super) fn load_reconciliations(
    connection: &Connection,
    series: i64,
) -> rusqlite::Result<BTreeMap<String, Reconciliation>> {
    let sql = "SELECT path, sha256, at, disagreement FROM reconciliations WHERE series = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_map([series], |row| {
        Ok((
            row.get(0)?,
            Reconciliation { hash: row.get(1)?, at: instant(row, 2)?, disagreement: row.get(3)? },
        ))
    })?;
    found.collect()
}

pub(super) fn load_suspicions(connection: &Connection, series: i64) -> rusqlite::Result<Vec<Suspicion>> {
    let sql =
        "SELECT since, until, usual, expected, is_over FROM suspicions WHERE series = ?1 ORDER BY since";
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_map([series], suspicion)?;
    found.collect()
}

/// The first five columns.
pub(super) fn suspicion(row: &Row<'_>) -> rusqlite::Result<Suspicion> {
    Ok(Suspicion {
        since: instant(row, 0)?,
        until: instant(row, 1)?,
        usual: row.get(2)?,
        expected_people: row.get(3)?,
        is_over: row.get(4)?,
    })
}
