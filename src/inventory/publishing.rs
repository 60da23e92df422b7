//! From a listing to the published table, and then into the ledger. Blocks: it runs off the threads that drive requests.
//!
//! The file comes first. A process that dies in between leaves a ledger of the day before, and the next run does it again.

use std::{collections::BTreeSet, path::Path};

use chrono::{DateTime, Utc};

use super::{
    Seen,
    table::encode,
    vanish::{Merged, known_of, merge},
};
use crate::{
    publication::{Archive, PublishError},
    sink::{
        FileFormat,
        publish::{Disk, FileError},
    },
};

/// What is to be published, and where.
pub(super) struct Publication<'a> {
    pub(super) archive: &'a Archive,
    /// The inventory, and its folder in `output_dir`.
    pub(super) name: &'a str,
    pub(super) format: FileFormat,
    /// Which account, space and person the cameras were listed for.
    pub(super) source: &'a str,
    /// When that was asked.
    pub(super) asked_at: DateTime<Utc>,
}

impl Publication<'_> {
    /// Merges what was seen into what is known, publishes the table and records it. Only while no other process can do
    /// the same. Says whether the file was written, too.
    pub(super) fn publish(&self, seen: &Seen) -> Result<(Merged, bool), PublishError> {
        let ledger = &self.archive.ledger;
        let merged = merge(known_of(ledger.inventory(self.name)?, self.source), &seen.listing);
        let bytes = encode(self.format, &merged.cameras)?;
        let folder = self.archive.output_dir.join(self.name);
        let written = write(&*self.archive.disk, &folder, self.format, &bytes)?;
        ledger.record_inventory(self.name, self.source, &merged.cameras, self.asked_at)?;
        Ok((merged, written))
    }
}

/// Puts the file into its folder, unless these bytes stand there already. Says whether it did.
fn write(disk: &dyn Disk, folder: &Path, format: FileFormat, bytes: &[u8]) -> Result<bool, FileError> {
    disk.create_folder(folder)?;
    let leftovers = disk.sweep(folder)?;
    if leftovers > 0 {
        tracing::info!(folder = %folder.display(), files = leftovers, "removed what a killed process left");
    }
    warn_of_other_formats(disk, folder, format);
    let path = folder.join(format.file_name());
    if disk.read_if_present(&path)?.is_some_and(|found| found == bytes) {
        return Ok(false);
    }
    disk.replace(&path, folder, bytes)?;
    Ok(true)
}

/// A table that was published in another format stays as it is from then on, and misleads whoever reads the folder.
fn warn_of_other_formats(disk: &dyn Disk, folder: &Path, format: FileFormat) {
    let names: BTreeSet<&str> = FileFormat::ALL.map(FileFormat::file_name).into();
    for file in names.into_iter().filter(|name| *name != format.file_name()).map(|name| folder.join(name)) {
        if disk.exists(&file).unwrap_or(false) {
            tracing::warn!(file = %file.display(), "a table of another format is kept up no longer; remove it");
        }
    }
}
