//! Small tables other than those of buckets, in the same formats: cameras, roll-ups. They are written and never read back.

use chrono_tz::Tz;

use super::{Cell, CsvProfile, EncodeError, FileFormat, csv, parquet};
use crate::row::ColumnKind;

/// One column of a table.
#[derive(Debug, Clone)]
pub(crate) struct TableColumn {
    /// The name in the header.
    pub(crate) name: String,
    /// What it holds.
    pub(crate) kind: ColumnKind,
    /// Whether a cell may be empty.
    pub(crate) is_nullable: bool,
    /// Whether few different values stand in it, so that a dictionary pays.
    pub(crate) repeats: bool,
}

/// Rows that have a cell for each column, in order.
#[derive(Debug)]
pub(crate) struct Table<'a> {
    /// In which instants are shown where a format shows them in local time.
    pub(crate) zone: Tz,
    pub(crate) columns: Vec<TableColumn>,
    pub(crate) rows: Vec<Vec<Cell<'a>>>,
}

impl FileFormat {
    /// The bytes of a file with this table. The same table is the same bytes.
    pub(crate) fn encode_table(self, table: &Table<'_>) -> Result<Vec<u8>, EncodeError> {
        match self {
            Self::Csv(compression) => csv::encode_table(CsvProfile::Standard, compression, table),
            Self::ExcelEu(compression) => csv::encode_table(CsvProfile::ExcelEu, compression, table),
            Self::Parquet(compression) => parquet::encode_table(compression, table),
        }
    }
}
