//! The part of a file that history is judged by.

use chrono::{DateTime, Utc};

use super::{DecodeError, FileFormat, csv, parquet, rules};
use crate::row::FileContext;

/// How many people passed by in one bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PassedBy {
    /// The bucket's first instant.
    pub start: DateTime<Utc>,
    /// The first instant after the bucket.
    pub end: DateTime<Utc>,
    /// People; `None` where it is not known.
    pub people: Option<i64>,
}

impl PassedBy {
    /// Where the columns that it needs stand among those of a file: stream, start, end and `passing_by`.
    pub(super) const COLUMNS: [usize; 4] = [0, 1, 2, 5];
}

impl FileFormat {
    /// What [`FileFormat::decode`] reads of who passed by, at a fraction of its cost. A file of another stream, or one
    /// whose buckets are not ours, is refused as there; what stands in other columns is not looked at.
    pub fn people(self, context: &FileContext, bytes: &[u8]) -> Result<Vec<PassedBy>, DecodeError> {
        let buckets = match self {
            Self::Csv(compression) | Self::ExcelEu(compression) => csv::people(compression, context, bytes)?,
            Self::Parquet(_) => parquet::people(context, bytes)?,
        };
        rules::check_buckets(&buckets)?;
        Ok(buckets)
    }
}
