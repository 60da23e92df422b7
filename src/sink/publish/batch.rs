//! Many files of one folder at once. Each step waits for the disk, and the disk does many things in the time of one: so the
//! bytes of all are made durable, then all get their names, then every folder is made durable once.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
};

use super::{
    disk::{Disk, TempFile},
    error::FileError,
    steps::{TEMP_PREFIX, sync_folder},
};
use crate::crash_point::{self, Step};

/// Files that are open at a time, in one batch: a process may have a thousand or so open in all.
const MOST_OPEN: usize = 32;

/// A file that is to be made or replaced.
#[derive(Debug, Clone)]
pub struct NewFile<'a> {
    /// Where. Its folder may be lacking, the one above it is there.
    pub path: PathBuf,
    /// What it is to hold.
    pub bytes: &'a [u8],
    /// Whether it is, as far as is known, the first of its name: then no name on the way to it counts as durable.
    pub is_first: bool,
}

impl dyn Disk + '_ {
    /// Makes or replaces files, each atomically, and then all of them durably with every name that leads to them from
    /// `root`. The temporary files lie in `staging`, a folder above all of them on the same file system, where `sweep`
    /// finds what a killed process left. After a failure any of them may be the old or the new one.
    pub fn replace_all(&self, files: &[NewFile<'_>], staging: &Path, root: &Path) -> Result<(), FileError> {
        for batch in files.chunks(MOST_OPEN) {
            self.name_batch(batch, staging)?;
        }
        let mut folders = BTreeSet::new();
        for NewFile { path, is_first, .. } in files {
            let depth = if *is_first { usize::MAX } else { 1 };
            folders.extend(names_on_way(path, root).take(depth).filter_map(Path::parent));
        }
        for folder in folders {
            sync_folder(self, folder)?;
            crash_point::passed(Step::DirectorySync);
        }
        Ok(())
    }

    /// Makes durable every name that leads from `root` to `path`, where whoever gave it may have died before that.
    pub fn sync_way(&self, path: &Path, root: &Path) -> Result<(), FileError> {
        names_on_way(path, root).try_for_each(|name| self.sync_name(name))
    }

    fn name_batch(&self, batch: &[NewFile<'_>], staging: &Path) -> Result<(), FileError> {
        let mut temps: Vec<Box<dyn TempFile>> = Vec::with_capacity(batch.len());
        for file in batch {
            // What a new file would get; the umask takes from it.
            let temp = self.make_temp(staging, TEMP_PREFIX, 0o666);
            let mut temp = temp.map_err(FileError::new("create a file in", staging))?;
            temp.write(file.bytes).map_err(FileError::new("write", &file.path))?;
            temps.push(temp);
            crash_point::passed(Step::TempFile);
        }
        for (temp, file) in temps.iter_mut().zip(batch) {
            temp.sync().map_err(FileError::new("write", &file.path))?;
            crash_point::passed(Step::FileSync);
        }
        for (temp, file) in temps.into_iter().zip(batch) {
            self.ensure_folder(file.path.parent().unwrap_or(staging))?;
            temp.persist(&file.path).map_err(FileError::new("replace", &file.path))?;
            crash_point::passed(Step::Rename);
        }
        Ok(())
    }

    /// Makes a folder in one that is there, not durable yet.
    fn ensure_folder(&self, folder: &Path) -> Result<(), FileError> {
        if self.is_folder(folder) {
            return Ok(());
        }
        match self.make_folder(folder, 0o777) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && self.is_folder(folder) => Ok(()),
            made => made.map_err(FileError::new("create folder", folder)),
        }
    }
}

/// `path` and every folder above it below `root`, from the innermost one on.
fn names_on_way<'a>(path: &'a Path, root: &'a Path) -> impl Iterator<Item = &'a Path> {
    path.ancestors().take_while(move |name| *name != root)
}
