//! Two years of real footfall: every sealed month agrees with the sums of the service.

use std::{path::Path, process::Command};

use audience_exporter::{
    clock::Clock,
    simulator::{ConfigurationOptions, Replay, Simulator, SimulatorOptions, Source, configuration},
    sink::{FileFormat, ParquetCompression},
    time::PartitionSize,
};
use chrono_tz::Tz;
use serde_json::Value;

fn run(config: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_audience-exporter"));
    let output = command.arg("--config").arg(config).args(arguments).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn every_sealed_month_agrees_with_the_sums_of_the_service() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/melbourne-footfall.csv.gz");
    if !path.exists() {
        eprintln!("skipped: {} is not here", path.display());
        return;
    }
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
        format: FileFormat::Parquet(ParquetCompression::Zstd),
        partition: PartitionSize::Month,
        start: None,
    });
    let config = folder.path().join("exporter.toml");
    std::fs::write(&config, text).unwrap();
    assert_eq!(run(&config, &["backfill", "--from", "2015-01-01", "--to", "2017-01-01"]).0, Some(0));

    let before = simulator.requests().entities;
    let (code, said) = run(&config, &["verify", "--json"]);
    assert_eq!(code, Some(0), "{said}");
    let json: Value = serde_json::from_str(&said).unwrap();
    let compared = json["service"]["compared"].as_u64().unwrap();
    assert_eq!(json["files"]["rows"], 66_037);
    assert_eq!(Some(compared), json["files"]["checked"].as_u64(), "every month is sealed");
    assert_eq!(json["service"]["disagreements"].as_array().unwrap().len(), 0);
    // One question each: the average of a month is compared as well as its counts.
    assert_eq!(simulator.requests().entities - before, compared);
    let (_, shown) = run(&config, &["verify", "--sample", "7"]);
    assert!(shown.contains("7 compared by sums: the service agrees with all"), "{shown}");
    let offline = folder.path().join("data");
    let (code, said) = run(&config, &["verify", "--offline", offline.to_str().unwrap(), "--json"]);
    assert_eq!(code, Some(0), "{said}");
    let json: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(json["sealed"].as_u64(), Some(compared));
    let (code, said) = run(&config, &["verify", "--deep", "--json"]);
    assert_eq!(code, Some(0), "{said}");
    runtime.block_on(simulator.stop());
}
