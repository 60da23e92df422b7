//! Rows to bytes and back, in every format, and putting files where readers see them.
//!
//! The same context and rows give the same bytes on every machine. What `encode` wrote, `decode` reads; anything else
//! it refuses, because rows are merged into what was read, and a doubtful file must not become a trusted one.

mod assemble;
mod cell;
mod csv;
mod error;
mod json;
mod local;
mod parquet;
mod people;
pub mod publish;
mod rules;
mod table;
mod zstd_pool;

pub(crate) use cell::Cell;
pub use error::{DecodeError, EncodeError, RowError};
pub use json::JsonLayout;
pub use parquet::resealed as resealed_parquet;
pub use people::PassedBy;
pub(crate) use table::{Table, TableColumn};

use std::borrow::Cow;

use crate::row::{FileContext, Row};

/// The most rows that one file may hold: 478 years of hours. It bounds what a hostile file can make us allocate.
pub const MAX_ROWS: usize = 1 << 22;

/// The most bytes that the CSV of one file may have before compression, for the same reason.
pub const MAX_CSV_BYTES: usize = 1 << 30;

/// How a CSV file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum CsvCompression {
    None,
    Gzip,
    Zstd,
}

impl CsvCompression {
    /// The text of a CSV file that was published like this.
    pub fn unpack(self, bytes: &[u8]) -> Result<Cow<'_, [u8]>, DecodeError> {
        csv::unpack(self, bytes)
    }
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

impl FileFormat {
    /// Every format.
    pub const ALL: [Self; 6] = [
        Self::Csv(CsvCompression::None),
        Self::Csv(CsvCompression::Gzip),
        Self::Csv(CsvCompression::Zstd),
        Self::Parquet(ParquetCompression::None),
        Self::Parquet(ParquetCompression::Snappy),
        Self::Parquet(ParquetCompression::Zstd),
    ];

    /// The name of a file inside its partition's folder. Parquet says inside how it is compressed.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Csv(CsvCompression::None) => "data.csv",
            Self::Csv(CsvCompression::Gzip) => "data.csv.gz",
            Self::Csv(CsvCompression::Zstd) => "data.csv.zst",
            Self::Parquet(_) => "data.parquet",
        }
    }

    /// The word for its compression in the configuration.
    pub fn compression_name(self) -> &'static str {
        match self {
            Self::Csv(CsvCompression::None) | Self::Parquet(ParquetCompression::None) => "none",
            Self::Csv(CsvCompression::Gzip) => "gzip",
            Self::Csv(CsvCompression::Zstd) | Self::Parquet(ParquetCompression::Zstd) => "zstd",
            Self::Parquet(ParquetCompression::Snappy) => "snappy",
        }
    }

    /// The bytes of a file with these rows, which are strictly ascending.
    pub fn encode(self, context: &FileContext, rows: &[Row]) -> Result<Vec<u8>, EncodeError> {
        rules::check(rows)?;
        match self {
            Self::Csv(compression) => csv::encode(compression, context, rows),
            Self::Parquet(compression) => parquet::encode(compression, context, rows),
        }
    }

    /// The rows of a file that was published for the same stream and zone. The tags of `context` need not be those
    /// of the file.
    pub fn decode(self, context: &FileContext, bytes: &[u8]) -> Result<Vec<Row>, DecodeError> {
        let rows = match self {
            Self::Csv(compression) => csv::decode(compression, context, bytes)?,
            Self::Parquet(_) => parquet::decode(context, bytes)?,
        };
        rules::check(&rows)?;
        Ok(rows)
    }

    /// The names of the columns of a file that [`FileFormat::decode`] reads, the tags included, in order.
    pub fn columns(self, bytes: &[u8]) -> Result<Vec<String>, DecodeError> {
        match self {
            Self::Csv(compression) => csv::columns(compression, bytes),
            Self::Parquet(_) => parquet::columns(bytes),
        }
    }
}
