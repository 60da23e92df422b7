//! The file system of this machine: the only code that renames.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use super::{
    disk::{Disk, TempFile, WholeDisk},
    error::FileError,
    steps::sync_folder,
};

/// The file system of this machine.
#[derive(Debug, Clone, Copy)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        path.try_exists()
    }

    fn is_folder(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn device(&self, folder: &Path) -> io::Result<u64> {
        Ok(folder.metadata()?.dev())
    }

    fn make_folder(&self, folder: &Path, mode: u32) -> io::Result<()> {
        fs::DirBuilder::new().mode(mode).create(folder)
    }

    fn make_temp(&self, folder: &Path, prefix: &str, mode: u32) -> io::Result<Box<dyn TempFile>> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(prefix).permissions(fs::Permissions::from_mode(mode));
        Ok(Box::new(builder.tempfile_in(folder)?))
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place that renames")]
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_names(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    #[cfg(target_os = "linux")]
    fn whole(&self, folder: &Path) -> Option<Box<dyn WholeDisk>> {
        super::whole::open(folder).map(|whole| Box::new(whole) as Box<dyn WholeDisk>)
    }

    #[cfg(not(target_os = "linux"))]
    fn whole(&self, _folder: &Path) -> Option<Box<dyn WholeDisk>> {
        None
    }
}

impl TempFile for NamedTempFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)?;
        self.flush()
    }

    fn sync(&mut self) -> io::Result<()> {
        self.as_file().sync_all()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place that renames")]
    fn persist(self: Box<Self>, path: &Path) -> io::Result<()> {
        NamedTempFile::persist(*self, path).map(drop).map_err(|error| error.error)
    }
}

/// Creates `path`, which must not exist, readable by its owner alone.
pub fn create_private(path: &Path) -> Result<File, FileError> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(FileError::new("create", path))
}

/// Moves a finished file to its name, durably.
pub fn move_into_place(from: &Path, to: &Path) -> Result<(), FileError> {
    File::open(from).and_then(|file| file.sync_all()).map_err(FileError::new("write", from))?;
    RealDisk.rename(from, to).map_err(FileError::new("create", to))?;
    sync_folder(&RealDisk, to.parent().unwrap_or(Path::new(".")))
}
