//! What a row costs on its way: decoding pages, encoding and reading files, and the whole export against the simulator.
//! Figures of one run compare with each other; `cargo bench` prints them.

use std::sync::Arc;

use audience_exporter::{
    angus::{ListingBuilder, NextStep, Query, decode_page},
    clock::Clock,
    config::Config,
    exporter::{ProgressListener, Work},
    plan::Backfill,
    report::Outcome,
    row::{Count, FileContext, Mean, Row},
    series::Series,
    shutdown::Shutdown,
    simulator::{ConfigurationOptions, Simulator, SimulatorOptions, configuration, fleet},
    sink::{CsvCompression, FileFormat, ParquetCompression},
    time::{BucketGrid, BucketSize, PartitionSize, TimeRange, parse_label},
    wire::Timing,
    workplace::Workplace,
};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use divan::{
    Bencher,
    counter::{BytesCount, ItemsCount},
};

/// A month of hours, and a year of them.
const MONTH: i64 = 31 * 24;
const YEAR: i64 = 365 * 24;

/// Streams of the whole export.
const STREAMS: u8 = 20;

const FORMATS: [(&str, FileFormat); 5] = [
    ("csv", FileFormat::Csv(CsvCompression::None)),
    ("csv.gz", FileFormat::Csv(CsvCompression::Gzip)),
    ("csv.zst", FileFormat::Csv(CsvCompression::Zstd)),
    ("parquet none", FileFormat::Parquet(ParquetCompression::None)),
    ("parquet zstd", FileFormat::Parquet(ParquetCompression::Zstd)),
];

fn main() {
    divan::main();
}

fn begin() -> DateTime<Utc> {
    parse_label("2025-01-01T00:00:00Z").expect("a valid instant")
}

fn hours(count: i64) -> TimeRange {
    TimeRange::new(begin(), begin() + TimeDelta::hours(count)).expect("some hours")
}

fn rows(count: i64) -> Vec<Row> {
    let row = |hour: i64| {
        let start = begin() + TimeDelta::hours(hour);
        let mut row = Row::new(start, start + TimeDelta::hours(1));
        for (index, count) in (1..).zip(Count::ALL) {
            row.set_count(count, Some(hour * 7919 % (400 / index)));
        }
        row.set_mean(Mean::StopTime, Some((hour % 97) as f64 / 7.0));
        row.set_mean(Mean::AttentionTime, Some((hour % 89) as f64 / 4.0));
        row.satisfaction = Some(format!("{{\"value\":0.{:02}}}", hour % 100).into());
        row
    };
    (0..count).map(row).collect()
}

fn context() -> FileContext {
    let tags = vec![("site".to_owned(), Some("paris-nord".to_owned()))];
    FileContext { stream: "lobby".to_owned(), zone: Tz::Europe__Paris, tags }
}

/// One page that holds every hour of a month, as the service would write it.
fn page() -> Vec<u8> {
    let bucket = |row: &Row| {
        let count = |count| row.count(count).unwrap_or(0);
        format!(
            "\"{}\":{{\"passing_by\":{{\"value\":{}}},\"interested\":{{\"value\":{}}},\"stop_time\":{{\"value\":{:?}}},\
             \"attention_time\":{{\"value\":{:?}}},\"gender\":{{\"?\":{},\"female\":{},\"male\":{}}},\
             \"category\":{{\"senior_female\":{},\"senior_male\":{},\"young_female\":{},\"young_male\":{}}},\
             \"satisfaction\":{}}}",
            row.start.format("%Y-%m-%dT%H:00:00+00:00"),
            count(Count::PassingBy),
            count(Count::Interested),
            row.mean(Mean::StopTime).unwrap_or(0.0),
            row.mean(Mean::AttentionTime).unwrap_or(0.0),
            count(Count::GenderUnknown),
            count(Count::GenderFemale),
            count(Count::GenderMale),
            count(Count::CategorySeniorFemale),
            count(Count::CategorySeniorMale),
            count(Count::CategoryYoungFemale),
            count(Count::CategoryYoungMale),
            row.satisfaction.as_deref().unwrap_or("null"),
        )
    };
    let buckets: Vec<String> = rows(MONTH).iter().map(bucket).collect();
    format!(
        "{{\"entities\":{{{}}},\"time\":\"by_hour\",\"total_results\":{MONTH},\"nb_of_pages\":1,\"page\":1,\
         \"next_page\":\"\"}}",
        buckets.join(",")
    )
    .into_bytes()
}

#[divan::bench]
fn decode_a_listing(bencher: Bencher) {
    let body = page();
    let query = Query { range: hours(MONTH), grid: BucketGrid::new(BucketSize::Hour, Tz::UTC) };
    bencher.counter(BytesCount::of_slice(&body)).counter(ItemsCount::new(MONTH.unsigned_abs())).bench(|| {
        let mut builder = ListingBuilder::new(query);
        let step = builder.push(decode_page(&body).expect("a valid page")).expect("an expected page");
        assert_eq!(step, NextStep::Finish);
        builder.finish().expect("a complete listing")
    });
}

#[divan::bench(args = FORMATS.map(|(name, _)| name))]
fn encode_a_year(bencher: Bencher, name: &str) {
    let (format, rows, context) = (format(name), rows(YEAR), context());
    bencher
        .counter(ItemsCount::new(rows.len()))
        .bench(|| format.encode(&context, &rows).expect("encodable rows"));
}

#[divan::bench(args = FORMATS.map(|(name, _)| name))]
fn read_a_year_back(bencher: Bencher, name: &str) {
    let (format, rows, context) = (format(name), rows(YEAR), context());
    let bytes = format.encode(&context, &rows).expect("encodable rows");
    bencher
        .counter(ItemsCount::new(rows.len()))
        .bench(|| format.decode(&context, &bytes).expect("our own file"));
}

fn format(name: &str) -> FileFormat {
    FORMATS.iter().find(|(known, _)| *known == name).expect("a listed format").1
}

/// Twenty streams and a year, over HTTP, into durable files and the ledger. The simulator shares the processors: its
/// own cost is part of the figure.
#[divan::bench(args = ["parquet zstd", "csv"], sample_count = 5, sample_size = 1)]
fn export_twenty_streams_and_a_year(bencher: Bencher, name: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let listen = "127.0.0.1:0".parse().expect("an address");
    let simulator = Simulator::start(listen, SimulatorOptions::default(), Clock::system());
    let simulator = runtime.block_on(simulator).expect("a simulator");
    let members = fleet(usize::from(STREAMS));
    let text = configuration(&ConfigurationOptions {
        base_url: &simulator.base_url(),
        streams: &members,
        timezone: Tz::UTC,
        output_dir: "data",
        state_dir: "state",
        concurrency: 16,
        format: format(name),
        partition: PartitionSize::Month,
        start: None,
    });
    let text = text.replace("requests_per_second = 1000.0", "requests_per_second = 1000000.0");
    bencher
        .counter(ItemsCount::new(YEAR.unsigned_abs() * u64::from(STREAMS)))
        .with_inputs(|| tempfile::tempdir().expect("a folder"))
        .bench_values(|folder| {
            let config = Config::parse(&text, &folder.path().join("exporter.toml"))
                .unwrap_or_else(|error| panic!("{error}"));
            let outcome = runtime.block_on(export(&config));
            assert_eq!(outcome, Outcome::Done);
            folder
        });
}

async fn export(config: &Config) -> Outcome {
    let workplace = Workplace::open(config, Timing::real(Clock::system()), Shutdown::default()).ok().unwrap();
    let exporter = workplace.exporter(config).unwrap_or_else(|error| panic!("{error}"));
    let series = Series::all(config, None, None);
    let backfill = Backfill { range: hours(YEAR), force: false };
    let ranges = series.iter().map(|series| (series.stream.name.clone(), backfill)).collect();
    let nobody: ProgressListener = Arc::new(|_| {});
    exporter.run("bench", series, &Work::Backfill(ranges), &nobody).await.expect("a ledger").outcome()
}
