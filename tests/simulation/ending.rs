//! How every story ends: in fine weather, with the files of an export that nothing ever disturbed.

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::Arc,
};

use audience_exporter::{
    exporter::Work,
    journal,
    plan::Backfill,
    series::Series,
    states::{Ground, State},
    time::{LocalPeriod, PartitionSize, TimeRange, Window},
};
use chrono::{DateTime, TimeDelta, Utc};

use crate::simulation::{
    run::After,
    world::{Weather, World},
};

impl World {
    /// The weather turns fine, whatever is due is done, and everything is as it should be.
    pub(crate) fn end_well(&mut self, seed: u64) {
        self.weather = Weather::default();
        self.disk.set_trouble(0);
        self.ahead = TimeDelta::zero();
        self.style_of = [0, 0];
        self.now = self.plot.end;
        self.tell("fine weather");
        let mut undisturbed = World::new(seed, false);
        // The series with the shortest memory first: its hours go on while time passes.
        for index in (0..self.memories.len()).rev() {
            self.settle(index);
            self.check_all_was_asked(index);
            self.check_figures(index);
            let everything = self.force_everything(index);
            self.check_bytes(&mut undisturbed, index, everything);
        }
        self.check_nothing_is_left();
    }

    /// Time passes until all that was exported has reached every age at which it is asked again.
    fn settle(&mut self, index: usize) {
        let series = self.series_of(0, index);
        let mut waits = vec![TimeDelta::hours(1), series.rules.lookback + TimeDelta::days(1)];
        waits.extend(series.job.recheck.iter().map(|age| *age + TimeDelta::days(2)));
        let begin = self.now;
        for wait in waits {
            self.now = begin + wait;
            self.run_well(index, Work::Due);
        }
    }

    fn run_well(&mut self, index: usize, work: Work) {
        let Ok(mut run) = self.begin(0, index, work) else { panic!("a run in fine weather does not begin") };
        let mut after = After::GoesOn;
        while after == After::GoesOn {
            after = self.step(&mut run);
        }
        assert_eq!(after, After::Ended(true), "a run in fine weather does not end well");
        self.check_all(index);
    }

    /// From the start of the job to the last bucket that was old enough before the weather turned fine.
    fn whole(&self, series: &Series) -> TimeRange {
        let start = series.rules.grid.ceil(series.start(self.plot.begin));
        TimeRange::new(start, series.rules.due_until(self.plot.end)).unwrap()
    }

    /// Everything due is exported or missing, and was asked at each age at which it should be.
    fn check_all_was_asked(&mut self, index: usize) {
        let series = self.series_of(0, index);
        let ledger = &self.processes[0].ledger;
        let known = ledger.find_series(&series.key()).unwrap().unwrap();
        let evidence = ledger.evidence(known.id).unwrap();
        let (rules, start) = (series.rules, series.start(known.first_run));
        let (now, expected_until) = (self.now, rules.due_until(self.now));
        let ground = Ground { rules, start, evidence: &evidence, now, expected_until };
        let whole = self.whole(&series);
        let asked: BTreeMap<DateTime<Utc>, DateTime<Utc>> = self.memories[index].asked_in(whole).collect();
        for bucket in ground.buckets(whole) {
            // What came back after it was last asked is known as vanished.
            let is_done = matches!(bucket.state, State::Final | State::Missing | State::Vanished);
            assert!(is_done, "{} is {} in the end", bucket.start, bucket.state.as_str());
            let end = rules.grid.bucket_end(bucket.start);
            let asked = asked[&bucket.start];
            for age in series.job.recheck.iter().chain([&rules.lookback]) {
                assert!(
                    end + *age <= asked,
                    "{} was last asked at {asked}, and never at {age}",
                    bucket.start
                );
            }
        }
    }

    /// What did not change since it was last asked is what the service says.
    fn check_figures(&mut self, index: usize) {
        let (series, scale) = (self.series_of(0, index), self.series_of(0, index).rules.lookback);
        for (period, buckets) in series.rules.partitions(self.whole(&series)) {
            let path = self.processes[0].output_dir.join(series.file_path(period));
            if self.is_vandalised(&path) {
                continue;
            }
            let rows = self.rows_of(index, &series, &path);
            if let Some((_, bytes)) = self.disk.content(&path) {
                let encoded = series.job.format.encode(&series.context, &rows).unwrap();
                assert!(*bytes == encoded, "{} is not written as the configuration has it", path.display());
            }
            let Some(buckets) = buckets.intersection(&self.whole(&series)) else { continue };
            let window = Window::new(buckets, series.rules.grid).unwrap();
            for start in window.bucket_starts() {
                let asked = self.memories[index].asked[&start];
                if asked < self.service.last_change(&window, start, scale, self.now) {
                    continue;
                }
                let truth = self.service.truth(&window, start, scale, self.now);
                let found = rows.iter().find(|row| row.start == start);
                assert_eq!(found, truth.as_ref(), "{} of {}", start, path.display());
            }
        }
    }

    fn force_everything(&mut self, index: usize) -> TimeRange {
        let series = self.series_of(0, index);
        let until = series.rules.due_until(self.now);
        let range = TimeRange::new(self.whole(&series).start(), until).unwrap();
        let backfill = Backfill { range, force: true };
        self.run_well(index, Work::Backfill(HashMap::from([("lobby".to_owned(), backfill)])));
        range
    }

    /// Byte for byte what one export makes that begins now.
    fn check_bytes(&mut self, other: &mut Self, index: usize, everything: TimeRange) {
        (other.now, other.service) = (self.now, self.service);
        let backfill = Backfill { range: everything, force: false };
        other.run_well(index, Work::Backfill(HashMap::from([("lobby".to_owned(), backfill)])));
        let series = self.series_of(0, index);
        let (found, expected) = (self.contents(&series), other.contents(&series));
        assert!(found.keys().eq(expected.keys()), "files: {:?}", found.keys());
        for (path, bytes) in &found {
            let rows = series.job.format.decode(&series.context, bytes);
            let undisturbed = series.job.format.decode(&series.context, &expected[path]);
            assert_eq!(rows.ok(), undisturbed.ok(), "{}", path.display());
            assert!(*bytes == expected[path], "{} is written in another way", path.display());
        }
        let books = |world: &World| {
            let ledger = &world.processes[0].ledger;
            let id = ledger.find_series(&series.key()).unwrap().unwrap().id;
            let evidence = ledger.evidence(id).unwrap();
            (evidence.coverage, evidence.missing, evidence.vanished, evidence.files)
        };
        assert_eq!(books(self), books(other));
    }

    fn contents(&self, series: &Series) -> BTreeMap<PathBuf, Arc<Vec<u8>>> {
        let content = |path: PathBuf| {
            let (_, bytes) = self.disk.content(&path).unwrap();
            (path, bytes)
        };
        self.visible(series).into_iter().map(content).collect()
    }

    /// On the disk lie what the ledger tells, the journal, manifests, and what was set aside.
    fn check_nothing_is_left(&mut self) {
        let (ledger, output_dir) = (&self.processes[0].ledger, self.processes[0].output_dir.clone());
        let mut expected: BTreeMap<PathBuf, Option<Vec<u8>>> = BTreeMap::new();
        for series in &self.plot.styles[0] {
            let id = ledger.find_series(&series.key()).unwrap().unwrap().id;
            let files = ledger.files(id).unwrap();
            expected.extend(files.into_iter().map(|file| (output_dir.join(file.path), None)));
            expected.insert(output_dir.join(series.folder()).join("_manifest.json"), None);
            for change in ledger.changes(id, None).unwrap() {
                let zone = series.stream.timezone;
                let month = LocalPeriod::of(change.seen_at, PartitionSize::Month, zone);
                let changes = ledger.changes(id, month.range(zone)).unwrap();
                let bytes = journal::encode(series, &changes).unwrap();
                expected.insert(output_dir.join(series.journal_path(month)), Some(bytes));
            }
        }
        let is_aside = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with(".damaged-");
        let found: Vec<PathBuf> = self.disk.files().into_iter().filter(|path| !is_aside(path)).collect();
        assert_eq!(found, expected.keys().cloned().collect::<Vec<_>>());
        for (path, bytes) in expected {
            let (_, found) = self.disk.content(&path).unwrap();
            assert!(bytes.is_none_or(|bytes| bytes == *found), "{} is not the journal", path.display());
        }
    }
}
