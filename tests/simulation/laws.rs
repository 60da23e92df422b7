//! What must hold after every step of every story.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use audience_exporter::{
    ledger::{Change, Evidence, FileRecord},
    manifest::{self, Manifest},
    row::{Count, Mean, Row},
    series::Series,
    sink::publish::hash,
    states::{Ground, State},
};
use chrono::{DateTime, TimeDelta, Utc};

use crate::simulation::{disk::View, memory::Printed, world::World};

/// After so many runs, all is looked at.
const RUNS_BETWEEN_LOOKS: i64 = 3;

impl World {
    /// What must hold at every moment of a published file, and of what the ledger claims of it.
    pub(crate) fn check(&mut self, index: usize, path: &Path) {
        let complaints = self.disk.complaints();
        assert!(complaints.is_empty(), "{complaints:?}");
        if self.is_vandalised(path) {
            return;
        }
        let series = self.series_of(0, index);
        assert!(
            !self.disk.views(path).contains(&View::Torn),
            "{} may be torn by a power cut",
            path.display()
        );
        self.rows_of(index, &series, path);
        let archive = &self.processes[0];
        let Some(known) = archive.ledger.find_series(&series.key()).unwrap() else { return };
        let relative = path.strip_prefix(&archive.output_dir).unwrap().to_string_lossy();
        if let Some(record) = archive.ledger.file(known.id, &relative).unwrap() {
            self.check_claim(index, path, &record);
        }
    }

    /// The same of all files of a series, and what its states and its journal tell.
    pub(crate) fn check_all(&mut self, index: usize) {
        // What was not looked at now is looked at a little later: what is compared adds up.
        if !self.is_time_to_look() || !std::mem::take(&mut self.memories[index].is_touched) {
            return;
        }
        let paths: BTreeSet<PathBuf> = self.visible(&self.series_of(0, index)).into_iter().collect();
        for path in &paths {
            self.check(index, path);
        }
        let series = self.series_of(0, index);
        let ledger = &self.processes[0].ledger;
        let Some(known) = ledger.find_series(&series.key()).unwrap() else { return };
        let (evidence, changes) =
            (ledger.evidence(known.id).unwrap(), ledger.changes(known.id, None).unwrap());
        let mut by_bucket: BTreeMap<DateTime<Utc>, Vec<Change>> = BTreeMap::new();
        for change in changes {
            by_bucket.entry(change.bucket_start).or_default().push(change);
        }
        let recorded: BTreeSet<PathBuf> = evidence.files.iter().map(|file| self.path(&file.path)).collect();
        self.memories[index].published.retain(|path, _| recorded.contains(path));
        for record in &evidence.files {
            let path = self.path(&record.path);
            assert!(paths.contains(&path) || self.is_vandalised(&path), "{} is gone", record.path);
            self.check_changes(index, record, &by_bucket);
        }
        self.check_states(index, &series, known.first_run, &evidence);
    }

    fn is_time_to_look(&self) -> bool {
        self.plot.end <= self.now || self.runs % RUNS_BETWEEN_LOOKS == 0
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.processes[0].output_dir.join(relative)
    }

    /// The published files of a series that processes see.
    pub(crate) fn visible(&self, series: &Series) -> Vec<PathBuf> {
        let folder = self.processes[0].output_dir.join(series.folder());
        let mut files = self.disk.files();
        files.retain(|path| path.starts_with(&folder) && path.ends_with(series.job.format.file_name()));
        files
    }

    /// The rows of a file: a complete one of ours, with what the service told.
    pub(crate) fn rows_of(&mut self, index: usize, series: &Series, path: &Path) -> Arc<Vec<Row>> {
        let Some((found, bytes)) = self.disk.content(path) else { return Arc::default() };
        let memory = &mut self.memories[index];
        if let Some(rows) = memory.read.get(&found) {
            return Arc::clone(rows);
        }
        let shown = path.display();
        let rows = match series.job.format.decode(&series.context, &bytes) {
            Ok(rows) => rows,
            Err(error) => panic!("a reader of {shown} sees what is no file of ours: {error}"),
        };
        let grid = series.rules.grid;
        for row in &rows {
            assert!(memory.was_told(row), "{shown} holds what was never told: {row:?}");
            assert!(
                grid.floor(row.start) == row.start && grid.bucket_end(row.start) == row.end,
                "{shown}: {row:?}"
            );
            let of_row =
                series.rules.partitions(audience_exporter::time::TimeRange::new(row.start, row.end).unwrap());
            let (period, _) = of_row.into_iter().find(|(_, buckets)| buckets.contains(row.start)).unwrap();
            assert!(
                path.ends_with(series.file_path(period)),
                "{shown} holds a row of another period: {row:?}"
            );
        }
        let rows = Arc::new(rows);
        memory.read.insert(found, Arc::clone(&rows));
        rows
    }

    /// The ledger claims only what is durable.
    fn check_claim(&mut self, index: usize, path: &Path, record: &FileRecord) {
        let views = self.disk.views(path);
        let before = record.hash.map_or(View::Gone, View::Whole);
        let mut known: BTreeSet<View> =
            record.pending_hash.map(View::Whole).into_iter().chain([before]).collect();
        if record.pending_hash.is_some() {
            let scribbled = self.scribbled.iter().filter(|(put_at, _)| put_at == path);
            known.extend(scribbled.map(|(_, put)| View::Whole(*put)));
        }
        assert!(
            views.is_subset(&known),
            "the ledger claims of {} what a power cut may undo: {views:?} of {known:?}",
            record.path
        );
        if record.pending_hash.is_none() {
            let rows = self.rows_of(index, &self.series_of(0, index), path);
            let bytes = self.disk.content(path).map_or(0, |(_, bytes)| bytes.len());
            assert_eq!((record.rows, record.bytes), (rows.len() as u64, bytes as u64), "{}", record.path);
        }
    }

    /// The journal tells every change.
    fn check_changes(
        &mut self,
        index: usize,
        record: &FileRecord,
        changes: &BTreeMap<DateTime<Utc>, Vec<Change>>,
    ) {
        let (path, series) = (self.path(&record.path), self.series_of(0, index));
        if record.pending_hash.is_some() || self.is_vandalised(&path) {
            return;
        }
        let rows = self.rows_of(index, &series, &path);
        let printed: BTreeMap<DateTime<Utc>, Printed> = rows
            .iter()
            .map(|row| (row.start, (row.clone(), changes.get(&row.start).cloned().unwrap_or_default())))
            .collect();
        if let Some(before) = self.memories[index].published.get(&path) {
            for (start, old) in before {
                let new = printed.get(start);
                let new = new.unwrap_or_else(|| panic!("{} lost the row of {start}", record.path));
                check_journal(old, new);
            }
        }
        self.memories[index].published.insert(path, printed);
    }

    /// The state of every bucket is what its file says, and what the service was asked.
    fn check_states(&mut self, index: usize, series: &Series, first_run: DateTime<Utc>, evidence: &Evidence) {
        let (rules, start) = (series.rules, series.start(first_run));
        let expected_until = rules.due_until(self.clock());
        let ground = Ground { rules, start, evidence, now: self.clock(), expected_until };
        let Some(all) = ground.whole_range() else { return };
        let records: BTreeMap<&str, &FileRecord> =
            evidence.files.iter().map(|file| (&*file.path, file)).collect();
        for (period, buckets) in rules.partitions(all) {
            let relative = series.file_path(period);
            let path = self.processes[0].output_dir.join(&relative);
            let record = records.get(&*relative.to_string_lossy()).copied();
            let is_settled = record.is_none_or(|record| record.pending_hash.is_none());
            if self.is_vandalised(&path) || !is_settled {
                continue;
            }
            let rows = if record.is_some() { self.rows_of(index, series, &path) } else { Arc::default() };
            let memory = &self.memories[index];
            for bucket in ground.buckets(buckets.intersection(&all).unwrap_or(buckets)) {
                let start = bucket.start;
                let has_row = rows.binary_search_by_key(&start, |row| row.start).is_ok();
                match bucket.state {
                    State::Missing => assert!(!has_row, "{start} is called missing, and has a row"),
                    State::Vanished | State::Provisional | State::Final => {
                        assert!(has_row, "{start} is called {}, and has no row", bucket.state.as_str());
                    }
                    _ => continue,
                }
                let asked = memory.asked.get(&start);
                let asked = *asked.unwrap_or_else(|| panic!("{start} was never asked with success"));

                // Clocks need not agree to the second.
                let is_over = rules.grid.bucket_end(start) <= asked + TimeDelta::seconds(10);
                assert!(is_over, "{start} was asked before it was over, at {asked}");
                let is_final = bucket.state == State::Final;
                let is_old = rules.grid.bucket_end(start) + rules.lookback <= asked;
                assert!(!is_final || is_old, "{start} is called final, and was asked at {asked}");
            }
        }
    }

    /// What a run that ended says of its folder is so.
    pub(crate) fn check_certified(&mut self, series: &Series, id: i64) {
        if !self.is_time_to_look() {
            return;
        }
        let archive = &self.processes[0];
        let known = archive.ledger.find_series(&series.key()).unwrap().unwrap();
        let evidence = archive.ledger.evidence(id).unwrap();
        let path = archive.output_dir.join(series.folder()).join(manifest::FILE_NAME);
        if evidence.coverage.intervals().is_empty() {
            return;
        }
        let (_, bytes) = self.disk.content(&path).expect("there is no manifest");
        let found = Manifest::decode(&bytes).unwrap();
        assert_eq!(found, Manifest::new(series, &known, &evidence));
        for partition in &found.partitions {
            let path = archive.output_dir.join(series.folder()).join(&partition.path);
            if self.vandalised.contains(&path) {
                continue;
            }
            let (_, bytes) = self.disk.content(&path).expect("a certified file is there");
            let record = evidence.files.iter().find(|file| path.ends_with(&file.path)).unwrap();
            let known = [record.hash, record.pending_hash];
            assert!(known.contains(&Some(hash(&bytes))), "{} is certified and another", partition.path);
        }
        assert!(archive.ledger.unfiled_changes(id).unwrap().is_empty(), "changes are not filed");
    }
}

/// From the old figures the changes that the journal has since lead to the new ones.
fn check_journal(old: &Printed, new: &Printed) {
    let (start, known) = (old.0.start, &old.1);
    let mut added = new.1.clone();
    for change in known {
        let place = added.iter().position(|found| found == change);
        added.remove(place.unwrap_or_else(|| panic!("the journal forgot {change:?}")));
    }
    for column in ["passing_by", "interested", "stop_time_seconds"] {
        let (from, to) = (cell(&old.0, column), cell(&new.0, column));
        // Each value is left as often as it is reached, but for the first and the last one.
        let mut balance: BTreeMap<Option<String>, i64> = BTreeMap::new();
        for change in added.iter().filter(|change| change.column == column) {
            *balance.entry(change.old.clone()).or_default() += 1;
            *balance.entry(change.new.clone()).or_default() -= 1;
        }
        *balance.entry(from.clone()).or_default() -= 1;
        *balance.entry(to.clone()).or_default() += 1;
        let is_balanced = balance.values().all(|sum| *sum == 0);
        assert!(
            is_balanced,
            "{column} of {start} went from {from:?} to {to:?}, and the journal tells {added:?}"
        );
    }
}

fn cell(row: &Row, column: &str) -> Option<String> {
    match column {
        "passing_by" => row.count(Count::PassingBy).map(|people| people.to_string()),
        "interested" => row.count(Count::Interested).map(|people| people.to_string()),
        _ => row.mean(Mean::StopTime).map(|seconds| format!("{seconds:?}")),
    }
}
