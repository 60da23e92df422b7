//! Rows to Parquet by the library, a page after another: for files that are too large to be written in one piece, and for
//! Snappy, which nothing else here speaks.

use std::ops::Range;
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::ColumnPath;

use super::source::Source;
use super::write::CREATED_BY;
use super::{schema, seal};
use crate::row::ColumnKind;
use crate::sink::ParquetCompression;
use crate::sink::cell::Cell;
use crate::sink::zstd_pool::Effort;

/// More rows than any partition of hours has; it only bounds what readers must hold at once.
const ROW_GROUP_ROWS: usize = 1 << 20;

/// The bytes of a file, with a blank seal.
pub(super) fn encode(
    compression: ParquetCompression,
    source: &mut impl Source,
) -> Result<Vec<u8>, ParquetError> {
    let columns = source.columns();
    let schema = schema::root(
        columns.iter().map(|column| schema::typed(&column.name, column.kind, column.is_nullable)),
    )?;
    let repeating = columns.iter().filter(|column| column.repeats).map(|column| column.name.clone());
    let properties = Arc::new(properties(compression, repeating)?);
    let plans: Vec<_> = columns.iter().map(|column| (column.kind, column.is_nullable)).collect();
    let mut file = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut file, schema, properties)?;
    for first in (0..source.row_count()).step_by(ROW_GROUP_ROWS) {
        let rows = first..source.row_count().min(first + ROW_GROUP_ROWS);
        let mut group = writer.next_row_group()?;
        for (index, (kind, is_nullable)) in plans.iter().enumerate() {
            let mut column = group.next_column()?.ok_or_else(|| general("a column too few"))?;
            write_column(
                &mut column,
                *kind,
                *is_nullable,
                ColumnCells { source, index, rows: rows.clone() },
            )?;
            column.close()?;
        }
        group.close()?;
    }
    writer.close()?;
    Ok(file)
}

/// Everything that decides on bytes is set, so that another version of the library with other defaults changes none.
fn properties(
    compression: ParquetCompression,
    repeating: impl Iterator<Item = String>,
) -> Result<WriterProperties, ParquetError> {
    let compression = match compression {
        ParquetCompression::None => Compression::UNCOMPRESSED,
        ParquetCompression::Snappy => Compression::SNAPPY,
        ParquetCompression::Zstd => Compression::ZSTD(ZstdLevel::try_new(Effort::Page as i32)?),
    };
    let mut builder = WriterProperties::builder()
        .set_created_by(CREATED_BY.to_owned())
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

/// The cells of one column of a row group.
struct ColumnCells<'a, S> {
    source: &'a mut S,
    index: usize,
    rows: Range<usize>,
}

fn write_column(
    writer: &mut SerializedColumnWriter<'_>,
    kind: ColumnKind,
    is_nullable: bool,
    cells: ColumnCells<'_, impl Source>,
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
        cells: ColumnCells<'_, impl Source>,
        is_nullable: bool,
        mut value: impl FnMut(Cell<'_>) -> Option<T>,
    ) -> Self {
        let mut values = Vec::with_capacity(cells.rows.len());
        let mut levels = Vec::with_capacity(cells.rows.len());
        cells.source.show(cells.index, cells.rows, |cell| {
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

pub(super) fn general(message: &str) -> ParquetError {
    ParquetError::General(message.to_owned())
}
