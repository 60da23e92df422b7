//! From rows to files, and back: merging, encoding, decoding and publishing.

use audience_exporter::{
    row::merge,
    sink::{CsvCompression, FileFormat, ParquetCompression},
    time::PartitionSize,
};
use divan::{Bencher, counter::ItemsCount};

use crate::desk::{CSV, DAY, Desk, MONTH, PARQUET, first, rows};

const FORMATS: [(&str, FileFormat); 5] = [
    ("csv", CSV),
    ("csv.gz", FileFormat::Csv(CsvCompression::Gzip)),
    ("csv.zst", FileFormat::Csv(CsvCompression::Zstd)),
    ("parquet none", FileFormat::Parquet(ParquetCompression::None)),
    ("parquet zstd", PARQUET),
];

fn format(name: &str) -> FileFormat {
    FORMATS.iter().find(|(known, _)| *known == name).expect("a listed format").1
}

#[divan::bench]
fn merge_a_month_into_nothing(bencher: Bencher) {
    let listed = rows(first(MONTH));
    bencher
        .counter(ItemsCount::new(MONTH))
        .with_inputs(|| listed.clone())
        .bench_values(|listed| merge(Vec::new(), &first(MONTH), listed).expect("rows in order"));
}

#[divan::bench]
fn merge_a_month_into_itself(bencher: Bencher) {
    let listed = rows(first(MONTH));
    bencher
        .counter(ItemsCount::new(MONTH))
        .with_inputs(|| (listed.clone(), listed.clone()))
        .bench_values(|(existing, listed)| merge(existing, &first(MONTH), listed).expect("rows in order"));
}

#[divan::bench(args = FORMATS.map(|(name, _)| name))]
fn encode_a_day(bencher: Bencher, name: &str) {
    encode(bencher, name, DAY);
}

#[divan::bench(args = FORMATS.map(|(name, _)| name))]
fn encode_a_month(bencher: Bencher, name: &str) {
    encode(bencher, name, MONTH);
}

fn encode(bencher: Bencher, name: &str, hours: usize) {
    let (format, rows, desk) = (format(name), rows(first(hours)), Desk::new(PARQUET, PartitionSize::Month));
    let context = &desk.series.context;
    bencher.counter(ItemsCount::new(hours)).bench(|| format.encode(context, &rows).expect("encodable rows"));
}

#[divan::bench(args = FORMATS.map(|(name, _)| name))]
fn read_a_month_back(bencher: Bencher, name: &str) {
    let (format, rows, desk) = (format(name), rows(first(MONTH)), Desk::new(PARQUET, PartitionSize::Month));
    let context = &desk.series.context;
    let bytes = format.encode(context, &rows).expect("encodable rows");
    bencher.counter(ItemsCount::new(MONTH)).bench(|| format.decode(context, &bytes).expect("our own file"));
}

/// Into a new folder, with every promise kept: one file by month, 31 by day.
#[divan::bench(args = ["month", "day"], sample_size = 1)]
fn publish_a_month(bencher: Bencher, name: &str) {
    let partition = partition(name);
    let listed = rows(first(MONTH));
    bencher
        .counter(ItemsCount::new(MONTH))
        .with_inputs(|| (Desk::new(PARQUET, partition), listed.clone()))
        .bench_values(|(desk, listed)| {
            let published = desk.publish(first(MONTH), listed);
            assert!(published.files_written > 0);
            desk
        });
}

/// What is on disk already: it is read back, compared and left.
#[divan::bench(args = ["month", "day"], sample_size = 1)]
fn publish_a_month_again(bencher: Bencher, name: &str) {
    let desk = Desk::new(PARQUET, partition(name));
    let listed = rows(first(MONTH));
    desk.publish(first(MONTH), listed.clone());
    bencher.counter(ItemsCount::new(MONTH)).with_inputs(|| listed.clone()).bench_values(|listed| {
        let published = desk.publish(first(MONTH), listed);
        assert_eq!(published.files_written, 0);
    });
}

fn partition(name: &str) -> PartitionSize {
    PartitionSize::ALL.into_iter().find(|size| size.as_str() == name).expect("a size of partitions")
}
