//! One transaction for each thing that is written down, and whether its writer waits for the disk.

use rusqlite::{Connection, Params, Transaction, TransactionBehavior};

use super::{Ledger, LedgerError};

impl Ledger {
    /// Writes something that others rely on: what returns well is on disk. Where only the disk refuses, it may be written
    /// nevertheless, and be lost with the machine's power.
    pub(super) fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, LedgerError> {
        self.durability.mend(&self.path, || self.connection())?;
        let mut connection = self.connection();
        let done = commit(&mut connection, work).map_err(LedgerError::from_sqlite(&self.path))?;
        let number = self.durability.committed(&self.path, &connection)?;
        drop(connection);
        self.durability.wait(&self.path, number)?;
        Ok(done)
    }

    /// Writes something that the next run says or does again: it is not waited for, and may be lost with the machine's
    /// power. What is written after it with [`write`](Self::write) is never kept without it.
    pub(super) fn note<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, LedgerError> {
        let mut connection = self.connection();
        let done = commit(&mut connection, work).map_err(LedgerError::from_sqlite(&self.path))?;
        self.durability.prepare(&self.path)?;
        Ok(done)
    }
}

fn commit<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let outcome = work(&transaction)?;
    transaction.commit()?;
    Ok(outcome)
}

/// Executes a statement that is prepared once for each connection.
pub(super) fn execute(connection: &Connection, sql: &str, values: impl Params) -> rusqlite::Result<usize> {
    connection.prepare_cached(sql)?.execute(values)
}

#[cfg(test)]
mod tests {
    use std::{fs, thread};

    use chrono::DateTime;

    use super::*;
    use crate::ledger::{
        SeriesKey,
        mark::{self, Mark},
        open::beside,
        wal,
    };

    fn key(stream: u32) -> SeriesKey {
        SeriesKey { job: "hourly".to_owned(), stream: stream.to_string() }
    }

    #[test]
    fn what_a_writer_was_told_is_written_another_connection_reads_whoever_writes_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path()).unwrap();
        let other = Ledger::open(folder.path()).unwrap();
        thread::scope(|scope| {
            for stream in 0..8 {
                let (ledger, other) = (&ledger, &other);
                scope.spawn(move || {
                    for round in 0..10 {
                        let writer = if round % 4 == 3 { other } else { ledger };
                        let reader = if round % 4 == 3 { ledger } else { other };
                        let at = DateTime::from_timestamp(round, 0).unwrap();
                        let id = writer.series(&key(stream), "", "", at).unwrap().id;
                        let style = format!("{stream} {round}");
                        writer.record_style(id, &style, &[]).unwrap();
                        assert_eq!(reader.find_series(&key(stream)).unwrap().unwrap().style, style);
                    }
                });
            }
        });
    }

    #[test]
    fn the_mark_lies_where_the_last_transaction_ends_that_was_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path()).unwrap();
        let read = |suffix| fs::read(beside(ledger.path(), suffix)).unwrap();
        let id = ledger.series(&key(0), "", "", DateTime::UNIX_EPOCH).unwrap().id;
        assert_eq!(Mark::from_bytes(&read(mark::SUFFIX)), Mark::default());
        ledger.record_style(id, "a", &[]).unwrap();
        let mark = Mark::from_bytes(&read(mark::SUFFIX));
        assert_eq!(mark.bytes, read("-wal").len() as u64);
        assert_eq!(wal::generation(&read("-wal")).map(|(generation, _)| generation), Some(mark.generation));
        ledger.note_success(id, DateTime::UNIX_EPOCH).unwrap();
        assert_eq!(Mark::from_bytes(&read(mark::SUFFIX)), mark);
        assert!((read("-wal").len() as u64) > mark.bytes);
        // Copied into the database, and begun anew.
        ledger
            .read(|connection| connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(())))
            .unwrap();
        ledger.record_style(id, "b", &[]).unwrap();
        let next = Mark::from_bytes(&read(mark::SUFFIX));
        assert!(next.generation != mark.generation && next.bytes < read("-wal").len() as u64, "{next:?}");
    }
}
