//! What is sent of a file, whatever its own format.

use audience_exporter::{
    config::ContentType,
    row::Row,
    sink::{CsvCompression, FileFormat},
};
use serde_json::{Value, json};

use crate::{
    bench::{Bench, POST, Setup, assert_went_well, empty, signs_in, uploads},
    double::Double,
};

const JOBS: [&str; 7] = [
    "format = \"csv\"",
    "format = \"csv\"\ncompression = \"gzip\"",
    "format = \"csv\"\ncompression = \"zstd\"",
    "format = \"parquet\"",
    "format = \"parquet\"\ncompression = \"snappy\"",
    "format = \"csv\"\ncsv_profile = \"excel-eu\"",
    "format = \"csv\"\ncsv_profile = \"excel-eu\"\ncompression = \"zstd\"",
];

fn setup(job: &str, content_type: ContentType) -> Setup {
    Setup {
        lobby: "tags = { site = \"paris-nord\" }".to_owned(),
        job: job.to_owned(),
        ..Setup::delivery(&format!("content_type = \"{}\"", content_type.as_str()))
    }
}

fn with_extras(row: &mut Row) {
    row.extras = Some(r#"{"note":"a, b"}"#.into());
}

/// What arrives of one file of a job as this content type, and that file as uncompressed CSV.
async fn sent(job: &str, content_type: ContentType) -> (Vec<u8>, Vec<u8>) {
    let double = Double::script([signs_in(), (POST, empty(200))]).await;
    let bench = Bench::with(&double, &setup(job, content_type));
    let file = bench.publish_with("lobby", 1, 10, with_extras);
    assert_went_well(&bench.deliver().await, [1, 0, 0, 0]);
    let upload = uploads(&double).remove(0);
    assert_eq!((upload.content_type.as_str(), upload.key), (content_type.as_str(), file.key), "{job}");
    let series = bench.series("lobby");
    let rows = series.job.format.decode(&series.context, &file.bytes).unwrap();
    let csv = FileFormat::Csv(CsvCompression::None).encode(&series.context, &rows).unwrap();
    (upload.body, csv)
}

#[tokio::test]
async fn text_csv_is_the_uncompressed_csv_of_the_rows_whatever_the_format_of_the_file() {
    for job in JOBS {
        let (body, csv) = sent(job, ContentType::Csv).await;
        assert_eq!(String::from_utf8(body).unwrap(), String::from_utf8(csv).unwrap(), "{job}");
    }
}

#[tokio::test]
async fn json_is_an_array_of_rows_or_a_row_a_line() {
    let row = |hour: u32, people: u32| {
        let mut row = json!({
            "stream": "lobby",
            "bucket_start": format!("2026-03-01T{hour:02}:00:00Z"),
            "bucket_end": format!("2026-03-01T{:02}:00:00Z", hour + 1),
            "local_start": format!("2026-03-01T{hour:02}:00:00"),
            "utc_offset": "+00:00",
            "passing_by": people,
            "extras": r#"{"note":"a, b"}"#,
            "tag_site": "paris-nord",
        });
        for empty in [
            "interested",
            "stop_time_seconds",
            "attention_time_seconds",
            "category_senior_female",
            "category_senior_male",
            "category_young_female",
            "category_young_male",
            "gender_female",
            "gender_male",
            "gender_unknown",
            "satisfaction",
        ] {
            row[empty] = Value::Null;
        }
        row
    };
    let expected = [row(8, 18), row(9, 19)];
    for job in JOBS {
        let (array, _) = sent(job, ContentType::Json).await;
        assert_eq!(serde_json::from_slice::<Vec<Value>>(&array).unwrap(), expected, "{job}");
        let (lines, _) = sent(job, ContentType::JsonLines).await;
        let lines = String::from_utf8(lines).unwrap();
        let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines, expected, "{job}");
    }
}

#[tokio::test]
async fn json_may_hold_what_csv_may_not() {
    let double = Double::script([signs_in(), (POST, empty(200))]).await;
    let mut setup = setup("format = \"parquet\"", ContentType::Json);
    setup.lobby = "tags = { site = \"Main St, 4\" }".to_owned();
    let bench = Bench::with(&double, &setup);
    bench.publish("lobby", 1, 10);
    assert_went_well(&bench.deliver().await, [1, 0, 0, 0]);
    let rows: Value = serde_json::from_slice(&uploads(&double)[0].body).unwrap();
    assert_eq!(rows[0]["tag_site"], "Main St, 4");
}

#[tokio::test]
async fn a_stream_that_is_no_longer_configured_is_sent_as_it_is_or_parked() {
    let gone = |setup: Setup| Setup { has_mall: false, ..setup };
    for (job, content_type, is_sent) in [
        (JOBS[0], ContentType::Csv, true),
        (JOBS[1], ContentType::Csv, true),
        (JOBS[0], ContentType::Json, false),
        (JOBS[3], ContentType::Csv, false),
        (JOBS[3], ContentType::JsonLines, false),
    ] {
        let double =
            Double::script(is_sent.then(|| [signs_in(), (POST, empty(200))]).into_iter().flatten()).await;
        let bench = Bench::with(&double, &setup(job, content_type));
        bench.publish("mall", 1, 10);
        let bench = bench.restarted_with(&gone(setup(job, content_type)));
        let report = bench.deliver().await;
        assert_went_well(&report, if is_sent { [1, 0, 0, 0] } else { [0, 1, 0, 0] });
        if !is_sent {
            let reason = &bench.parked()[0].1;
            assert!(reason.starts_with("stream mall is no longer exported by job hourly"), "{reason}");
        }
    }
}

/// The tags are not in the rows that are read back: the file would be sent with others than it has.
#[tokio::test]
async fn a_file_whose_tags_changed_waits_until_it_is_written_anew() {
    let double = Double::script([signs_in(), (POST, empty(200))]).await;
    let before = setup(JOBS[3], ContentType::Json);
    let after = Setup { lobby: before.lobby.replace("paris-nord", "lyon"), ..before.clone() };
    let bench = Bench::with(&double, &before);
    let old = bench.publish("lobby", 1, 10);
    let bench = bench.restarted_with(&after);
    assert_went_well(&bench.deliver().await, [0, 0, 1, 0]);
    let series = bench.series("lobby");
    let known = bench.archive.ledger.find_series(&series.key()).unwrap().unwrap();
    bench.archive.restyle(&series, known.id).unwrap();
    assert_went_well(&bench.deliver().await, [1, 0, 0, 0]);
    let upload = uploads(&double).remove(0);
    assert_ne!(upload.key, old.key);
    let rows: Value = serde_json::from_slice(&upload.body).unwrap();
    assert_eq!(rows[0]["tag_site"], "lyon");
}

#[tokio::test]
async fn a_file_that_does_not_read_back_as_configured_is_parked() {
    let double = Double::silent().await;
    let before = setup(JOBS[3], ContentType::Json);
    let after = Setup { lobby: format!("timezone = \"Asia/Kolkata\"\n{}", before.lobby), ..before.clone() };
    let bench = Bench::with(&double, &before);
    bench.publish("lobby", 1, 10);
    let bench = bench.restarted_with(&after);
    assert_went_well(&bench.deliver().await, [0, 1, 0, 0]);
    let reason = &bench.parked()[0].1;
    assert!(
        reason.starts_with("the file cannot be read as this configuration has it: written for another"),
        "{reason}"
    );
}
