//! What each fuzz target does with its input: reads it as the exporter would, and holds what was read to the laws that
//! everything behind relies on. `tests/fuzz_seeds.rs` of the exporter calls the same functions with every seed.

use std::path::{Component, Path};

use audience_exporter::{
    angus::{self, Listing, ListingBuilder, NextStep, Query, decode_page},
    auth::{AngelcamAuth, Grant, SimacanAuth},
    config::Config,
    journal,
    manifest::Manifest,
    row::FileContext,
    sink::{CsvCompression, FileFormat, ParquetCompression, resealed_parquet},
    time::{BucketGrid, BucketSize, TimeRange, parse_label},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

/// The longest range that is asked for in one listing of hours, and of days.
const LONGEST_RANGE: TimeDelta = TimeDelta::days(31);

/// The longest life of a token that is believed.
const LONGEST_LIFE: TimeDelta = TimeDelta::days(366);

/// The stream that all seeds are of.
pub fn context() -> FileContext {
    FileContext { stream: "lobby-2".to_owned(), zone: Tz::Europe__Paris, tags: Vec::new() }
}

/// A page of a listing, which may be the only one or be asked twice. Rows of a listing can be published and read back.
pub fn page(bytes: &[u8]) {
    for size in BucketSize::ALL {
        let query = Query { range: asked(bytes), grid: BucketGrid::new(size, context().zone) };
        let Some(listing) = listing(bytes, query) else { continue };
        assert!(listing.rows.windows(2).all(|pair| pair[0].start < pair[1].start), "{:?}", listing.rows);
        for format in [FileFormat::Csv(CsvCompression::None), FileFormat::Parquet(ParquetCompression::None)] {
            let file = format.encode(&context(), &listing.rows).expect("a listing can be written");
            let read = format.decode(&context(), &file).expect("what was written can be read");
            assert_eq!(read, listing.rows, "{format:?}");
        }
    }
}

/// An answer of the three token addresses, or the claims of a token in one. A token fits into a header and ends within
/// bounds.
pub fn token(bytes: &[u8]) {
    let now = instant("2026-03-02T08:00:00Z");
    let around = format!(r#"{{"token":"x.{}.y"}}"#, URL_SAFE_NO_PAD.encode(bytes));
    for served_at in [None, Some(now - TimeDelta::minutes(15)), Some(DateTime::UNIX_EPOCH)] {
        check_grant(angus::read_grant(bytes, served_at, now).ok(), now);
        check_grant(angus::read_grant(around.as_bytes(), served_at, now).ok(), now);
    }
    check_grant(SimacanAuth::read_grant(bytes, now).ok(), now);
    check_grant(AngelcamAuth::read_grant(bytes, now).ok(), now);
}

/// A published CSV file, compressed in any way and in any profile. What is read can be written in either and is the same
/// when it is read again.
pub fn csv(bytes: &[u8]) {
    for compression in [CsvCompression::None, CsvCompression::Gzip, CsvCompression::Zstd] {
        read_back(FileFormat::Csv(compression), bytes);
        read_back(FileFormat::ExcelEu(compression), bytes);
    }
}

/// A published Parquet file, as it is and with a checksum that is right: damage that no checksum would find. Of such a
/// file the library believes that a page has up to 2 GiB, and reserves them; the checksum keeps such files away from it.
pub fn parquet(bytes: &[u8]) {
    let format = FileFormat::Parquet(ParquetCompression::Snappy);
    read_back(format, bytes);
    if let Some(forged) = resealed_parquet(bytes.to_vec()) {
        read_back(format, &forged);
    }
}

/// A configuration; what follows a NUL is the spreadsheet that it may name. Either it is valid or its problems are told.
pub fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (text, sheet) = text.split_once('\0').unwrap_or((text, ""));
    match Config::parse_with(text, Path::new("/etc/exporter.toml"), &|_| Ok(sheet.to_owned())) {
        Ok(config) => assert!(!config.streams.is_empty(), "a configuration without streams"),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A manifest. What is read is written and read as the same, stays in its folder, and its intervals do not overlap.
pub fn manifest(bytes: &[u8]) {
    let Ok(manifest) = Manifest::decode(bytes) else { return };
    assert_eq!(Manifest::decode(&manifest.encode()).expect("what was written can be read"), manifest);
    manifest.coverage().expect("what was read is coverage");
    for partition in &manifest.partitions {
        let mut parts = Path::new(&partition.path).components();
        assert!(parts.all(|part| matches!(part, Component::Normal(_))), "{}", partition.path);
    }
}

/// A file of the journal. What is read is known by column, and has a bucket that is not empty of time.
pub fn journal(bytes: &[u8]) {
    for change in journal::decode(bytes).into_iter().flatten() {
        assert!(!change.column.is_empty(), "{change:?}");
    }
}

/// The range that a page says it was asked for, as far as it can be asked.
fn asked(bytes: &[u8]) -> TimeRange {
    let page: serde_json::Value = serde_json::from_slice(bytes).unwrap_or_default();
    let bound = |name: &str| parse_label(page[name].as_str()?).ok();
    let range = bound("from_date").zip(bound("to_date")).and_then(|(from, to)| TimeRange::new(from, to));
    let plausible = TimeRange::new(instant("1970-01-01T00:00:00Z"), instant("2199-01-01T00:00:00Z"));
    let is_asked = |range: &TimeRange| {
        let whole_seconds =
            [range.start(), range.end()].iter().all(|bound| bound.timestamp_subsec_nanos() == 0);
        let is_inside = plausible.is_some_and(|plausible| plausible.joined(range) == plausible);
        whole_seconds && is_inside && range.duration() <= LONGEST_RANGE
    };
    let day = || TimeRange::new(instant("2026-03-02T00:00:00Z"), instant("2026-03-03T00:00:00Z"));
    range.filter(is_asked).or_else(day).expect("a day is a range")
}

fn listing(bytes: &[u8], query: Query) -> Option<Listing> {
    let mut builder = ListingBuilder::new(query);
    for _ in 0..2 {
        match builder.push(decode_page(bytes).ok()?).ok()? {
            NextStep::Finish => return builder.finish().ok(),
            NextStep::Ask(_) => {}
        }
    }
    None
}

fn check_grant(grant: Option<Grant>, now: DateTime<Utc>) {
    let Some(Grant { access, refresh, life }) = grant else { return };
    for token in [Some(access), refresh].into_iter().flatten() {
        assert!(!token.expose().is_empty() && token.expose().bytes().all(|byte| byte.is_ascii_graphic()));
    }
    assert!(now <= life.renew_at && life.renew_at <= life.expires_at, "{life:?}");
    assert!(now < life.expires_at && life.expires_at <= now + LONGEST_LIFE, "{life:?}");
}

fn read_back(format: FileFormat, bytes: &[u8]) {
    let Ok(rows) = format.decode(&context(), bytes) else { return };
    let file = format.encode(&context(), &rows).expect("what was read can be written");
    let again = format.decode(&context(), &file).expect("what was written can be read");
    assert_eq!(again, rows, "{format:?}");
}

fn instant(label: &str) -> DateTime<Utc> {
    parse_label(label).expect("an instant")
}
