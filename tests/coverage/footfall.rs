//! Two years of four real sensors: every hour that the counts lack is missing, and no other.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use audience_exporter::{
    clock::Clock,
    simulator::{ConfigurationOptions, Replay, Simulator, SimulatorOptions, Source, configuration},
    sink::{CsvCompression, FileFormat},
    time::{BucketGrid, BucketSize, PartitionSize, TimeRange, parse_bound, parse_label, to_display},
};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};

const ZONE: Tz = Tz::Australia__Melbourne;
const ABSENT_HOURS: usize = 4_139;
const FROM: &str = "2015-01-01";
const TO: &str = "2017-01-01";

/// The real counts, where they are at hand: they are not part of the project.
fn footfall() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/melbourne-footfall.csv.gz");
    if !path.exists() {
        eprintln!("skipped: {} is not here", path.display());
        return None;
    }
    Some(path)
}

/// Of each sensor, every hour of the two local years that the counts do not have.
fn absent(path: &Path) -> BTreeMap<String, Vec<String>> {
    let file = flate2::read::MultiGzDecoder::new(std::fs::File::open(path).unwrap());
    let mut there: BTreeMap<String, BTreeSet<DateTime<Utc>>> = BTreeMap::new();
    for record in csv::Reader::from_reader(file).records() {
        let record = record.unwrap();
        there.entry(record[0].to_owned()).or_default().insert(parse_label(&record[1]).unwrap());
    }
    let years = TimeRange::new(parse_bound(FROM, ZONE).unwrap(), parse_bound(TO, ZONE).unwrap()).unwrap();
    let lacking = |there: &BTreeSet<DateTime<Utc>>| {
        let hours = BucketGrid::new(BucketSize::Hour, ZONE).bucket_starts(years);
        hours.filter(|hour| !there.contains(hour)).map(to_display).collect()
    };
    there.iter().map(|(stream, there)| (stream.clone(), lacking(there))).collect()
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_audience-exporter"));
    command.args(arguments).current_dir(folder).env_remove("AUDIENCE_EXPORTER_CONFIG");
    command.stdin(Stdio::null()).output().unwrap()
}

/// Exports both years by month into a folder.
fn export(path: &Path, folder: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let replay = Replay::from_file(path).unwrap();
    let members = replay.fleet();
    let options = SimulatorOptions { source: Source::Replay(replay), ..SimulatorOptions::default() };
    let listen = "127.0.0.1:0".parse().unwrap();
    let simulator = runtime.block_on(Simulator::start(listen, options, Clock::system())).unwrap();
    let text = configuration(&ConfigurationOptions {
        base_url: &simulator.base_url(),
        streams: &members,
        timezone: ZONE,
        output_dir: "data",
        state_dir: "state",
        concurrency: 8,
        format: FileFormat::Csv(CsvCompression::None),
        partition: PartitionSize::Month,
        start: None,
    });
    std::fs::write(folder.join("exporter.toml"), text).unwrap();
    let output = run(folder, &["backfill", "--from", FROM, "--to", TO]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    runtime.block_on(simulator.stop());
}

fn texts(array: &Value) -> Vec<String> {
    array.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_absent_hour_of_two_real_years_is_missing_and_no_other() {
    let Some(path) = footfall() else { return };
    let folder = tempfile::tempdir().unwrap();
    export(&path, folder.path());
    let output = run(folder.path(), &["coverage", "--json", "--from", FROM, "--to", TO]);
    assert_eq!(output.status.code(), Some(0));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();

    let all = found["series"].as_array().unwrap();
    let missing =
        all.iter().map(|one| (one["stream"].as_str().unwrap().to_owned(), texts(&one["missing_buckets"])));
    let (missing, absent): (BTreeMap<_, _>, _) = (missing.collect(), absent(&path));
    assert_eq!(missing.keys().collect::<Vec<_>>(), absent.keys().collect::<Vec<_>>());
    assert!(missing == absent, "other hours are missing");
    assert_eq!(missing.values().map(Vec::len).sum::<usize>(), ABSENT_HOURS);

    for one in all {
        let sums = ["exported", "missing"].map(|name| one[name].as_u64().unwrap());
        assert_eq!([sums[0] + sums[1], 0], [one["expected"].as_u64().unwrap(), one["due"].as_u64().unwrap()]);
        assert_eq!(one["expected"], 17_544);
        assert_eq!(one["sealed_partitions"], one["partitions"]);
        let days = one["days"].as_array().unwrap();
        assert_eq!(days.len(), 731);
        let odd: Vec<_> = days.iter().filter(|day| day["expected"] != 24).collect();
        let odd: Vec<_> =
            odd.iter().map(|day| (day["date"].as_str().unwrap(), day["expected"].as_u64())).collect();
        let expected = [("2015-04-05", 25), ("2015-10-04", 23), ("2016-04-03", 25), ("2016-10-02", 23)];
        assert_eq!(odd, expected.map(|(date, hours)| (date, Some(hours))));
    }
    let job = &found["jobs"][0];
    assert_eq!([&job["expected"], &job["missing"]], [&json!(4 * 17_544), &json!(ABSENT_HOURS)]);

    let output = run(folder.path(), &["coverage", "--from", FROM, "--to", TO]);
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    let months = shown.lines().filter(|line| line.starts_with("2015-") || line.starts_with("2016-"));
    assert_eq!(months.count(), 4 * 24);
}
