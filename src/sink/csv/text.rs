//! Cells as the text of a CSV field.

use std::io::Write as _;

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike};

use crate::row::ColumnKind;
use crate::sink::cell::Cell;

const DIGITS: &[u8; 10] = b"0123456789";

/// The text for `cell`, which may be written into `scratch`. It is given as it is, without quotes.
pub(in crate::sink) fn format<'a>(cell: Cell<'a>, scratch: &'a mut Vec<u8>) -> &'a [u8] {
    if let Cell::Text(text) = cell {
        return text.as_bytes();
    }
    scratch.clear();
    push(scratch, cell);
    scratch
}

/// Appends the field for `cell`.
pub(super) fn push(out: &mut Vec<u8>, cell: Cell<'_>) {
    match cell {
        Cell::Null => {}
        Cell::Text(text) => push_quoted(out, text.as_bytes(), b','),
        Cell::Instant(instant) => {
            push_wall_clock(out, instant.naive_utc(), b'T');
            out.push(b'Z');
        }
        Cell::WallClock(shown) => push_wall_clock(out, shown, b'T'),
        Cell::Integer(number) => push_integer(out, number),
        // Debug gives the shortest decimal that reads back the same and, unlike Display, always a point or an
        // exponent, so that every reader takes the column for doubles. Writing to a Vec does not fail.
        Cell::Float(number) => drop(write!(out, "{number:?}")),
    }
}

/// Appends a field, in quotes where it needs them: where the CSV library puts them. A field that is alone in its record
/// and empty would need them too, but no record of ours has one field.
pub(super) fn push_quoted(out: &mut Vec<u8>, field: &[u8], separator: u8) {
    if !field.iter().any(|byte| *byte == separator || matches!(byte, b'"' | b'\n' | b'\r')) {
        return out.extend_from_slice(field);
    }
    out.push(b'"');
    for (index, part) in field.split(|byte| *byte == b'"').enumerate() {
        if index > 0 {
            out.extend_from_slice(b"\"\"");
        }
        out.extend_from_slice(part);
    }
    out.push(b'"');
}

/// The cell that `field` stands for; `None` where it is not of this kind.
pub(super) fn parse(kind: ColumnKind, field: &[u8]) -> Option<Cell<'_>> {
    let text = std::str::from_utf8(field).ok()?;
    if text.is_empty() {
        return Some(Cell::Null);
    }
    match kind {
        ColumnKind::Text => Some(Cell::Text(text)),
        ColumnKind::Instant => {
            parse_wall_clock(text.strip_suffix('Z')?, b'T').map(|shown| Cell::Instant(shown.and_utc()))
        }
        ColumnKind::WallClock => parse_wall_clock(text, b'T').map(Cell::WallClock),
        ColumnKind::Integer => text.parse().ok().map(Cell::Integer),
        ColumnKind::Float => text.parse().ok().map(Cell::Float),
    }
}

// Both of these by hand, because most cells pass here and formatting them takes several times as long.

/// Appends `2026-11-21T14:00:00`, with `between` date and time.
pub(super) fn push_wall_clock(out: &mut Vec<u8>, shown: NaiveDateTime, between: u8) {
    let (date, seconds) = (shown.date(), shown.time().num_seconds_from_midnight());
    let year = date.year().unsigned_abs();
    let mut text = *b"0000-00-00T00:00:00";
    text[10] = between;
    for (place, number) in [
        (0, year / 100),
        (2, year),
        (5, date.month()),
        (8, date.day()),
        (11, seconds / 3600),
        (14, seconds / 60 % 60),
        (17, seconds % 60),
    ] {
        text[place] = DIGITS[(number / 10 % 10) as usize];
        text[place + 1] = DIGITS[(number % 10) as usize];
    }
    out.extend_from_slice(&text);
}

fn push_integer(out: &mut Vec<u8>, number: i64) {
    let mut text = [b'0'; 20];
    let (mut first, mut rest) = (text.len(), number.unsigned_abs());
    loop {
        first -= 1;
        text[first] = DIGITS[(rest % 10) as usize];
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&text[first..]);
}

/// Reads what [`push_wall_clock`] writes.
pub(super) fn parse_wall_clock(text: &str, between: u8) -> Option<NaiveDateTime> {
    let bytes: &[u8; 19] = text.as_bytes().try_into().ok()?;
    let separators = [(4, b'-'), (7, b'-'), (10, between), (13, b':'), (16, b':')];
    if separators.into_iter().any(|(index, separator)| bytes[index] != separator) {
        return None;
    }
    let number = |range| number(&bytes[range]);
    NaiveDate::from_ymd_opt(number(0..4)?.cast_signed(), number(5..7)?, number(8..10)?)?.and_hms_opt(
        number(11..13)?,
        number(14..16)?,
        number(17..19)?,
    )
}

fn number(digits: &[u8]) -> Option<u32> {
    digits
        .iter()
        .try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_float_always_reads_as_a_double() {
        let mut scratch = Vec::new();
        for (number, text) in [
            (20.0, "20.0"),
            (12.5, "12.5"),
            (-0.0, "-0.0"),
            (1e300, "1e300"),
            (5e-324, "5e-324"),
            (0.1, "0.1"),
        ] {
            assert_eq!(format(Cell::Float(number), &mut scratch), text.as_bytes());
        }
    }

    #[test]
    fn integers_of_any_size_are_written() {
        let mut scratch = Vec::new();
        for number in [0, 7, -10, 12_345, i64::MAX, i64::MIN] {
            assert_eq!(format(Cell::Integer(number), &mut scratch), number.to_string().as_bytes());
        }
    }

    #[test]
    fn only_our_form_of_an_instant_is_read() {
        let kind = ColumnKind::Instant;
        assert!(parse(kind, b"2026-11-21T13:00:00Z").is_some());
        for text in [
            "2026-11-21T13:00:00",
            "2026-11-21 13:00:00Z",
            "2026-11-21T13:00:00.000Z",
            "2026-11-21T13:00:60Z",
            "2026-02-30T13:00:00Z",
            "+026-11-21T13:00:00Z",
            "2026-11-21T13:00:00+00:00",
        ] {
            assert_eq!(parse(kind, text.as_bytes()), None, "{text}");
        }
    }
}
