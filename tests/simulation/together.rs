//! Series that are published together: each of them is as safe as if it had been alone.

use audience_exporter::{
    config::Config,
    publication::{Archive, Asked, PublishError},
    row::{Count, Row},
    series::Series,
    time::{BucketSize, TimeRange, Window},
};
use chrono::{DateTime, TimeDelta, Utc};

use crate::simulation::world::World;

/// So many that the file system may be synced as a whole.
const SERIES: usize = 9;

/// More than these publications take, one by one.
const MOST_OPERATIONS: usize = 12 * SERIES;

/// Of each series an hour, that is published by one process of a world.
struct Bench {
    world: World,
    all: Vec<(Series, i64)>,
}

fn hour(index: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600, 0).unwrap() + TimeDelta::hours(index)
}

fn configured(world: &World) -> Vec<Series> {
    let stream = |index: usize| {
        format!(
            "[[streams]]\nname = \"camera{index}\"\nusername = \"u\"\nclient_id = \"c{index}\"\n\
             access_token = {{ env = \"NONE\" }}\n"
        )
    };
    let streams: String = (0..SERIES).map(stream).collect();
    let text = format!(
        "output_dir = \"/data\"\nstate_dir = \"{}\"\n{streams}[[jobs]]\nname = \"hourly\"\nstart = \"2026-01-01\"\n",
        world.processes[0].state_dir.display()
    );
    let config = Config::parse(&text, &world.processes[0].state_dir.join("exporter.toml")).ok().unwrap();
    Series::all(&config, None, None)
}

impl Bench {
    fn new(seed: u64) -> Self {
        let world = World::new(seed, false);
        let ledger = &world.processes[0].ledger;
        let id = |series: &Series| {
            ledger.series(&series.key(), &series.layout(), &series.style(), hour(0)).unwrap().id
        };
        let all = configured(&world).into_iter().map(|series| (series.clone(), id(&series))).collect();
        Self { world, all }
    }

    fn archive(&self) -> &Archive {
        &self.world.processes[0]
    }

    /// Publishes so many people in the first hour of each series, and says which of them went well.
    fn publish(&self, people: i64) -> Vec<bool> {
        let range = TimeRange::new(hour(0), hour(1)).unwrap();
        let prepare = |(series, id): &'_ (Series, i64)| {
            assert_eq!(series.rules.grid.size(), BucketSize::Hour);
            let window = Window::new(range, series.rules.grid).unwrap();
            let mut row = Row::new(hour(0), hour(1));
            row.set_count(Count::PassingBy, Some(people));
            self.archive().prepare(series, *id, &window, vec![row], Asked { at: hour(20), run: 1 })
        };
        let prepared: Result<Vec<_>, PublishError> =
            self.all.iter().map(|of| Ok((&of.0, prepare(of)?))).collect();
        let Ok(prepared) = prepared else { return vec![false; SERIES] };
        self.archive().publish_together(prepared).iter().map(Result::is_ok).collect()
    }

    /// Whether the file of each series is there and is what the ledger tells; an error where it tells of another one.
    fn files(&self) -> Result<Vec<bool>, String> {
        let is_there = |(_, id): &(Series, i64)| {
            let files = self.archive().ledger.files(*id).unwrap();
            let Some(record) = files.first() else { return Ok(false) };
            let found = self.world.disk.content(&self.archive().output_dir.join(&record.path));
            let found = found.map(|(hash, _)| hash);
            if found == record.hash { Ok(true) } else { Err(format!("{}: {found:?}", record.path)) }
        };
        self.all.iter().map(is_there).collect()
    }
}

#[test]
fn what_was_told_to_be_published_survives_whenever_the_power_goes() {
    for operation in 0..MOST_OPERATIONS {
        let mut bench = Bench::new(operation as u64);
        bench.world.disk.set_fuse(Some(operation));
        let went_well = bench.publish(7);
        bench.world.restart(0);
        bench.world.disk.lose_all_that_is_not_durable();
        let files = bench.files().unwrap_or_else(|file| panic!("died at {operation}: {file}"));
        for (is_there, went_well) in files.into_iter().zip(went_well) {
            assert!(is_there || !went_well, "died at {operation}");
        }
        // Whoever comes next completes it.
        assert_eq!(bench.publish(7), [true; SERIES], "died at {operation}");
        bench.world.disk.lose_all_that_is_not_durable();
        assert_eq!(bench.files(), Ok(vec![true; SERIES]), "died at {operation}");
    }
}

#[test]
fn one_that_fails_harms_no_other() {
    let (mut failed, mut went_well) = (0, 0);
    for seed in 0..40 {
        let bench = Bench::new(seed);
        bench.world.disk.set_trouble(15);
        let outcomes = bench.publish(7);
        bench.world.disk.set_trouble(0);
        for (is_there, is_well) in bench.files().unwrap().into_iter().zip(&outcomes) {
            assert_eq!(is_there, *is_well, "seed {seed}");
        }
        failed += outcomes.iter().filter(|is_well| !**is_well).count();
        went_well += outcomes.iter().filter(|is_well| **is_well).count();
    }
    assert!(failed > 10 && went_well > 10, "{failed} failed, {went_well} went well");
}
