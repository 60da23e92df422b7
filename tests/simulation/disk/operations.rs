//! What processes do with the file system.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use audience_exporter::sink::publish::{Disk, TempFile, WholeDisk};

use super::{EIO, ENOSPC, Entry, SimulatedDisk};

fn error(kind: io::ErrorKind) -> io::Error {
    io::Error::from(kind)
}

impl Disk for SimulatedDisk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.state().perform(EIO, |state| match state.names.get(path) {
            Some(Entry::File(inode)) => Ok(state.inodes[*inode].bytes.to_vec()),
            Some(Entry::Folder) => Err(error(io::ErrorKind::IsADirectory)),
            None => Err(error(io::ErrorKind::NotFound)),
        })
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        self.state().perform(EIO, |state| {
            if state.names.get(folder) != Some(&Entry::Folder) {
                return Err(error(io::ErrorKind::NotFound));
            }
            Ok(state.names.keys().filter(|path| path.parent() == Some(folder)).cloned().collect())
        })
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.state().perform(EIO, |state| Ok(state.names.contains_key(path)))
    }

    fn is_folder(&self, path: &Path) -> bool {
        self.state().names.get(path) == Some(&Entry::Folder)
    }

    fn device(&self, _folder: &Path) -> io::Result<u64> {
        Ok(1)
    }

    fn make_folder(&self, folder: &Path, _mode: u32) -> io::Result<()> {
        self.state().perform(ENOSPC, |state| {
            if state.names.contains_key(folder) {
                return Err(error(io::ErrorKind::AlreadyExists));
            }
            if folder.parent().and_then(|parent| state.names.get(parent)) != Some(&Entry::Folder) {
                return Err(error(io::ErrorKind::NotFound));
            }
            state.change(vec![(folder.to_owned(), Some(Entry::Folder))]);
            Ok(())
        })
    }

    fn make_temp(&self, folder: &Path, prefix: &str, _mode: u32) -> io::Result<Box<dyn TempFile>> {
        self.state().check_lock(folder);
        let (path, inode) = self.state().perform(ENOSPC, |state| {
            if state.names.get(folder) != Some(&Entry::Folder) {
                return Err(error(io::ErrorKind::NotFound));
            }
            state.temps += 1;
            let path = folder.join(format!("{prefix}{}", state.temps));
            let inode = state.new_inode(Vec::new(), false);
            state.change(vec![(path.clone(), Some(Entry::File(inode)))]);
            Ok((path, inode))
        })?;
        Ok(Box::new(SimulatedTemp { disk: self.clone(), path, inode, has_name: false }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.state().check_lock(to);
        self.state().perform(EIO, |state| {
            let Some(entry) = state.names.get(from).copied() else {
                return Err(error(io::ErrorKind::NotFound));
            };
            state.change(vec![(from.to_owned(), None), (to.to_owned(), Some(entry))]);
            Ok(())
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.state().check_lock(path);
        self.state().perform(EIO, |state| {
            if !state.names.contains_key(path) {
                return Err(error(io::ErrorKind::NotFound));
            }
            state.change(vec![(path.to_owned(), None)]);
            Ok(())
        })
    }

    fn sync_names(&self, folder: &Path) -> io::Result<()> {
        self.state().perform(EIO, |state| {
            state.sync_names(folder);
            Ok(())
        })
    }

    fn whole(&self, _folder: &Path) -> Option<Box<dyn WholeDisk>> {
        let is_offered = self.state().chance.happens(500);
        is_offered.then(|| Box::new(self.clone()) as Box<dyn WholeDisk>)
    }
}

impl WholeDisk for SimulatedDisk {
    fn sync(&self) -> io::Result<()> {
        self.state().perform(EIO, |state| {
            state.sync_all();
            Ok(())
        })
    }
}

struct SimulatedTemp {
    disk: SimulatedDisk,
    path: PathBuf,
    inode: usize,
    has_name: bool,
}

impl TempFile for SimulatedTemp {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.disk.state();
        let outcome = state.perform(ENOSPC, |_| Ok(()));
        let written = if outcome.is_ok() { bytes.len() } else { state.chance.below(bytes.len() + 1) };
        let inode = &mut state.inodes[self.inode];
        Arc::make_mut(&mut inode.bytes).extend_from_slice(&bytes[..written]);
        (inode.hash, inode.is_synced) = (None, false);
        outcome
    }

    fn sync(&mut self) -> io::Result<()> {
        let inode = self.inode;
        self.disk.state().perform(EIO, |state| {
            state.inodes[inode].is_synced = true;
            Ok(())
        })
    }

    fn persist(mut self: Box<Self>, path: &Path) -> io::Result<()> {
        let from = self.path.clone();
        let outcome = self.disk.rename(&from, path);
        self.has_name = outcome.is_ok() || self.disk.content(&from).is_none();
        outcome
    }
}

impl Drop for SimulatedTemp {
    fn drop(&mut self) {
        let mut state = self.disk.state();
        if !self.has_name && !state.has_crashed {
            let path = self.path.clone();
            state.change(vec![(path, None)]);
        }
    }
}
