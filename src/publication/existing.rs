//! What lies where a partition is to be published.

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use super::{Archive, Damage, PublishError};
use crate::{
    ledger::FileRecord,
    row::Row,
    series::Series,
    sink::publish::{self, FileError, FileHash},
    time::TimeRange,
};

/// One partition that a window is merged into.
pub(super) struct Partition {
    /// Its file, relative to the output folder, as the ledger names it.
    pub(super) name: String,
    /// Its buckets.
    pub(super) buckets: TimeRange,
    /// What the ledger knows of its file.
    pub(super) record: Option<FileRecord>,
}

/// A file that lies there, with its hash. Whatever reads back counts as published, also what a process that died had
/// written, and what a ledger that was moved away knew.
pub(super) struct Existing {
    pub(super) bytes: Vec<u8>,
    pub(super) hash: FileHash,
}

/// Looks at what lies where one series is published. The lock of the series is held.
pub(super) struct Place<'a> {
    pub(super) archive: &'a Archive,
    pub(super) series: &'a Series,
    pub(super) series_id: i64,
    pub(super) now: DateTime<Utc>,
}

impl Place<'_> {
    /// The file of a partition, as far as it is what was published; `None` where there is none, or none any more: what is
    /// not what was published is set aside, its partition becomes due again, and it is told.
    pub(super) fn find(
        &self,
        partition: &Partition,
        damaged: &mut Vec<Damage>,
    ) -> Result<Option<Existing>, PublishError> {
        let path = self.path(partition);
        self.archive.set_aside_beside(&path, self.now)?;
        let record = partition.record.as_ref();
        let reason = match self.archive.disk.read_if_present(&path)? {
            None if record.is_none_or(|record| record.hash.is_none()) => return Ok(None),
            None => "it is gone",
            Some(bytes) => {
                let hash = publish::hash(&bytes);
                let is_known = |record: &FileRecord| [record.hash, record.pending_hash].contains(&Some(hash));
                if record.is_none_or(is_known) {
                    return Ok(Some(Existing { bytes, hash }));
                }
                "its bytes are not those that were published"
            }
        };
        self.lose(partition, reason.to_owned(), damaged)?;
        Ok(None)
    }

    /// The rows of a file that was found, which are taken over where the ledger does not know them. One that does not read
    /// back is treated like one that was damaged.
    pub(super) fn read_back(
        &self,
        partition: &Partition,
        existing: &Existing,
        damaged: &mut Vec<Damage>,
    ) -> Result<Option<Vec<Row>>, PublishError> {
        let rows = self.series.job.format.decode(&self.series.context, &existing.bytes);
        let reason = match rows {
            Ok(rows) if rows.iter().all(|row| partition.buckets.contains(row.start)) => {
                self.adopt(partition, existing, &rows)?;
                return Ok(Some(rows));
            }
            Ok(_) => "it holds rows of another period".to_owned(),
            Err(error) => error.to_string(),
        };
        self.lose(partition, reason, damaged)?;
        Ok(None)
    }

    /// Takes over a file of `rows` where the ledger does not know it.
    pub(super) fn adopt(
        &self,
        partition: &Partition,
        existing: &Existing,
        rows: &[Row],
    ) -> Result<(), PublishError> {
        let known = partition.record.as_ref().and_then(|record| record.hash);
        if known == Some(existing.hash) {
            return Ok(());
        }
        self.archive.adopt(self.series_id, &self.path(partition), rows)
    }

    fn path(&self, partition: &Partition) -> PathBuf {
        self.archive.output_dir.join(&partition.name)
    }

    fn lose(
        &self,
        partition: &Partition,
        reason: String,
        damaged: &mut Vec<Damage>,
    ) -> Result<(), PublishError> {
        let (path, disk) = (self.path(partition), &self.archive.disk);
        let is_there = disk.exists(&path).map_err(FileError::new("look for", &path))?;
        let set_aside = if is_there { Some(disk.set_aside(&path, self.now)?) } else { None };
        self.archive.ledger.lose(self.series_id, &partition.name, partition.buckets)?;
        damaged.push(Damage { path, reason, set_aside });
        Ok(())
    }
}
