//! Locks between processes: one file each in `state_dir/locks`, freed by the system when a process ends.

use std::{
    fs::{File, OpenOptions, TryLockError},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use crate::sink::publish::{self, FileError};

/// How long to wait between two looks at a lock that another process holds.
const POLL: Duration = Duration::from_millis(10);

/// What to do when another process holds the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// Come back without it.
    None,
    /// Wait this long at the most.
    Wait(Duration),
}

/// A lock that could not be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("another process holds the lock {0}; wait until it is done and run it again")]
    Held(String),
    /// The lock's file could not be used.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Held until it is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock `name` of `state_dir`. Blocks: not for the threads that drive requests.
    pub fn acquire(state_dir: &Path, name: &str, patience: Patience) -> Result<Self, LockError> {
        let folder = state_dir.join("locks");
        publish::create_private_folder(state_dir)?;
        publish::create_private_folder(&folder)?;
        let path = folder.join(format!("{name}.lock"));
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(FileError::new("open", &path))?;
        let began = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::Error(error)) => return Err(FileError::new("lock", &path)(error).into()),
                Err(TryLockError::WouldBlock) => match patience {
                    Patience::Wait(limit) if began.elapsed() < limit => thread::sleep(POLL),
                    _ => return Err(LockError::Held(path.display().to_string())),
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_lock_is_named_and_free_again_when_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let held = Lock::acquire(folder.path(), "publish", Patience::None).unwrap();
        let error = Lock::acquire(folder.path(), "publish", Patience::None).unwrap_err();
        assert!(error.to_string().contains("locks/publish.lock"), "{error}");
        assert!(Lock::acquire(folder.path(), "other", Patience::None).is_ok());
        drop(held);
        assert!(Lock::acquire(folder.path(), "publish", Patience::Wait(Duration::from_secs(5))).is_ok());
    }
}
