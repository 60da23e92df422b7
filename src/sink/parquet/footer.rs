//! The footer of a file with one row group at most, in which each column has one page of data.

use super::bounds::Bounds;
use super::schema::ROOT;
use super::seal;
use super::thrift::{Element, Fields, push_binary, push_integer, small};
use super::write::CREATED_BY;
use crate::row::ColumnKind;
use crate::sink::TableColumn;

/// Numbers that the format gives to ways of encoding.
pub(super) const PLAIN: i64 = 0;
pub(super) const RUNS: i64 = 3;
pub(super) const DICTIONARY: i64 = 8;

/// Numbers that the format gives to kinds of pages.
pub(super) const DATA_PAGE: i64 = 0;
pub(super) const DICTIONARY_PAGE: i64 = 2;

/// What the footer tells of one column.
#[derive(Debug)]
pub(super) struct Chunk {
    /// Where its dictionary lies in the file, if it has one.
    pub(super) dictionary_at: Option<usize>,
    /// Where its data lie.
    pub(super) data_at: usize,
    /// With the headers of the pages.
    pub(super) unpacked_bytes: usize,
    pub(super) packed_bytes: usize,
    pub(super) rows: usize,
    pub(super) nulls: usize,
    pub(super) text_bytes: usize,
    pub(super) bounds: Option<Bounds>,
}

/// Appends the footer of a file of these columns. `chunks` has one for each of them, or none if there are no rows;
/// `codec` is the format's number for how pages are compressed.
pub(super) fn push(out: &mut Vec<u8>, columns: &[TableColumn], codec: i64, rows: usize, chunks: &[Chunk]) {
    let start = out.len();
    let mut file = Fields::new(out);
    file.int32(1, 1);
    push_schema(file.list(2, Element::Struct, columns.len() + 1), columns);
    file.int64(3, count(rows));
    let groups = file.list(4, Element::Struct, usize::from(!chunks.is_empty()));
    if !chunks.is_empty() {
        push_group(groups, columns, codec, rows, chunks);
    }
    let mut seal = Fields::new(file.list(5, Element::Struct, 1));
    seal.binary(1, seal::KEY.as_bytes());
    seal.binary(2, &seal::BLANK);
    seal.end();
    file.binary(6, CREATED_BY.as_bytes());
    push_orders(file.list(7, Element::Struct, columns.len()), columns);
    file.end();
    let length = small(out.len() - start);
    out.extend_from_slice(&length.to_le_bytes());
}

fn push_schema(out: &mut Vec<u8>, columns: &[TableColumn]) {
    let mut root = Fields::new(out);
    root.binary(4, ROOT.as_bytes());
    root.int32(5, count(columns.len()));
    root.end();
    for column in columns {
        let mut field = Fields::new(out);
        field.int32(1, physical_type(column.kind));
        field.int32(3, i64::from(column.is_nullable));
        field.binary(4, column.name.as_bytes());
        push_logical_type(&mut field, column.kind);
        field.end();
    }
}

/// By the older way of naming types, and by the newer one.
fn push_logical_type(field: &mut Fields<'_>, kind: ColumnKind) {
    const TEXT: i64 = 0;
    const MICROSECONDS: i64 = 10;
    match kind {
        ColumnKind::Integer | ColumnKind::Float => {}
        ColumnKind::Text => {
            field.int32(6, TEXT);
            let mut logical = field.structure(10);
            logical.structure(1).end();
            logical.end();
        }
        ColumnKind::Instant | ColumnKind::WallClock => {
            field.int32(6, MICROSECONDS);
            let mut logical = field.structure(10);
            let mut timestamp = logical.structure(8);
            timestamp.boolean(1, kind == ColumnKind::Instant);
            let mut unit = timestamp.structure(2);
            unit.structure(2).end();
            unit.end();
            timestamp.end();
            logical.end();
        }
    }
}

fn physical_type(kind: ColumnKind) -> i64 {
    match kind {
        ColumnKind::Instant | ColumnKind::WallClock | ColumnKind::Integer => 2,
        ColumnKind::Float => 5,
        ColumnKind::Text => 6,
    }
}

/// By which order least and greatest are: that of the type, or the total order of IEEE 754.
fn push_orders(out: &mut Vec<u8>, columns: &[TableColumn]) {
    for column in columns {
        let mut order = Fields::new(out);
        order.structure(if column.kind == ColumnKind::Float { 2 } else { 1 }).end();
        order.end();
    }
}

fn push_group(out: &mut Vec<u8>, columns: &[TableColumn], codec: i64, rows: usize, chunks: &[Chunk]) {
    let mut group = Fields::new(out);
    let list = group.list(1, Element::Struct, chunks.len());
    for (column, chunk) in columns.iter().zip(chunks) {
        push_chunk(list, column, codec, chunk);
    }
    group.int64(2, count(chunks.iter().map(|chunk| chunk.unpacked_bytes).sum()));
    group.int64(3, count(rows));
    // The first page follows the four bytes that every file begins with.
    group.int64(5, 4);
    group.int64(6, count(chunks.iter().map(|chunk| chunk.packed_bytes).sum()));
    group.int16(7, 0);
    group.end();
}

fn push_chunk(out: &mut Vec<u8>, column: &TableColumn, codec: i64, chunk: &Chunk) {
    let mut outer = Fields::new(out);
    outer.int64(2, 0);
    let mut fields = outer.structure(3);
    fields.int32(1, physical_type(column.kind));
    let encodings: &[i64] =
        if chunk.dictionary_at.is_some() { &[PLAIN, RUNS, DICTIONARY] } else { &[PLAIN, RUNS] };
    let list = fields.list(2, Element::Int32, encodings.len());
    for encoding in encodings {
        push_integer(list, *encoding);
    }
    push_binary(fields.list(3, Element::Binary, 1), column.name.as_bytes());
    fields.int32(4, codec);
    fields.int64(5, count(chunk.rows));
    fields.int64(6, count(chunk.unpacked_bytes));
    fields.int64(7, count(chunk.packed_bytes));
    fields.int64(9, count(chunk.data_at));
    if let Some(dictionary_at) = chunk.dictionary_at {
        fields.int64(11, count(dictionary_at));
    }
    push_statistics(fields.structure(12), column.kind, chunk);
    push_pages(&mut fields, chunk);
    push_sizes(&mut fields, column, chunk);
    fields.end();
    outer.end();
}

fn push_statistics(mut fields: Fields<'_>, kind: ColumnKind, chunk: &Chunk) {
    // Numbers repeat their bounds where older readers look for them; those of text and floats, older readers would
    // compare wrongly.
    let has_old_bounds = !matches!(kind, ColumnKind::Text | ColumnKind::Float);
    if let Some(bounds) = chunk.bounds.as_ref().filter(|_| has_old_bounds) {
        fields.binary(1, &bounds.greatest);
        fields.binary(2, &bounds.least);
    }
    fields.int64(3, count(chunk.nulls));
    if let Some(bounds) = &chunk.bounds {
        fields.binary(5, &bounds.greatest);
        fields.binary(6, &bounds.least);
    }
    fields.boolean(7, chunk.bounds.as_ref().is_some_and(|bounds| bounds.greatest_is_exact));
    fields.boolean(8, chunk.bounds.as_ref().is_some_and(|bounds| bounds.least_is_exact));
    if kind == ColumnKind::Float && chunk.bounds.is_some() {
        // How many are not a number.
        fields.int64(9, 0);
    }
    fields.end();
}

fn push_pages(fields: &mut Fields<'_>, chunk: &Chunk) {
    let pages: &[(i64, i64)] = if chunk.dictionary_at.is_some() {
        &[(DICTIONARY_PAGE, PLAIN), (DATA_PAGE, DICTIONARY)]
    } else {
        &[(DATA_PAGE, PLAIN)]
    };
    let list = fields.list(13, Element::Struct, pages.len());
    for (kind, encoding) in pages {
        let mut page = Fields::new(list);
        page.int32(1, *kind);
        page.int32(2, *encoding);
        page.int32(3, 1);
        page.end();
    }
}

fn push_sizes(fields: &mut Fields<'_>, column: &TableColumn, chunk: &Chunk) {
    let is_text = column.kind == ColumnKind::Text;
    if !is_text && !column.is_nullable {
        return;
    }
    let mut sizes = fields.structure(16);
    if is_text {
        sizes.int64(1, count(chunk.text_bytes));
    }
    if column.is_nullable {
        let levels = sizes.list(3, Element::Int64, 2);
        push_integer(levels, count(chunk.nulls));
        push_integer(levels, count(chunk.rows - chunk.nulls));
    }
    sizes.end();
}

/// As a field.
pub(super) fn count(number: usize) -> i64 {
    i64::from(small(number))
}
