//! Putting a ledger that was made again in the place of one that is lost or damaged, which is kept.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::{
    FILE_NAME, Ledger, LedgerError, mark,
    open::{BUSY_TIMEOUT, beside, make_draft},
};
use crate::{
    clock::Clock,
    locks::{Lock, Patience},
    sink::publish::{self},
};

/// What the name of a ledger that is being made again ends in. While there is no other, nobody makes an empty one.
pub(super) const REBUILT_SUFFIX: &str = ".rebuilt";

/// What is kept beside a ledger.
const COMPANIONS: [&str; 4] = ["-wal", "-shm", "-journal", mark::SUFFIX];

/// A ledger was put in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced<T> {
    /// What filling it told.
    pub filled: T,
    /// Where the one before lies now; `None` where there was none.
    pub set_aside: Option<PathBuf>,
}

impl Ledger {
    /// Makes a new ledger under another name, has it filled, and puts it in the place of whatever lies there, which is
    /// set aside under a name with this moment. Where filling fails nothing is changed.
    pub fn replace<T, E: From<LedgerError>>(
        state_dir: &Path,
        now: DateTime<Utc>,
        fill: impl FnOnce(&Self) -> Result<T, E>,
    ) -> Result<Replaced<T>, E> {
        let lock =
            Lock::acquire(state_dir, "ledger", Patience::Wait(BUSY_TIMEOUT)).map_err(LedgerError::from)?;
        let path = state_dir.join(FILE_NAME);
        let draft = beside(&path, REBUILT_SUFFIX);
        drop(make_draft(&draft)?);
        let ledger = Self::open_existing(&draft)?.with_clock(Clock::fixed(now));
        let filled = fill(&ledger)?;
        ledger.close()?;
        // Of a -wal file that is gone.
        publish::remove_if_present(&beside(&draft, mark::SUFFIX)).map_err(LedgerError::from)?;
        let set_aside = set_aside(&path, now)?;
        publish::move_into_place(&draft, &path).map_err(LedgerError::from)?;
        drop(lock);
        Ok(Replaced { filled, set_aside })
    }

    /// Closes it, so that all of it stands in its one file.
    fn close(self) -> Result<(), LedgerError> {
        let path = self.path.clone();
        let connection = self.connection.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        connection.close().map_err(|(_, error)| LedgerError::from_sqlite(&path)(error))
    }
}

/// Moves a ledger, and what is kept beside it, to a name of its own. What stood last in the -wal file goes with it.
fn set_aside(path: &Path, now: DateTime<Utc>) -> Result<Option<PathBuf>, LedgerError> {
    let aside = beside(path, &format!(".damaged-{}", now.format("%Y%m%dT%H%M%S%6fZ")));
    let mut has_moved = false;
    // The ledger first: what is left of it after a crash in between is refused by name, and without its -wal it would be
    // an older one.
    for suffix in [""].into_iter().chain(COMPANIONS) {
        let from = beside(path, suffix);
        if from.exists() {
            publish::move_into_place(&from, &beside(&aside, suffix))?;
            // One that is left of a ledger that is gone is nothing to tell of.
            has_moved |= suffix != mark::SUFFIX;
        }
    }
    Ok(has_moved.then_some(aside))
}
