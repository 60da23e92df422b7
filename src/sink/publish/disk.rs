//! What publishing asks of a file system.

use std::{
    io,
    path::{Path, PathBuf},
};

/// A file system. Its operations block, and fail as those of the operating system do: `NotFound` and `AlreadyExists`
/// are told from other failures. After a power cut it holds at least what was synced: of a file, its bytes; of a folder,
/// which names are in it.
pub trait Disk: Send + Sync {
    /// The bytes of a file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The paths of everything in a folder, in any order.
    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>>;

    /// Whether there is a file or folder. Fails where that cannot be told.
    fn exists(&self, path: &Path) -> io::Result<bool>;

    /// Whether there is a folder; not where that cannot be told.
    fn is_folder(&self, path: &Path) -> bool;

    /// The number of the file system that a folder lies on.
    fn device(&self, folder: &Path) -> io::Result<u64>;

    /// Makes a folder in one that is there. The umask takes from `mode`.
    fn make_folder(&self, folder: &Path, mode: u32) -> io::Result<()>;

    /// Makes an empty file in `folder`, whose name begins with `prefix` and is no other file's. The umask takes from
    /// `mode`.
    fn make_temp(&self, folder: &Path, prefix: &str, mode: u32) -> io::Result<Box<dyn TempFile>>;

    /// Gives a file another name in the same file system, and replaces what had that name, in one step.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a folder durable.
    fn sync_names(&self, folder: &Path) -> io::Result<()>;

    /// The file system that a folder lies on as a whole, so that what many files wait for is waited for once. To be taken
    /// before the first of what it is to sync is written. `None` where it cannot be relied on.
    fn whole(&self, folder: &Path) -> Option<Box<dyn WholeDisk>>;
}

/// A file system as a whole.
pub trait WholeDisk {
    /// Makes durable all that was written, and every name that was given, since this was taken: like
    /// [`TempFile::sync`] of every file and [`Disk::sync_names`] of every folder. Waits for what others wrote there, too.
    fn sync(&self) -> io::Result<()>;
}

/// A file that [`Disk::make_temp`] made. Dropped before it has its name, it is removed.
pub trait TempFile {
    /// Appends bytes. After a failure any part of them may be there.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes its bytes durable.
    fn sync(&mut self) -> io::Result<()>;

    /// Gives it its name, like [`Disk::rename`].
    fn persist(self: Box<Self>, path: &Path) -> io::Result<()>;
}
