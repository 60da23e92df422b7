//! What a file is made of, whichever way its bytes are made: the rows of a stream, or a table.

use std::ops::Range;

use crate::row::{Column, FileContext, Row};
use crate::sink::cell::{Cell, Cells, Field, fields};
use crate::sink::{Table, TableColumn};

/// Rows, seen column by column.
pub(super) trait Source {
    /// The columns, in order.
    fn columns(&self) -> &[TableColumn];

    /// How many rows there are.
    fn row_count(&self) -> usize;

    /// Shows the cells of a column, from the first of `rows` to the last.
    fn show(&mut self, column: usize, rows: Range<usize>, to: impl FnMut(Cell<'_>));
}

/// The rows of a file of a stream.
pub(super) struct Buckets<'a> {
    fields: Vec<Field<'a>>,
    columns: Vec<TableColumn>,
    cells: Cells<'a>,
    rows: &'a [Row],
}

impl<'a> Buckets<'a> {
    pub(super) fn new(context: &'a FileContext, rows: &'a [Row]) -> Self {
        let fields = fields(context);
        let columns = fields.iter().map(|field| plan(&field.column)).collect();
        Self { fields, columns, cells: Cells::new(context), rows }
    }
}

fn plan(column: &Column) -> TableColumn {
    let repeats = matches!(column, Column::Stream | Column::UtcOffset | Column::Tag(_));
    TableColumn { name: column.name(), kind: column.kind(), is_nullable: column.is_nullable(), repeats }
}

impl Source for Buckets<'_> {
    fn columns(&self) -> &[TableColumn] {
        &self.columns
    }

    fn row_count(&self) -> usize {
        self.rows.len()
    }

    fn show(&mut self, column: usize, rows: Range<usize>, mut to: impl FnMut(Cell<'_>)) {
        let (field, rows) = (&self.fields[column], &self.rows[rows]);
        // Asking once for the column instead of for each cell takes half the time, and most columns are of these.
        match &field.column {
            Column::BucketStart => show(rows, |row| to(Cell::Instant(row.start))),
            Column::BucketEnd => show(rows, |row| to(Cell::Instant(row.end))),
            Column::Count(count) => {
                show(rows, |row| to(row.count(*count).map_or(Cell::Null, Cell::Integer)));
            }
            Column::Mean(mean) => show(rows, |row| to(row.mean(*mean).map_or(Cell::Null, Cell::Float))),
            _ => show(rows, |row| to(self.cells.get(field, row))),
        }
    }
}

fn show(rows: &[Row], to: impl FnMut(&Row)) {
    rows.iter().for_each(to);
}

impl Source for &Table<'_> {
    fn columns(&self) -> &[TableColumn] {
        &self.columns
    }

    fn row_count(&self) -> usize {
        self.rows.len()
    }

    fn show(&mut self, column: usize, rows: Range<usize>, mut to: impl FnMut(Cell<'_>)) {
        for row in &self.rows[rows] {
            to(row.get(column).copied().unwrap_or(Cell::Null));
        }
    }
}
