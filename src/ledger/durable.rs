//! When what was committed is on disk.
//!
//! SQLite is told `synchronous = NORMAL`: "WAL mode is always consistent with synchronous=NORMAL, but WAL mode does lose
//! durability. A transaction committed in WAL mode with synchronous=NORMAL might roll back following a power loss or
//! system crash" (<https://www.sqlite.org/pragma.html#pragma_synchronous>). Durability is added here, outside of the
//! connection's lock, so that one sync serves all threads that committed before it:
//!
//! 1. A writer commits, and takes a number while it holds the connection: all of its frames stand in the -wal file.
//! 2. It lets the connection go, and waits for a sync that began after that. Whoever comes first does it, for all.
//!
//! Why that is enough:
//!
//! - Frames are only appended ("writes are appended to the WAL", <https://www.sqlite.org/wal.html>), and a transaction
//!   counts where it and all before it are whole. So a sync of the file keeps every commit before it, also those of other
//!   processes and those that nobody waits for; and which descriptor synced does not matter, the file is the same.
//! - The file is begun anew only when all of it was copied into the database, and that copies with NORMAL too sync the file
//!   before, the database after, and the header of the file when it is begun anew (same page): commits that a sync no
//!   longer finds there are in the database, durably. Syncing the new generation on their behalf is only superfluous.
//! - It cannot vanish: only the last connection that is closed removes it, and this process holds one as long as a
//!   [`Durability`] lives. It is there by the first commit, which is when it is opened here, once.
//! - SQLite's locks are on the database and the -shm file. POSIX drops a process's locks on a file when any descriptor of
//!   it is closed, so those two are never opened beside SQLite; on the -wal file there are none.
//!
//! Other threads, and other processes, may read what is committed and not on disk yet. What they write because of it stands
//! behind it in the same file, and so is never kept without it.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::Path,
    sync::OnceLock,
};

use rusqlite::Connection;

use super::{
    LedgerError,
    mark::{self, Mark},
    open::beside,
    tickets::Tickets,
    wal,
};
use crate::sink::publish::{Disk, FileError, RealDisk};

/// What is committed by one connection, and how much of that is on disk.
#[derive(Default)]
pub(super) struct Durability {
    log: OnceLock<Log>,
    tickets: Tickets<Mark>,
}

impl Durability {
    /// Readies what a sync needs. To be called while the connection is held, after each commit.
    pub(super) fn prepare(&self, ledger: &Path) -> Result<&Log, LedgerError> {
        if let Some(log) = self.log.get() {
            return Ok(log);
        }
        let log = Log::open(ledger).map_err(refused(ledger))?;
        Ok(self.log.get_or_init(|| log))
    }

    /// The number of the commit that was just made by `connection`, which is still held.
    pub(super) fn committed(&self, ledger: &Path, connection: &Connection) -> Result<u64, LedgerError> {
        let reached = self.prepare(ledger)?.reached(ledger, connection)?;
        Ok(self.tickets.take(reached))
    }

    /// Returns when the commit with this number is on disk. The connection is not held.
    pub(super) fn wait(&self, ledger: &Path, number: u64) -> Result<(), LedgerError> {
        let log = self.prepare(ledger)?;
        self.tickets.wait(number, |mark| log.sync(mark)).map_err(refused(ledger))
    }

    /// After a sync that failed, empties the -wal file into the database. What the system could not write it may have
    /// forgotten, and frames behind a gap are lost: no later sync of this generation of the file proves anything.
    pub(super) fn mend<C: std::ops::Deref<Target = Connection>>(
        &self,
        ledger: &Path,
        connection: impl FnOnce() -> C,
    ) -> Result<(), LedgerError> {
        self.tickets.mend(|| {
            let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
            let is_busy = connection().query_row(sql, [], |row| row.get(0));
            let is_busy: bool = is_busy.map_err(LedgerError::from_sqlite(ledger))?;
            if is_busy { Err(LedgerError::Busy { path: ledger.to_owned() }) } else { Ok(()) }
        })
    }
}

/// Descriptors of our own of what lies beside the ledger.
pub(super) struct Log {
    wal: File,
    mark: File,
}

impl Log {
    fn open(ledger: &Path) -> io::Result<Self> {
        let wal = File::open(beside(ledger, "-wal"))?;
        let mark = open_mark(&beside(ledger, mark::SUFFIX))?;
        // Of both.
        RealDisk.sync_names(ledger.parent().unwrap_or(Path::new(".")))?;
        Ok(Self { wal, mark })
    }

    /// How far the committed frames reach; `None` where another process is beginning the file anew.
    fn reached(&self, ledger: &Path, connection: &Connection) -> Result<Option<Mark>, LedgerError> {
        // Tells how many frames are committed, and does nothing: since SQLite 3.51, and an older one is never linked.
        let sql = "PRAGMA wal_checkpoint(NOOP)";
        let before = self.header().map_err(refused(ledger))?;
        let mut statement = connection.prepare_cached(sql).map_err(LedgerError::from_sqlite(ledger))?;
        let frames: i64 =
            statement.query_row([], |row| row.get(1)).map_err(LedgerError::from_sqlite(ledger))?;
        let is_same = self.header().map_err(refused(ledger))? == before;
        let mark = |(generation, page_size)| {
            let bytes = wal::bytes(page_size, u64::try_from(frames).ok()?);
            Some(Mark { generation, bytes })
        };
        Ok(before.filter(|_| is_same).and_then(mark))
    }

    fn header(&self) -> io::Result<Option<(wal::Generation, u64)>> {
        let mut header = [0; wal::HEADER];
        let read = self.wal.read_at(&mut header, 0)?;
        Ok(wal::generation(&header[..read]))
    }

    fn sync(&self, reached: Mark) -> io::Result<()> {
        self.wal.sync_data()?;
        // Where it cannot be written, the one before it stays as true as it was.
        _ = self.mark.write_all_at(&reached.to_bytes(), 0);
        Ok(())
    }
}

/// A new one says nothing, durably: that it is there tells that transactions need not have been synced one by one.
fn open_mark(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    if file.metadata()?.len() == 0 {
        file.write_all_at(&Mark::default().to_bytes(), 0)?;
        file.sync_all()?;
    }
    Ok(file)
}

fn refused(ledger: &Path) -> impl FnOnce(io::Error) -> LedgerError {
    |error| match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            LedgerError::Full { path: ledger.to_owned() }
        }
        _ => LedgerError::File(FileError::new("write", ledger)(error)),
    }
}
