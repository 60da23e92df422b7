//! The line in which files stand to be delivered, and how many files of a delivery are in which state. Every change of a
//! file's state is counted in the transaction that makes it.

use chrono::{DateTime, Utc};
use rusqlite::{
    Connection, OptionalExtension, ToSql, params,
    types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef},
};

use super::{FileRecord, write::signed};

/// What became of a file that is to be delivered, by the number that the ledger keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Pending = 0,
    Delivered = 1,
    Parked = 2,
    Awaiting = 3,
}

impl State {
    const ALL: [Self; 4] = [Self::Pending, Self::Delivered, Self::Parked, Self::Awaiting];
}

impl ToSql for State {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok((*self as i64).into())
    }
}

impl FromSql for State {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        Self::ALL.into_iter().find(|state| *state as i64 == number).ok_or(FromSqlError::OutOfRange(number))
    }
}

/// By how many files each state grew or shrank.
#[derive(Debug, Default)]
pub(super) struct Tally([i64; State::ALL.len()]);

impl Tally {
    pub(super) fn joined(&mut self, state: State, files: i64) {
        self.0[state as usize] += files;
    }

    pub(super) fn left(&mut self, state: State, files: i64) {
        self.0[state as usize] -= files;
    }

    pub(super) fn store(self, connection: &Connection, delivery: &str) -> rusqlite::Result<()> {
        let sql = "UPDATE deliveries
                   SET pending = pending + ?2, delivered = delivered + ?3, parked = parked + ?4,
                       awaiting = awaiting + ?5
                   WHERE name = ?1";
        let [pending, delivered, parked, awaiting] = self.0;
        let values = params![delivery, pending, delivered, parked, awaiting];
        connection.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }
}

/// Queues what of these files is new for the active deliveries of their job. Costs one look at a small table where there
/// are none.
pub(super) fn queue_files(
    connection: &Connection,
    series: i64,
    files: &[FileRecord],
    now: DateTime<Utc>,
) -> rusqlite::Result<()> {
    if files.is_empty() {
        return Ok(());
    }
    let sql = "SELECT name FROM deliveries
               WHERE active = 1 AND job = (SELECT job FROM series WHERE id = ?1)";
    let mut statement = connection.prepare_cached(sql)?;
    let deliveries = statement.query_map([series], |row| row.get(0))?;
    for delivery in deliveries.collect::<rusqlite::Result<Vec<String>>>()? {
        let mut line = Line::of(connection, &delivery, now)?;
        for file in files {
            line.queue_if_new(series, file)?;
        }
        line.close()?;
    }
    Ok(())
}

/// The end of a delivery's line.
pub(super) struct Line<'a> {
    connection: &'a Connection,
    delivery: &'a str,
    last_position: i64,
    tally: Tally,
    now: DateTime<Utc>,
}

impl<'a> Line<'a> {
    pub(super) fn of(
        connection: &'a Connection,
        delivery: &'a str,
        now: DateTime<Utc>,
    ) -> rusqlite::Result<Self> {
        let mut statement =
            connection.prepare_cached("SELECT last_position FROM deliveries WHERE name = ?1")?;
        let last_position = statement.query_row([delivery], |row| row.get(0)).optional()?;
        let last_position = last_position.unwrap_or(0);
        Ok(Self { connection, delivery, last_position, tally: Tally::default(), now })
    }

    /// A version that is in the line, or was sent, is not queued again.
    fn queue_if_new(&mut self, series: i64, file: &FileRecord) -> rusqlite::Result<()> {
        let sql = "SELECT state, sha256 = ?4 FROM outbox WHERE delivery = ?1 AND series = ?2 AND path = ?3";
        let Some(hash) = file.hash else { return Ok(()) };
        let mut statement = self.connection.prepare_cached(sql)?;
        let known = statement
            .query_row(params![self.delivery, series, file.path, hash], |row| Ok((row.get(0)?, row.get(1)?)));
        match known.optional()? {
            Some((_, true)) => Ok(()),
            Some((state, false)) => self.queue(series, file, Some(state)),
            None => self.queue(series, file, None),
        }
    }

    /// Queues a file that has a hash, and says what state its older version is in.
    pub(super) fn queue(
        &mut self,
        series: i64,
        file: &FileRecord,
        from: Option<State>,
    ) -> rusqlite::Result<()> {
        let sql = "INSERT INTO outbox
                       (delivery, series, path, period_start, period_end, sha256, state, position, queued_at)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8)
                   ON CONFLICT (delivery, series, path) DO UPDATE
                   SET sha256 = ?6, state = 0, position = ?7, queued_at = ?8, attempts = 0, error_at = NULL,
                       error_kind = NULL, error = NULL, receipt = NULL, delivered_at = NULL";
        self.last_position += 1;
        let (start, end) = (file.period.start().timestamp(), file.period.end().timestamp());
        let (position, now) = (self.last_position, self.now.timestamp());
        let values = params![self.delivery, series, file.path, start, end, file.hash, position, now];
        self.connection.prepare_cached(sql)?.execute(values)?;
        self.tally.joined(State::Pending, 1);
        if let Some(from) = from {
            self.tally.left(from, 1);
        }
        Ok(())
    }

    /// Queues what is parked once more, in the same order. Says how many files that is.
    pub(super) fn queue_parked(&mut self) -> rusqlite::Result<i64> {
        let sql = "
            UPDATE outbox
            SET state = 0, position = ?2 + line.place, queued_at = ?3, attempts = 0, error_at = NULL,
                error_kind = NULL, error = NULL, receipt = NULL
            FROM (SELECT series, path, row_number() OVER (ORDER BY position) AS place
                  FROM outbox WHERE delivery = ?1 AND state = 2 AND state <> 1) AS line
            WHERE outbox.delivery = ?1 AND outbox.series = line.series AND outbox.path = line.path";
        let values = params![self.delivery, self.last_position, self.now.timestamp()];
        let files = signed(self.connection.execute(sql, values)? as u64);
        self.last_position += files;
        self.tally.left(State::Parked, files);
        self.tally.joined(State::Pending, files);
        Ok(files)
    }

    pub(super) fn close(self) -> rusqlite::Result<()> {
        let sql = "UPDATE deliveries SET last_position = ?2 WHERE name = ?1";
        self.connection.prepare_cached(sql)?.execute(params![self.delivery, self.last_position])?;
        self.tally.store(self.connection, self.delivery)
    }
}
