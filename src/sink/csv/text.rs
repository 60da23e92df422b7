//! Cells as the text of a CSV field.

use std::io::Write as _;

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike};

use crate::row::ColumnKind;
use crate::sink::cell::Cell;

const DIGITS: &[u8; 10] = b"0123456789";

/// The field for `cell`, which may be written into `scratch`. Text is given as it is: quoting is the writer's.
pub(in crate::sink) fn format<'a>(cell: Cell<'a>, scratch: &'a mut Vec<u8>) -> &'a [u8] {
    scratch.clear();
    match cell {
        Cell::Null => {}
        Cell::Text(text) => return text.as_bytes(),
        Cell::Instant(instant) => {
            push_wall_clock(scratch, instant.naive_utc());
            scratch.push(b'Z');
        }
        Cell::WallClock(shown) => push_wall_clock(scratch, shown),
        Cell::Integer(number) => push_integer(scratch, number),
        // Debug gives the shortest decimal that reads back the same and, unlike Display, always a point or an
        // exponent, so that every reader takes the column for doubles. Writing to a Vec does not fail.
        Cell::Float(number) => drop(write!(scratch, "{number:?}")),
    }
    scratch
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
            parse_wall_clock(text.strip_suffix('Z')?).map(|shown| Cell::Instant(shown.and_utc()))
        }
        ColumnKind::WallClock => parse_wall_clock(text).map(Cell::WallClock),
        ColumnKind::Integer => text.parse().ok().map(Cell::Integer),
        ColumnKind::Float => text.parse().ok().map(Cell::Float),
    }
}

// Both of these by hand, because most cells pass here and formatting them takes several times as long.

/// Appends `2026-11-21T14:00:00`.
fn push_wall_clock(out: &mut Vec<u8>, shown: NaiveDateTime) {
    let year = shown.year().unsigned_abs();
    push_two_digits(out, year / 100);
    push_two_digits(out, year % 100);
    for (separator, number) in [
        (b'-', shown.month()),
        (b'-', shown.day()),
        (b'T', shown.hour()),
        (b':', shown.minute()),
        (b':', shown.second()),
    ] {
        out.push(separator);
        push_two_digits(out, number);
    }
}

fn push_two_digits(out: &mut Vec<u8>, number: u32) {
    out.extend([DIGITS[(number / 10 % 10) as usize], DIGITS[(number % 10) as usize]]);
}

fn push_integer(out: &mut Vec<u8>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    let first = out.len();
    let mut rest = number.unsigned_abs();
    loop {
        out.push(DIGITS[(rest % 10) as usize]);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out[first..].reverse();
}

fn parse_wall_clock(text: &str) -> Option<NaiveDateTime> {
    let bytes: &[u8; 19] = text.as_bytes().try_into().ok()?;
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
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
