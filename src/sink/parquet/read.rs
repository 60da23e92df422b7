//! Parquet to rows.

use std::any::Any;
use std::panic::{UnwindSafe, catch_unwind};

// The type of the `bytes` crate, which the Parquet library asks for.
use bytes::Bytes;
use chrono::DateTime;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::schema::printer::print_schema;
use parquet::schema::types::Type;

use super::{schema, seal};
use crate::row::{ColumnKind, FileContext, Row};
use crate::sink::assemble::{Assembler, check_header, fixed_columns, shorten};
use crate::sink::cell::Cell;
use crate::sink::{DecodeError, MAX_ROWS, RowError};

/// The rows of a file.
pub(in crate::sink) fn decode(context: &FileContext, bytes: &[u8]) -> Result<Vec<Row>, DecodeError> {
    guarded(bytes, || read(context, bytes))
}

/// The names of the columns of a file.
pub(in crate::sink) fn columns(bytes: &[u8]) -> Result<Vec<String>, DecodeError> {
    guarded(bytes, || {
        let reader = SerializedFileReader::new(Bytes::copy_from_slice(bytes))?;
        let fields = reader.metadata().file_metadata().schema().get_fields();
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

fn read(context: &FileContext, bytes: &[u8]) -> Result<Vec<Row>, DecodeError> {
    let reader = SerializedFileReader::new(Bytes::copy_from_slice(bytes))?;
    let claimed = check_metadata(reader.metadata())?;
    let mut assembler = Assembler::new(context);
    let mut rows = Vec::new();
    for index in 0..reader.num_row_groups() {
        read_group(&*reader.get_row_group(index)?, &mut assembler, &mut rows)?;
    }
    match i64::try_from(rows.len()) {
        Ok(found) if found == claimed => Ok(rows),
        _ => Err(DecodeError::RowCount { claimed, found: rows.len() }),
    }
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
    check_header(found.get_fields().iter().map(|field| field.name().as_bytes()))?;
    for (index, (column, found)) in fixed_columns().iter().zip(found.get_fields()).enumerate() {
        let expected = schema::column_type(column)?;
        if **found != expected {
            let (expected, found) = (describe(&expected), describe(found));
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

fn read_group(
    group: &dyn RowGroupReader,
    assembler: &mut Assembler<'_>,
    rows: &mut Vec<Row>,
) -> Result<(), DecodeError> {
    let count = usize::try_from(group.metadata().num_rows()).map_err(ParquetError::from)?;
    let columns = (0..fixed_columns().len())
        .map(|index| Values::read(group.get_column_reader(index)?, count))
        .collect::<Result<Vec<_>, _>>()?;
    for row in 0..count {
        rows.push(assembler.next_row(|column, kind| columns[column].cell(row, kind))?);
    }
    Ok(())
}

/// The values of one column of a row group, one for each row.
enum Values {
    Text(Vec<Option<ByteArray>>),
    Int64(Vec<Option<i64>>),
    Double(Vec<Option<f64>>),
}

impl Values {
    fn read(reader: ColumnReader, rows: usize) -> Result<Self, ParquetError> {
        match reader {
            ColumnReader::ByteArrayColumnReader(reader) => read_values(reader, rows).map(Self::Text),
            ColumnReader::Int64ColumnReader(reader) => read_values(reader, rows).map(Self::Int64),
            ColumnReader::DoubleColumnReader(reader) => read_values(reader, rows).map(Self::Double),
            _ => Err(ParquetError::General("a column of a type that is not ours".to_owned())),
        }
    }

    fn cell(&self, row: usize, kind: ColumnKind) -> Result<Cell<'_>, String> {
        match self {
            Self::Text(values) => match &values[row] {
                Some(text) => {
                    let text = text.as_utf8().map_err(|_| shorten(text.data()))?;
                    Ok(Cell::text(Some(text)))
                }
                None => Ok(Cell::Null),
            },
            Self::Int64(values) => values[row]
                .map_or(Ok(Cell::Null), |number| int64_cell(number, kind).ok_or(number.to_string())),
            Self::Double(values) => Ok(values[row].map_or(Cell::Null, Cell::Float)),
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

fn read_values<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    rows: usize,
) -> Result<Vec<Option<T::T>>, ParquetError> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    let (found, _, _) = reader.read_records(rows, Some(&mut levels), None, &mut values)?;
    if found != rows {
        return Err(ParquetError::General(format!("a column holds {found} of {rows} values")));
    }
    let mut values = values.into_iter();
    if levels.is_empty() {
        // A column that cannot be null has no levels.
        return Ok(values.map(Some).collect());
    }
    Ok(levels.into_iter().map(|level| if level == 1 { values.next() } else { None }).collect())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parquet::file::metadata::{FileMetaData, ParquetMetaData};
    use parquet::schema::types::SchemaDescriptor;

    use super::*;

    #[test]
    fn an_absurd_number_of_rows_is_refused_before_anything_is_read() {
        let schema = schema::schema(fixed_columns().iter()).unwrap();
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
