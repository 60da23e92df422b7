//! What each file of a roll-up was made from, so that a run that changed nothing need not read published files again.
//!
//! It only saves work: where it is lost or says too little, everything is made again, to the same bytes.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use crate::sink::publish::{Disk, FileError};

const FILE_NAME: &str = ".sources.json";

/// What was made, by path below the folder of the job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Book {
    files: BTreeMap<String, Made>,
}

/// One file as it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Made {
    /// The hash of all that it follows from.
    pub(super) sources: String,
    /// Its size.
    pub(super) bytes: u64,
}

/// The book of one job.
pub(super) struct Sources {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    known: Book,
    book: Book,
}

impl Sources {
    /// Of the roll-ups in `folder`. A book that cannot be understood is taken for an empty one.
    pub(super) fn read(disk: &Arc<dyn Disk>, folder: &Path) -> Result<Self, FileError> {
        let bytes = disk.read_if_present(&folder.join(FILE_NAME))?;
        let book: Book = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        Ok(Self { disk: Arc::clone(disk), folder: folder.to_owned(), known: book.clone(), book })
    }

    /// Whether the file at `path` was made from `sources`, and lies there as large as it was made.
    pub(super) fn is_current(&self, path: &str, sources: &str) -> bool {
        let Some(made) = self.book.files.get(path) else { return false };
        let found = self.folder.join(path).metadata();
        made.sources == sources && found.is_ok_and(|found| found.len() == made.bytes)
    }

    /// Notes how a file was made.
    pub(super) fn note(&mut self, path: String, made: Made) {
        self.book.files.insert(path, made);
    }

    /// Says nothing about a file any more.
    pub(super) fn forget(&mut self, path: &str) {
        self.book.files.remove(path);
    }

    /// Every file in a folder below that of the job.
    pub(super) fn below(&self, folder: &str) -> Vec<String> {
        let below = self.book.files.keys().filter(|path| Path::new(path).starts_with(folder));
        below.cloned().collect()
    }

    /// Keeps what was noted and forgotten, durably, where that changes anything.
    pub(super) fn write(&mut self) -> Result<(), FileError> {
        if self.known == self.book {
            return Ok(());
        }
        // It has strings and numbers only, and cannot fail.
        let bytes = serde_json::to_vec_pretty(&self.book).unwrap_or_default();
        self.disk.replace(&self.folder.join(FILE_NAME), &self.folder, &bytes)?;
        self.known = self.book.clone();
        Ok(())
    }
}
