//! A file system in memory: what processes see of it, and what of that a power cut leaves.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
};

use audience_exporter::{
    locks::{Lock, Patience},
    sink::publish::{FileHash, hash},
};

use crate::simulation::chance::Chance;

mod operations;

/// What may stand at a path after a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum View {
    Gone,
    /// Any part of what was written.
    Torn,
    Whole(FileHash),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    Folder,
    File(usize),
}

struct Inode {
    bytes: Arc<Vec<u8>>,
    hash: Option<FileHash>,
    is_synced: bool,
}

/// Names that change in one step: after a power cut all of them, or none.
type NameChange = Vec<(PathBuf, Option<Entry>)>;

struct State {
    /// Where the locks lie.
    locked_by: PathBuf,
    chance: Chance,
    inodes: Vec<Inode>,
    names: BTreeMap<PathBuf, Entry>,
    durable: BTreeMap<PathBuf, Entry>,
    /// What `names` has and `durable` lacks, in order.
    pending: Vec<NameChange>,
    temps: usize,
    /// So many operations of a thousand fail.
    trouble: usize,
    /// The process dies at the operation after so many more.
    fuse: Option<usize>,
    has_crashed: bool,
    complaints: Vec<String>,
}

/// The file system. Cheap to clone; every clone is the same one.
#[derive(Clone)]
pub(crate) struct SimulatedDisk(Arc<Mutex<State>>);

/// Whether an operation is carried out, and whether it says so.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Done,
    /// It fails, and nothing was done.
    Refused(i32),
    /// The process dies with it, after it was done.
    DoneAndDead,
}

const EIO: i32 = 5;
const ENOSPC: i32 = 28;

fn dead() -> io::Error {
    io::Error::other("the process is dead")
}

impl SimulatedDisk {
    /// One with an empty `/data`. `state_dir` is where the locks lie without which nobody may write.
    pub(crate) fn new(chance: Chance, state_dir: &Path) -> Self {
        let names: BTreeMap<_, _> =
            ["/", "/data"].map(|folder| (PathBuf::from(folder), Entry::Folder)).into();
        Self(Arc::new(Mutex::new(State {
            locked_by: state_dir.to_owned(),
            chance,
            inodes: Vec::new(),
            durable: names.clone(),
            names,
            pending: Vec::new(),
            temps: 0,
            trouble: 0,
            fuse: None,
            has_crashed: false,
            complaints: Vec::new(),
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// From now on so many operations of a thousand fail.
    pub(crate) fn set_trouble(&self, per_mille: usize) {
        self.state().trouble = per_mille;
    }

    /// The process dies at the operation after so many more; `None`: it does not.
    pub(crate) fn set_fuse(&self, operations: Option<usize>) {
        self.state().fuse = operations;
    }

    /// Whether the process has died.
    pub(crate) fn has_crashed(&self) -> bool {
        self.state().has_crashed
    }

    /// Another process comes, and finds what the dead one left.
    pub(crate) fn revive(&self) {
        let mut state = self.state();
        (state.has_crashed, state.fuse) = (false, None);
    }

    /// What was not made durable is there or not, or in parts.
    pub(crate) fn cut_power(&self) {
        self.state().cut_power(&[0, 500, 900, 1000]);
    }

    /// A power cut at its worst.
    pub(crate) fn lose_all_that_is_not_durable(&self) {
        self.state().cut_power(&[0]);
    }

    /// Somebody puts this in the place of a file, or takes it away, durably.
    pub(crate) fn vandalise(&self, path: &Path, bytes: Option<Vec<u8>>) {
        let mut state = self.state();
        state.pending.clear();
        let entry = bytes.map(|bytes| Entry::File(state.new_inode(bytes, true)));
        state.set(path, entry);
        state.durable = state.names.clone();
    }

    /// What processes read at a path.
    pub(crate) fn content(&self, path: &Path) -> Option<(FileHash, Arc<Vec<u8>>)> {
        let mut state = self.state();
        match state.names.get(path).copied() {
            Some(Entry::File(inode)) => Some((state.hash(inode), Arc::clone(&state.inodes[inode].bytes))),
            _ => None,
        }
    }

    /// All that may stand at a path after a power cut.
    pub(crate) fn views(&self, path: &Path) -> BTreeSet<View> {
        let mut state = self.state();
        let changes = state.pending.iter().flatten();
        let later: Vec<_> = changes.filter(|(changed, _)| changed == path).map(|(_, entry)| *entry).collect();
        let first = state.durable.get(path).copied();
        let mut views: BTreeSet<View> =
            std::iter::once(first).chain(later).map(|entry| state.view(entry)).collect();
        if !path.ancestors().skip(1).all(|above| state.durable.contains_key(above)) {
            views.insert(View::Gone);
        }
        views
    }

    /// Every file that processes see.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let state = self.state();
        let files = state.names.iter().filter(|(_, entry)| **entry != Entry::Folder);
        files.map(|(path, _)| path.clone()).collect()
    }

    /// What was done that may not be done.
    pub(crate) fn complaints(&self) -> Vec<String> {
        self.state().complaints.clone()
    }
}

impl State {
    fn new_inode(&mut self, bytes: Vec<u8>, is_synced: bool) -> usize {
        self.inodes.push(Inode { bytes: Arc::new(bytes), hash: None, is_synced });
        self.inodes.len() - 1
    }

    fn hash(&mut self, inode: usize) -> FileHash {
        let inode = &mut self.inodes[inode];
        *inode.hash.get_or_insert_with(|| hash(&inode.bytes))
    }

    fn view(&mut self, entry: Option<Entry>) -> View {
        match entry {
            Some(Entry::File(inode)) if self.inodes[inode].is_synced => View::Whole(self.hash(inode)),
            Some(Entry::File(_)) => View::Torn,
            _ => View::Gone,
        }
    }

    fn set(&mut self, path: &Path, entry: Option<Entry>) {
        match entry {
            Some(entry) => self.names.insert(path.to_owned(), entry),
            None => self.names.remove(path),
        };
    }

    fn change(&mut self, changes: NameChange) {
        for (path, entry) in &changes {
            self.set(&path.clone(), *entry);
        }
        self.pending.push(changes);
    }

    /// What becomes of the next operation. `failure`: what it says when the weather is bad.
    fn judge(&mut self, failure: i32) -> io::Result<Verdict> {
        if self.has_crashed {
            return Err(dead());
        }
        if let Some(left) = self.fuse.as_mut() {
            if *left == 0 {
                self.has_crashed = true;
                return if self.chance.happens(500) { Ok(Verdict::DoneAndDead) } else { Err(dead()) };
            }
            *left -= 1;
        }
        let fails = self.trouble > 0 && self.chance.happens(self.trouble);
        Ok(if fails { Verdict::Refused(failure) } else { Verdict::Done })
    }

    /// Carries an operation out, or not.
    fn perform<T>(
        &mut self,
        failure: i32,
        operation: impl FnOnce(&mut Self) -> io::Result<T>,
    ) -> io::Result<T> {
        match self.judge(failure)? {
            Verdict::Done => operation(self),
            Verdict::Refused(code) => Err(io::Error::from_raw_os_error(code)),
            Verdict::DoneAndDead => operation(self).and_then(|_| Err(dead())),
        }
    }

    /// Whoever writes below the folder of a series holds its lock.
    fn check_lock(&mut self, path: &Path) {
        let names: Vec<_> = path.iter().map(|name| name.to_string_lossy().into_owned()).collect();
        let Some(stream) = names.iter().find_map(|name| name.strip_prefix("stream=")) else { return };
        let lock = format!("publish.{}.{stream}", names[2]);
        if Lock::acquire(&self.locked_by, &lock, Patience::None).is_ok() {
            self.complaints.push(format!("{} is written without the lock {lock}", path.display()));
        }
    }

    fn sync_names(&mut self, folder: &Path) {
        let mut wanted: HashSet<PathBuf> = HashSet::new();
        let (mut now, mut later) = (Vec::new(), Vec::new());
        for change in std::mem::take(&mut self.pending).into_iter().rev() {
            let is_inside = |path: &Path| path.parent() == Some(folder);
            // What came before on the same names is durable with it.
            if change.iter().any(|(path, _)| is_inside(path) || wanted.contains(path)) {
                wanted.extend(change.iter().map(|(path, _)| path.clone()));
                now.push(change);
            } else {
                later.push(change);
            }
        }
        later.reverse();
        self.pending = later;
        now.into_iter().rev().for_each(|change| self.keep(change));
    }

    fn sync_all(&mut self) {
        self.inodes.iter_mut().for_each(|inode| inode.is_synced = true);
        for change in std::mem::take(&mut self.pending) {
            self.keep(change);
        }
    }

    fn keep(&mut self, change: NameChange) {
        for (path, entry) in change {
            match entry {
                Some(entry) => self.durable.insert(path, entry),
                None => self.durable.remove(&path),
            };
        }
    }

    /// `kept`: how many of a thousand changes may be kept.
    fn cut_power(&mut self, kept: &[usize]) {
        let kept_of_thousand = self.chance.one_of(kept);
        let mut dropped: HashSet<PathBuf> = HashSet::new();
        for change in std::mem::take(&mut self.pending) {
            let follows_a_lost_one = change.iter().any(|(path, _)| dropped.contains(path));
            if !follows_a_lost_one && self.chance.happens(kept_of_thousand) {
                self.keep(change);
            } else {
                dropped.extend(change.into_iter().map(|(path, _)| path));
            }
        }
        let all = self.durable.clone();
        let stands = |path: &Path| path.ancestors().skip(1).all(|above| all.contains_key(above));
        self.durable.retain(|path, _| stands(path));
        self.names = self.durable.clone();
        self.tear();
        (self.has_crashed, self.fuse) = (false, None);
    }

    fn tear(&mut self) {
        for inode in self.inodes.iter_mut().filter(|inode| !inode.is_synced) {
            let length = inode.bytes.len();
            let kept = self.chance.below(length + 1);
            let mut bytes = inode.bytes[..kept].to_vec();
            match self.chance.below(3) {
                0 => bytes.resize(length, 0),
                1 => bytes.clear(),
                _ => {}
            }
            *inode = Inode { bytes: Arc::new(bytes), hash: None, is_synced: true };
        }
    }
}
