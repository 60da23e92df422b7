//! One suite that every file format passes.

#[path = "sink_formats/arbitrary.rs"]
mod arbitrary;

use std::fmt::Write as _;
use std::io::Write as _;

use audience_exporter::row::{Count, FileContext, Mean, Row};
use audience_exporter::sink::{CsvCompression, DecodeError, FileFormat, PassedBy};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use arbitrary::{COUNTS, MEANS, arbitrary_context, arbitrary_rows};

const PLAIN_CSV: FileFormat = FileFormat::Csv(CsvCompression::None);
const PLAIN_EXCEL: FileFormat = FileFormat::ExcelEu(CsvCompression::None);

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn context() -> FileContext {
    let tags = [("site", Some("paris, \"nord\"")), ("zone", None)];
    let tags = tags.map(|(key, value)| (key.to_owned(), value.map(str::to_owned))).to_vec();
    FileContext { stream: "lobby".to_owned(), zone: Tz::Europe__Paris, tags }
}

/// The two hours that a clock in Paris both shows as 02:00, and one without anything.
fn small_rows() -> Vec<Row> {
    let hour = |text: &str| Row::new(instant(text), instant(text) + TimeDelta::hours(1));
    let mut full = hour("2026-10-25T00:00:00Z");
    for (people, count) in (10..).zip(COUNTS) {
        full.set_count(count, Some(people));
    }
    full.set_mean(Mean::StopTime, Some(20.0));
    full.set_mean(Mean::AttentionTime, Some(0.1));
    full.satisfaction = Some(r#"{"negative":1,"neutral":2}"#.into());
    full.extras = Some(r#"{"note":"a \"quoted\" one"}"#.into());
    let mut counted = hour("2026-10-25T01:00:00Z");
    counted.set_count(Count::PassingBy, Some(0));
    vec![full, counted, hour("2026-10-25T02:00:00Z")]
}

const SMALL_CSV: &str = r#"stream,bucket_start,bucket_end,local_start,utc_offset,passing_by,interested,stop_time_seconds,attention_time_seconds,category_senior_female,category_senior_male,category_young_female,category_young_male,gender_female,gender_male,gender_unknown,satisfaction,extras,tag_site,tag_zone
lobby,2026-10-25T00:00:00Z,2026-10-25T01:00:00Z,2026-10-25T02:00:00,+02:00,10,11,20.0,0.1,12,13,14,15,16,17,18,"{""negative"":1,""neutral"":2}","{""note"":""a \""quoted\"" one""}","paris, ""nord""",
lobby,2026-10-25T01:00:00Z,2026-10-25T02:00:00Z,2026-10-25T02:00:00,+01:00,0,,,,,,,,,,,,,"paris, ""nord""",
lobby,2026-10-25T02:00:00Z,2026-10-25T03:00:00Z,2026-10-25T03:00:00,+01:00,,,,,,,,,,,,,,"paris, ""nord""",
"#;

/// The same for Excel: a byte order mark, and CR LF at the ends of lines.
const SMALL_EXCEL: &str = "\u{feff}stream;bucket_start;bucket_end;local_start;utc_offset;passing_by;interested;\
stop_time_seconds;attention_time_seconds;category_senior_female;category_senior_male;category_young_female;\
category_young_male;gender_female;gender_male;gender_unknown;satisfaction;extras;tag_site;tag_zone\r\n\
lobby;2026-10-25T02:00:00+02:00;2026-10-25T02:00:00+01:00;2026-10-25 02:00:00;UTC+02:00;10;11;20,0;0,1;12;13;14;15;16;17;18;\
\"{\"\"negative\"\":1,\"\"neutral\"\":2}\";\"{\"\"note\"\":\"\"a \\\"\"quoted\\\"\" one\"\"}\";\"paris, \"\"nord\"\"\";\r\n\
lobby;2026-10-25T02:00:00+01:00;2026-10-25T03:00:00+01:00;2026-10-25 02:00:00;UTC+01:00;0;;;;;;;;;;;;;\
\"paris, \"\"nord\"\"\";\r\n\
lobby;2026-10-25T03:00:00+01:00;2026-10-25T04:00:00+01:00;2026-10-25 03:00:00;UTC+01:00;;;;;;;;;;;;;;\
\"paris, \"\"nord\"\"\";\r\n";

#[test]
fn csv_is_this_text() {
    let csv = PLAIN_CSV.encode(&context(), &small_rows()).unwrap();
    assert_eq!(String::from_utf8(csv).unwrap(), SMALL_CSV);
    let excel = PLAIN_EXCEL.encode(&context(), &small_rows()).unwrap();
    assert_eq!(String::from_utf8(excel).unwrap(), SMALL_EXCEL);
}

/// Published files are compared byte for byte: a change here makes every file of every user change once.
#[test]
fn the_bytes_of_every_format_are_these() {
    let digests = FileFormat::ALL.map(|format| {
        let bytes = format.encode(&context(), &small_rows()).unwrap();
        format!("{format:?} {} {}", bytes.len(), hex(&Sha256::digest(&bytes)))
    });
    assert_eq!(
        digests,
        [
            "Csv(None) 696 6e70c4f16a18ecf674ecc3c426fead975f016ebb2bda964dcc8e9b88cc768b57",
            "Csv(Gzip) 307 91e3c5bd81621613804a46df9085fbfc7722ffa9addd9d709d93b39ce6bbdba5",
            "Csv(Zstd) 311 d7a3da7d294da645f8eca4321f2df8755fde64b1c27eb9e8cda2fa27cc63afb9",
            "ExcelEu(None) 742 e7ed1f60bb4cb4cda124c7b3ef9584099d90be88c4e6f2eb8b1210fba9e2b79b",
            "ExcelEu(Gzip) 327 55cf74d05084f4a5efd7854b91d6a323fafbc056de952172d0fbdbd30c477cd2",
            "ExcelEu(Zstd) 334 f3d07b4cc89b6461026e8b265381652b890341b36bb8944999cd342acd72f6c2",
            "Parquet(None) 3373 a17ff0d14e9131926c3677a21edf46e82ebcc763e97b0f586102dc284eca7a2c",
            "Parquet(Snappy) 3414 8ecad46153f8401141080c7aa85a79dbf64471e61e6afc720b43feddba815d02",
            "Parquet(Zstd) 3581 c2ebd77a2bba4c8743d97d89734ff673b8f1150857c322a90330107dd64e8dcb",
        ]
    );
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// Equality that also tells 0.0 from -0.0.
fn assert_same(format: FileFormat, found: &[Row], expected: &[Row]) {
    assert_eq!(found, expected, "{format:?}");
    let bits = |rows: &[Row]| -> Vec<_> {
        rows.iter().flat_map(|row| MEANS.map(|mean| row.mean(mean).map(f64::to_bits))).collect()
    };
    assert_eq!(bits(found), bits(expected), "{format:?}");
}

proptest! {
    #[test]
    fn what_was_written_is_read(context in arbitrary_context(), rows in arbitrary_rows()) {
        for format in FileFormat::ALL {
            let bytes = format.encode(&context, &rows).unwrap();
            prop_assert_eq!(&bytes, &format.encode(&context, &rows).unwrap(), "{:?} is not deterministic", format);
            let other_tags = FileContext { tags: Vec::new(), ..context.clone() };
            assert_same(format, &format.decode(&other_tags, &bytes).unwrap(), &rows);
        }
    }

    #[test]
    fn garbage_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for format in FileFormat::ALL {
            prop_assert!(format.decode(&context(), &bytes).is_err(), "{:?}", format);
            prop_assert!(format.people(&context(), &bytes).is_err(), "{:?}", format);
        }
    }

    #[test]
    fn who_passed_by_is_read_as_with_the_rest(context in arbitrary_context(), rows in arbitrary_rows()) {
        let passed_by = |row: &Row| {
            PassedBy { start: row.start, end: row.end, people: row.count(Count::PassingBy) }
        };
        let expected: Vec<_> = rows.iter().map(passed_by).collect();
        for format in FileFormat::ALL {
            let bytes = format.encode(&context, &rows).unwrap();
            prop_assert_eq!(&format.people(&context, &bytes).unwrap(), &expected, "{:?}", format);
            let other = FileContext { stream: "mall".to_owned(), ..context.clone() };
            prop_assert_eq!(format.people(&other, &bytes).is_err(), !rows.is_empty(), "{:?}", format);
        }
    }

    /// Which fields have quotes, and how.
    #[test]
    fn csv_is_what_the_library_would_write(context in arbitrary_context(), rows in arbitrary_rows()) {
        for (format, start, separator, end) in [
            (PLAIN_CSV, "", b',', csv::Terminator::Any(b'\n')),
            (PLAIN_EXCEL, "\u{feff}", b';', csv::Terminator::CRLF),
        ] {
            let bytes = format.encode(&context, &rows).unwrap();
            let text = bytes.strip_prefix(start.as_bytes()).unwrap();
            let mut reader =
                csv::ReaderBuilder::new().has_headers(false).delimiter(separator).from_reader(text);
            let mut writer =
                csv::WriterBuilder::new().delimiter(separator).terminator(end).from_writer(Vec::new());
            for record in reader.byte_records() {
                writer.write_byte_record(&record.unwrap()).unwrap();
            }
            prop_assert_eq!(writer.into_inner().unwrap(), text);
        }
    }

    /// So that files are read whose job has another profile by now, and by those who know only the name of a file.
    #[test]
    fn either_profile_is_read_as_the_other(context in arbitrary_context(), rows in arbitrary_rows()) {
        for compression in [CsvCompression::None, CsvCompression::Gzip, CsvCompression::Zstd] {
            let (standard, excel) = (FileFormat::Csv(compression), FileFormat::ExcelEu(compression));
            assert_same(standard, &standard.decode(&context, &excel.encode(&context, &rows).unwrap()).unwrap(), &rows);
            assert_same(excel, &excel.decode(&context, &standard.encode(&context, &rows).unwrap()).unwrap(), &rows);
        }
    }

    /// Whatever stands in them: neither a person nor a spreadsheet can be made to run them.
    #[test]
    fn no_field_for_excel_begins_like_a_formula(context in arbitrary_context(), rows in arbitrary_rows()) {
        let bytes = PLAIN_EXCEL.encode(&context, &rows).unwrap();
        let mut reader = csv::ReaderBuilder::new().delimiter(b';').from_reader(&bytes[3..]);
        let numbers = 5..16;
        for record in reader.records() {
            for (index, field) in record.unwrap().iter().enumerate() {
                let is_number = numbers.contains(&index) && field.replace(',', ".").parse::<f64>().is_ok();
                let is_formula = field.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
                prop_assert!(is_number || !is_formula, "{:?}", field);
            }
        }
    }
}

#[test]
fn a_file_may_have_no_rows() {
    for format in FileFormat::ALL {
        let bytes = format.encode(&context(), &[]).unwrap();
        assert_eq!(format.decode(&context(), &bytes).unwrap(), vec![], "{format:?}");
    }
}

#[test]
fn rows_that_would_not_be_read_are_not_written() {
    type Spoil = fn(&mut Vec<Row>);
    let cases: [(Spoil, &str); 6] = [
        (|rows| rows.swap(0, 1), "bucket 2026-10-25T00:00:00Z does not come after the one before it"),
        (
            |rows| rows[1] = rows[0].clone(),
            "bucket 2026-10-25T00:00:00Z does not come after the one before it",
        ),
        (
            |rows| rows[0].end = rows[0].start,
            "bucket 2026-10-25T00:00:00Z ends at 2026-10-25T00:00:00Z, which is not after its start",
        ),
        (
            |rows| rows[0].start += TimeDelta::milliseconds(1),
            "instant 2026-10-25T00:00:00.001Z is not a whole second of the years 1 to 9998",
        ),
        (
            |rows| rows[2].end = DateTime::<Utc>::MAX_UTC,
            "instant +262142-12-31T23:59:59.999999999Z is not a whole second of the years 1 to 9998",
        ),
        (
            |rows| rows[1].set_mean(Mean::StopTime, Some(f64::NAN)),
            "stop_time_seconds of bucket 2026-10-25T01:00:00Z is not a finite number",
        ),
    ];
    for format in FileFormat::ALL {
        for (spoil, message) in cases {
            let mut rows = small_rows();
            spoil(&mut rows);
            assert_eq!(format.encode(&context(), &rows).unwrap_err().to_string(), message, "{format:?}");
        }
    }
}

#[test]
fn the_file_of_another_stream_or_zone_is_refused_as_such() {
    let other_stream = FileContext { stream: "mall".to_owned(), ..context() };
    let other_zone = FileContext { zone: Tz::Europe__London, ..context() };
    for format in FileFormat::ALL {
        let bytes = format.encode(&context(), &small_rows()).unwrap();
        let refused = format.decode(&other_stream, &bytes).unwrap_err();
        assert_eq!(refused.to_string(), r#"row 1 belongs to stream "lobby", not to "mall""#, "{format:?}");
        let refused = format.decode(&other_zone, &bytes).unwrap_err();
        assert!(matches!(refused, DecodeError::OtherZone { zone: Tz::Europe__London, .. }), "{refused:?}");
        assert_eq!(
            refused.to_string(),
            "written for another time zone or by older rules of it: bucket 2026-10-25T00:00:00Z starts at \
             2026-10-25 02:00:00 +02:00, not as in Europe/London",
        );
    }
}

/// Every bit of a small file, flipped. CSV without compression has no checksum, and some bits of a compressed
/// stream mean nothing.
#[test]
fn a_flipped_bit_is_refused_or_harmless() {
    let rows = small_rows();
    for format in FileFormat::ALL {
        let bytes = format.encode(&context(), &rows).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            if matches!(format, FileFormat::Parquet(_)) {
                assert!(format.people(&context(), &damaged).is_err(), "{format:?} with bit {bit} flipped");
            }
            match (format, format.decode(&context(), &damaged)) {
                (_, Err(_)) | (PLAIN_CSV | PLAIN_EXCEL, Ok(_)) => {}
                (FileFormat::Csv(_) | FileFormat::ExcelEu(_), Ok(read)) => assert_same(format, &read, &rows),
                (FileFormat::Parquet(_), Ok(_)) => panic!("{format:?} with bit {bit} flipped was read"),
            }
        }
    }
}

/// CSV that ends after a row is whole as far as anybody can tell.
#[test]
fn a_file_cut_off_is_refused() {
    let rows = small_rows();
    for format in FileFormat::ALL {
        let bytes = format.encode(&context(), &rows).unwrap();
        for length in 0..bytes.len() {
            match format.decode(&context(), &bytes[..length]) {
                Err(_) => {}
                Ok(read) => {
                    assert!(
                        [PLAIN_CSV, PLAIN_EXCEL].contains(&format) && bytes[..length].ends_with(b"\n"),
                        "{format:?} cut at {length}"
                    );
                    assert_same(format, &read, &rows[..read.len()]);
                }
            }
        }
    }
}

#[test]
fn bytes_after_the_end_are_refused() {
    for format in FileFormat::ALL {
        let bytes = format.encode(&context(), &small_rows()).unwrap();
        for more in [&b"x"[..], b"x\n", b"\0", &bytes] {
            let longer = [&bytes[..], more].concat();
            assert!(format.decode(&context(), &longer).is_err(), "{format:?} and {more:?}");
        }
    }
}

/// `csv` with `from` replaced once, compressed as `compression` says.
fn changed(csv: &str, compression: CsvCompression, from: &str, to: &str) -> Vec<u8> {
    assert!(csv.contains(from), "{from}");
    let csv = csv.replacen(from, to, 1).into_bytes();
    match compression {
        CsvCompression::None => csv,
        CsvCompression::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(&csv).unwrap();
            encoder.finish().unwrap()
        }
        CsvCompression::Zstd => zstd::encode_all(&csv[..], 1).unwrap(),
    }
}

#[test]
fn csv_that_is_not_ours_is_refused_by_name() {
    let cases = [
        (",bucket_end", ",end", r#"column 3 is expected to be bucket_end, found "end""#),
        (",bucket_start,bucket_end", ",bucket_end,bucket_start", "column 2 is expected to be bucket_start"),
        (",tag_site", ",site", r#"column 19 is expected to be tag_…, found "site""#),
        (",10,11,", ",10,11.0,", r#"row 1, interested: expected a whole number, found "11.0""#),
        (",10,11,", ",10,11,5,", "not well-formed: "),
        (",20.0,", ",twenty,", r#"row 1, stop_time_seconds: expected a number, found "twenty""#),
        (",20.0,", ",inf,", "stop_time_seconds of bucket 2026-10-25T00:00:00Z is not a finite number"),
        (
            "2026-10-25T01:00:00Z",
            "2026-10-25 01:00",
            r#"row 1, bucket_end: expected an instant such as 2026-11-21T13:00:00Z, found "2026-10-25 01:00""#,
        ),
        ("2026-10-25T01:00:00Z,", ",", "row 1, bucket_end: expected an instant such as 2026-11-21T13:00:00Z"),
        ("lobby,", ",", "row 1, stream: expected text, found nothing"),
        (
            "Z,2026-10-25T01:00:00Z",
            "Z,2026-10-25T00:00:00Z",
            "bucket 2026-10-25T00:00:00Z ends at 2026-10-25T00:00:00Z, which is not after its start",
        ),
        (
            "2026-10-25T02:00:00,+02:00",
            "2026-10-25T02:00:00,+01:00",
            r#"bucket 2026-10-25T00:00:00Z contradicts its local start 2026-10-25 02:00:00 "+01:00""#,
        ),
        (
            "2026-10-25T02:00:00,+01:00",
            "2026-10-25T03:00:00,+02:00",
            "written for another time zone or by older rules of it: bucket 2026-10-25T01:00:00Z",
        ),
        (
            "lobby,2026-10-25T01:00:00Z,2026-10-25T02:00:00Z,2026-10-25T02:00:00,+01:00",
            "lobby,2026-10-25T00:00:00Z,2026-10-25T02:00:00Z,2026-10-25T02:00:00,+02:00",
            "bucket 2026-10-25T00:00:00Z does not come after the one before it",
        ),
    ];
    for compression in [CsvCompression::None, CsvCompression::Gzip, CsvCompression::Zstd] {
        let format = FileFormat::Csv(compression);
        let unchanged = changed(SMALL_CSV, compression, "", "");
        assert_same(format, &format.decode(&context(), &unchanged).unwrap(), &small_rows());
        for (from, to, message) in cases {
            let changed = changed(SMALL_CSV, compression, from, to);
            let refused = format.decode(&context(), &changed).unwrap_err().to_string();
            assert!(refused.starts_with(message), "{format:?}: {refused}");
            // What stands in the columns that it reads, it refuses alike.
            if let Err(error) = format.people(&context(), &changed) {
                assert_eq!(error.to_string(), refused, "{format:?}");
            } else {
                assert!(!refused.contains("stream") && !refused.contains("bucket_"), "{format:?}: {refused}");
            }
        }
    }
}

/// As Excel itself would save it, for example.
#[test]
fn a_file_for_excel_that_is_not_ours_is_refused_by_name() {
    let cases = [
        (";bucket_end", ";end", r#"column 3 is expected to be bucket_end, found "end""#),
        (";", ",", r#"column 1 is expected to be stream, found "stream,bucket_start""#),
        (";20,0;", ";20.0;", r#"row 1, stop_time_seconds: expected a number such as 12,5, found "20.0""#),
        (
            "2026-10-25 02:00:00",
            "25.10.2026 02:00",
            r#"row 1, local_start: expected a local time such as 2026-11-21 14:00:00, found "25.10.2026 02:00""#,
        ),
        (
            "2026-10-25T02:00:00+02:00",
            "2026-10-25T00:00:00Z",
            r#"row 1, bucket_start: expected an instant such as 2026-11-21T14:00:00+01:00, found "2026-10-25T00:00:00Z""#,
        ),
        ("UTC+02:00", "+02:00", r#"row 1, utc_offset: expected an offset such as UTC+01:00, found "+02:00""#),
        ("lobby", "=lobby", r#"row 1, stream: expected text that is no formula, found "=lobby""#),
        (
            "2026-10-25T02:00:00+02:00",
            "2026-10-25T02:00:00+01:00",
            r#"bucket 2026-10-25T01:00:00Z contradicts its local start 2026-10-25 02:00:00 "+02:00""#,
        ),
        (
            "2026-10-25 02:00:00;UTC+02:00",
            "2026-10-25 02:00:00;UTC+01:00",
            r#"bucket 2026-10-25T00:00:00Z contradicts its local start 2026-10-25 02:00:00 "+01:00""#,
        ),
    ];
    for compression in [CsvCompression::None, CsvCompression::Gzip, CsvCompression::Zstd] {
        let format = FileFormat::ExcelEu(compression);
        for (from, to, message) in cases {
            let refused =
                format.decode(&context(), &changed(SMALL_EXCEL, compression, from, to)).unwrap_err();
            assert!(refused.to_string().starts_with(message), "{format:?}: {refused}");
        }
    }
}
