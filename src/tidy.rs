//! Before a series is planned: what is in its folder that should not be, and what is not there that should.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};

use crate::{
    ledger::FileRecord,
    locks::{Lock, Patience},
    publication::{Archive, Damage, PublishError},
    series::Series,
    sink::publish::FileError,
    time::{LocalPeriod, TimeRange},
};

/// How files end that readers take for data.
const DATA_SUFFIXES: [&str; 4] = [".csv", ".csv.gz", ".csv.zst", ".parquet"];

impl Archive {
    /// Removes what a killed process left, sets aside what is not ours among the partitions, and finds published files
    /// that are gone.
    pub fn tidy(
        &self,
        series: &Series,
        series_id: i64,
        now: DateTime<Utc>,
    ) -> Result<Vec<Damage>, PublishError> {
        self.tidy_known(series, series_id, &self.ledger.files(series_id)?, now)
    }

    /// The same, given the files that the ledger knows.
    pub(crate) fn tidy_known(
        &self,
        series: &Series,
        series_id: i64,
        known: &[FileRecord],
        now: DateTime<Utc>,
    ) -> Result<Vec<Damage>, PublishError> {
        for folder in [series.folder(), series.journal_folder()] {
            self.sweep(series, &self.output_dir.join(folder))?;
        }
        self.set_strays_aside(series, series_id, known, now)?;
        self.find_gone(series_id, known)
    }

    /// Removes what a killed process left in a folder of a series.
    fn sweep(&self, series: &Series, folder: &Path) -> Result<(), PublishError> {
        if self.disk.leftovers(folder)?.is_empty() {
            return Ok(());
        }
        // Whoever holds the lock is alive, and what looks left over is its own.
        if let Ok(_lock) = Lock::acquire(&self.state_dir, &series.lock_name(), Patience::None) {
            let files = self.disk.sweep(folder)?;
            tracing::info!(folder = %folder.display(), files, "removed what a killed process left");
        }
        Ok(())
    }

    fn set_strays_aside(
        &self,
        series: &Series,
        series_id: i64,
        known: &[FileRecord],
        now: DateTime<Utc>,
    ) -> Result<(), PublishError> {
        if self.strays(series, series_id, known, now)?.is_empty() {
            return Ok(());
        }
        let Ok(_lock) = Lock::acquire(&self.state_dir, &series.lock_name(), Patience::None) else {
            return Ok(());
        };
        // What another process published meanwhile is no stray.
        let known = self.ledger.files(series_id)?;
        for stray in self.strays(series, series_id, &known, now)? {
            self.set_stray_aside(&stray, now);
        }
        Ok(())
    }

    fn find_gone(&self, series_id: i64, known: &[FileRecord]) -> Result<Vec<Damage>, PublishError> {
        let mut damaged = Vec::new();
        for record in known {
            let path = self.output_dir.join(&record.path);
            // What cannot be looked at, such as on a disk that fails, is not gone.
            if !self.disk.exists(&path).map_err(FileError::new("look for", &path))? {
                self.ledger.lose(series_id, &record.path, record.period)?;
                damaged.push(Damage { path, reason: "it is gone".to_owned(), set_aside: None });
            }
        }
        Ok(damaged)
    }

    /// Files in the folder of a series, or in a folder of it, that readers would take for its data, and that cannot be.
    fn strays(
        &self,
        series: &Series,
        series_id: i64,
        known: &[FileRecord],
        now: DateTime<Utc>,
    ) -> Result<Vec<PathBuf>, PublishError> {
        let folder = self.output_dir.join(series.folder());
        let known: BTreeSet<&str> =
            known.iter().filter_map(|record| partition_folder(&record.path)).collect();
        let mut strays = self.visible(&folder)?;
        strays.retain(|name| !known.contains(&**name));
        if strays.is_empty() {
            return Ok(Vec::new());
        }
        let coverage = self.ledger.coverage(series_id)?;
        let due_until = series.rules.due_until(now);
        // What the ledger does not know may have been published by one that was lost: that is ours.
        let may_be_ours =
            |buckets: TimeRange| buckets.start() < due_until && !coverage.lacking(buckets).is_empty();
        strays.retain(|name| {
            let period = LocalPeriod::parse(name, series.rules.partition);
            let buckets = period.and_then(|period| series.rules.partition_range(period));
            !buckets.is_some_and(may_be_ours)
        });
        // A clock that was set back, or a ledger that is older than the files, knows less than they tell.
        strays.retain(|name| !self.holds_its_own(series, name));
        let mut files = Vec::new();
        for stray in strays.iter().map(|name| folder.join(name)) {
            if self.disk.is_folder(&stray) {
                files.extend(self.visible(&stray)?.iter().map(|name| stray.join(name)));
            } else {
                files.push(stray);
            }
        }
        Ok(files)
    }

    /// Whether a partition that the ledger does not know holds rows of this stream, and of its own period only.
    fn holds_its_own(&self, series: &Series, name: &str) -> bool {
        let Some(period) = LocalPeriod::parse(name, series.rules.partition) else { return false };
        let path = self.output_dir.join(series.file_path(period));
        let Ok(Some(bytes)) = self.disk.read_if_present(&path) else { return false };
        let rows = series.job.format.decode(&series.context, &bytes).unwrap_or_default();
        let buckets = series.rules.partition_range(period);
        !rows.is_empty() && rows.iter().all(|row| buckets.is_some_and(|buckets| buckets.contains(row.start)))
    }

    /// Moves whatever lies in a partition's folder beside its file out of the readers' sight. The lock is held.
    pub(crate) fn set_aside_beside(&self, file: &Path, now: DateTime<Utc>) -> Result<(), PublishError> {
        let folder = file.parent().unwrap_or(Path::new("."));
        for name in self.visible(folder)? {
            let path = folder.join(name);
            if path != file {
                self.set_stray_aside(&path, now);
            }
        }
        Ok(())
    }

    fn set_stray_aside(&self, path: &Path, now: DateTime<Utc>) {
        let file = path.display();
        match self.disk.set_aside(path, now) {
            Ok(aside) => {
                let set_aside = aside.display();
                tracing::warn!(%file, %set_aside, "what lay among published files and is none was set aside");
            }
            // It harms readers, and not the export.
            Err(error) => {
                let error = &*error.to_string();
                tracing::warn!(%file, error, "what lies among published files and is none cannot be set aside");
            }
        }
    }

    /// Names in a folder that readers would take for partitions or data.
    fn visible(&self, folder: &Path) -> Result<Vec<String>, FileError> {
        let paths = match self.disk.list(folder) {
            Ok(paths) => paths,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(FileError::new("list", folder)(error)),
        };
        let names =
            paths.iter().filter_map(|path| path.file_name()).map(|name| name.to_string_lossy().into_owned());
        Ok(names.filter(|name| is_visible(name)).collect())
    }
}

/// Readers pass over names that begin with `_` or `.`; of the others, `key=value` is a folder of partitions to them.
fn is_visible(name: &str) -> bool {
    let is_data = name.contains('=') || DATA_SUFFIXES.iter().any(|suffix| name.ends_with(suffix));
    is_data && !name.starts_with(['_', '.'])
}

/// The name of the folder that a published file lies in.
fn partition_folder(path: &str) -> Option<&str> {
    Path::new(path).parent()?.file_name()?.to_str()
}
