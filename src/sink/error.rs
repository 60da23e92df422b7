//! Why rows could not be written, and why a file was not read back.

use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::Tz;
use parquet::errors::ParquetError;

use super::{MAX_CSV_BYTES, MAX_ROWS};
use crate::row::NotInOrder;
use crate::time::to_display;

/// A row that may not stand in a published file. It is refused both before writing and after reading.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RowError {
    /// The rows are not strictly ascending.
    #[error(transparent)]
    NotInOrder(#[from] NotInOrder),
    /// A bucket without duration.
    #[error("bucket {} ends at {}, which is not after its start", to_display(*.start), to_display(*.end))]
    EmptyBucket {
        /// Where it starts.
        start: DateTime<Utc>,
        /// Where it ends.
        end: DateTime<Utc>,
    },
    /// An instant that `2026-11-21T13:00:00Z` cannot express.
    #[error("instant {} is not a whole second of the years 1 to 9998", to_display(*.0))]
    Unwritable(DateTime<Utc>),
    /// A mean that is infinite or not a number.
    #[error("{column} of bucket {} is not a finite number", to_display(*.start))]
    NotFinite {
        /// The column.
        column: &'static str,
        /// Where its bucket starts.
        start: DateTime<Utc>,
    },
    /// More than a file may hold.
    #[error("{0} rows are more than the {MAX_ROWS} of one file")]
    TooMany(usize),
}

/// Rows that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// A row that may not stand in a file.
    #[error(transparent)]
    Row(#[from] RowError),
    /// Text that [`super::FileFormat::decode`] would refuse to unpack.
    #[error("{0} bytes of CSV are more than the {MAX_CSV_BYTES} of one file")]
    TooLarge(usize),
    /// From the CSV library.
    #[error("cannot write CSV: {0}")]
    Csv(#[from] csv::Error),
    /// From a compression library.
    #[error("cannot compress: {0}")]
    Compress(#[source] std::io::Error),
    /// From the Parquet library.
    #[error("cannot write Parquet: {0}")]
    Parquet(#[from] ParquetError),
}

/// A file that does not read back as one that we published for this stream and zone.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// From a decompression library.
    #[error("damaged or not compressed as its name says: {0}")]
    Decompress(#[source] std::io::Error),
    /// Bytes after the end of the compressed data.
    #[error("{0} bytes follow the end of the compressed data")]
    TrailingBytes(usize),
    /// Decompressed, it would fill the memory.
    #[error("more than {MAX_CSV_BYTES} bytes when decompressed")]
    TooLarge,
    /// CSV that stops in the middle of a line.
    #[error("cut off in the middle of a row")]
    Truncated,
    /// From the CSV library.
    #[error("not well-formed: {0}")]
    Csv(#[from] csv::Error),
    /// Parquet without the checksum that we write into every file.
    #[error("it carries no checksum of ours: damaged, or written by another program")]
    Unsealed,
    /// Parquet that does not match its checksum.
    #[error("damaged: its contents do not match its checksum")]
    BrokenSeal,
    /// From the Parquet library.
    #[error("not readable as Parquet: {0}")]
    Parquet(#[from] ParquetError),
    /// The Parquet library panicked.
    #[error("not readable as Parquet: the reader failed on {0:?}")]
    ParquetPanic(String),
    /// Parquet whose parts disagree on the number of rows.
    #[error("it claims {claimed} rows and holds {found}")]
    RowCount {
        /// What its metadata says.
        claimed: i64,
        /// What it holds.
        found: usize,
    },
    /// Another column than ours in this place.
    #[error("column {position} is expected to be {expected}, found {found}")]
    Column {
        /// Counted from 1.
        position: usize,
        /// Our column.
        expected: String,
        /// Its column, or that there is none.
        found: String,
    },
    /// A cell that does not hold what its column holds.
    #[error("row {row}, {column}: expected {expected}, found {found}")]
    Cell {
        /// Counted from 1, without the header.
        row: usize,
        /// The column.
        column: String,
        /// What the column holds.
        expected: &'static str,
        /// The cell, shortened.
        found: String,
    },
    /// The file of another stream.
    #[error("row {row} belongs to stream {found}, not to {expected:?}")]
    OtherStream {
        /// Counted from 1, without the header.
        row: usize,
        /// The stream whose file it should be.
        expected: String,
        /// The stream that it names, shortened.
        found: String,
    },
    /// Local times that agree with their bucket, but not in the configured zone as its rules are known today.
    #[error(
        "written for another time zone or by older rules of it: bucket {} starts at {local_start} {utc_offset}, \
         not as in {zone}",
        to_display(*.start)
    )]
    OtherZone {
        /// Where the bucket starts.
        start: DateTime<Utc>,
        /// The file's wall clock.
        local_start: NaiveDateTime,
        /// The file's offset.
        utc_offset: String,
        /// The configured zone.
        zone: Tz,
    },
    /// Local times that are right in no zone.
    #[error("bucket {} contradicts its local start {local_start} {utc_offset}", to_display(*.start))]
    LocalTime {
        /// Where the bucket starts.
        start: DateTime<Utc>,
        /// The file's wall clock.
        local_start: NaiveDateTime,
        /// The file's offset, shortened.
        utc_offset: String,
    },
    /// A row that may not stand in a file.
    #[error(transparent)]
    Row(#[from] RowError),
}
