//! The journal of restatements as files for analysts: every published value that a later listing changed, one row each, in
//! `_changes/` beside the partitions. It follows from the ledger, and the ledger can be made again from it.

mod table;

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

pub use table::{COLUMNS, JournalError, decode, encode, encode_all};

use crate::{
    ledger::Change,
    publication::{Archive, PublishError},
    series::Series,
    time::{LocalPeriod, PartitionSize, TimeRange},
};

/// The folder of a job's journal, beside the folders of its streams. Readers pass over names with a leading underscore.
pub const FOLDER: &str = "_changes";

const FILE_NAME: &str = "data.csv";

impl Series {
    /// The folder of its journal, relative to the output folder.
    pub fn journal_folder(&self) -> PathBuf {
        PathBuf::from(&self.job.name).join(FOLDER).join(format!("stream={}", self.stream.name))
    }

    /// The file of its journal for what was seen in one local month, relative to the output folder.
    pub fn journal_path(&self, month: LocalPeriod) -> PathBuf {
        self.journal_folder().join(month.folder_name()).join(FILE_NAME)
    }
}

impl Archive {
    /// Writes the months of the journal that lack something. The lock of the series is held.
    pub(crate) fn file_changes(&self, series: &Series, series_id: i64) -> Result<(), PublishError> {
        let zone = series.stream.timezone;
        let unfiled = self.ledger.unfiled_changes(series_id)?;
        let mut months: Vec<LocalPeriod> =
            unfiled.into_iter().map(|seen| LocalPeriod::of(seen, PartitionSize::Month, zone)).collect();
        months.dedup();
        for month in months {
            let Some(range) = month.range(zone) else { continue };
            let path = self.output_dir.join(series.journal_path(month));
            self.take_over_changes(series_id, &path, range)?;
            let changes = self.ledger.changes(series_id, Some(range))?;
            let bytes = encode(series, &changes).map_err(publish_error)?;
            let folder = self.output_dir.join(series.journal_folder());
            self.disk.create_folder(&folder)?;
            self.disk.replace(&path, &folder, &bytes)?;
            self.sync_way(&path)?;
            self.ledger.note_filed(series_id, range)?;
        }
        Ok(())
    }

    /// What a file of the journal holds and the ledger does not know was filed by a ledger that was lost, or that is newer
    /// than this one. What does not read as a journal is set aside.
    fn take_over_changes(&self, series_id: i64, path: &Path, seen: TimeRange) -> Result<(), PublishError> {
        let Some(bytes) = self.disk.read_if_present(path)? else { return Ok(()) };
        let Ok(filed) = decode(&bytes) else {
            let set_aside = self.disk.set_aside(path, seen.end())?;
            let (file, set_aside) = (path.display(), set_aside.display());
            tracing::warn!(%file, %set_aside, "a file of the journal does not read back, and was set aside");
            return Ok(());
        };
        let known: HashSet<Change> = self.ledger.changes(series_id, Some(seen))?.into_iter().collect();
        let lacking: Vec<Change> = filed.into_iter().filter(|change| !known.contains(change)).collect();
        if lacking.is_empty() { Ok(()) } else { Ok(self.ledger.restore_changes(series_id, &lacking)?) }
    }
}

fn publish_error(error: csv::Error) -> PublishError {
    PublishError::Encode(error.into())
}
