//! Rows to bytes and back, in every format, and putting files where readers see them.

use crate::row::{FileContext, Row};

/// How a CSV file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum CsvCompression {
    None,
    Gzip,
    Zstd,
}

/// How the pages of a Parquet file are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ParquetCompression {
    None,
    Snappy,
    Zstd,
}

/// The format of a published file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum FileFormat {
    Csv(CsvCompression),
    Parquet(ParquetCompression),
}
