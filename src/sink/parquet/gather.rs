//! The cells of a column, encoded as its pages want them.

use std::collections::HashMap;
use std::ops::Range;

use super::bounds::Bounds;
use super::source::Source;
use super::thrift::small;
use crate::row::ColumnKind;
use crate::sink::cell::Cell;

/// A column of a file.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// For each row, 1 where it has a value.
    pub(super) levels: Vec<u32>,
    /// The values one after another; those of the dictionary where there is one.
    pub(super) plain: Vec<u8>,
    /// How many rows have a value.
    pub(super) values: usize,
    /// How long the texts of all rows are together.
    pub(super) text_bytes: usize,
    pub(super) bounds: Option<Bounds>,
    /// Whether a value is not a number, which is nowhere in order.
    pub(super) has_nan: bool,
    pub(super) dictionary: Option<Dictionary>,
}

/// Each text once, and where it stands.
#[derive(Debug, Default)]
pub(super) struct Dictionary {
    /// For each value, its number in the order in which they came.
    pub(super) indices: Vec<u32>,
    places: Vec<Range<usize>>,
    numbers: HashMap<Box<str>, u32>,
}

impl Dictionary {
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// The number of `text`, if it is known. Most often it is the one that came before.
    fn find(&self, text: &str, plain: &[u8]) -> Option<u32> {
        let last = *self.indices.last()?;
        if &plain[self.places[last as usize].clone()] == text.as_bytes() {
            return Some(last);
        }
        self.numbers.get(text).copied()
    }

    fn add(&mut self, text: &str, place: Range<usize>) -> u32 {
        let number = small(self.places.len());
        self.places.push(place);
        self.numbers.insert(text.into(), number);
        number
    }
}

impl Gathered {
    /// The column at `index`, from the first row to the last.
    pub(super) fn new(source: &mut impl Source, index: usize) -> Self {
        let column = &source.columns()[index];
        match (column.kind, column.repeats) {
            (ColumnKind::Text, repeats) => Self::texts(source, index, repeats.then(Dictionary::default)),
            (ColumnKind::Float, _) => Self::floats(source, index),
            _ => Self::integers(source, index),
        }
    }

    fn with_room(rows: usize, value_bytes: usize) -> Self {
        let (levels, plain) = (Vec::with_capacity(rows), Vec::with_capacity(rows * value_bytes));
        Self { levels, plain, ..Self::default() }
    }

    fn integers(source: &mut impl Source, index: usize) -> Self {
        let mut column = Self::with_room(source.row_count(), size_of::<i64>());
        let (mut least, mut greatest) = (i64::MAX, i64::MIN);
        source.show(index, 0..source.row_count(), |cell| {
            let number = match cell {
                Cell::Integer(number) => Some(number),
                Cell::Instant(instant) => Some(instant.timestamp_micros()),
                Cell::WallClock(shown) => Some(shown.and_utc().timestamp_micros()),
                Cell::Null | Cell::Text(_) | Cell::Float(_) => None,
            };
            (least, greatest) = number.map_or((least, greatest), |it| (least.min(it), greatest.max(it)));
            column.push(number.map(i64::to_le_bytes));
        });
        column.with_bounds(|| Bounds::exact(least.to_le_bytes(), greatest.to_le_bytes()))
    }

    fn floats(source: &mut impl Source, index: usize) -> Self {
        let mut column = Self::with_room(source.row_count(), size_of::<f64>());
        let mut bounds: Option<(f64, f64)> = None;
        source.show(index, 0..source.row_count(), |cell| {
            let number = if let Cell::Float(number) = cell { Some(number) } else { None };
            if let Some(number) = number {
                column.has_nan |= number.is_nan();
                let (least, greatest) = bounds.unwrap_or((number, number));
                let least = if number.total_cmp(&least).is_lt() { number } else { least };
                let greatest = if number.total_cmp(&greatest).is_gt() { number } else { greatest };
                bounds = Some((least, greatest));
            }
            column.push(number.map(f64::to_le_bytes));
        });
        column.bounds =
            bounds.map(|(least, greatest)| Bounds::exact(least.to_le_bytes(), greatest.to_le_bytes()));
        column
    }

    fn texts(source: &mut impl Source, index: usize, dictionary: Option<Dictionary>) -> Self {
        let mut column = Self { dictionary, ..Self::with_room(source.row_count(), 0) };
        let (mut least, mut greatest) = (0..0, 0..0);
        source.show(index, 0..source.row_count(), |cell| {
            let Cell::Text(text) = cell else { return column.levels.push(0) };
            let Some(place) = column.push_text(text) else { return };
            if column.values == 1 || text.as_bytes() < &column.plain[least.clone()] {
                least = place.clone();
            }
            if column.values == 1 || text.as_bytes() > &column.plain[greatest.clone()] {
                greatest = place;
            }
        });
        let text = |place: Range<usize>| String::from_utf8_lossy(&column.plain[place]).into_owned();
        let (least, greatest) = (text(least), text(greatest));
        column.with_bounds(|| Bounds::of_text(&least, &greatest))
    }

    fn push(&mut self, value: Option<[u8; 8]>) {
        self.levels.push(u32::from(value.is_some()));
        if let Some(value) = value {
            self.plain.extend_from_slice(&value);
            self.values += 1;
        }
    }

    /// Where the text was put, if it was not there yet.
    fn push_text(&mut self, text: &str) -> Option<Range<usize>> {
        self.levels.push(1);
        self.values += 1;
        self.text_bytes += text.len();
        if let Some(dictionary) = &mut self.dictionary
            && let Some(known) = dictionary.find(text, &self.plain)
        {
            dictionary.indices.push(known);
            return None;
        }
        self.plain.extend_from_slice(&small(text.len()).to_le_bytes());
        let place = self.plain.len()..self.plain.len() + text.len();
        self.plain.extend_from_slice(text.as_bytes());
        if let Some(dictionary) = &mut self.dictionary {
            let number = dictionary.add(text, place.clone());
            dictionary.indices.push(number);
        }
        Some(place)
    }

    fn with_bounds(self, bounds: impl FnOnce() -> Bounds) -> Self {
        let bounds = (self.values > 0).then(bounds);
        Self { bounds, ..self }
    }
}
