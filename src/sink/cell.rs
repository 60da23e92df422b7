//! What stands in each column of a row, whatever the format.

use chrono::{DateTime, NaiveDateTime, Utc};

use super::local::LocalClock;
use crate::row::{Column, FileContext, Row, columns};

/// The contents of one cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Cell<'a> {
    /// Not asked or not known.
    Null,
    Text(&'a str),
    Instant(DateTime<Utc>),
    WallClock(NaiveDateTime),
    Integer(i64),
    Float(f64),
}

impl<'a> Cell<'a> {
    /// Empty text is null: CSV cannot tell them apart, and no value of ours is empty.
    pub(crate) fn text(text: Option<&'a str>) -> Self {
        text.filter(|text| !text.is_empty()).map_or(Self::Null, Self::Text)
    }
}

/// One column of a file, with the value that every row has there if it is a tag.
#[derive(Debug)]
pub(super) struct Field<'a> {
    pub(super) column: Column,
    tag: Option<&'a str>,
}

/// The columns of a file of `context`, in order.
pub(super) fn fields(context: &FileContext) -> Vec<Field<'_>> {
    let tag = |column: &Column| {
        let Column::Tag(key) = column else { return None };
        context.tags.iter().find(|(other, _)| other == key).and_then(|(_, value)| value.as_deref())
    };
    columns(context.tags.iter().map(|(key, _)| key.as_str()))
        .into_iter()
        .map(|column| Field { tag: tag(&column), column })
        .collect()
}

/// Takes rows apart into cells.
#[derive(Debug)]
pub(super) struct Cells<'a> {
    stream: &'a str,
    clock: LocalClock,
}

impl<'a> Cells<'a> {
    pub(super) fn new(context: &'a FileContext) -> Self {
        Self { stream: &context.stream, clock: LocalClock::new(context.zone) }
    }

    /// What stands in `field` of `row`.
    pub(super) fn get<'c>(&'c mut self, field: &'c Field<'_>, row: &'c Row) -> Cell<'c> {
        match &field.column {
            Column::Stream => Cell::Text(self.stream),
            Column::BucketStart => Cell::Instant(row.start),
            Column::BucketEnd => Cell::Instant(row.end),
            Column::LocalStart => Cell::WallClock(self.clock.at(row.start).0),
            Column::UtcOffset => Cell::Text(self.clock.at(row.start).1),
            Column::Count(count) => row.count(*count).map_or(Cell::Null, Cell::Integer),
            Column::Mean(mean) => row.mean(*mean).map_or(Cell::Null, Cell::Float),
            Column::Satisfaction => Cell::text(row.satisfaction.as_deref()),
            Column::Extras => Cell::text(row.extras.as_deref()),
            Column::Tag(_) => Cell::text(field.tag),
        }
    }
}
