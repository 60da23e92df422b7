//! Real footfall of a city, two years with gaps, through the real program: it must arrive row for row.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

use audience_exporter::{
    clock::Clock,
    config::Config,
    ledger::Ledger,
    row::{Count, Row},
    series::Series,
    simulator::{ConfigurationOptions, Replay, Simulator, SimulatorOptions, Source, configuration},
    sink::{CsvCompression, FileFormat, ParquetCompression},
    time::{LocalPeriod, PartitionSize, parse_label},
};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

const ROWS: usize = 66_037;
const PEOPLE: i64 = 45_483_871;
const ABSENT_HOURS: u64 = 4_139;

/// The real counts, where they are at hand: they are not part of the project.
fn footfall() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/melbourne-footfall.csv.gz");
    if !path.exists() {
        eprintln!("skipped: {} is not here", path.display());
        return None;
    }
    Some(path)
}

fn truth(path: &Path) -> BTreeMap<(String, DateTime<Utc>), i64> {
    let file = flate2::read::MultiGzDecoder::new(std::fs::File::open(path).unwrap());
    let mut reader = csv::Reader::from_reader(file);
    let rows = reader.records().map(|record| {
        let record = record.unwrap();
        ((record[0].to_owned(), parse_label(&record[1]).unwrap()), record[2].parse().unwrap())
    });
    rows.collect()
}

fn published(config: &Config) -> Vec<(String, Row)> {
    let ledger = Ledger::open_if_present(&config.state_dir).unwrap().unwrap();
    let mut rows = Vec::new();
    for series in Series::all(config, None, None) {
        let known = ledger.find_series(&series.key()).unwrap().unwrap();
        for file in ledger.files(known.id).unwrap() {
            let bytes = std::fs::read(config.output_dir.join(&file.path)).unwrap();
            let decoded = series.job.format.decode(&series.context, &bytes).unwrap();
            rows.extend(decoded.into_iter().map(|row| (series.stream.name.clone(), row)));
        }
    }
    rows
}

fn modification_times(config: &Config) -> BTreeMap<String, SystemTime> {
    let ledger = Ledger::open_if_present(&config.state_dir).unwrap().unwrap();
    let all = Series::all(config, None, None);
    let files = all.iter().flat_map(|series| {
        let known = ledger.find_series(&series.key()).unwrap().unwrap();
        ledger.files(known.id).unwrap()
    });
    let modified = |path: &str| config.output_dir.join(path).metadata().unwrap().modified().unwrap();
    files.map(|file| (file.path.clone(), modified(&file.path))).collect()
}

fn backfill(config: &Path, force: bool) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_audience-exporter"));
    command.args(["backfill", "--from", "2015-01-01", "--to", "2017-01-01", "--config"]).arg(config);
    if force {
        command.arg("--force");
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn arrives_row_for_row(format: FileFormat, partition: PartitionSize) {
    let Some(path) = footfall() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let replay = Replay::from_file(&path).unwrap();
    let members = replay.fleet();
    let options = SimulatorOptions { source: Source::Replay(replay), ..SimulatorOptions::default() };
    let listen = "127.0.0.1:0".parse().unwrap();
    let simulator = runtime.block_on(Simulator::start(listen, options, Clock::system())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let text = configuration(&ConfigurationOptions {
        base_url: &simulator.base_url(),
        streams: &members,
        timezone: Tz::Australia__Melbourne,
        output_dir: "data",
        state_dir: "state",
        concurrency: 8,
        format,
        partition,
        start: None,
    });
    let config_path = folder.path().join("exporter.toml");
    std::fs::write(&config_path, text).unwrap();
    backfill(&config_path, false);

    let config = Config::load(&config_path).ok().unwrap();
    let truth = truth(&path);
    let rows = published(&config);
    assert_eq!(rows.len(), ROWS);
    assert_eq!(rows.iter().filter_map(|(_, row)| row.count(Count::PassingBy)).sum::<i64>(), PEOPLE);
    for (stream, row) in &rows {
        assert_eq!(row.count(Count::PassingBy), truth.get(&(stream.clone(), row.start)).copied());
    }
    let before = modification_times(&config);
    let periods: BTreeSet<(&str, LocalPeriod)> = truth
        .keys()
        .map(|(stream, hour)| (&**stream, LocalPeriod::of(*hour, partition, Tz::Australia__Melbourne)))
        .collect();
    assert_eq!(before.len(), periods.len());
    let ledger = Ledger::open_if_present(&config.state_dir).unwrap().unwrap();
    let missing = Series::all(&config, None, None).into_iter().map(|series| {
        let known = ledger.find_series(&series.key()).unwrap().unwrap();
        ledger.status(known.id).unwrap().missing_buckets
    });
    assert_eq!(missing.sum::<u64>(), ABSENT_HOURS);

    backfill(&config_path, true);
    assert_eq!(modification_times(&config), before);
    runtime.block_on(simulator.stop());
}

#[test]
fn two_years_arrive_row_for_row_as_parquet_by_month() {
    arrives_row_for_row(FileFormat::Parquet(ParquetCompression::Zstd), PartitionSize::Month);
}

#[test]
fn two_years_arrive_row_for_row_as_csv_by_day() {
    arrives_row_for_row(FileFormat::Csv(CsvCompression::None), PartitionSize::Day);
}
