//! The promise: pulls, backfills, failures, outages and re-pulls, in any order, end in the same bytes and the same
//! ledger as one undisturbed backfill.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use audience_exporter::{
    config::Config,
    coverage::Coverage,
    ledger::{FileRecord, Ledger},
    plan::{Backfill, PlannedWindow},
    publication::{Archive, Asked},
    row::{Count, Mean, Row, merge},
    series::Series,
    sink::publish::RealDisk,
    time::{BucketGrid, TimeRange, parse_label},
};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

const START: &str = "2026-03-25";

/// Late counts arrive until this long after a bucket's end; the configured lookback is longer.
const LATE: TimeDelta = TimeDelta::hours(5);

fn begin() -> DateTime<Utc> {
    parse_label("2026-03-25T00:00:00Z").unwrap()
}

/// Later than any operation.
fn end() -> DateTime<Utc> {
    begin() + TimeDelta::hours(30 + 40 * 12 + 100)
}

/// What the service answers at `now` for a bucket: some are absent for ever, young ones miss people.
fn truth(grid: BucketGrid, start: DateTime<Utc>, now: DateTime<Utc>) -> Option<Row> {
    let hour = start.timestamp() / 3600;
    if hour % 17 == 5 {
        return None;
    }
    let mut row = Row::new(start, grid.bucket_end(start));
    let people = 100 + hour * 7919 % 400;
    let late = if now < row.end + LATE { people / 3 } else { 0 };
    row.set_count(Count::PassingBy, Some(people - late));
    row.set_count(Count::Interested, Some((people - late) / 3));
    row.set_mean(Mean::StopTime, Some(people as f64 / 7.0));
    Some(row)
}

#[derive(Debug, Clone)]
enum Operation {
    /// Time passes, nothing runs.
    Sleep { hours: i64 },
    /// Everything that is due; windows fail where their bit is set.
    Pull { failures: u8 },
    /// Part of the range.
    Backfill { from: i64, hours: i64, force: bool, failures: u8 },
    /// Somebody deletes the file of this number.
    Delete { file: usize },
    /// Somebody overwrites the file of this number.
    Damage { file: usize },
}

/// What the exporter itself does, well or not.
fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        3 => (1_i64..40).prop_map(|hours| Operation::Sleep { hours }),
        4 => any::<u8>().prop_map(|failures| Operation::Pull { failures: failures & 0b101 }),
        3 => (0_i64..200, 1_i64..120, any::<bool>(), any::<u8>())
            .prop_map(|(from, hours, force, failures)| Operation::Backfill { from, hours, force, failures: failures & 0b10 }),
    ]
}

/// What others may do to its files, too.
fn operation_or_vandalism() -> impl Strategy<Value = Operation> {
    prop_oneof![
        4 => operation(),
        1 => (0_usize..40).prop_map(|file| Operation::Delete { file }),
        1 => (0_usize..40).prop_map(|file| Operation::Damage { file }),
    ]
}

#[derive(Debug, Clone)]
struct Layout {
    time: &'static str,
    zone: &'static str,
    partition: &'static str,
    format: &'static str,
}

fn layout() -> impl Strategy<Value = Layout> {
    (
        prop::sample::select(vec!["by_hour", "by_day", "global"]),
        prop::sample::select(vec!["Europe/Paris", "Asia/Kolkata", "America/New_York", "UTC"]),
        prop::sample::select(vec!["day", "month"]),
        prop::sample::select(vec!["csv", "parquet"]),
    )
        .prop_map(|(time, zone, partition, format)| Layout { time, zone, partition, format })
}

/// An export whose service is [`truth`]: planning, merging, publishing and the ledger are the real ones.
struct Bench {
    folder: tempfile::TempDir,
    archive: Archive,
    series: Series,
    id: i64,
}

impl Bench {
    fn new(layout: &Layout) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let Layout { time, zone, partition, format } = layout;
        let text = format!(
            "output_dir = \"data\"\nstate_dir = \"state\"\n\
             [[streams]]\nname = \"lobby\"\nusername = \"u\"\nclient_id = \"c\"\naccess_token = {{ env = \"NONE\" }}\n\
             timezone = \"{zone}\"\n\
             [[jobs]]\nname = \"job\"\ntime = \"{time}\"\npartition = \"{partition}\"\nformat = \"{format}\"\n\
             lookback = \"50h\"\nstart = \"{START}\"\n"
        );
        let config = Config::parse(&text, &folder.path().join("exporter.toml")).ok().unwrap();
        let series = Series::all(&config, None, None).remove(0);
        let ledger = Ledger::open(&config.state_dir).unwrap();
        let known = ledger.series(&series.key(), &series.layout(), &series.style(), begin()).unwrap();
        let (output_dir, state_dir) = (config.output_dir, config.state_dir);
        let archive = Archive::new(output_dir, state_dir, ledger, Arc::new(RealDisk));
        Self { folder, archive, series, id: known.id }
    }

    fn coverage(&self) -> Coverage {
        self.archive.ledger.coverage(self.id).unwrap()
    }

    /// Exports windows at `now`, but for those whose bit in `failures` is set; then what was found damaged.
    fn export(&self, windows: &[PlannedWindow], failures: u8, now: DateTime<Utc>) {
        let mut damaged = false;
        for (index, planned) in windows.iter().enumerate() {
            if failures >> (index % 8) & 1 == 0 {
                damaged |= self.publish(planned, now);
            }
        }
        if damaged {
            for planned in self.series.rules.lost(&self.coverage(), now) {
                self.publish(&planned, now);
            }
        }
    }

    fn publish(&self, planned: &PlannedWindow, now: DateTime<Utc>) -> bool {
        let grid = self.series.rules.grid;
        let starts = planned.window.bucket_starts();
        let rows = starts.filter_map(|start| truth(grid, start, now)).collect();
        let published =
            self.archive.publish(&self.series, self.id, &planned.window, rows, Asked { at: now, run: 1 });
        !published.unwrap().damaged.is_empty()
    }

    fn live(&self, operations: &[Operation]) {
        let mut now = begin() + TimeDelta::hours(30);
        for operation in operations {
            match *operation {
                Operation::Sleep { hours } => now += TimeDelta::hours(hours),
                Operation::Pull { failures } => self.pull(failures, now),
                Operation::Backfill { from, hours, force, failures } => {
                    // Not before the configured start, whatever the zone.
                    let from = begin() + TimeDelta::hours(6 + from);
                    let range = TimeRange::new(from, from + TimeDelta::hours(hours)).unwrap();
                    self.backfill(range, force, failures, now);
                }
                Operation::Delete { file } => {
                    self.vandalise(file, |path| std::fs::remove_file(path).unwrap());
                }
                Operation::Damage { file } => {
                    self.vandalise(file, |path| std::fs::write(path, b"x").unwrap());
                }
            }
        }
    }

    /// From the configured start to the end of the test.
    fn everything(&self) -> TimeRange {
        TimeRange::new(self.series.start(begin()), end()).unwrap()
    }

    fn assert_equals_undisturbed(&self, layout: &Layout) {
        let undisturbed = Self::new(layout);
        undisturbed.backfill(undisturbed.everything(), false, 0, end());
        assert_eq!(self.files(), undisturbed.files());
        assert_eq!(self.coverage(), undisturbed.coverage());
        assert_eq!(self.records(), undisturbed.records());
        assert_eq!(self.missing(), undisturbed.missing());
    }

    fn pull(&self, failures: u8, now: DateTime<Utc>) {
        self.archive.tidy(&self.series, self.id, now).unwrap();
        let windows = self.series.rules.due(self.series.start(begin()), &self.coverage(), &[], now);
        self.export(&windows, failures, now);
    }

    fn backfill(&self, range: TimeRange, force: bool, failures: u8, now: DateTime<Utc>) {
        self.archive.tidy(&self.series, self.id, now).unwrap();
        let windows = self.series.rules.backfill(Backfill { range, force }, &self.coverage(), now);
        self.export(&windows, failures, now);
    }

    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(&self.archive.output_dir, self.folder.path(), &mut files);
        files
    }

    fn records(&self) -> Vec<FileRecord> {
        self.archive.ledger.files(self.id).unwrap()
    }

    fn missing(&self) -> Vec<DateTime<Utc>> {
        let everything = TimeRange::new(DateTime::UNIX_EPOCH, DateTime::<Utc>::MAX_UTC).unwrap();
        self.archive.ledger.missing(self.id, everything).unwrap()
    }

    fn vandalise(&self, file: usize, vandal: impl Fn(&Path)) {
        if let Some(name) = self.files().keys().nth(file) {
            vandal(&self.folder.path().join(name));
        }
    }
}

fn collect(folder: &Path, root: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            collect(&path, root, files);
        } else if !name.starts_with(".damaged-") {
            let relative = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            files.insert(relative, std::fs::read(&path).unwrap());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_history_of_an_export_ends_in_the_same_bytes_and_the_same_ledger(
        layout in layout(),
        operations in prop::collection::vec(operation(), 0..12),
    ) {
        let bench = Bench::new(&layout);
        bench.live(&operations);
        // One ordinary run heals everything: failed windows, gaps, and counts that came late while nothing ran.
        bench.pull(0, end());
        bench.assert_equals_undisturbed(&layout);
    }

    #[test]
    fn whatever_others_do_to_published_files_a_forced_backfill_restores_the_same_bytes(
        layout in layout(),
        operations in prop::collection::vec(operation_or_vandalism(), 0..12),
    ) {
        let bench = Bench::new(&layout);
        bench.live(&operations);
        bench.pull(0, end());
        bench.backfill(bench.everything(), true, 0, end());
        bench.assert_equals_undisturbed(&layout);
        prop_assert!(bench.series.rules.lost(&bench.coverage(), end()).is_empty());
    }

    #[test]
    fn merging_is_idempotent_and_windows_may_come_in_any_order(
        starts in prop::collection::btree_set(0_i64..200, 0..100),
        bounds in prop::collection::btree_set(0_i64..200, 0..6),
        order in any::<prop::sample::Index>(),
    ) {
        let at = |hour: i64| DateTime::from_timestamp(hour * 3600, 0).unwrap();
        let row = |hour: &i64| {
            let mut row = Row::new(at(*hour), at(hour + 1));
            row.set_count(Count::PassingBy, Some(hour * 31 % 77));
            row
        };
        let truth: Vec<Row> = starts.iter().map(row).collect();
        let bounds: Vec<i64> = [0].into_iter().chain(bounds).chain([200]).collect();
        let mut windows: Vec<TimeRange> =
            bounds.windows(2).filter_map(|pair| TimeRange::new(at(pair[0]), at(pair[1]))).collect();
        let count = windows.len();
        windows.rotate_left(order.index(count));
        let mut rows = Vec::new();
        for window in windows.iter().chain(windows.iter().rev()) {
            let listed = truth.iter().filter(|row| window.contains(row.start)).cloned().collect();
            let merged = merge(rows, window, listed).unwrap();
            prop_assert!(merged.vanished.is_empty());
            rows = merged.rows;
        }
        prop_assert_eq!(rows, truth);
    }
}
