//! CSV: UTF-8, a header, and an empty field where nothing is known; RFC 4180 with LF, or in the dialect for Excel.

mod compression;
mod dialect;
mod excel;
pub(super) mod text;

use std::borrow::Cow;

use csv::{ByteRecord, Reader, ReaderBuilder};

use self::{
    dialect::{Dialect, Standard, behind_start_of_excel},
    excel::Excel,
};
use super::assemble::{Assembler, check_header, fixed_columns, shorten};
use super::cell::{Cell, Cells, fields};
use super::{
    CsvCompression, CsvProfile, DecodeError, EncodeError, MAX_CSV_BYTES, MAX_ROWS, PassedBy, RowError, Table,
};
use crate::row::{FileContext, Row};

/// What a row takes as a rule, so that the buffer need not grow often.
const TYPICAL_ROW_BYTES: usize = 192;

/// The bytes of a file with these rows.
pub(super) fn encode(
    profile: CsvProfile,
    compression: CsvCompression,
    context: &FileContext,
    rows: &[Row],
) -> Result<Vec<u8>, EncodeError> {
    let csv = match profile {
        CsvProfile::Standard => write::<Standard>(context, rows),
        CsvProfile::ExcelEu => write::<Excel>(context, rows),
    };
    compressed(compression, csv)
}

/// The bytes of a file with this table.
pub(super) fn encode_table(
    profile: CsvProfile,
    compression: CsvCompression,
    table: &Table<'_>,
) -> Result<Vec<u8>, EncodeError> {
    let csv = match profile {
        CsvProfile::Standard => write_table::<Standard>(table, text::push),
        CsvProfile::ExcelEu => {
            let mut excel = Excel::in_zone(table.zone);
            write_table::<Excel>(table, |out, cell| excel.push_cell(out, cell))
        }
    };
    compressed(compression, csv)
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

fn write<D: Dialect>(context: &FileContext, rows: &[Row]) -> Vec<u8> {
    let fields = fields(context);
    let mut csv = Vec::with_capacity(TYPICAL_ROW_BYTES * (rows.len() + 1));
    csv.extend_from_slice(D::START);
    for field in &fields {
        text::push_quoted(&mut csv, field.column.name().as_bytes(), D::SEPARATOR);
        csv.push(D::SEPARATOR);
    }
    end_record::<D>(&mut csv);
    let (mut cells, mut dialect) = (Cells::new(context), D::new(context));
    for row in rows {
        for field in &fields {
            dialect.push(&mut csv, &field.column, cells.get(field, row));
            csv.push(D::SEPARATOR);
        }
        end_record::<D>(&mut csv);
    }
    csv
}

/// A table has no column that a dialect treats otherwise than its kind.
fn write_table<D: Dialect>(table: &Table<'_>, mut push: impl FnMut(&mut Vec<u8>, Cell<'_>)) -> Vec<u8> {
    let mut csv = D::START.to_vec();
    for column in &table.columns {
        text::push_quoted(&mut csv, column.name.as_bytes(), D::SEPARATOR);
        csv.push(D::SEPARATOR);
    }
    end_record::<D>(&mut csv);
    for row in &table.rows {
        for cell in row {
            push(&mut csv, *cell);
            csv.push(D::SEPARATOR);
        }
        end_record::<D>(&mut csv);
    }
    csv
}

/// Ends the line where the separator behind its last field stands.
fn end_record<D: Dialect>(csv: &mut Vec<u8>) {
    csv.pop();
    csv.extend_from_slice(D::LINE_END);
}

/// The rows of a file, whatever its dialect.
pub(super) fn decode(
    compression: CsvCompression,
    context: &FileContext,
    bytes: &[u8],
) -> Result<Vec<Row>, DecodeError> {
    let csv = unpack(compression, bytes)?;
    match behind_start_of_excel(&csv) {
        Some(rest) => read::<Excel>(context, rest),
        None => read::<Standard>(context, &csv),
    }
}

/// The buckets of a file, and who passed by.
pub(super) fn people(
    compression: CsvCompression,
    context: &FileContext,
    bytes: &[u8],
) -> Result<Vec<PassedBy>, DecodeError> {
    let csv = unpack(compression, bytes)?;
    match behind_start_of_excel(&csv) {
        Some(rest) => read_people::<Excel>(context, rest),
        None => read_people::<Standard>(context, &csv),
    }
}

/// The names in the header.
pub(super) fn columns(compression: CsvCompression, bytes: &[u8]) -> Result<Vec<String>, DecodeError> {
    let csv = unpack(compression, bytes)?;
    let mut reader = match behind_start_of_excel(&csv) {
        Some(rest) => reader::<Excel>(rest),
        None => reader::<Standard>(&csv),
    };
    let mut record = ByteRecord::new();
    reader.read_byte_record(&mut record)?;
    Ok(record.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect())
}

/// Whether the text of a file is in the dialect for Excel.
pub(super) fn is_for_excel(csv: &[u8]) -> bool {
    behind_start_of_excel(csv).is_some()
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

fn read<D: Dialect>(context: &FileContext, csv: &[u8]) -> Result<Vec<Row>, DecodeError> {
    let mut assembler = Assembler::expecting(context, D::expected);
    let mut rows = Vec::with_capacity(csv.len() / TYPICAL_ROW_BYTES);
    read_records::<D>(csv, |record| {
        rows.push(assembler.next_row(|index, _| cell::<D>(record, index))?);
        Ok(())
    })?;
    Ok(rows)
}

fn read_people<D: Dialect>(context: &FileContext, csv: &[u8]) -> Result<Vec<PassedBy>, DecodeError> {
    let mut assembler = Assembler::expecting(context, D::expected);
    let mut buckets = Vec::with_capacity(csv.len() / TYPICAL_ROW_BYTES);
    read_records::<D>(csv, |record| {
        buckets.push(assembler.next_bucket(|place, _| cell::<D>(record, PassedBy::COLUMNS[place]))?);
        Ok(())
    })?;
    Ok(buckets)
}

fn reader<D: Dialect>(csv: &[u8]) -> Reader<&[u8]> {
    ReaderBuilder::new().has_headers(false).delimiter(D::SEPARATOR).from_reader(csv)
}

/// Shows each record but the header, which is checked.
fn read_records<D: Dialect>(
    csv: &[u8],
    mut show: impl FnMut(&ByteRecord) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    let mut reader = reader::<D>(csv);
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

fn cell<D: Dialect>(record: &ByteRecord, index: usize) -> Result<Cell<'_>, String> {
    let field = record.get(index).unwrap_or_default();
    D::parse(&fixed_columns()[index], field).ok_or_else(|| shorten(field))
}
