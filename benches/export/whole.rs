//! A whole export against the simulator, in one process.

use std::sync::Arc;

use audience_exporter::{
    clock::Clock,
    config::Config,
    exporter::{ProgressListener, Work},
    plan::Backfill,
    report::Outcome,
    series::Series,
    shutdown::Shutdown,
    simulator::{ConfigurationOptions, Simulator, SimulatorOptions, configuration, fleet},
    time::PartitionSize,
    wire::Timing,
    workplace::Workplace,
};
use chrono_tz::Tz;
use divan::{Bencher, counter::ItemsCount};

use crate::desk::{CSV, DAY, PARQUET, first};

/// Streams, and hours of each.
const STREAMS: usize = 20;
const YEAR: usize = 365 * DAY;

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
    let members = fleet(STREAMS);
    let text = configuration(&ConfigurationOptions {
        base_url: &simulator.base_url(),
        streams: &members,
        timezone: Tz::UTC,
        output_dir: "data",
        state_dir: "state",
        concurrency: 16,
        format: if name == "csv" { CSV } else { PARQUET },
        partition: PartitionSize::Month,
        start: None,
    });
    let text = text.replace("requests_per_second = 1000.0", "requests_per_second = 1000000.0");
    bencher
        .counter(ItemsCount::new(YEAR * STREAMS))
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
    let backfill = Backfill { range: first(YEAR), force: false };
    let ranges = series.iter().map(|series| (series.stream.name.clone(), backfill)).collect();
    let nobody: ProgressListener = Arc::new(|_| {});
    exporter.run("bench", series, &Work::Backfill(ranges), &nobody).await.expect("a ledger").outcome()
}
