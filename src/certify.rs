//! What a folder tells of itself once its files are published: the journal of changes, and the manifest.

use std::path::PathBuf;

use crate::{
    ledger::LedgerError,
    locks::{Lock, LockError, Patience},
    manifest::{self, Manifest},
    publication::{Archive, PublishError},
    series::Series,
};

impl Archive {
    /// Writes what of a series' journal lacks, and its manifest where it tells something else by now. A crash before this
    /// leaves a manifest that is behind its files; the next run of the series puts it right.
    pub fn certify(&self, series: &Series, series_id: i64) -> Result<(), PublishError> {
        let _lock = match Lock::acquire(&self.state_dir, &series.lock_name(), Patience::None) {
            Ok(lock) => lock,
            // Whoever holds it publishes, and certifies afterwards what we published too.
            Err(LockError::Held { .. }) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        self.file_changes(series, series_id)?;
        let Some(manifest) = self.manifest(series, series_id)? else { return Ok(()) };
        let (path, bytes) = (self.manifest_path(series), manifest.encode());
        if self.disk.read_if_present(&path)?.as_deref() != Some(&*bytes) {
            let folder = self.output_dir.join(series.folder());
            self.disk.create_folder(&folder)?;
            self.disk.replace(&path, &folder, &bytes)?;
        }
        Ok(())
    }

    /// What the manifest of a series tells by now; `None` where nothing was ever exported.
    pub fn manifest(&self, series: &Series, series_id: i64) -> Result<Option<Manifest>, LedgerError> {
        let Some(known) = self.ledger.find_series(&series.key())? else { return Ok(None) };
        let evidence = self.ledger.evidence(series_id)?;
        let has_intervals = !evidence.coverage.intervals().is_empty();
        Ok(has_intervals.then(|| Manifest::new(series, &known, &evidence)))
    }

    /// Where the manifest of a series lies.
    pub fn manifest_path(&self, series: &Series) -> PathBuf {
        self.output_dir.join(series.folder()).join(manifest::FILE_NAME)
    }
}
