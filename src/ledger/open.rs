//! Opening a ledger: made whole or not at all, migrated, and refused by name when it is newer or damaged.

use std::{
    path::{Path, PathBuf},
    sync::Mutex,
    thread,
    time::Duration,
};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, TransactionBehavior, config::DbConfig};

use super::{
    FILE_NAME, Ledger, LedgerError,
    checked::{self, Note},
    durable::Durability,
    mark::{self, Mark},
    rebuild::REBUILT_SUFFIX,
    schema::{APPLICATION_ID, STEPS, VERSION},
    wal,
};
use crate::{
    clock::Clock,
    locks::{Lock, Patience},
    sink::publish::{self, FileError},
};

/// How long a statement waits for another process to finish its own.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_mins(1);

/// Whether the file beside a ledger is left alone when it is closed.
const KEEPS_WAL: DbConfig = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;

/// How often a file that changes and looks damaged each time is looked at, and how long lies between.
const WAL_LOOKS: u32 = 20;
const WAL_PAUSE: Duration = Duration::from_millis(50);

impl Ledger {
    /// Opens the ledger of `state_dir`, and makes folder and ledger where there are none.
    pub fn open(state_dir: &Path) -> Result<Self, LedgerError> {
        publish::create_private_folder(state_dir)?;
        let path = state_dir.join(FILE_NAME);
        if !path.exists() {
            create(state_dir, &path)?;
        }
        Self::open_existing(&path)
    }

    /// Opens the ledger of `state_dir` if there is one.
    pub fn open_if_present(state_dir: &Path) -> Result<Option<Self>, LedgerError> {
        let path = state_dir.join(FILE_NAME);
        if path.exists() {
            return Self::open_existing(&path).map(Some);
        }
        refuse_remains(&path)?;
        Ok(None)
    }

    pub(super) fn open_existing(path: &Path) -> Result<Self, LedgerError> {
        let failed = LedgerError::from_sqlite(path);
        let clock = Clock::system();
        let is_in_use = checked::is_in_use(path);
        check_wal(path)?;
        let mut connection = Connection::open(path).map_err(&failed)?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(&failed)?;
        // Of a damaged ledger, what stands in the file beside it may be the best part: closing must not remove it.
        connection.set_db_config(KEEPS_WAL, is_in_use).map_err(&failed)?;
        let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let application_id = pragma("application_id").map_err(&failed)?;
        let version = pragma("user_version").map_err(&failed)?;
        let damaged = |reason: String| LedgerError::Damaged { path: path.to_owned(), reason };
        if application_id != APPLICATION_ID {
            return Err(damaged("it is empty or another program's database".to_owned()));
        }
        refuse_newer(path, version)?;
        if version < 1 {
            return Err(damaged("it does not say its version".to_owned()));
        }
        // SQLite takes the last page for whole where the file ends inside it. One that is in use may be growing.
        let bytes = path.metadata().map_err(FileError::new("read", path))?.len();
        if !is_in_use && !bytes.is_multiple_of(pragma("page_size").map_err(&failed)?.unsigned_abs()) {
            return Err(damaged("it is cut off inside a page".to_owned()));
        }
        let checked_at = match checked::found(path, clock.now()) {
            Some(checked_at) => checked_at,
            None => check_whole(&connection, path, is_in_use, clock.now())?,
        };
        configure(&connection).map_err(&failed)?;
        if version < VERSION {
            // Another process may have migrated it meanwhile, one of a newer version too.
            refuse_newer(path, migrate(&mut connection).map_err(&failed)?)?;
        }
        connection.set_db_config(KEEPS_WAL, false).map_err(&failed)?;
        let note = Note::of(path, clock.clone(), checked_at);
        let durability = Durability::default();
        Ok(Self { connection: Mutex::new(connection), durability, path: path.to_owned(), clock, note })
    }

    /// Lets whoever opens the ledger next do so without reading all of it, where this process wrote it since it was opened.
    pub fn settle(&self) -> Result<(), LedgerError> {
        if self.note.holds() {
            return Ok(());
        }
        let is_in_one_file = self.read(|connection| {
            connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
                let (busy, written, moved): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
                Ok(busy == 0 && written == moved)
            })
        })?;
        if is_in_one_file {
            self.note.renew();
        }
        Ok(())
    }
}

/// Reads all of the ledger, and notes that it did, at `now`.
fn check_whole(
    connection: &Connection,
    path: &Path,
    is_in_use: bool,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, LedgerError> {
    let name = checked::name(path);
    let check = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    let check = check.map_err(LedgerError::from_sqlite(path))?;
    if check != "ok" {
        return Err(LedgerError::Damaged { path: path.to_owned(), reason: check });
    }
    if let Some(name) = name.filter(|_| !is_in_use) {
        checked::write(path, &name, now);
    }
    Ok(now)
}

fn refuse_newer(path: &Path, version: i64) -> Result<(), LedgerError> {
    let newer = || LedgerError::Newer { path: path.to_owned(), found: version, known: VERSION };
    if version > VERSION { Err(newer()) } else { Ok(()) }
}

/// Takes every step that the ledger has not taken yet, all or none. Tells the version that it has now.
fn migrate(connection: &mut Connection) -> rusqlite::Result<i64> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut version = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for (next, step) in STEPS {
        if next > version {
            transaction.execute_batch(step)?;
            transaction.pragma_update(None, "user_version", next)?;
            version = next;
        }
    }
    transaction.commit()?;
    Ok(version)
}

/// Makes a ledger under another name first, so that an empty or half-made file is never taken for a ledger.
fn create(state_dir: &Path, path: &Path) -> Result<(), LedgerError> {
    let lock = Lock::acquire(state_dir, "ledger", Patience::Wait(BUSY_TIMEOUT))?;
    if path.exists() {
        return Ok(());
    }
    refuse_remains(path)?;
    let draft = state_dir.join("ledger.sqlite.new");
    let connection = make_draft(&draft)?;
    connection.close().map_err(|(_, error)| LedgerError::from_sqlite(path)(error))?;
    publish::move_into_place(&draft, path)?;
    drop(lock);
    Ok(())
}

/// Makes an empty ledger, in place of what a killed process left.
pub(super) fn make_draft(draft: &Path) -> Result<Connection, LedgerError> {
    let failed = LedgerError::from_sqlite(draft);
    for suffix in ["", "-wal", "-shm", "-journal", mark::SUFFIX] {
        publish::remove_if_present(&beside(draft, suffix))?;
    }
    drop(publish::create_private(draft)?);
    let mut connection = Connection::open(draft).map_err(&failed)?;
    connection.pragma_update(None, "application_id", APPLICATION_ID).map_err(&failed)?;
    migrate(&mut connection).map_err(&failed)?;
    configure(&connection).map_err(&failed)?;
    Ok(connection)
}

/// What was committed last may stand only in the file beside the ledger, and would be taken for part of a new one.
fn refuse_remains(path: &Path) -> Result<(), LedgerError> {
    // The last one: what a rebuilding that was cut off left, maybe whole, and not in its place.
    for suffix in ["-wal", "-journal", REBUILT_SUFFIX] {
        if beside(path, suffix).exists() {
            let reason = format!("it is gone, and its {suffix} file is still there");
            return Err(LedgerError::Damaged { path: path.to_owned(), reason });
        }
    }
    Ok(())
}

/// What was committed last must not be taken for never written. Another process may be writing there right now: damage is
/// what stays.
fn check_wal(path: &Path) -> Result<(), LedgerError> {
    let mut reason = None;
    for _ in 0..WAL_LOOKS {
        // The mark first: what it tells was on disk before the file is read.
        let mark = publish::read_if_present(&beside(path, mark::SUFFIX))?;
        let mark = mark.as_deref().map(Mark::from_bytes);
        let wal = publish::read_if_present(&beside(path, "-wal"))?.unwrap_or_default();
        let found = wal::damage(&wal, mark).map(|reason| (reason, wal.len()));
        match (reason, found) {
            (_, None) => return Ok(()),
            (Some(before), Some(now)) if before == now => break,
            (_, now) => reason = now,
        }
        thread::sleep(WAL_PAUSE);
    }
    let damaged = |(reason, _): (&str, usize)| LedgerError::Damaged {
        path: path.to_owned(),
        reason: reason.to_owned(),
    };
    reason.map_or(Ok(()), |found| Err(damaged(found)))
}

/// The file that SQLite keeps beside the ledger under this suffix.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn configure(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // `durable.rs` syncs what is committed.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Plans that do not depend on the values asked for: else a statement is prepared anew for each other value.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // More than there are statements.
    connection.set_prepared_statement_cache_capacity(128);
    Ok(())
}
