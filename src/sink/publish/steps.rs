//! How files come and go on any disk, so that a crash between two steps loses none.

use std::{
    io,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};

use super::{disk::Disk, error::FileError};
use crate::crash_point::{self, Step};

/// Names of files that are being written begin like this; readers pass over names with a leading dot.
pub(super) const TEMP_PREFIX: &str = ".tmp-";

/// Names of files that somebody damaged begin like this.
const DAMAGED_PREFIX: &str = ".damaged-";

/// What of a replaced file is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// That it is on disk.
    Durable,
    /// Nothing: it is the old one or the new one as long as the machine does not go down, and whatever is left of it then.
    Whole,
}

/// Temporary files of private ones, of one folder, as it was at one time.
pub struct PrivateLeftovers(Vec<PathBuf>);

/// How a file is made.
#[derive(Clone, Copy)]
struct Manner {
    mode: u32,
    durability: Durability,
}

impl dyn Disk + '_ {
    /// The bytes of a file; `None` where there is none.
    pub fn read_if_present(&self, path: &Path) -> Result<Option<Vec<u8>>, FileError> {
        match self.read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(FileError::new("read", path)(error)),
        }
    }

    /// Replaces `path` by `bytes`, atomically and durably. The temporary file lies in `staging`, a folder above `path`
    /// on the same file system, where `sweep` finds what a killed process left.
    pub fn replace(&self, path: &Path, staging: &Path, bytes: &[u8]) -> Result<(), FileError> {
        self.create_folder(path.parent().unwrap_or(staging))?;
        // What a new file would get; the umask takes from it.
        let manner = Manner { mode: 0o666, durability: Durability::Durable };
        self.replace_with_mode(path, staging, TEMP_PREFIX, bytes, manner, crash_point::passed)
    }

    /// Replaces `path` by `bytes`, atomically, readable by its owner alone. Its folder must be there, and nobody else may be
    /// writing this file. What a killed process leaves of it is found by `private_leftovers`.
    pub fn replace_private(
        &self,
        path: &Path,
        bytes: &[u8],
        durability: Durability,
    ) -> Result<(), FileError> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let prefix = private_prefix(path);
        self.replace_with_mode(path, folder, &prefix, bytes, Manner { mode: 0o600, durability }, |_| ())
    }

    /// What killed processes left in a folder of files that `replace_private` made, or what is being written there now.
    pub fn private_leftovers(&self, folder: &Path) -> Result<PrivateLeftovers, FileError> {
        Ok(PrivateLeftovers(self.leftovers(folder)?))
    }

    /// Removes what is left of `path` by now. Nobody else may be writing this file.
    pub fn remove_leftovers_of(&self, path: &Path, left: &PrivateLeftovers) -> Result<(), FileError> {
        let prefix = private_prefix(path);
        left.0
            .iter()
            .filter(|left| begins_with(left, &prefix))
            .try_for_each(|left| self.remove_if_present(left))
    }

    /// Removes a file that `replace_private` made, and what a killed process left of it.
    pub fn remove_private(&self, path: &Path) -> Result<(), FileError> {
        for leftover in self.beginning_with(path.parent().unwrap_or(Path::new(".")), &private_prefix(path))? {
            self.remove_if_present(&leftover)?;
        }
        self.remove_if_present(path)?;
        let folder = path.parent().filter(|folder| self.is_folder(folder));
        folder.map_or(Ok(()), |folder| sync_folder(self, folder))
    }

    fn replace_with_mode(
        &self,
        path: &Path,
        staging: &Path,
        prefix: &str,
        bytes: &[u8],
        Manner { mode, durability }: Manner,
        passed: impl Fn(Step),
    ) -> Result<(), FileError> {
        let temp = self.make_temp(staging, prefix, mode);
        let mut temp = temp.map_err(FileError::new("create a file in", staging))?;
        temp.write(bytes).map_err(FileError::new("write", path))?;
        passed(Step::TempFile);
        let is_synced = durability == Durability::Durable;
        if is_synced {
            temp.sync().map_err(FileError::new("write", path))?;
            passed(Step::FileSync);
        }
        temp.persist(path).map_err(FileError::new("replace", path))?;
        passed(Step::Rename);
        if is_synced {
            sync_folder(self, path.parent().unwrap_or(staging))?;
            passed(Step::DirectorySync);
        }
        Ok(())
    }

    /// Moves a file that does not read back out of the readers' sight, and says where it is now.
    pub fn set_aside(&self, path: &Path, now: DateTime<Utc>) -> Result<PathBuf, FileError> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let stamp = now.format("%Y%m%dT%H%M%S%6fZ");
        let aside = folder.join(format!("{DAMAGED_PREFIX}{stamp}-{name}"));
        self.rename(path, &aside).map_err(FileError::new("set aside", path))?;
        sync_folder(self, folder)?;
        Ok(aside)
    }

    /// Makes durable that a file or folder has its name, where whoever gave it the name may have died before that.
    pub fn sync_name(&self, path: &Path) -> Result<(), FileError> {
        sync_folder(self, path.parent().unwrap_or(Path::new(".")))
    }

    /// Removes what a killed process left in `staging`. Only while no other process can be writing there. Says how many
    /// files that were.
    pub fn sweep(&self, staging: &Path) -> Result<usize, FileError> {
        let leftovers = self.leftovers(staging)?;
        for leftover in &leftovers {
            self.remove(leftover).map_err(FileError::new("remove", leftover))?;
        }
        Ok(leftovers.len())
    }

    /// What a killed process left in `staging`, or what another one is writing there now.
    pub fn leftovers(&self, staging: &Path) -> Result<Vec<PathBuf>, FileError> {
        self.beginning_with(staging, TEMP_PREFIX)
    }

    fn beginning_with(&self, folder: &Path, prefix: &str) -> Result<Vec<PathBuf>, FileError> {
        let mut paths = match self.list(folder) {
            Ok(paths) => paths,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(FileError::new("list", folder)(error)),
        };
        paths.retain(|path| begins_with(path, prefix));
        Ok(paths)
    }

    /// Creates a folder and those above it; each new one is durable in the one above.
    pub fn create_folder(&self, folder: &Path) -> Result<(), FileError> {
        self.create_folder_with_mode(folder, 0o777)
    }

    /// Creates a folder that only its owner may enter, and those above it.
    pub fn create_private_folder(&self, folder: &Path) -> Result<(), FileError> {
        self.create_folder_with_mode(folder, 0o700)
    }

    fn create_folder_with_mode(&self, folder: &Path, mode: u32) -> Result<(), FileError> {
        if self.is_folder(folder) {
            return Ok(());
        }
        let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
        if let Some(parent) = parent {
            self.create_folder(parent)?;
        }
        match self.make_folder(folder, mode) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && self.is_folder(folder) => Ok(()),
            Err(error) => Err(FileError::new("create folder", folder)(error)),
            Ok(()) => sync_folder(self, parent.unwrap_or(Path::new("."))),
        }
    }

    /// Removes a file if it is there.
    pub fn remove_if_present(&self, path: &Path) -> Result<(), FileError> {
        match self.remove(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(FileError::new("remove", path)(error))
            }
            _ => Ok(()),
        }
    }
}

fn begins_with(path: &Path, prefix: &str) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix))
}

fn private_prefix(path: &Path) -> String {
    format!("{TEMP_PREFIX}{}-", path.file_name().unwrap_or_default().to_string_lossy())
}

pub(super) fn sync_folder(disk: &dyn Disk, folder: &Path) -> Result<(), FileError> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    disk.sync_names(folder).map_err(FileError::new("write", folder))
}
