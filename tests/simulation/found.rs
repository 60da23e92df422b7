//! What stories found once, in the fewest steps: a process dies at every operation of the disk in turn.

use audience_exporter::{
    publication::{Archive, Asked},
    row::{Count, Row},
    series::Series,
    time::{TimeRange, Window},
};
use chrono::{DateTime, TimeDelta, Utc};

use crate::simulation::world::World;

/// More than any of these publications take.
const MOST_OPERATIONS: usize = 25;

/// A series of days, and a process that exports it.
struct Bench {
    world: World,
    series: Series,
    id: i64,
}

impl Bench {
    fn new() -> Self {
        let world = World::new(7, false);
        let series = world.series_of(0, 0);
        let archive = &world.processes[0];
        let known = archive.ledger.series(&series.key(), &series.layout(), &series.style(), world.now);
        Self { series, id: known.unwrap().id, world }
    }

    fn archive(&self) -> &Archive {
        &self.world.processes[0]
    }

    /// The first day of the second month.
    fn day(&self, index: i64) -> DateTime<Utc> {
        let grid = self.series.rules.grid;
        let (_, second) = self.series.rules.partitions(self.year()).nth(1).unwrap();
        grid.ceil(second.start()) + TimeDelta::days(index)
    }

    fn year(&self) -> TimeRange {
        TimeRange::new(self.world.plot.begin, self.world.plot.end).unwrap()
    }

    /// Publishes so many people on each of these days, of the days from `from` to `to`. Says whether that went well.
    fn publish(&self, from: i64, to: i64, rows: &[(i64, i64)]) -> bool {
        let range = TimeRange::new(self.day(from), self.day(to)).unwrap();
        let window = Window::new(range, self.series.rules.grid).unwrap();
        let row = |(index, people): &(i64, i64)| {
            let mut row = Row::new(self.day(*index), self.day(index + 1));
            row.set_count(Count::PassingBy, Some(*people));
            row
        };
        let asked = Asked { at: self.day(20), run: 1 };
        let rows = rows.iter().map(row).collect();
        self.archive().publish(&self.series, self.id, &window, rows, asked).is_ok()
    }

    /// What the ledger claims stands on the disk when the power is back.
    fn assert_survives_a_power_cut(&self, operation: usize) {
        self.world.disk.lose_all_that_is_not_durable();
        for record in self.archive().ledger.files(self.id).unwrap() {
            let found = self.world.disk.content(&self.archive().output_dir.join(&record.path));
            assert_eq!(found.map(|(hash, _)| hash), record.hash, "died at {operation}");
        }
    }

    /// Does something with a process that dies at the operation of this number, and starts it again.
    fn interrupt(&mut self, operation: usize, work: impl Fn(&Self)) {
        self.world.disk.set_fuse(Some(operation));
        work(self);
        self.world.restart(0);
    }
}

#[test]
fn bytes_that_a_dead_process_left_are_durable_before_they_are_recorded() {
    for operation in 0..MOST_OPERATIONS {
        let mut bench = Bench::new();
        assert!(bench.publish(0, 2, &[(0, 7), (1, 7)]));
        bench.interrupt(operation, |bench| {
            bench.publish(0, 2, &[(0, 7), (1, 8)]);
        });
        assert!(bench.publish(0, 2, &[(0, 7), (1, 8)]));
        bench.assert_survives_a_power_cut(operation);
    }
}

#[test]
fn folders_that_a_dead_process_made_are_durable_before_their_files_are_recorded() {
    for operation in 0..MOST_OPERATIONS {
        let mut bench = Bench::new();
        bench.interrupt(operation, |bench| {
            bench.publish(0, 2, &[(0, 7), (1, 7)]);
        });
        assert!(bench.publish(0, 2, &[(0, 7), (1, 7)]) && bench.publish(0, 2, &[(0, 7), (1, 8)]));
        bench.interrupt(operation, |bench| {
            let _ = bench.archive().certify(&bench.series, bench.id);
        });
        bench.archive().certify(&bench.series, bench.id).unwrap();
        bench.assert_survives_a_power_cut(operation);
        let journal = bench.archive().output_dir.join(bench.series.journal_folder());
        let files = bench.world.disk.files();
        assert!(files.iter().any(|path| path.starts_with(&journal)), "died at {operation}");
    }
}

#[test]
fn a_bucket_that_a_dead_process_brought_is_not_called_missing() {
    for operation in 0..MOST_OPERATIONS {
        let mut bench = Bench::new();
        assert!(bench.publish(0, 3, &[(0, 7), (2, 7)]));
        bench.interrupt(operation, |bench| {
            bench.publish(0, 2, &[(0, 7), (1, 7)]);
        });
        // Another window of the same file.
        assert!(bench.publish(2, 3, &[(2, 9)]));
        let missing = bench.archive().ledger.missing(bench.id, bench.year()).unwrap();
        let record = bench.archive().ledger.files(bench.id).unwrap().remove(0);
        let is_there = record.rows == 3;
        assert_eq!(missing, if is_there { vec![] } else { vec![bench.day(1)] }, "died at {operation}");
    }
}

#[test]
fn what_a_dead_process_left_of_the_journal_is_removed() {
    for operation in 0..MOST_OPERATIONS {
        let mut bench = Bench::new();
        assert!(bench.publish(0, 2, &[(0, 7), (1, 7)]) && bench.publish(0, 2, &[(0, 7), (1, 8)]));
        bench.interrupt(operation, |bench| {
            let _ = bench.archive().certify(&bench.series, bench.id);
        });
        assert!(bench.archive().tidy(&bench.series, bench.id, bench.world.clock()).unwrap().is_empty());
        let files = bench.world.disk.files();
        let is_temporary = |path: &&std::path::PathBuf| path.to_string_lossy().contains(".tmp-");
        assert_eq!(files.iter().find(is_temporary), None, "died at {operation}");
    }
}
