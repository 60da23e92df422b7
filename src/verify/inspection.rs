//! The folder of one series against what is recorded of it.

use std::{
    collections::{BTreeSet, HashMap},
    path::Path,
};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Finding, Flaw, NextStep,
    file::{Fault, Rules},
    folder::visible_files,
};
use crate::{
    manifest::{Interval, Layout, Manifest, Partition},
    sink::publish::{self, FileError, FileHash},
    time::{LocalPeriod, TimeRange},
};

/// Under which path each version of a file was published: so that swapped files are known.
#[derive(Debug, Clone, Default)]
pub struct Elsewhere(HashMap<FileHash, String>);

impl Elsewhere {
    /// Adds what was published under a path.
    pub fn add(&mut self, hash: FileHash, path: String) {
        self.0.insert(hash, path);
    }

    pub(super) fn owner(&self, hash: &FileHash) -> Option<&str> {
        self.0.get(hash).map(String::as_str)
    }
}

/// What came of looking at a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inspected {
    /// Files that were to be there.
    pub files: u64,
    /// Rows that they were to hold.
    pub rows: u64,
    /// What is not as it should be.
    pub findings: Vec<Finding>,
}

impl Inspected {
    /// Adds what came of another folder.
    pub fn add(&mut self, other: Self) {
        self.files += other.files;
        self.rows += other.rows;
        self.findings.extend(other.findings);
    }
}

/// Looks at the folder of one series.
pub struct Inspection<'a> {
    /// The folder that findings are named below.
    pub root: &'a Path,
    /// The folder of the series, below `root`.
    pub folder: &'a str,
    /// What is recorded.
    pub manifest: &'a Manifest,
    /// What decides where its rows lie.
    pub layout: Layout,
    /// Whether its files have the columns of the manifest by now.
    pub has_columns: bool,
    /// What runs that died may have made of files, by path in the folder.
    pub pending: &'a HashMap<String, FileHash>,
    /// What was published elsewhere.
    pub elsewhere: &'a Elsewhere,
    /// Only files that share time with this.
    pub only: Option<TimeRange>,
    /// Whether the program can heal what it finds here.
    pub can_heal: bool,
}

impl Inspection<'_> {
    /// Reads every file that is recorded, and lists what else readers see.
    pub fn look(&self) -> Result<Inspected, FileError> {
        let rules = Rules {
            layout: self.layout,
            context: self.manifest.context(&self.layout),
            columns: self.has_columns.then_some(&*self.manifest.columns),
            elsewhere: self.elsewhere,
        };
        let mut inspected = Inspected::default();
        let shares = |only: TimeRange, partition: &Partition| {
            partition.range().is_some_and(|range| only.overlaps(&range))
        };
        let is_wanted = |partition: &&Partition| self.only.is_none_or(|only| shares(only, partition));
        for partition in self.manifest.partitions.iter().filter(is_wanted) {
            inspected.files += 1;
            inspected.rows += partition.rows;
            inspected.findings.extend(self.look_at(&rules, partition));
        }
        inspected.findings.extend(self.strays()?);
        Ok(inspected)
    }

    fn look_at(&self, rules: &Rules<'_>, partition: &Partition) -> Option<Finding> {
        let path = self.path(&partition.path);
        let read = read_file(&self.root.join(&path));
        let pending = self.pending.get(&partition.path).copied();
        let checked = match &read {
            Ok(bytes) => rules.check(partition, pending, bytes.as_deref()),
            Err(reason) => Err((Flaw::Unreadable, reason.clone())),
        };
        checked.err().map(|fault| self.finding(path, fault, Some(partition)))
    }

    fn strays(&self) -> Result<Vec<Finding>, FileError> {
        let known: BTreeSet<&str> = self.manifest.partitions.iter().map(|one| &*one.path).collect();
        let seen = visible_files(&self.root.join(self.folder))?;
        let strays = seen.into_iter().filter(|path| !known.contains(&**path));
        Ok(strays.map(|path| self.stray(&path)).collect())
    }

    fn stray(&self, name: &str) -> Finding {
        let path = self.path(name);
        let bytes = read_file(&self.root.join(&path)).ok().flatten();
        let found = bytes.as_deref().map(publish::hash);
        let fault = match self.pending.get(name) {
            Some(pending) if Some(*pending) == found => {
                (Flaw::Unfinished, "a run published it and died before that was recorded".to_owned())
            }
            _ => {
                let owner = found.and_then(|hash| self.elsewhere.owner(&hash));
                let copied = owner.map(|owner| format!("; it holds what was published as {owner}"));
                (Flaw::Stray, format!("nobody published it here{}", copied.unwrap_or_default()))
            }
        };
        self.finding(path, fault, None)
    }

    fn finding(&self, path: String, (flaw, message): Fault, partition: Option<&Partition>) -> Finding {
        let next_step = match flaw {
            Flaw::Stray => NextStep::MoveAway,
            Flaw::Unreadable => NextStep::Permit,
            _ if !self.can_heal => NextStep::CopyAgain,
            Flaw::Gone | Flaw::Unfinished | Flaw::Manifest => NextStep::Pull,
            Flaw::Swapped | Flaw::Altered | Flaw::Contradiction => {
                partition.map_or(NextStep::Pull, |partition| self.backfill(partition))
            }
        };
        Finding { path, flaw, message, next_step }
    }

    /// The local days of the partition that are exported: others would add to it.
    fn backfill(&self, partition: &Partition) -> NextStep {
        let zone = self.layout.grid.zone();
        let period = LocalPeriod::of(partition.from, self.layout.partition, zone);
        let inside = |one: &&Interval| one.from < partition.to && partition.from < one.to;
        let exported: Vec<&Interval> = self.manifest.exported.iter().filter(inside).collect();
        let day = |instant: DateTime<Utc>| instant.with_timezone(&zone).date_naive();
        let first = exported.first().map(|one| day(one.from.max(partition.from)));
        let last = exported.last().map(|one| day(one.to.min(partition.to) - TimeDelta::seconds(1)));
        let after = last.and_then(|last| last.succ_opt());
        let (begin, end) = (period.first_day(), period.next().first_day());
        NextStep::Backfill {
            job: self.manifest.job.clone(),
            stream: self.manifest.stream.clone(),
            from: first.unwrap_or(begin).max(begin),
            to: after.unwrap_or(end).min(end),
        }
    }

    fn path(&self, name: &str) -> String {
        if self.folder.is_empty() { name.to_owned() } else { format!("{}/{name}", self.folder) }
    }
}

/// A pipe would be waited for, and a folder cannot be read.
fn read_file(path: &Path) -> Result<Option<Vec<u8>>, String> {
    match path.metadata() {
        Ok(found) if !found.is_file() => Err("it is no file; move it away".to_owned()),
        _ => publish::read_if_present(path).map_err(|error| error.to_string()),
    }
}
