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

/// How the text of a CSV file is written. Every file tells its profile by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CsvProfile {
    /// RFC 4180, with LF.
    Standard,
    /// For Excel and Power BI where numbers have a decimal comma.
    ExcelEu,
}

impl CsvProfile {
    /// Every profile, the default first.
    pub const ALL: [Self; 2] = [Self::Standard, Self::ExcelEu];

    /// The word used in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::ExcelEu => "excel-eu",
        }
    }

    /// The profile of a text that [`CsvCompression::unpack`] gave.
    pub fn of(csv: &[u8]) -> Self {
        if csv::is_for_excel(csv) { Self::ExcelEu } else { Self::Standard }
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
pub enum FileFormat {
    /// CSV in the profile that is the default.
    Csv(CsvCompression),
    /// CSV for Excel. It has the names of other CSV, and either of them reads both.
    ExcelEu(CsvCompression),
    /// Parquet.
    Parquet(ParquetCompression),
}

impl FileFormat {
    /// Every format. Of those that share the name of their files, the first one is the usual one.
    pub const ALL: [Self; 9] = [
        Self::Csv(CsvCompression::None),
        Self::Csv(CsvCompression::Gzip),
        Self::Csv(CsvCompression::Zstd),
        Self::ExcelEu(CsvCompression::None),
        Self::ExcelEu(CsvCompression::Gzip),
        Self::ExcelEu(CsvCompression::Zstd),
        Self::Parquet(ParquetCompression::None),
        Self::Parquet(ParquetCompression::Snappy),
        Self::Parquet(ParquetCompression::Zstd),
    ];

    /// The same format in another profile; `None` where it has none.
    pub fn in_profile(self, profile: CsvProfile) -> Option<Self> {
        match (self, profile) {
            (Self::Csv(compression) | Self::ExcelEu(compression), CsvProfile::Standard) => {
                Some(Self::Csv(compression))
            }
            (Self::Csv(compression) | Self::ExcelEu(compression), CsvProfile::ExcelEu) => {
                Some(Self::ExcelEu(compression))
            }
            (Self::Parquet(_), _) => None,
        }
    }

    /// Its profile, where it is one that the ledger has to tell from the default.
    pub fn special_profile(self) -> Option<CsvProfile> {
        matches!(self, Self::ExcelEu(_)).then_some(CsvProfile::ExcelEu)
    }

    /// The name of a file inside its partition's folder. Parquet says inside how it is compressed, and CSV in which profile
    /// it is.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Csv(CsvCompression::None) | Self::ExcelEu(CsvCompression::None) => "data.csv",
            Self::Csv(CsvCompression::Gzip) | Self::ExcelEu(CsvCompression::Gzip) => "data.csv.gz",
            Self::Csv(CsvCompression::Zstd) | Self::ExcelEu(CsvCompression::Zstd) => "data.csv.zst",
            Self::Parquet(_) => "data.parquet",
        }
    }

    /// The word for its compression in the configuration.
    pub fn compression_name(self) -> &'static str {
        match self {
            Self::Csv(CsvCompression::None)
            | Self::ExcelEu(CsvCompression::None)
            | Self::Parquet(ParquetCompression::None) => "none",
            Self::Csv(CsvCompression::Gzip) | Self::ExcelEu(CsvCompression::Gzip) => "gzip",
            Self::Csv(CsvCompression::Zstd)
            | Self::ExcelEu(CsvCompression::Zstd)
            | Self::Parquet(ParquetCompression::Zstd) => "zstd",
            Self::Parquet(ParquetCompression::Snappy) => "snappy",
        }
    }

    /// The bytes of a file with these rows, which are strictly ascending.
    pub fn encode(self, context: &FileContext, rows: &[Row]) -> Result<Vec<u8>, EncodeError> {
        rules::check(rows)?;
        match self {
            Self::Csv(compression) => csv::encode(CsvProfile::Standard, compression, context, rows),
            Self::ExcelEu(compression) => csv::encode(CsvProfile::ExcelEu, compression, context, rows),
            Self::Parquet(compression) => parquet::encode(compression, context, rows),
        }
    }

    /// The rows of a file that was published for the same stream and zone. The tags of `context` need not be those
    /// of the file.
    pub fn decode(self, context: &FileContext, bytes: &[u8]) -> Result<Vec<Row>, DecodeError> {
        let rows = match self {
            Self::Csv(compression) | Self::ExcelEu(compression) => csv::decode(compression, context, bytes)?,
            Self::Parquet(_) => parquet::decode(context, bytes)?,
        };
        rules::check(&rows)?;
        Ok(rows)
    }

    /// The names of the columns of a file that [`FileFormat::decode`] reads, the tags included, in order.
    pub fn columns(self, bytes: &[u8]) -> Result<Vec<String>, DecodeError> {
        match self {
            Self::Csv(compression) | Self::ExcelEu(compression) => csv::columns(compression, bytes),
            Self::Parquet(_) => parquet::columns(bytes),
        }
    }
}
