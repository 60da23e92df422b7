//! Many files at once, of one series or of many. Each step waits for the disk, and the disk does many things in the time of
//! one: so the bytes of all are made durable, then all get their names, then every folder is made durable once.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{
    disk::{Disk, TempFile, WholeDisk},
    error::FileError,
    steps::TEMP_PREFIX,
};
use crate::crash_point::{self, Step};

/// Files that are open at a time: a process may have a thousand or so open in all.
const MOST_OPEN: usize = 128;

/// From so many files on, a whole file system is synced in place of each of them, and of their folders.
const WORTH_THE_WHOLE: usize = 4;

/// What others left unwritten must not hold up every publication: after a sync of the whole file system that took longer
/// than this, files are synced one by one for [`PAUSE`].
const LONG: Duration = Duration::from_millis(250);

/// See [`LONG`].
const PAUSE: Duration = Duration::from_mins(1);

/// A file that is to be made or replaced.
#[derive(Debug, Clone)]
pub struct NewFile<'a> {
    /// Where. Its folder may be lacking, the one above it is there.
    pub path: PathBuf,
    /// What it is to hold.
    pub bytes: &'a [u8],
    /// Whether it is, as far as is known, the first of its name: then no name on the way to it counts as durable.
    pub is_first: bool,
}

/// Files that stand or fall together.
#[derive(Debug, Clone)]
pub struct Group<'a> {
    /// The files.
    pub files: Vec<NewFile<'a>>,
    /// Where their temporary files lie: a folder above all of them on the same file system, where `sweep` finds what a
    /// killed process left.
    pub staging: &'a Path,
}

/// Whether whole file systems are synced, given how long that took the last time.
#[derive(Debug, Default)]
pub struct WholeSyncs {
    not_before: Option<Instant>,
}

impl WholeSyncs {
    fn are_quick(&self) -> bool {
        self.not_before.is_none_or(|instant| instant <= Instant::now())
    }

    /// Whether all is durable now; if not, each file and folder must be made so.
    fn sync(&mut self, whole: Option<&dyn WholeDisk>) -> bool {
        let Some(whole) = whole.filter(|_| self.are_quick()) else { return false };
        let began = Instant::now();
        // A file of somebody else may be the one that could not be written: who asks each finds out.
        let is_durable = whole.sync().is_ok();
        if LONG < began.elapsed() {
            self.not_before = Some(Instant::now() + PAUSE);
        }
        is_durable
    }
}

/// The groups of a batch, and what became of each by now.
struct Batch<'a> {
    disk: &'a dyn Disk,
    groups: &'a [Group<'a>],
    outcomes: Vec<Result<(), FileError>>,
    whole: Option<Box<dyn WholeDisk>>,
    syncs: &'a mut WholeSyncs,
}

impl dyn Disk + '_ {
    /// Makes or replaces the files of each group, each file atomically, and then all of them durably with every name that
    /// leads to them from `root`. Says what became of each group, in their order: where one failed, any of its files may be
    /// the old or the new one, and the others are as if it had not been there.
    pub fn replace_all(
        &self,
        groups: &[Group<'_>],
        root: &Path,
        syncs: &mut WholeSyncs,
    ) -> Vec<Result<(), FileError>> {
        let files = groups
            .iter()
            .enumerate()
            .flat_map(|(group, Group { files, .. })| files.iter().map(move |file| (group, file)));
        let files: Vec<(usize, &NewFile<'_>)> = files.collect();
        let is_worth_it = WORTH_THE_WHOLE <= files.len() && syncs.are_quick();
        let whole = if is_worth_it { self.whole(root) } else { None };
        let outcomes = groups.iter().map(|_| Ok(())).collect();
        let mut batch = Batch { disk: self, groups, outcomes, whole, syncs };
        for files in files.chunks(MOST_OPEN) {
            batch.name(files);
        }
        batch.sync_folders(&files, root);
        batch.outcomes
    }

    /// Makes durable every name that leads from `root` to `path`, where whoever gave it may have died before that.
    pub fn sync_way(&self, path: &Path, root: &Path) -> Result<(), FileError> {
        names_on_way(path, root).try_for_each(|name| self.sync_name(name))
    }

    /// Makes a folder and those above it, not durable yet.
    pub fn ensure_folder(&self, folder: &Path) -> Result<(), FileError> {
        if self.is_folder(folder) {
            return Ok(());
        }
        if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            self.ensure_folder(parent)?;
        }
        match self.make_folder(folder, 0o777) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && self.is_folder(folder) => Ok(()),
            made => made.map_err(FileError::new("create folder", folder)),
        }
    }
}

impl Batch<'_> {
    /// Gives files their names, when the bytes of all of them are durable.
    fn name(&mut self, files: &[(usize, &NewFile<'_>)]) {
        let mut temps: Vec<(usize, &NewFile<'_>, Box<dyn TempFile>)> = Vec::with_capacity(files.len());
        for (group, file) in files {
            if let Some(temp) = self.of(*group, |batch| batch.write(*group, file)) {
                temps.push((*group, file, temp));
            }
        }
        let is_durable = self.syncs.sync(self.whole.as_deref());
        for (group, file, temp) in &mut temps {
            self.of(*group, |_| {
                if !is_durable {
                    temp.sync().map_err(FileError::new("write", &file.path))?;
                }
                crash_point::passed(Step::FileSync);
                Ok(())
            });
        }
        for (group, file, temp) in temps {
            self.of(group, |batch| {
                batch.disk.ensure_folder(file.path.parent().unwrap_or(batch.groups[group].staging))?;
                temp.persist(&file.path).map_err(FileError::new("replace", &file.path))?;
                crash_point::passed(Step::Rename);
                Ok(())
            });
        }
    }

    fn write(&self, group: usize, file: &NewFile<'_>) -> Result<Box<dyn TempFile>, FileError> {
        let staging = self.groups[group].staging;
        // What a new file would get; the umask takes from it.
        let temp = self.disk.make_temp(staging, TEMP_PREFIX, 0o666);
        let mut temp = temp.map_err(FileError::new("create a file in", staging))?;
        temp.write(file.bytes).map_err(FileError::new("write", &file.path))?;
        crash_point::passed(Step::TempFile);
        Ok(temp)
    }

    fn sync_folders(&mut self, files: &[(usize, &NewFile<'_>)], root: &Path) {
        let mut folders: BTreeMap<&Path, Vec<usize>> = BTreeMap::new();
        for (group, NewFile { path, is_first, .. }) in files {
            let depth = if *is_first { usize::MAX } else { 1 };
            for folder in names_on_way(path, root).take(depth).filter_map(Path::parent) {
                folders.entry(folder).or_default().push(*group);
            }
        }
        let is_durable = self.syncs.sync(self.whole.as_deref());
        for (folder, groups) in folders {
            // Once, whoever has files there: after a failure another try proves nothing.
            let synced = if is_durable { Ok(()) } else { self.disk.sync_names(folder) };
            for group in groups {
                self.of(group, |_| {
                    synced.as_ref().copied().map_err(|error| FileError::new("write", folder)(again(error)))
                });
            }
            crash_point::passed(Step::DirectorySync);
        }
    }

    /// Does something for a group of which nothing failed before.
    fn of<T>(&mut self, group: usize, work: impl FnOnce(&Self) -> Result<T, FileError>) -> Option<T> {
        if self.outcomes[group].is_err() {
            return None;
        }
        match work(self) {
            Ok(done) => Some(done),
            Err(error) => {
                self.outcomes[group] = Err(error);
                None
            }
        }
    }
}

/// The same error for another one that it concerns.
fn again(error: &io::Error) -> io::Error {
    error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}

/// `path` and every folder above it below `root`, from the innermost one on.
fn names_on_way<'a>(path: &'a Path, root: &'a Path) -> impl Iterator<Item = &'a Path> {
    path.ancestors().take_while(move |name| *name != root)
}
