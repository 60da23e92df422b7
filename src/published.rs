//! Reading published files back: only what is as it was published.

use crate::{
    ledger::FileRecord,
    publication::{Archive, PublishError},
    row::Row,
    series::Series,
    sink::{PassedBy, publish},
    time::TimeRange,
};

impl Archive {
    /// The bytes of a published file; `None` where they are not those that the ledger tells of. Blocks.
    pub fn bytes_of_file(&self, file: &FileRecord) -> Result<Option<Vec<u8>>, PublishError> {
        let bytes = self.disk.read_if_present(&self.output_dir.join(&file.path))?;
        Ok(bytes.filter(|bytes| Some(publish::hash(bytes)) == file.hash))
    }

    /// The rows of a published file; `None` where it is not what was published, which looking at files tells. Blocks.
    pub fn rows_of_file(&self, series: &Series, file: &FileRecord) -> Result<Option<Vec<Row>>, PublishError> {
        let sound = self.bytes_of_file(file)?;
        Ok(sound.and_then(|bytes| series.job.format.decode(&series.context, &bytes).ok()))
    }

    /// How many people came by in the buckets that start in `range`, as [`Archive::rows_between`] reads rows. Blocks.
    pub fn people_between(
        &self,
        series: &Series,
        files: &[FileRecord],
        range: TimeRange,
    ) -> Result<Vec<PassedBy>, PublishError> {
        let mut people = Vec::new();
        for file in files.iter().filter(|file| file.period.overlaps(&range)) {
            let Some(bytes) = self.bytes_of_file(file)? else { continue };
            let of_file = series.job.format.people(&series.context, &bytes).unwrap_or_default();
            people.extend(of_file.into_iter().filter(|bucket| range.contains(bucket.start)));
        }
        Ok(people)
    }

    /// The rows that start in `range`, in the order of the files. What is not as it was published has none. Blocks.
    pub fn rows_between(
        &self,
        series: &Series,
        files: &[FileRecord],
        range: TimeRange,
    ) -> Result<Vec<Row>, PublishError> {
        let mut rows = Vec::new();
        for file in files.iter().filter(|file| file.period.overlaps(&range)) {
            let of_file = self.rows_of_file(series, file)?.unwrap_or_default();
            rows.extend(of_file.into_iter().filter(|row| range.contains(row.start)));
        }
        Ok(rows)
    }
}
