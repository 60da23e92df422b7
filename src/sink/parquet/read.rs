//! Parquet to rows.

use std::any::Any;
use std::cell::Cell as Place;
use std::panic::{UnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};

// The type of the `bytes` crate, which the Parquet library asks for.
use bytes::Bytes;
use chrono::DateTime;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::{ByteArray, DataType};
use parquet::errors::ParquetError;
use parquet::file::metadata::{
    ParquetMetaData, ParquetMetaDataOptions, ParquetMetaDataReader, ParquetStatisticsPolicy,
};
use parquet::schema::printer::print_schema;
use parquet::schema::types::Type;

use super::pages::pages;
use super::{schema, seal};
use crate::row::{ColumnKind, FileContext, Row};
use crate::sink::assemble::{Assembler, check_header, fixed_columns, shorten};
use crate::sink::cell::Cell;
use crate::sink::{DecodeError, MAX_ROWS, PassedBy, RowError};

/// The rows of a file.
pub(in crate::sink) fn decode(context: &FileContext, bytes: &[u8]) -> Result<Vec<Row>, DecodeError> {
    guarded(bytes, || read(context, bytes))
}

/// The buckets of a file, and who passed by.
pub(in crate::sink) fn people(context: &FileContext, bytes: &[u8]) -> Result<Vec<PassedBy>, DecodeError> {
    guarded(bytes, || read_people(context, bytes))
}

/// The names of the columns of a file.
pub(in crate::sink) fn columns(bytes: &[u8]) -> Result<Vec<String>, DecodeError> {
    guarded(bytes, || {
        let metadata = metadata(&Bytes::copy_from_slice(bytes))?;
        let fields = metadata.file_metadata().schema().get_fields();
        Ok(fields.iter().map(|field| field.name().to_owned()).collect())
    })
}

fn guarded<T>(
    bytes: &[u8],
    read: impl FnOnce() -> Result<T, DecodeError> + UnwindSafe,
) -> Result<T, DecodeError> {
    seal::verify(bytes)?;
    // The library asserts what it expects of a file. Damage does not pass the seal, but a file that was forged, or
    // sealed by a faulty version of ours, must end in an error here and not end the run.
    catch_unwind(read).unwrap_or_else(|panic| Err(DecodeError::ParquetPanic(message(&*panic))))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("something unnamed").to_owned()
}

/// An open file.
struct File {
    bytes: Arc<Bytes>,
    metadata: ParquetMetaData,
    /// How many rows it claims to have.
    claimed: i64,
}

impl File {
    fn open(bytes: &[u8]) -> Result<Self, DecodeError> {
        let bytes = Bytes::copy_from_slice(bytes);
        let metadata = metadata(&bytes)?;
        let claimed = check_metadata(&metadata)?;
        Ok(Self { bytes: Arc::new(bytes), metadata, claimed })
    }

    /// Shows the columns at `indexes` of one row group after another, with the number of their rows. `read` tells how
    /// many it has read in all.
    fn read(
        &self,
        indexes: &[usize],
        mut read: impl FnMut(&[Values], usize) -> Result<usize, DecodeError>,
    ) -> Result<(), DecodeError> {
        let mut found = 0;
        for group in self.metadata.row_groups() {
            let rows = usize::try_from(group.num_rows()).map_err(ParquetError::from)?;
            let column = |index: &usize| {
                let chunk = group.columns().get(*index).ok_or_else(|| general("a column too few"))?;
                let pages = pages(&self.bytes, chunk, rows)?;
                Values::read(get_column_reader(chunk.column_descr_ptr(), pages), rows)
            };
            let columns = indexes.iter().map(column).collect::<Result<Vec<_>, _>>()?;
            found = read(&columns, rows)?;
        }
        if i64::try_from(found) == Ok(self.claimed) {
            return Ok(());
        }
        Err(DecodeError::RowCount { claimed: self.claimed, found })
    }
}

/// The footer, without the statistics, which are for others.
fn metadata(bytes: &Bytes) -> Result<ParquetMetaData, ParquetError> {
    let options = ParquetMetaDataOptions::new()
        .with_encoding_stats_policy(ParquetStatisticsPolicy::SkipAll)
        .with_column_stats_policy(ParquetStatisticsPolicy::SkipAll)
        .with_size_stats_policy(ParquetStatisticsPolicy::SkipAll);
    ParquetMetaDataReader::new().with_metadata_options(Some(options)).parse_and_finish(bytes)
}

fn read(context: &FileContext, bytes: &[u8]) -> Result<Vec<Row>, DecodeError> {
    let file = File::open(bytes)?;
    let mut assembler = Assembler::new(context);
    let mut rows = Vec::new();
    let indexes: Vec<usize> = (0..fixed_columns().len()).collect();
    file.read(&indexes, |columns, count| {
        rows.reserve(count);
        for row in 0..count {
            rows.push(assembler.next_row(|column, kind| columns[column].cell(row, kind))?);
        }
        Ok(rows.len())
    })?;
    Ok(rows)
}

fn read_people(context: &FileContext, bytes: &[u8]) -> Result<Vec<PassedBy>, DecodeError> {
    let file = File::open(bytes)?;
    let mut assembler = Assembler::new(context);
    let mut buckets = Vec::new();
    file.read(&PassedBy::COLUMNS, |columns, count| {
        buckets.reserve(count);
        for row in 0..count {
            buckets.push(assembler.next_bucket(|place, kind| columns[place].cell(row, kind))?);
        }
        Ok(buckets.len())
    })?;
    Ok(buckets)
}

/// The number of rows that the file claims to have, if it is one that we could have written.
fn check_metadata(metadata: &ParquetMetaData) -> Result<i64, DecodeError> {
    check_schema(metadata.file_metadata().schema())?;
    let claimed = metadata.file_metadata().num_rows();
    let groups = metadata.row_groups().iter().map(|group| i128::from(group.num_rows().max(0)));
    let most = groups.sum::<i128>().max(i128::from(claimed));
    match usize::try_from(most) {
        Ok(rows) if rows <= MAX_ROWS => Ok(claimed),
        rows => Err(RowError::TooMany(rows.unwrap_or(usize::MAX)).into()),
    }
}

fn check_schema(found: &Type) -> Result<(), DecodeError> {
    static EXPECTED: LazyLock<Vec<Result<Type, ParquetError>>> =
        LazyLock::new(|| fixed_columns().iter().map(schema::column_type).collect());
    check_header(found.get_fields().iter().map(|field| field.name().as_bytes()))?;
    for (index, (expected, found)) in EXPECTED.iter().zip(found.get_fields()).enumerate() {
        let expected = expected.as_ref().map_err(|error| general(&error.to_string()))?;
        if **found != *expected {
            let (expected, found) = (describe(expected), describe(found));
            return Err(DecodeError::Column { position: index + 1, expected, found });
        }
    }
    Ok(())
}

/// `REQUIRED INT64 bucket_start (TIMESTAMP(MICROS,true))`.
fn describe(field: &Type) -> String {
    let mut text = Vec::new();
    print_schema(&mut text, field);
    String::from_utf8_lossy(&text).trim().trim_end_matches(';').to_owned()
}

/// The values of one column of a row group.
enum Values {
    Text(Cursor<ByteArray>),
    Int64(Cursor<i64>),
    Double(Cursor<f64>),
}

impl Values {
    fn read(reader: ColumnReader, rows: usize) -> Result<Self, ParquetError> {
        match reader {
            ColumnReader::ByteArrayColumnReader(reader) => Cursor::read(reader, rows).map(Self::Text),
            ColumnReader::Int64ColumnReader(reader) => Cursor::read(reader, rows).map(Self::Int64),
            ColumnReader::DoubleColumnReader(reader) => Cursor::read(reader, rows).map(Self::Double),
            _ => Err(general("a column of a type that is not ours")),
        }
    }

    /// What `row` has there. The rows are asked for in order, each once.
    fn cell(&self, row: usize, kind: ColumnKind) -> Result<Cell<'_>, String> {
        match self {
            Self::Text(values) => match values.take(row) {
                Some(text) => {
                    let text = text.as_utf8().map_err(|_| shorten(text.data()))?;
                    Ok(Cell::text(Some(text)))
                }
                None => Ok(Cell::Null),
            },
            Self::Int64(values) => values
                .take(row)
                .map_or(Ok(Cell::Null), |number| int64_cell(*number, kind).ok_or_else(|| number.to_string())),
            Self::Double(values) => Ok(values.take(row).copied().map_or(Cell::Null, Cell::Float)),
        }
    }
}

fn int64_cell(number: i64, kind: ColumnKind) -> Option<Cell<'static>> {
    match kind {
        ColumnKind::Instant => DateTime::from_timestamp_micros(number).map(Cell::Instant),
        ColumnKind::WallClock => {
            DateTime::from_timestamp_micros(number).map(|shown| Cell::WallClock(shown.naive_utc()))
        }
        _ => Some(Cell::Integer(number)),
    }
}

/// The values that a column has, and where the next one stands.
struct Cursor<T> {
    values: Vec<T>,
    /// For each row, 1 where it has a value; empty where every row has one.
    levels: Vec<i16>,
    next: Place<usize>,
}

impl<T> Cursor<T> {
    fn read<D: DataType<T = T>>(mut reader: ColumnReaderImpl<D>, rows: usize) -> Result<Self, ParquetError> {
        let (mut values, mut levels) = (Vec::new(), Vec::new());
        let (found, _, _) = reader.read_records(rows, Some(&mut levels), None, &mut values)?;
        if found != rows {
            return Err(general(&format!("a column holds {found} of {rows} values")));
        }
        Ok(Self { values, levels, next: Place::new(0) })
    }

    fn take(&self, row: usize) -> Option<&T> {
        if self.levels.get(row).is_some_and(|level| *level != 1) {
            return None;
        }
        self.values.get(self.next.replace(self.next.get() + 1))
    }
}

fn general(message: &str) -> ParquetError {
    ParquetError::General(message.to_owned())
}

#[cfg(test)]
mod tests {
    use parquet::file::metadata::FileMetaData;
    use parquet::schema::types::SchemaDescriptor;

    use super::*;

    #[test]
    fn an_absurd_number_of_rows_is_refused_before_anything_is_read() {
        let schema = schema::root(fixed_columns().iter().map(schema::column_type)).unwrap();
        let descriptor = Arc::new(SchemaDescriptor::new(schema));
        let claiming = |rows| {
            let file = FileMetaData::new(1, rows, None, None, Arc::clone(&descriptor), None);
            check_metadata(&ParquetMetaData::new(file, Vec::new()))
        };
        assert!(matches!(claiming(8_784), Ok(8_784)));
        assert!(matches!(claiming(10_000_000), Err(DecodeError::Row(RowError::TooMany(10_000_000)))));
        assert!(claiming(i64::MAX).is_err());
    }
}
