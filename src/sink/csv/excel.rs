//! Cells as Excel and Power BI show them where numbers have a decimal comma: in most of Europe, and beyond.
//!
//! A byte order mark, or Excel takes UTF-8 for another encoding. Semicolons, which are the list separator of such
//! locales. CR LF, as Excel itself writes it: whatever reads lines on Windows knows no other end (`Line Input` of VBA takes
//! a file with LF for one line). Every time is local: `local_start` is a date and time for Excel in every locale; instants
//! carry their offset, so that they are exact in the hour that comes twice, and stay text.

use std::io::Write as _;

use chrono::{DateTime, FixedOffset, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::{
    dialect::Dialect,
    text::{parse_wall_clock, push_quoted, push_wall_clock},
};
use crate::{
    row::{Column, ColumnKind, FileContext},
    sink::{cell::Cell, local::LocalClock},
};

/// What a spreadsheet takes for the beginning of a formula (OWASP, "CSV injection"), the wide forms of Japanese input
/// included.
const FORMULA_STARTS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// What precedes a text that a spreadsheet would take for a formula, and one that begins with this itself, so that what was
/// put before a text can be taken away again.
const ESCAPE: char = '\'';

/// What precedes an offset, which alone is a formula or a time of day to Excel.
const OFFSET_PREFIX: &str = "UTC";

/// The longest text of a double: sign, 17 digits, point, and an exponent of `e-308`.
const LONGEST_FLOAT: usize = 32;

/// `csv_profile = "excel-eu"`.
pub(super) struct Excel {
    clock: LocalClock,
}

impl Dialect for Excel {
    const START: &'static [u8] = b"\xEF\xBB\xBF";
    const SEPARATOR: u8 = b';';
    const LINE_END: &'static [u8] = b"\r\n";

    fn new(context: &FileContext) -> Self {
        Self::in_zone(context.zone)
    }

    fn push(&mut self, out: &mut Vec<u8>, column: &Column, cell: Cell<'_>) {
        match (column, cell) {
            (Column::UtcOffset, Cell::Text(offset)) => {
                out.extend_from_slice(OFFSET_PREFIX.as_bytes());
                out.extend_from_slice(offset.as_bytes());
            }
            _ => self.push_cell(out, cell),
        }
    }

    fn parse<'f>(column: &Column, field: &'f [u8]) -> Option<Cell<'f>> {
        let text = std::str::from_utf8(field).ok()?;
        if text.is_empty() {
            return Some(Cell::Null);
        }
        match (column, column.kind()) {
            (Column::UtcOffset, _) => text.strip_prefix(OFFSET_PREFIX).map(Cell::Text),
            (_, ColumnKind::Text) => unescaped(text).map(Cell::Text),
            (_, ColumnKind::Instant) => parse_instant(text).map(Cell::Instant),
            (_, ColumnKind::WallClock) => parse_wall_clock(text, b' ').map(Cell::WallClock),
            (_, ColumnKind::Integer) => text.parse().ok().map(Cell::Integer),
            (_, ColumnKind::Float) => parse_float(text).map(Cell::Float),
        }
    }

    fn expected(column: &Column) -> &'static str {
        match (column, column.kind()) {
            (Column::UtcOffset, _) => "an offset such as UTC+01:00",
            (_, ColumnKind::Text) => "text that is no formula",
            (_, ColumnKind::Instant) => "an instant such as 2026-11-21T14:00:00+01:00",
            (_, ColumnKind::WallClock) => "a local time such as 2026-11-21 14:00:00",
            (_, ColumnKind::Integer) => "a whole number",
            (_, ColumnKind::Float) => "a number such as 12,5",
        }
    }
}

impl Excel {
    /// For a table whose instants are shown in `zone`.
    pub(super) fn in_zone(zone: Tz) -> Self {
        Self { clock: LocalClock::new(zone) }
    }

    /// Appends the field for `cell`.
    pub(super) fn push_cell(&mut self, out: &mut Vec<u8>, cell: Cell<'_>) {
        match cell {
            Cell::Null => {}
            Cell::Text(text) => push_text(out, text),
            Cell::Instant(instant) => {
                let (shown, offset) = self.clock.at(instant);
                push_wall_clock(out, shown, b'T');
                out.extend_from_slice(offset.as_bytes());
            }
            Cell::WallClock(shown) => push_wall_clock(out, shown, b' '),
            Cell::Integer(_) => super::text::push(out, cell),
            Cell::Float(number) => {
                let start = out.len();
                // Writing to a Vec does not fail.
                drop(write!(out, "{number:?}"));
                out[start..].iter_mut().filter(|byte| **byte == b'.').for_each(|point| *point = b',');
            }
        }
    }
}

fn push_text(out: &mut Vec<u8>, text: &str) {
    if is_escaped(text) {
        let escaped = format!("{ESCAPE}{text}");
        push_quoted(out, escaped.as_bytes(), Excel::SEPARATOR);
    } else {
        push_quoted(out, text.as_bytes(), Excel::SEPARATOR);
    }
}

fn is_escaped(text: &str) -> bool {
    text.starts_with(FORMULA_STARTS) || text.starts_with(ESCAPE)
}

/// The text that was written like this; `None` where none was.
fn unescaped(field: &str) -> Option<&str> {
    match field.strip_prefix(ESCAPE) {
        Some(text) => Some(text).filter(|text| is_escaped(text)),
        None => Some(field).filter(|text| !is_escaped(text)),
    }
}

/// Reads `2026-11-21T14:00:00+01:00`, with seconds in the offset where a zone had them.
fn parse_instant(text: &str) -> Option<DateTime<Utc>> {
    let (shown, offset) = text.split_at_checked(19)?;
    let shown = parse_wall_clock(shown, b'T')?;
    let offset = TimeDelta::seconds(i64::from(parse_offset(offset)?.local_minus_utc()));
    shown.checked_sub_signed(offset).map(|utc: NaiveDateTime| utc.and_utc())
}

/// Reads an offset as [`crate::time::utc_offset`] writes it.
fn parse_offset(text: &str) -> Option<FixedOffset> {
    let (sign, rest) = text.split_at_checked(1)?;
    let parts: Vec<i32> = rest.split(':').map(two_digits).collect::<Option<_>>()?;
    let seconds = match parts[..] {
        [hours, minutes] if minutes < 60 => 3600 * hours + 60 * minutes,
        [hours, minutes, seconds] if minutes < 60 && (1..60).contains(&seconds) => {
            3600 * hours + 60 * minutes + seconds
        }
        _ => return None,
    };
    match sign {
        "+" => FixedOffset::east_opt(seconds),
        "-" if seconds > 0 => FixedOffset::west_opt(seconds),
        _ => None,
    }
}

fn two_digits(text: &str) -> Option<i32> {
    let is_plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then(|| text.parse().ok()).flatten()
}

fn parse_float(text: &str) -> Option<f64> {
    let mut buffer = [0; LONGEST_FLOAT];
    let buffer = buffer.get_mut(..text.len())?;
    if text.contains('.') {
        return None;
    }
    buffer.copy_from_slice(text.as_bytes());
    buffer.iter_mut().filter(|byte| **byte == b',').for_each(|comma| *comma = b'.');
    std::str::from_utf8(buffer).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(cell: Cell<'_>) -> String {
        let mut out = Vec::new();
        Excel::in_zone(Tz::Europe__Paris).push_cell(&mut out, cell);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_have_a_comma() {
        for (number, text) in [
            (20.0, "20,0"),
            (12.5, "12,5"),
            (-0.0, "-0,0"),
            (1e300, "1e300"),
            (1.5e300, "1,5e300"),
            (5e-324, "5e-324"),
            (f64::MIN, "-1,7976931348623157e308"),
        ] {
            assert_eq!(written(Cell::Float(number)), text);
            assert_eq!(parse_float(text).map(f64::to_bits), Some(number.to_bits()), "{text}");
        }
        for text in ["12.5", "1.000,5", "", "1,2,3", "x", &"1".repeat(40)] {
            assert_eq!(parse_float(text), None, "{text}");
        }
    }

    #[test]
    fn times_are_local_and_exact() {
        for (utc, text) in [
            ("2026-10-25T00:00:00Z", "2026-10-25T02:00:00+02:00"),
            ("2026-10-25T01:00:00Z", "2026-10-25T02:00:00+01:00"),
        ] {
            let instant: DateTime<Utc> = utc.parse().unwrap();
            assert_eq!(written(Cell::Instant(instant)), text);
            assert_eq!(parse_instant(text), Some(instant));
        }
        let shown: NaiveDateTime = "2026-11-21T14:00:00".parse().unwrap();
        assert_eq!(written(Cell::WallClock(shown)), "2026-11-21 14:00:00");
        let monrovia = parse_instant("1970-01-01T00:00:00-00:44:30").unwrap();
        assert_eq!(monrovia.timestamp(), 44 * 60 + 30);
        for text in [
            "2026-11-21T13:00:00Z",
            "2026-11-21 14:00:00+01:00",
            "2026-11-21T14:00:00",
            "2026-11-21T14:00:00+0100",
            "2026-11-21T14:00:00+1:00",
            "2026-11-21T14:00:00+01:60",
            "2026-11-21T14:00:00+01:00:00",
            "2026-11-21T14:00:00-00:00",
            "2026-11-21T14:00:00+24:00",
            "2026-11-21T14:00:0\u{e9}+01:00",
        ] {
            assert_eq!(parse_instant(text), None, "{text}");
        }
    }

    #[test]
    fn no_text_is_a_formula() {
        for (text, field) in [
            ("paris", "paris"),
            ("=1+1", "'=1+1"),
            ("+33 1 23", "'+33 1 23"),
            ("-5", "'-5"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\n=1", "\"'\n=1\""),
            ("＝1", "'＝1"),
            ("'quoted'", "''quoted'"),
            ("a;b", "\"a;b\""),
            ("a,b", "a,b"),
            ("=\"a\"", "\"'=\"\"a\"\"\""),
        ] {
            assert_eq!(written(Cell::Text(text)), field);
        }
        for field in ["=1", "+1", "-1", "@a", "'a", "'"] {
            assert_eq!(unescaped(field), None, "{field}");
        }
    }

    proptest! {
        #[test]
        fn every_text_is_read_back_and_none_begins_like_a_formula(
            text in "[-=+@'\t\r\n＝a]{0,3}.{0,4}".prop_filter("null", |text| !text.is_empty()),
        ) {
            let field = if is_escaped(&text) { format!("{ESCAPE}{text}") } else { text.clone() };
            prop_assert!(!field.starts_with(FORMULA_STARTS), "{field:?}");
            prop_assert_eq!(unescaped(&field), Some(&*text));
        }
    }
}
