//! What a folder tells of itself once its files are published: the journal of changes, and the manifest.

use crate::{
    locks::Lock,
    manifest::{self, Manifest},
    publication::{Archive, LOCK_PATIENCE, PublishError},
    series::Series,
};

impl Archive {
    /// Writes what of a series' journal lacks, and its manifest where it tells something else by now. A crash before this
    /// leaves a manifest that is behind its files; the next run of the series puts it right.
    pub fn certify(&self, series: &Series, series_id: i64) -> Result<(), PublishError> {
        let _lock = Lock::acquire(&self.state_dir, &series.lock_name(), LOCK_PATIENCE)?;
        self.file_changes(series, series_id)?;
        let Some(known) = self.ledger.find_series(&series.key())? else { return Ok(()) };
        let evidence = self.ledger.evidence(series_id)?;
        if evidence.coverage.intervals().is_empty() {
            return Ok(());
        }
        let folder = self.output_dir.join(series.folder());
        let path = folder.join(manifest::FILE_NAME);
        let bytes = Manifest::new(series, &known, &evidence).encode();
        if self.disk.read_if_present(&path)?.as_deref() != Some(&*bytes) {
            self.disk.create_folder(&folder)?;
            self.disk.replace(&path, &folder, &bytes)?;
        }
        Ok(())
    }
}
