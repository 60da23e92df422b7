//! Cells put together to rows again, and refused where they are not ours.

use std::sync::LazyLock;

use chrono::{DateTime, FixedOffset, NaiveDateTime, Utc};

use super::cell::Cell;
use super::local::LocalClock;
use super::{DecodeError, PassedBy};
use crate::row::{Column, ColumnKind, FileContext, Row, TAG_PREFIX, columns};

/// How much of a wrong cell or name an error shows.
const SHOWN_CHARS: usize = 40;

/// The columns that every file begins with; the tags that follow are not read back.
pub(super) fn fixed_columns() -> &'static [Column] {
    static FIXED: LazyLock<Vec<Column>> = LazyLock::new(|| columns([]));
    &FIXED
}

/// Refuses a header that is not ours. The tags may be others: the configuration may have changed since.
pub(super) fn check_header<'n>(names: impl IntoIterator<Item = &'n [u8]>) -> Result<(), DecodeError> {
    static EXPECTED: LazyLock<Vec<String>> =
        LazyLock::new(|| fixed_columns().iter().map(Column::name).collect());
    let mut names = names.into_iter();
    for (index, expected) in EXPECTED.iter().enumerate() {
        let found = names.next();
        if found != Some(expected.as_bytes()) {
            return Err(wrong_column(index, expected.clone(), found));
        }
    }
    match names.enumerate().find(|(_, name)| !name.starts_with(TAG_PREFIX.as_bytes())) {
        Some((index, name)) => {
            Err(wrong_column(EXPECTED.len() + index, format!("{TAG_PREFIX}…"), Some(name)))
        }
        None => Ok(()),
    }
}

fn wrong_column(index: usize, expected: String, found: Option<&[u8]>) -> DecodeError {
    let found = found.map_or_else(|| "nothing".to_owned(), shorten);
    DecodeError::Column { position: index + 1, expected, found }
}

/// Puts rows of one file together.
#[derive(Debug)]
pub(super) struct Assembler<'a> {
    context: &'a FileContext,
    clock: LocalClock,
    /// The row at hand, counted from 1.
    row: usize,
    expected: fn(&Column) -> &'static str,
}

impl<'a> Assembler<'a> {
    pub(super) fn new(context: &'a FileContext) -> Self {
        Self::expecting(context, usual_words)
    }

    /// For files that hold something else in some columns: `expected` says what, as in [`DecodeError::Cell`].
    pub(super) fn expecting(context: &'a FileContext, expected: fn(&Column) -> &'static str) -> Self {
        Self { context, clock: LocalClock::new(context.zone), row: 0, expected }
    }

    /// The next row. `cell` is called for each fixed column in order, with its index; its error is what it found
    /// instead of a cell of the column's kind.
    pub(super) fn next_row<'c>(
        &mut self,
        mut cell: impl FnMut(usize, ColumnKind) -> Result<Cell<'c>, String>,
    ) -> Result<Row, DecodeError> {
        self.row += 1;
        let mut row = Row::new(DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH);
        let mut local_start = DateTime::UNIX_EPOCH.naive_utc();
        for (index, column) in fixed_columns().iter().enumerate() {
            let cell = cell(index, column.kind()).map_err(|found| self.wrong_cell(column, found))?;
            match (column, cell) {
                (Column::Stream, Cell::Text(stream)) => self.check_stream(stream)?,
                (Column::BucketStart, Cell::Instant(start)) => row.start = start,
                (Column::BucketEnd, Cell::Instant(end)) => row.end = end,
                (Column::LocalStart, Cell::WallClock(shown)) => local_start = shown,
                // The last of the columns that it is checked against.
                (Column::UtcOffset, Cell::Text(offset)) => {
                    self.check_local(row.start, local_start, offset)?;
                }
                (Column::Count(count), Cell::Integer(people)) => row.set_count(*count, Some(people)),
                (Column::Mean(mean), Cell::Float(seconds)) => row.set_mean(*mean, Some(seconds)),
                (Column::Satisfaction, Cell::Text(json)) => row.satisfaction = Some(json.into()),
                (Column::Extras, Cell::Text(json)) => row.extras = Some(json.into()),
                (column, Cell::Null) if column.is_nullable() => {}
                (column, _) => return Err(self.wrong_cell(column, "nothing".to_owned())),
            }
        }
        Ok(row)
    }

    /// The next bucket, and who passed by. `cell` is called for each of [`PassedBy::COLUMNS`] in order, with its place
    /// among them.
    pub(super) fn next_bucket<'c>(
        &mut self,
        mut cell: impl FnMut(usize, ColumnKind) -> Result<Cell<'c>, String>,
    ) -> Result<PassedBy, DecodeError> {
        self.row += 1;
        let (start, end) = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH);
        let mut bucket = PassedBy { start, end, people: None };
        for (place, index) in PassedBy::COLUMNS.into_iter().enumerate() {
            let column = &fixed_columns()[index];
            match (column, cell(place, column.kind()).map_err(|found| self.wrong_cell(column, found))?) {
                (Column::Stream, Cell::Text(stream)) => self.check_stream(stream)?,
                (Column::BucketStart, Cell::Instant(start)) => bucket.start = start,
                (Column::BucketEnd, Cell::Instant(end)) => bucket.end = end,
                (Column::Count(_), Cell::Integer(people)) => bucket.people = Some(people),
                (column, Cell::Null) if column.is_nullable() => {}
                (column, _) => return Err(self.wrong_cell(column, "nothing".to_owned())),
            }
        }
        Ok(bucket)
    }

    fn check_stream(&self, found: &str) -> Result<(), DecodeError> {
        if found == self.context.stream {
            return Ok(());
        }
        let (expected, found) = (self.context.stream.clone(), shorten(found.as_bytes()));
        Err(DecodeError::OtherStream { row: self.row, expected, found })
    }

    fn check_local(
        &mut self,
        start: DateTime<Utc>,
        local_start: NaiveDateTime,
        offset: &str,
    ) -> Result<(), DecodeError> {
        if self.clock.at(start) == (local_start, offset) {
            return Ok(());
        }
        match offset_between(start, local_start).map(|implied| implied.to_string()) {
            Some(utc_offset) if utc_offset == offset => {
                Err(DecodeError::OtherZone { start, local_start, utc_offset, zone: self.context.zone })
            }
            _ => Err(DecodeError::LocalTime { start, local_start, utc_offset: shorten(offset.as_bytes()) }),
        }
    }

    fn wrong_cell(&self, column: &Column, found: String) -> DecodeError {
        DecodeError::Cell { row: self.row, column: column.name(), expected: (self.expected)(column), found }
    }
}

/// What a column holds, as in [`DecodeError::Cell`].
pub(super) fn usual_words(column: &Column) -> &'static str {
    match column.kind() {
        ColumnKind::Text => "text",
        ColumnKind::Instant => "an instant such as 2026-11-21T13:00:00Z",
        ColumnKind::WallClock => "a local time such as 2026-11-21T14:00:00",
        ColumnKind::Integer => "a whole number",
        ColumnKind::Float => "a number",
    }
}

/// The offset of a clock that shows `shown` at `instant`, if a zone can have it.
fn offset_between(instant: DateTime<Utc>, shown: NaiveDateTime) -> Option<FixedOffset> {
    let seconds = (shown - instant.naive_utc()).num_seconds();
    i32::try_from(seconds).ok().and_then(FixedOffset::east_opt)
}

/// At most so much of `bytes` as a message can show.
pub(super) fn shorten(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * SHOWN_CHARS)]);
    let shown: String = text.chars().take(SHOWN_CHARS).collect();
    if shown.len() < bytes.len() { format!("{shown:?}…") } else { format!("{shown:?}") }
}
