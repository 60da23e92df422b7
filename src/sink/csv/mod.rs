//! CSV: RFC 4180, UTF-8, LF, a header, and an empty field where nothing is known.

mod compression;
pub(super) mod text;

use std::borrow::Cow;

use csv::{ByteRecord, ReaderBuilder, Writer};

use super::assemble::{Assembler, check_header, shorten};
use super::cell::{Cell, Cells, fields};
use super::{CsvCompression, DecodeError, EncodeError, MAX_CSV_BYTES, MAX_ROWS, PassedBy, RowError, Table};
use crate::row::{ColumnKind, FileContext, Row};

/// What a row takes as a rule, so that the buffer need not grow often.
const TYPICAL_ROW_BYTES: usize = 192;

/// The bytes of a file with these rows.
pub(super) fn encode(
    compression: CsvCompression,
    context: &FileContext,
    rows: &[Row],
) -> Result<Vec<u8>, EncodeError> {
    compressed(compression, write(context, rows))
}

/// The bytes of a file with this table.
pub(super) fn encode_table(compression: CsvCompression, table: &Table<'_>) -> Result<Vec<u8>, EncodeError> {
    let mut writer = Writer::from_writer(Vec::new());
    writer.write_record(table.columns.iter().map(|column| &*column.name))?;
    let (mut record, mut scratch) = (ByteRecord::new(), Vec::new());
    for row in &table.rows {
        record.clear();
        for cell in row {
            record.push_field(text::format(*cell, &mut scratch));
        }
        writer.write_byte_record(&record)?;
    }
    compressed(compression, writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?)
}

/// CSV as it stands in a file.
fn compressed(compression: CsvCompression, csv: Vec<u8>) -> Result<Vec<u8>, EncodeError> {
    if csv.len() > MAX_CSV_BYTES {
        return Err(EncodeError::TooLarge(csv.len()));
    }
    match compression {
        CsvCompression::None => Ok(csv),
        CsvCompression::Gzip => compression::gzip(&csv),
        CsvCompression::Zstd => compression::zstd(&csv),
    }
}

fn write(context: &FileContext, rows: &[Row]) -> Vec<u8> {
    let fields = fields(context);
    let mut csv = Vec::with_capacity(TYPICAL_ROW_BYTES * (rows.len() + 1));
    for field in &fields {
        text::push_quoted(&mut csv, field.column.name().as_bytes());
        csv.push(b',');
    }
    end_record(&mut csv);
    let mut cells = Cells::new(context);
    for row in rows {
        for field in &fields {
            text::push(&mut csv, cells.get(field, row));
            csv.push(b',');
        }
        end_record(&mut csv);
    }
    csv
}

/// Ends the line where the comma behind its last field stands.
fn end_record(csv: &mut [u8]) {
    if let Some(last) = csv.last_mut() {
        *last = b'\n';
    }
}

/// The rows of a file.
pub(super) fn decode(
    compression: CsvCompression,
    context: &FileContext,
    bytes: &[u8],
) -> Result<Vec<Row>, DecodeError> {
    read(context, &unpack(compression, bytes)?)
}

/// The buckets of a file, and who passed by.
pub(super) fn people(
    compression: CsvCompression,
    context: &FileContext,
    bytes: &[u8],
) -> Result<Vec<PassedBy>, DecodeError> {
    read_people(context, &unpack(compression, bytes)?)
}

/// The names in the header.
pub(super) fn columns(compression: CsvCompression, bytes: &[u8]) -> Result<Vec<String>, DecodeError> {
    let csv = unpack(compression, bytes)?;
    let mut reader = ReaderBuilder::new().has_headers(false).from_reader(&*csv);
    let mut record = ByteRecord::new();
    reader.read_byte_record(&mut record)?;
    Ok(record.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect())
}

/// The text of a file.
pub(super) fn unpack(compression: CsvCompression, bytes: &[u8]) -> Result<Cow<'_, [u8]>, DecodeError> {
    let csv = match compression {
        CsvCompression::None => Cow::Borrowed(bytes),
        CsvCompression::Gzip => Cow::Owned(compression::gunzip(bytes)?),
        CsvCompression::Zstd => Cow::Owned(compression::unzstd(bytes)?),
    };
    check_complete(&csv)?;
    Ok(csv)
}

/// Refuses CSV that stops in the middle of a line or of a quoted field: the CSV library reads both as if they ended
/// there. Each quote opens or closes, so that doubled ones change nothing.
fn check_complete(csv: &[u8]) -> Result<(), DecodeError> {
    let inside_quotes = csv.iter().fold(false, |inside, byte| inside ^ (*byte == b'"'));
    if csv.ends_with(b"\n") && !inside_quotes { Ok(()) } else { Err(DecodeError::Truncated) }
}

fn read(context: &FileContext, csv: &[u8]) -> Result<Vec<Row>, DecodeError> {
    let mut assembler = Assembler::new(context);
    let mut rows = Vec::with_capacity(csv.len() / TYPICAL_ROW_BYTES);
    read_records(csv, |record| {
        rows.push(assembler.next_row(|index, kind| cell(record, index, kind))?);
        Ok(())
    })?;
    Ok(rows)
}

fn read_people(context: &FileContext, csv: &[u8]) -> Result<Vec<PassedBy>, DecodeError> {
    let mut assembler = Assembler::new(context);
    let mut buckets = Vec::with_capacity(csv.len() / TYPICAL_ROW_BYTES);
    read_records(csv, |record| {
        buckets.push(assembler.next_bucket(|place, kind| cell(record, PassedBy::COLUMNS[place], kind))?);
        Ok(())
    })?;
    Ok(buckets)
}

/// Shows each record but the header, which is checked.
fn read_records(
    csv: &[u8],
    mut show: impl FnMut(&ByteRecord) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    let mut reader = ReaderBuilder::new().has_headers(false).from_reader(csv);
    let mut record = ByteRecord::new();
    reader.read_byte_record(&mut record)?;
    check_header(&record)?;
    let mut count = 0;
    while reader.read_byte_record(&mut record)? {
        count += 1;
        if count > MAX_ROWS {
            return Err(RowError::TooMany(count).into());
        }
        show(&record)?;
    }
    Ok(())
}

fn cell(record: &ByteRecord, index: usize, kind: ColumnKind) -> Result<Cell<'_>, String> {
    let field = record.get(index).unwrap_or_default();
    text::parse(kind, field).ok_or_else(|| shorten(field))
}
