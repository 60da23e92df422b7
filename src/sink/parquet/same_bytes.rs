//! That nobody can tell who put a file together: this crate, or the library.

use chrono::{DateTime, TimeDelta};
use chrono_tz::Tz;
use proptest::prelude::*;

use super::{library, small};
use crate::row::ColumnKind;
use crate::sink::cell::Cell;
use crate::sink::{ParquetCompression, Table, TableColumn};

const KINDS: [ColumnKind; 5] =
    [ColumnKind::Text, ColumnKind::Instant, ColumnKind::WallClock, ColumnKind::Integer, ColumnKind::Float];

fn texts() -> Vec<String> {
    let mut texts: Vec<String> =
        ["", "a", "lobby", "+01:00", "é", "\u{7f}", "\u{10ffff}"].map(str::to_owned).to_vec();
    // Around the length at which bounds are cut, with characters that cannot be raised at the cut.
    for character in ["a", "é", "日", "\u{7f}", "\u{7ff}", "\u{d7ff}", "\u{ffff}", "\u{10ffff}"] {
        texts
            .extend((60..70).map(|bytes| "x".repeat(bytes % 3) + &character.repeat(bytes / character.len())));
    }
    texts.extend((0..70).map(|number| format!("number {number}")));
    texts
}

/// One of the cells that a column of this kind may hold.
fn cell(kind: ColumnKind, texts: &[String], pick: u16) -> Cell<'_> {
    let floats = [0.0, -0.0, 5e-324, f64::MIN, f64::MAX, f64::INFINITY, 0.1, -12.5];
    let integers = [0, 1, -1, i64::MIN, i64::MAX, 9_007_199_254_740_993];
    let number = i64::from(pick);
    let instant = DateTime::UNIX_EPOCH + TimeDelta::hours(500_000) - TimeDelta::days(3 * number);
    let pick = usize::from(pick);
    match kind {
        ColumnKind::Text => Cell::Text(&texts[pick % texts.len()]),
        ColumnKind::Instant => Cell::Instant(instant),
        ColumnKind::WallClock => Cell::WallClock(instant.naive_utc()),
        ColumnKind::Integer => Cell::Integer(integers.get(pick).copied().unwrap_or(number)),
        ColumnKind::Float => Cell::Float(floats.get(pick).copied().unwrap_or(number as f64 / 7.0)),
    }
}

/// The cells of one column: runs of one value or of none, or anything in turn.
fn picks() -> impl Strategy<Value = Vec<Option<u16>>> {
    let pick = || prop::option::weighted(0.7, prop_oneof![0..4_u16, 0..150_u16]);
    let runs = prop::collection::vec((pick(), 1..40_usize), 0..12)
        .prop_map(|runs| runs.into_iter().flat_map(|(pick, count)| vec![pick; count]).collect());
    prop_oneof![runs, prop::collection::vec(pick(), 0..60), prop::collection::vec(pick(), 500..1100)]
}

type Column = (ColumnKind, bool, bool, Vec<Option<u16>>);

fn column() -> impl Strategy<Value = Column> {
    (prop::sample::select(KINDS.to_vec()), any::<bool>(), any::<bool>(), picks())
}

fn table<'t>(columns: &[Column], texts: &'t [String]) -> Table<'t> {
    let plan = |(index, (kind, is_nullable, repeats, _)): (usize, &Column)| TableColumn {
        name: format!("column {index}"),
        kind: *kind,
        is_nullable: *is_nullable,
        // The library would make dictionaries of numbers too; no table of ours asks for one.
        repeats: *repeats && *kind == ColumnKind::Text,
    };
    let rows = columns.iter().map(|column| column.3.len()).min().unwrap_or(0);
    let cell_at = |row: usize, (kind, is_nullable, _, picks): &Column| match picks[row] {
        Some(pick) => cell(*kind, texts, pick),
        None if *is_nullable => Cell::Null,
        None => cell(*kind, texts, 0),
    };
    Table {
        zone: Tz::UTC,
        columns: columns.iter().enumerate().map(plan).collect(),
        rows: (0..rows).map(|row| columns.iter().map(|column| cell_at(row, column)).collect()).collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_small_file_is_what_the_library_would_write(columns in prop::collection::vec(column(), 1..4)) {
        let texts = texts();
        let table = table(&columns, &texts);
        for compression in [ParquetCompression::None, ParquetCompression::Zstd] {
            let written = small::encode(compression, &mut &table).unwrap();
            prop_assert_eq!(written, Some(library::encode(compression, &mut &table).unwrap()));
        }
    }
}

fn one_column(kind: ColumnKind, repeats: bool, cells: Vec<Cell<'_>>) -> Table<'_> {
    let column = TableColumn { name: "a".to_owned(), kind, is_nullable: true, repeats };
    Table { zone: Tz::UTC, columns: vec![column], rows: cells.into_iter().map(|cell| vec![cell]).collect() }
}

#[test]
fn a_table_of_many_columns_is_what_the_library_would_write() {
    let columns: Vec<Column> =
        (0..40).map(|index| (KINDS[index % 5], true, false, vec![Some(7); 3])).collect();
    let texts = texts();
    let table = table(&columns, &texts);
    let written = small::encode(ParquetCompression::None, &mut &table).unwrap();
    assert_eq!(written, Some(library::encode(ParquetCompression::None, &mut &table).unwrap()));
}

#[test]
fn what_does_not_fit_one_page_is_left_to_the_library() {
    let long = "x".repeat(600_000);
    let text = |repeats| one_column(ColumnKind::Text, repeats, vec![Cell::Text(&long)]);
    let integers = |count| one_column(ColumnKind::Integer, false, vec![Cell::Integer(1); count]);
    let is_written =
        |table: &Table<'_>| small::encode(ParquetCompression::None, &mut &*table).unwrap().is_some();
    assert!(is_written(&integers(1 << 14)));
    assert!(!is_written(&integers((1 << 14) + 1)));
    assert!(!is_written(&text(false)) && !is_written(&text(true)));
    assert!(!is_written(&one_column(ColumnKind::Float, false, vec![Cell::Float(f64::NAN)])));
    assert_eq!(small::encode(ParquetCompression::Snappy, &mut &integers(1)).unwrap(), None);
    let mut incomplete = one_column(ColumnKind::Integer, false, vec![Cell::Null]);
    incomplete.columns[0].is_nullable = false;
    assert!(!is_written(&incomplete));
}
