//! The durable record of what is exported, delivered and known from elsewhere: one SQLite database in `state_dir`. Several
//! processes may have it open.

mod alerts;
mod budget;
mod certainty;
mod changes;
mod checked;
mod deliveries;
mod durable;
mod evidence;
mod failures;
mod inventory;
mod line;
mod mark;
mod open;
mod outbox;
mod overview;
mod read;
mod rebuild;
mod records;
mod restore;
mod runs;
mod schema;
mod tickets;
mod transact;
mod wal;
mod write;

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use rusqlite::Connection;

use durable::Durability;

pub use budget::Limit;
pub use rebuild::Replaced;
pub use records::{
    AlertBook, AlertRecord, CameraRecord, Change, Evidence, Extent, FailureRecord, FileRecord, Intention,
    InventoryRecord, LastError, OutboxEntry, OutboxStatus, Recheck, Reconciliation, RunRecord, RunSummary,
    Series, SeriesKey, SeriesOverview, SeriesStatus, WindowRecord,
};
pub use restore::Restored;

use checked::Note;

use crate::{clock::Clock, locks::LockError, sink::publish::FileError};

/// The ledger's file in `state_dir`.
pub const FILE_NAME: &str = "ledger.sqlite";

/// The ledger could not be read or written.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum LedgerError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Lock(LockError),
    #[error(
        "the ledger {} was written by a newer version (schema {found}, this one knows {known}); install that version again",
        .path.display()
    )]
    Newer { path: PathBuf, found: i64, known: i64 },
    #[error(
        "the ledger {} is damaged ({reason}); nothing was changed. to set it aside and make it again from the published \
         files, run: audience-exporter ledger rebuild",
        .path.display()
    )]
    Damaged { path: PathBuf, reason: String },
    #[error("the ledger {} is busy: another process holds it for longer than a minute; try again later", .path.display())]
    Busy { path: PathBuf },
    #[error("cannot write the ledger {}: no space left; free some space and run it again, nothing was lost", .path.display())]
    Full { path: PathBuf },
    #[error(
        "cannot use the ledger {}: {source}; let this user write it and its folder and run it again, nothing was lost",
        .path.display()
    )]
    Unwritable { path: PathBuf, source: rusqlite::Error },
    #[error("cannot use the ledger {}: {source}", .path.display())]
    Other { path: PathBuf, source: rusqlite::Error },
}

impl LedgerError {
    /// Whether another process holds it: the same may go well later.
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Lock(_))
    }

    fn from_sqlite(path: &Path) -> impl Fn(rusqlite::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| {
            use rusqlite::Error::{
                FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, SqlInputError,
                Utf8Error,
            };
            use rusqlite::ErrorCode::{
                CannotOpen, DatabaseBusy, DatabaseCorrupt, DatabaseLocked, DiskFull, NotADatabase, ReadOnly,
            };
            let path = path.clone();
            let extended = source.sqlite_error().map(|error| error.extended_code);
            // What was read is nothing that was ever written, or the tables are not those that were made.
            let is_nonsense = matches!(
                source,
                IntegralValueOutOfRange(..) | InvalidColumnType(..) | Utf8Error(..) | SqlInputError { .. }
            );
            if let FromSqlConversionFailure(_, _, reason) = &source {
                return Self::Damaged { path, reason: reason.to_string() };
            }
            match source.sqlite_error_code() {
                _ if is_nonsense => Self::Damaged { path, reason: source.to_string() },
                Some(DatabaseCorrupt | NotADatabase) => Self::Damaged { path, reason: source.to_string() },
                Some(DatabaseBusy | DatabaseLocked) => Self::Busy { path },
                Some(DiskFull) => Self::Full { path },
                // The -shm file could not grow.
                _ if extended == Some(rusqlite::ffi::SQLITE_IOERR_SHMSIZE) => Self::Full { path },
                Some(CannotOpen | ReadOnly) => Self::Unwritable { path, source },
                _ => Self::Other { path, source },
            }
        }
    }
}

impl From<LockError> for LedgerError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Held { .. } => Self::Lock(error),
            LockError::File(error) => Self::File(error),
        }
    }
}

/// The open ledger. Its calls block: keep them off the threads that drive requests.
pub struct Ledger {
    connection: Mutex<Connection>,
    /// What of it is on disk.
    durability: Durability,
    path: PathBuf,
    clock: Clock,
    /// After the connection, which is closed first.
    note: Note,
}

impl Ledger {
    /// The same ledger with another clock. It tells only when a file was queued for delivery; all other times are told
    /// by the caller.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn damaged(&self, reason: String) -> LedgerError {
        LedgerError::Damaged { path: self.path().to_owned(), reason }
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // A panic inside a transaction rolled it back; the connection itself is sound.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
