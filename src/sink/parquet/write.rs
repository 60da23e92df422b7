//! Rows to Parquet. Files of usual size are put together here, others by the library, and nobody can tell which.

use super::source::{Buckets, Source};
use super::{library, seal, small};
use crate::row::{FileContext, Row};
use crate::sink::{EncodeError, ParquetCompression, Table};

/// Who made the file, as it says itself.
pub(super) const CREATED_BY: &str = "audience-exporter";

/// The bytes of a file with these rows.
pub(in crate::sink) fn encode(
    compression: ParquetCompression,
    context: &FileContext,
    rows: &[Row],
) -> Result<Vec<u8>, EncodeError> {
    sealed(compression, Buckets::new(context, rows))
}

/// The bytes of a file with this table.
pub(in crate::sink) fn encode_table(
    compression: ParquetCompression,
    table: &Table<'_>,
) -> Result<Vec<u8>, EncodeError> {
    sealed(compression, table)
}

fn sealed(compression: ParquetCompression, mut source: impl Source) -> Result<Vec<u8>, EncodeError> {
    let file = match small::encode(compression, &mut source)? {
        Some(file) => file,
        None => library::encode(compression, &mut source)?,
    };
    Ok(seal::seal(file).ok_or_else(|| library::general("no place for the checksum"))?)
}
