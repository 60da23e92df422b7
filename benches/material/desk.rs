//! What benchmarks and counts of allocations work on: the hours of one stream, and a place where they are published.

use std::sync::Arc;

use audience_exporter::{
    angus::Query,
    clock::Clock,
    config::Config,
    coverage::{Coverage, Standing},
    ledger::{FileRecord, Intention, WindowRecord},
    publication::{Archive, Asked, Published},
    row::Row,
    series::Series,
    shutdown::Shutdown,
    simulator::{ConfigurationOptions, configuration, fleet},
    sink::{CsvCompression, FileFormat, ParquetCompression, publish},
    time::{BucketGrid, BucketSize, PartitionSize, TimeRange, Window, parse_label},
    wire::Timing,
    workplace::Workplace,
};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use tempfile::TempDir;

use crate::page::{Audience, PAGE_SIZE, hours, query_of_page};

/// Hours of a day, and of a month.
pub(crate) const DAY: usize = 24;
pub(crate) const MONTH: usize = 31 * DAY;

pub(crate) const CSV: FileFormat = FileFormat::Csv(CsvCompression::None);
pub(crate) const PARQUET: FileFormat = FileFormat::Parquet(ParquetCompression::Zstd);

/// Any stream of the simulated fleet.
const CLIENT_ID: &str = "00000000-0000-4000-8000-000000000007";

/// The first hours of a month of 31 days.
pub(crate) fn first(count: usize) -> TimeRange {
    let begin = parse_label("2023-01-01T00:00:00Z").expect("an instant");
    TimeRange::new(begin, begin + TimeDelta::hours(count.try_into().expect("few hours"))).expect("some hours")
}

pub(crate) fn grid() -> BucketGrid {
    BucketGrid::new(BucketSize::Hour, Tz::UTC)
}

pub(crate) fn query(range: TimeRange) -> Query {
    Query { range, grid: grid() }
}

/// The rows of a range.
pub(crate) fn rows(range: TimeRange) -> Vec<Row> {
    let audience = Audience::new();
    grid().bucket_starts(range).map(|start| audience.row(CLIENT_ID, start)).collect()
}

/// The pages of the listing of a range.
pub(crate) fn pages(range: TimeRange) -> Vec<Vec<u8>> {
    let audience = Audience::new();
    let page = |number| {
        audience.page(CLIENT_ID, &query_of_page(range, number), false).expect("a page of the listing")
    };
    (1..=hours(range).div_ceil(PAGE_SIZE)).map(|number| page(number).into_bytes()).collect()
}

/// What is exported where there are so many stretches of so many days, a day between two of them.
pub(crate) fn exported(days: usize, stretches: usize) -> Coverage {
    let day = |count: usize| TimeDelta::days(count.try_into().expect("few days"));
    (0..stretches).fold(Coverage::default(), |coverage, stretch| {
        let start = first(DAY).start() + day(stretch * (days + 1));
        let range = TimeRange::new(start, start + day(days)).expect("some days");
        coverage.with(range, Standing::Final)
    })
}

/// One series whose files and ledger lie in a folder that goes with it.
pub(crate) struct Desk {
    pub(crate) archive: Arc<Archive>,
    pub(crate) series: Series,
    pub(crate) series_id: i64,
    _folder: TempDir,
}

impl Desk {
    /// An empty one, on the disk on which Cargo builds.
    pub(crate) fn new(format: FileFormat, partition: PartitionSize) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let text = configuration(&ConfigurationOptions {
            base_url: "http://127.0.0.1:9",
            streams: &fleet(1),
            timezone: Tz::UTC,
            output_dir: "data",
            state_dir: "state",
            concurrency: 1,
            format,
            partition,
            start: None,
        });
        let config = Config::parse(&text, &folder.path().join("exporter.toml"));
        let config = config.unwrap_or_else(|error| panic!("{error}"));
        let timing = Timing::real(Clock::fixed(now()));
        let workplace = Workplace::open(&config, timing, Shutdown::default());
        let archive = workplace.unwrap_or_else(|error| panic!("{error}")).archive;
        let series = Series::all(&config, None, None).remove(0);
        let known = archive.ledger.series(&series.key(), &series.layout(), &series.style(), now());
        Self { archive, series_id: known.expect("a ledger").id, series, _folder: folder }
    }

    /// Publishes the rows of a range as one window.
    pub(crate) fn publish(&self, range: TimeRange, rows: Vec<Row>) -> Published {
        let window = Window::new(range, grid()).expect("whole hours");
        let asked = Asked { at: now(), run: 1 };
        self.archive.publish(&self.series, self.series_id, &window, rows, asked).expect("a disk that works")
    }

    /// Tells the ledger of a window as a publication does: before its files are written, and after.
    pub(crate) fn record(&self, range: TimeRange) {
        let partitions = self.series.rules.partitions(range);
        let (intentions, files): (Vec<_>, Vec<_>) = partitions
            .map(|(period, period_range)| {
                let path = self.series.file_path(period).to_string_lossy().into_owned();
                let hash = Some(publish::hash(path.as_bytes()));
                let file = FileRecord {
                    path,
                    period: period_range,
                    hash,
                    pending_hash: None,
                    rows: 24,
                    bytes: 4_000,
                };
                let before = FileRecord { hash: None, pending_hash: hash, ..file.clone() };
                (Intention { file: before, changes: Vec::new() }, file)
            })
            .unzip();
        let window = WindowRecord {
            range,
            standings: vec![(range, Standing::Final)],
            missing: Vec::new(),
            files,
            vanished: Vec::new(),
            asked_at: now(),
            rechecked: Vec::new(),
        };
        self.archive.ledger.intend(self.series_id, &intentions).expect("a ledger");
        self.archive.ledger.record(self.series_id, &window).expect("a ledger");
    }
}

/// Long after all hours.
pub(crate) fn now() -> DateTime<Utc> {
    parse_label("2026-01-01T00:00:00Z").expect("an instant")
}
