//! Rows to Parquet, column by column.

use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{ColumnPath, TypePtr};

use super::{schema, seal};
use crate::row::{Column, ColumnKind, FileContext, Row};
use crate::sink::cell::{Cell, Cells, Field, fields};
use crate::sink::{EncodeError, ParquetCompression, Table};

/// More rows than any partition of hours has; it only bounds what readers must hold at once.
const ROW_GROUP_ROWS: usize = 1 << 20;
const ZSTD_LEVEL: i32 = 3;

/// The bytes of a file with these rows.
pub(in crate::sink) fn encode(
    compression: ParquetCompression,
    context: &FileContext,
    rows: &[Row],
) -> Result<Vec<u8>, EncodeError> {
    let fields = fields(context);
    let columns = || fields.iter().map(|field| &field.column);
    let schema = schema::schema(columns())?;
    let repeating = columns().filter(|column| repeats(column)).map(Column::name);
    let sealed = sealed(compression, schema, repeating, |file| {
        let mut cells = Cells::new(context);
        for rows in rows.chunks(ROW_GROUP_ROWS) {
            let mut group = file.next_row_group()?;
            for field in &fields {
                let (kind, is_nullable) = (field.column.kind(), field.column.is_nullable());
                let column = ColumnOfRows { cells: &mut cells, field, rows };
                write_next(&mut group, kind, is_nullable, column)?;
            }
            group.close()?;
        }
        Ok(())
    });
    Ok(sealed?)
}

/// The bytes of a file with this table.
pub(in crate::sink) fn encode_table(
    compression: ParquetCompression,
    table: &Table<'_>,
) -> Result<Vec<u8>, EncodeError> {
    let columns = || table.columns.iter();
    let schema = columns().map(|column| schema::typed(&column.name, column.kind, column.is_nullable));
    let repeating = columns().filter(|column| column.repeats).map(|column| column.name.clone());
    let sealed = sealed(compression, schema::root(schema)?, repeating, |file| {
        for rows in table.rows.chunks(ROW_GROUP_ROWS) {
            let mut group = file.next_row_group()?;
            for (index, column) in columns().enumerate() {
                let cells = ColumnOfTable { rows, index };
                write_next(&mut group, column.kind, column.is_nullable, cells)?;
            }
            group.close()?;
        }
        Ok(())
    });
    Ok(sealed?)
}

/// The bytes of a file whose row groups `write` makes, sealed. In the columns named `repeating`, few different values
/// stand.
fn sealed(
    compression: ParquetCompression,
    schema: TypePtr,
    repeating: impl Iterator<Item = String>,
    write: impl FnOnce(&mut SerializedFileWriter<&mut Vec<u8>>) -> Result<(), ParquetError>,
) -> Result<Vec<u8>, ParquetError> {
    let mut file = Vec::new();
    let properties = Arc::new(properties(compression, repeating)?);
    let mut writer = SerializedFileWriter::new(&mut file, schema, properties)?;
    write(&mut writer)?;
    writer.close()?;
    seal::seal(file).ok_or_else(|| general("no place for the checksum"))
}

/// Everything that decides on bytes is set, so that another version of the library with other defaults changes none.
fn properties(
    compression: ParquetCompression,
    repeating: impl Iterator<Item = String>,
) -> Result<WriterProperties, ParquetError> {
    let compression = match compression {
        ParquetCompression::None => Compression::UNCOMPRESSED,
        ParquetCompression::Snappy => Compression::SNAPPY,
        ParquetCompression::Zstd => Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?),
    };
    let mut builder = WriterProperties::builder()
        .set_created_by("audience-exporter".to_owned())
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_key_value_metadata(Some(vec![seal::blank()]))
        .set_compression(compression)
        .set_data_page_size_limit(1 << 20)
        .set_data_page_row_count_limit(20_000)
        .set_dictionary_page_size_limit(1 << 20)
        .set_write_batch_size(1024)
        .set_statistics_truncate_length(Some(64))
        // Those of the chunk let readers pass over files by time. A file has a page or two a column: finer ones, and
        // the index of pages, would cost more than they save.
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .set_bloom_filter_enabled(false)
        .set_dictionary_enabled(false);
    for column in repeating {
        builder = builder.set_column_dictionary_enabled(ColumnPath::new(vec![column]), true);
    }
    Ok(builder.build())
}

/// Whether few different values stand in it, so that a dictionary pays.
fn repeats(column: &Column) -> bool {
    matches!(column, Column::Stream | Column::UtcOffset | Column::Tag(_))
}

/// The cells of one column of a row group, from the first to the last.
trait ColumnCells {
    /// How many there are.
    fn count(&self) -> usize;

    /// Shows each of them in order.
    fn show(&mut self, to: impl FnMut(Cell<'_>));
}

struct ColumnOfRows<'a, 'c> {
    cells: &'a mut Cells<'c>,
    field: &'a Field<'c>,
    rows: &'a [Row],
}

impl ColumnCells for ColumnOfRows<'_, '_> {
    fn count(&self) -> usize {
        self.rows.len()
    }

    fn show(&mut self, mut to: impl FnMut(Cell<'_>)) {
        for row in self.rows {
            to(self.cells.get(self.field, row));
        }
    }
}

struct ColumnOfTable<'a, 'c> {
    rows: &'a [Vec<Cell<'c>>],
    index: usize,
}

impl ColumnCells for ColumnOfTable<'_, '_> {
    fn count(&self) -> usize {
        self.rows.len()
    }

    fn show(&mut self, mut to: impl FnMut(Cell<'_>)) {
        for row in self.rows {
            to(row.get(self.index).copied().unwrap_or(Cell::Null));
        }
    }
}

fn write_next(
    group: &mut SerializedRowGroupWriter<'_, &mut Vec<u8>>,
    kind: ColumnKind,
    is_nullable: bool,
    cells: impl ColumnCells,
) -> Result<(), ParquetError> {
    let mut column = group.next_column()?.ok_or_else(|| general("a column too few"))?;
    write_column(&mut column, kind, is_nullable, cells)?;
    column.close()
}

fn write_column(
    writer: &mut SerializedColumnWriter<'_>,
    kind: ColumnKind,
    is_nullable: bool,
    cells: impl ColumnCells,
) -> Result<(), ParquetError> {
    match kind {
        ColumnKind::Text => {
            // One buffer for the whole column: the values are slices of it.
            let mut buffer = Vec::new();
            let ranges = Values::collect(cells, is_nullable, |cell| {
                let Cell::Text(text) = cell else { return None };
                buffer.extend_from_slice(text.as_bytes());
                Some((buffer.len() - text.len(), text.len()))
            });
            let buffer = ByteArray::from(buffer);
            ranges.map(|(start, length)| buffer.slice(start, length)).write::<ByteArrayType>(writer)
        }
        ColumnKind::Instant | ColumnKind::WallClock | ColumnKind::Integer => {
            Values::collect(cells, is_nullable, |cell| match cell {
                Cell::Integer(number) => Some(number),
                Cell::Instant(instant) => Some(instant.timestamp_micros()),
                Cell::WallClock(shown) => Some(shown.and_utc().timestamp_micros()),
                Cell::Null | Cell::Text(_) | Cell::Float(_) => None,
            })
            .write::<Int64Type>(writer)
        }
        ColumnKind::Float => Values::collect(cells, is_nullable, |cell| match cell {
            Cell::Float(number) => Some(number),
            _ => None,
        })
        .write::<DoubleType>(writer),
    }
}

/// The values of a column without its nulls, and in a nullable column, for each row, 1 where it has a value.
struct Values<T> {
    values: Vec<T>,
    levels: Option<Vec<i16>>,
}

impl<T> Values<T> {
    fn collect(
        mut cells: impl ColumnCells,
        is_nullable: bool,
        mut value: impl FnMut(Cell<'_>) -> Option<T>,
    ) -> Self {
        let mut values = Vec::with_capacity(cells.count());
        let mut levels = Vec::with_capacity(cells.count());
        cells.show(|cell| {
            let value = value(cell);
            levels.push(i16::from(value.is_some()));
            values.extend(value);
        });
        Self { values, levels: is_nullable.then_some(levels) }
    }

    fn map<U>(self, convert: impl FnMut(T) -> U) -> Values<U> {
        Values { values: self.values.into_iter().map(convert).collect(), levels: self.levels }
    }

    fn write<D: DataType<T = T>>(self, writer: &mut SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
        writer.typed::<D>().write_batch(&self.values, self.levels.as_deref(), None)?;
        Ok(())
    }
}

fn general(message: &str) -> ParquetError {
    ParquetError::General(message.to_owned())
}
