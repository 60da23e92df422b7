//! Writing published rows anew after the configuration changed how rows are written: other tags, another compression,
//! another profile of CSV. Nothing is asked of the service.

use crate::{
    ledger::{FileRecord, Intention},
    locks::Lock,
    publication::{Archive, LOCK_PATIENCE, PublishError},
    series::Series,
    sink::publish,
};

impl Archive {
    /// Writes every file of the series as the configuration has it now. A file that is not what was published is left
    /// to the next window that touches it.
    pub fn restyle(&self, series: &Series, series_id: i64) -> Result<(), PublishError> {
        let _lock = Lock::acquire(&self.state_dir, &series.lock_name(), LOCK_PATIENCE)?;
        // Until all are written, no configuration finds its style in the ledger: a crash in between is noticed even if
        // the configuration is changed back.
        self.ledger.record_style(series_id, "", &[])?;
        let mut written = Vec::new();
        for record in self.ledger.files(series_id)? {
            written.extend(self.restyle_file(series, series_id, record)?);
        }
        self.ledger.record_style(series_id, &series.style(), &written)?;
        let (job, stream) = (&*series.job.name, &*series.stream.name);
        tracing::info!(
            job,
            stream,
            files = written.len(),
            "tags, compression or profile changed, files written anew"
        );
        Ok(())
    }

    fn restyle_file(
        &self,
        series: &Series,
        series_id: i64,
        record: FileRecord,
    ) -> Result<Option<FileRecord>, PublishError> {
        let path = self.output_dir.join(&record.path);
        let Some(bytes) = self.disk.read_if_present(&path)? else { return Ok(None) };
        let found = Some(publish::hash(&bytes));
        if ![record.hash, record.pending_hash].contains(&found) {
            return Ok(None);
        }
        let Ok(rows) = series.job.format.decode(&series.context, &bytes) else { return Ok(None) };
        if record.hash != found {
            self.adopt(series_id, &path, &rows)?;
        }
        let encoded = series.job.format.encode(&series.context, &rows)?;
        let pending_hash = Some(publish::hash(&encoded));
        if pending_hash != found {
            let file = FileRecord { hash: found, pending_hash, ..record.clone() };
            self.ledger.intend(series_id, &[Intention { file, changes: Vec::new() }])?;
            self.disk.replace(&path, &self.output_dir.join(series.folder()), &encoded)?;
        }
        let (rows, bytes) = (rows.len() as u64, encoded.len() as u64);
        Ok(Some(FileRecord { hash: pending_hash, pending_hash: None, rows, bytes, ..record }))
    }
}
