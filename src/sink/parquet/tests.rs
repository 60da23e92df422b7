//! What only a forger could write: files that are not ours and sealed all the same.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use chrono_tz::Tz;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::printer::print_schema;

use super::*;
use crate::row::{Count, FileContext, Mean, Row, columns};
use crate::sink::{DecodeError, FileFormat, ParquetCompression, RowError};

fn context() -> FileContext {
    let tags = vec![("site".to_owned(), Some("paris".to_owned())), ("zone".to_owned(), None)];
    FileContext { stream: "lobby".to_owned(), zone: Tz::Europe__Paris, tags }
}

fn rows() -> Vec<Row> {
    let row = |index: i64| {
        let start = DateTime::from_timestamp(1_792_890_000 + 3600 * index, 0).unwrap();
        let mut row = Row::new(start, start + TimeDelta::hours(1));
        row.set_count(Count::PassingBy, Some(index));
        row.set_mean(Mean::StopTime, Some(0.5));
        row.extras = (index % 2 == 0).then(|| r#"{"x":1}"#.into());
        row
    };
    (0..3).map(row).collect()
}

/// Reads `file` with a right seal, if it still has a place for one.
fn decode_forged(file: Vec<u8>) -> Result<Vec<Row>, DecodeError> {
    let sealed = seal::seal(file.clone()).unwrap_or(file);
    FileFormat::Parquet(ParquetCompression::None).decode(&context(), &sealed)
}

/// A file without rows and with the schema that is ours after `change`.
fn decode_schema(change: impl FnOnce(String) -> String) -> Result<Vec<Row>, DecodeError> {
    let mut ours = Vec::new();
    print_schema(&mut ours, &schema::root(columns(["site"]).iter().map(schema::column_type)).unwrap());
    let schema = parse_message_type(&change(String::from_utf8(ours).unwrap())).unwrap();
    let properties = WriterProperties::builder().set_key_value_metadata(Some(vec![seal::blank()]));
    let mut file = Vec::new();
    SerializedFileWriter::new(&mut file, Arc::new(schema), Arc::new(properties.build()))
        .unwrap()
        .close()
        .unwrap();
    decode_forged(file)
}

#[test]
fn damage_behind_a_right_seal_never_panics() {
    for compression in [ParquetCompression::None, ParquetCompression::Zstd] {
        let file = encode(compression, &context(), &rows()).unwrap();
        for position in 0..file.len() {
            let mut damaged = file.clone();
            damaged[position] ^= 1 << (position % 8);
            // Some of it is harmless, such as another minimum in the statistics.
            drop(decode_forged(damaged));
            assert!(decode_forged(file[..position].to_vec()).is_err(), "{compression:?} cut at {position}");
        }
    }
}

#[test]
fn rows_that_break_the_rules_are_refused_on_reading_too() {
    let mut rows = rows();
    rows.swap(0, 1);
    let file = encode(ParquetCompression::None, &context(), &rows).unwrap();
    let refused = decode_forged(file);
    assert!(matches!(refused, Err(DecodeError::Row(RowError::NotInOrder(_)))), "{refused:?}");
}

#[test]
fn only_our_columns_are_read() {
    assert_eq!(decode_schema(|ours| ours).unwrap(), vec![]);
    assert_eq!(decode_schema(|ours| ours.replace("tag_site", "tag_other")).unwrap(), vec![]);
    for (from, to, message) in [
        ("stream", "camera", r#"column 1 is expected to be stream, found "camera""#),
        (
            "INT64 passing_by",
            "INT32 passing_by",
            "column 6 is expected to be OPTIONAL INT64 passing_by, found OPTIONAL INT32 passing_by",
        ),
        (
            "bucket_end (TIMESTAMP(MICROS,true))",
            "bucket_end (TIMESTAMP(MILLIS,true))",
            "column 3 is expected to be REQUIRED INT64 bucket_end (TIMESTAMP(MICROS,true)), \
             found REQUIRED INT64 bucket_end (TIMESTAMP(MILLIS,true))",
        ),
        (
            "REQUIRED BYTE_ARRAY stream",
            "OPTIONAL BYTE_ARRAY stream",
            "column 1 is expected to be REQUIRED BYTE_ARRAY stream (STRING), \
             found OPTIONAL BYTE_ARRAY stream (STRING)",
        ),
        ("tag_site", "site", r#"column 19 is expected to be tag_…, found "site""#),
        (
            "  OPTIONAL BYTE_ARRAY extras (STRING);\n  OPTIONAL BYTE_ARRAY tag_site (STRING);\n",
            "",
            "column 18 is expected to be extras, found nothing",
        ),
    ] {
        let refused = decode_schema(|ours| {
            assert!(ours.contains(from), "{from} is not in {ours}");
            ours.replace(from, to)
        });
        assert_eq!(refused.unwrap_err().to_string(), message);
    }
}

#[test]
fn a_file_of_another_program_is_refused_as_such() {
    let refused = FileFormat::Parquet(ParquetCompression::Zstd).decode(&context(), b"PAR1....PAR1");
    assert!(matches!(refused, Err(DecodeError::Unsealed)), "{refused:?}");
}
