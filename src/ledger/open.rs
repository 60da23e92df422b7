//! Opening a ledger: made whole or not at all, migrated, and refused by name when it is newer or damaged.

use std::{
    path::{Path, PathBuf},
    sync::Mutex,
    time::Duration,
};

use rusqlite::{Connection, TransactionBehavior};

use super::{
    FILE_NAME, Ledger, LedgerError,
    schema::{APPLICATION_ID, STEPS, VERSION},
};
use crate::{
    clock::Clock,
    locks::{Lock, Patience},
    sink::publish::{self, FileError},
};

/// How long a statement waits for another process to finish its own.
const BUSY_TIMEOUT: Duration = Duration::from_mins(1);

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
        if path.exists() { Self::open_existing(&path).map(Some) } else { Ok(None) }
    }

    fn open_existing(path: &Path) -> Result<Self, LedgerError> {
        let failed = LedgerError::from_sqlite(path);
        let is_in_use = beside(path, "-wal").exists();
        let mut connection = Connection::open(path).map_err(&failed)?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(&failed)?;
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
        let check: String =
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(&failed)?;
        if check != "ok" {
            return Err(damaged(check));
        }
        configure(&connection).map_err(&failed)?;
        if version < VERSION {
            // Another process may have migrated it meanwhile, one of a newer version too.
            refuse_newer(path, migrate(&mut connection).map_err(&failed)?)?;
        }
        Ok(Self { connection: Mutex::new(connection), path: path.to_owned(), clock: Clock::system() })
    }
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
    let failed = LedgerError::from_sqlite(path);
    // SQLite itself removes what a killed process left beside an empty draft.
    publish::remove_if_present(&draft)?;
    drop(publish::create_private(&draft)?);
    let mut connection = Connection::open(&draft).map_err(&failed)?;
    connection.pragma_update(None, "application_id", APPLICATION_ID).map_err(&failed)?;
    migrate(&mut connection).map_err(&failed)?;
    configure(&connection).map_err(&failed)?;
    connection.close().map_err(|(_, error)| failed(error))?;
    publish::move_into_place(&draft, path)?;
    drop(lock);
    Ok(())
}

/// What was committed last may stand only in the file beside the ledger, and would be taken for part of a new one.
fn refuse_remains(path: &Path) -> Result<(), LedgerError> {
    for suffix in ["-wal", "-journal"] {
        if beside(path, suffix).exists() {
            let reason = format!("it is gone, and its {suffix} file is still there");
            return Err(LedgerError::Damaged { path: path.to_owned(), reason });
        }
    }
    Ok(())
}

/// The file that SQLite keeps beside the ledger under this suffix.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn configure(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}
