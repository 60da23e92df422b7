//! Locks between processes: one file each in `state_dir/locks`, freed by the system when a process ends.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
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
    #[error(
        "another process holds the lock {path}{}; wait until it is done and run it again",
        .holder.as_ref().map(|holder| format!(" ({holder})")).unwrap_or_default()
    )]
    Held {
        /// The lock's file.
        path: String,
        /// Who it is, where that process said so.
        holder: Option<String>,
    },
    /// The lock's file could not be used.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Held until it is dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock `name` of `state_dir`. Blocks: not for the threads that drive requests.
    pub fn acquire(state_dir: &Path, name: &str, patience: Patience) -> Result<Self, LockError> {
        publish::create_private_folder(state_dir)?;
        publish::create_private_folder(&state_dir.join("locks"))?;
        let path = lock_path(state_dir, name);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(FileError::new("open", &path))?;
        let began = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { file, path }),
                Err(TryLockError::Error(error)) => return Err(FileError::new("lock", &path)(error).into()),
                Err(TryLockError::WouldBlock) => match patience {
                    Patience::Wait(limit) if began.elapsed() < limit => thread::sleep(POLL),
                    _ => return Err(held(&path)),
                },
            }
        }
    }
}

impl Lock {
    /// Says who holds it, in a line for those who do not get it.
    pub fn sign(&mut self, holder: &str) -> Result<(), FileError> {
        let written = self.file.set_len(0).and_then(|()| self.file.write_all_at(holder.as_bytes(), 0));
        written.map_err(FileError::new("write", &self.path))
    }

    /// Leaves a line in the lock's file, for [`note`](Self::note). It may be lost, whole or in part, when the machine goes
    /// down, and a signature takes its place.
    pub fn leave_note(&self, note: &str) -> Result<(), FileError> {
        // The first line is the holder's.
        let text = format!("\n{note}\n");
        // Cut afterwards: a file that keeps its length keeps its place on the disk.
        let written = self.file.write_all_at(text.as_bytes(), 0);
        written
            .and_then(|()| self.file.set_len(text.len() as u64))
            .map_err(FileError::new("write", &self.path))
    }

    /// What a holder of the lock `name` of `state_dir` left, whether or not somebody holds it now.
    pub fn note(state_dir: &Path, name: &str) -> Option<String> {
        let text = fs::read_to_string(lock_path(state_dir, name)).ok()?;
        text.strip_prefix('\n')?.strip_suffix('\n').map(str::to_owned)
    }

    /// Who holds the lock `name` of `state_dir`; `None` where nobody does. Blocks.
    pub fn holder(state_dir: &Path, name: &str) -> Option<String> {
        let path = lock_path(state_dir, name);
        let file = File::open(&path).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Some(signature(&path).unwrap_or_else(|| "unknown".to_owned())),
            _ => None,
        }
    }
}

fn lock_path(state_dir: &Path, name: &str) -> PathBuf {
    state_dir.join("locks").join(format!("{name}.lock"))
}

fn held(path: &Path) -> LockError {
    LockError::Held { path: path.display().to_string(), holder: signature(path) }
}

fn signature(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    text.lines().next().map(str::to_owned).filter(|line| !line.is_empty())
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

    #[test]
    fn a_note_stays_when_the_lock_is_free_and_is_no_signature() {
        let folder = tempfile::tempdir().unwrap();
        let note = || Lock::note(folder.path(), "publish");
        assert_eq!(note(), None);
        let held = Lock::acquire(folder.path(), "publish", Patience::None).unwrap();
        assert_eq!(note(), None);
        for text in ["a longer note", "a note"] {
            held.leave_note(text).unwrap();
            assert_eq!(note().as_deref(), Some(text));
        }
        let error = Lock::acquire(folder.path(), "publish", Patience::None).unwrap_err();
        assert!(matches!(error, LockError::Held { holder: None, .. }), "{error}");
        drop(held);
        let mut held = Lock::acquire(folder.path(), "publish", Patience::None).unwrap();
        assert_eq!(note().as_deref(), Some("a note"));
        held.sign("process 7").unwrap();
        assert_eq!(note(), None);
    }

    #[test]
    fn whoever_signs_is_told_to_those_who_come_too_late_and_to_nobody_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Lock::holder(folder.path(), "daemon"), None);
        let mut held = Lock::acquire(folder.path(), "daemon", Patience::None).unwrap();
        assert_eq!(Lock::holder(folder.path(), "daemon").as_deref(), Some("unknown"));
        for name in ["process 12345 since a while ago", "process 7"] {
            held.sign(name).unwrap();
            let error = Lock::acquire(folder.path(), "daemon", Patience::None).unwrap_err();
            assert!(error.to_string().contains(&format!("({name})")), "{error}");
            assert_eq!(Lock::holder(folder.path(), "daemon").as_deref(), Some(name));
        }
        drop(held);
        assert_eq!(Lock::holder(folder.path(), "daemon"), None);
    }
}
