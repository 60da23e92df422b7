//! What people were told of trouble.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, Transaction, params};

use super::{
    AlertBook, AlertRecord, Ledger, LedgerError,
    read::{instant, optional_instant},
};

impl Ledger {
    /// Everything that is known of trouble.
    pub fn alert_book(&self) -> Result<AlertBook, LedgerError> {
        self.read(|connection| {
            // So that both are of one time, whatever another process records.
            let snapshot = connection.unchecked_transaction()?;
            load(&snapshot)
        })
    }

    /// Writes what differs between the book that was kept last and the one that is to be kept. Times are kept to the
    /// second.
    pub fn keep_alert_book(&self, from: &AlertBook, to: &AlertBook) -> Result<(), LedgerError> {
        if from == to {
            return Ok(());
        }
        self.write(|transaction| {
            for key in from.alerts.keys().filter(|key| !to.alerts.contains_key(key)) {
                let sql = "DELETE FROM alerts WHERE kind = ?1 AND subject = ?2";
                transaction.prepare_cached(sql)?.execute(params![key.0, key.1])?;
            }
            for (key, record) in to.alerts.iter().filter(|(key, record)| from.alerts.get(key) != Some(record))
            {
                store(transaction, key, record)?;
            }
            for (kind, sent_at) in to.sent.iter().filter(|(kind, at)| from.sent.get(*kind) != Some(at)) {
                let sql = "INSERT OR REPLACE INTO alert_messages (kind, sent_at) VALUES (?1, ?2)";
                transaction.prepare_cached(sql)?.execute(params![kind, sent_at.timestamp()])?;
            }
            Ok(())
        })
    }
}

fn store(
    transaction: &Transaction<'_>,
    (kind, subject): &(String, String),
    record: &AlertRecord,
) -> rusqlite::Result<()> {
    let sql =
        "INSERT OR REPLACE INTO alerts (kind, subject, since, seen_at, tried_at, told_at, gone_at, message)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let seconds = |at: Option<DateTime<Utc>>| at.map(|at| at.timestamp());
    let AlertRecord { since, seen_at, tried_at, told_at, gone_at, message } = record;
    let (since, seen_at) = (since.timestamp(), seen_at.timestamp());
    let [tried_at, told_at, gone_at] = [tried_at, told_at, gone_at].map(|at| seconds(*at));
    transaction
        .prepare_cached(sql)?
        .execute(params![kind, subject, since, seen_at, tried_at, told_at, gone_at, message])?;
    Ok(())
}

fn load(connection: &Connection) -> rusqlite::Result<AlertBook> {
    let sql = "SELECT kind, subject, since, seen_at, tried_at, told_at, gone_at, message FROM alerts";
    let mut statement = connection.prepare_cached(sql)?;
    let alerts = statement.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), record(row)?)))?;
    let mut messages = connection.prepare_cached("SELECT kind, sent_at FROM alert_messages")?;
    let sent = messages.query_map([], |row| Ok((row.get(0)?, instant(row, 1)?)))?;
    Ok(AlertBook { alerts: alerts.collect::<Result<_, _>>()?, sent: sent.collect::<Result<_, _>>()? })
}

fn record(row: &Row<'_>) -> rusqlite::Result<AlertRecord> {
    Ok(AlertRecord {
        since: instant(row, 2)?,
        seen_at: instant(row, 3)?,
        tried_at: optional_instant(row, 4)?,
        told_at: optional_instant(row, 5)?,
        gone_at: optional_instant(row, 6)?,
        message: row.get(7)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_225_600 + seconds, 0).unwrap()
    }

    fn key(subject: &str) -> (String, String) {
        ("stale".to_owned(), subject.to_owned())
    }

    fn record(told_at: Option<i64>) -> AlertRecord {
        AlertRecord {
            since: instant(0),
            seen_at: instant(7),
            tried_at: Some(instant(8)),
            told_at: told_at.map(instant),
            gone_at: None,
            message: "status 503".to_owned(),
        }
    }

    #[test]
    fn a_book_is_read_as_it_was_kept_whatever_was_kept_before() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path()).unwrap();
        let books = [
            AlertBook {
                alerts: [(key("a"), record(None)), (key("b"), record(None))].into(),
                sent: [].into(),
            },
            AlertBook {
                alerts: [(key("a"), record(Some(9))), (key("c"), record(None))].into(),
                sent: [("stale".to_owned(), instant(9))].into(),
            },
            AlertBook { alerts: [].into(), sent: [("stale".to_owned(), instant(99))].into() },
        ];
        let mut kept = ledger.alert_book().unwrap();
        assert_eq!(kept, AlertBook::default());
        for book in books {
            ledger.keep_alert_book(&kept, &book).unwrap();
            kept = ledger.alert_book().unwrap();
            assert_eq!(kept, book);
        }
    }
}
