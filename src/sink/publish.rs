//! Putting files where readers see them. The only code that renames: temp → flush → fsync → rename → fsync of the
//! directory, so that a reader never sees half a file and a crash loses none.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use crate::crash_point::{self, Step};

/// Names of files that are being written begin like this; readers pass over names with a leading dot.
const TEMP_PREFIX: &str = ".tmp-";

/// Names of files that somebody damaged begin like this.
const DAMAGED_PREFIX: &str = ".damaged-";

/// Something that the file system refused.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation} {}: {}{}", .path.display(), lower_first(.source), next_step(.source))]
pub struct FileError {
    operation: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl FileError {
    pub(crate) fn new(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self { operation, path: path.to_owned(), source }
    }
}

fn lower_first(error: &io::Error) -> String {
    // "No space left on device (os error 28)" → "no space left on device"
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}

fn next_step(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; free some space and run it again, nothing was lost"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; let this user write there and run it again, nothing was lost"
        }
        _ => "",
    }
}

/// The SHA-256 of a file's bytes.
pub type FileHash = [u8; 32];

/// Hashes bytes.
pub fn hash(bytes: &[u8]) -> FileHash {
    Sha256::digest(bytes).into()
}

/// The bytes of a file; `None` where there is none.
pub fn read_if_present(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(FileError::new("read", path)(error)),
    }
}

/// Replaces `path` by `bytes`, atomically and durably. The temporary file lies in `staging`, a folder above `path` on
/// the same file system, where [`sweep`] finds what a killed process left.
pub fn replace(path: &Path, staging: &Path, bytes: &[u8]) -> Result<(), FileError> {
    create_folder(path.parent().unwrap_or(staging))?;
    // What a new file would get; the umask takes from it.
    replace_with_mode(path, staging, TEMP_PREFIX, bytes, 0o666, crash_point::passed)
}

/// Replaces `path` by `bytes`, atomically and durably, readable by its owner alone, and removes what a killed process left
/// of it. Its folder must be there, and nobody else may be writing this file.
pub fn replace_private(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let prefix = private_prefix(path);
    for leftover in beginning_with(folder, &prefix)? {
        remove_if_present(&leftover)?;
    }
    replace_with_mode(path, folder, &prefix, bytes, 0o600, |_| ())
}

/// Removes a file that [`replace_private`] made, and what a killed process left of it.
pub fn remove_private(path: &Path) -> Result<(), FileError> {
    for leftover in beginning_with(path.parent().unwrap_or(Path::new(".")), &private_prefix(path))? {
        remove_if_present(&leftover)?;
    }
    remove_if_present(path)?;
    path.parent().filter(|folder| folder.is_dir()).map_or(Ok(()), sync_folder)
}

fn private_prefix(path: &Path) -> String {
    format!("{TEMP_PREFIX}{}-", path.file_name().unwrap_or_default().to_string_lossy())
}

fn replace_with_mode(
    path: &Path,
    staging: &Path,
    prefix: &str,
    bytes: &[u8],
    mode: u32,
    passed: impl Fn(Step),
) -> Result<(), FileError> {
    let mut temp = tempfile::Builder::new()
        .prefix(prefix)
        .permissions(fs::Permissions::from_mode(mode))
        .tempfile_in(staging)
        .map_err(FileError::new("create a file in", staging))?;
    let write = |temp: &mut tempfile::NamedTempFile| temp.write_all(bytes).and_then(|()| temp.flush());
    write(&mut temp).map_err(FileError::new("write", path))?;
    passed(Step::TempFile);
    temp.as_file().sync_all().map_err(FileError::new("write", path))?;
    passed(Step::FileSync);
    #[expect(clippy::disallowed_methods, reason = "this is the one place that renames")]
    temp.persist(path).map_err(|error| FileError::new("replace", path)(error.error))?;
    passed(Step::Rename);
    sync_folder(path.parent().unwrap_or(staging))?;
    passed(Step::DirectorySync);
    Ok(())
}

/// Moves a file that does not read back out of the readers' sight, and says where it is now.
pub fn set_aside(path: &Path, now: DateTime<Utc>) -> Result<PathBuf, FileError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stamp = now.format("%Y%m%dT%H%M%S%6fZ");
    let aside = folder.join(format!("{DAMAGED_PREFIX}{stamp}-{name}"));
    #[expect(clippy::disallowed_methods, reason = "this is the one place that renames")]
    fs::rename(path, &aside).map_err(FileError::new("set aside", path))?;
    sync_folder(folder)?;
    Ok(aside)
}

/// Removes what a killed process left in `staging`. Only while no other process can be writing there. Says how many
/// files that were.
pub fn sweep(staging: &Path) -> Result<usize, FileError> {
    let leftovers = leftovers(staging)?;
    for leftover in &leftovers {
        fs::remove_file(leftover).map_err(FileError::new("remove", leftover))?;
    }
    Ok(leftovers.len())
}

/// What a killed process left in `staging`, or what another one is writing there now.
pub fn leftovers(staging: &Path) -> Result<Vec<PathBuf>, FileError> {
    beginning_with(staging, TEMP_PREFIX)
}

fn beginning_with(staging: &Path, prefix: &str) -> Result<Vec<PathBuf>, FileError> {
    let entries = match fs::read_dir(staging) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(FileError::new("list", staging)(error)),
    };
    let paths: Result<Vec<PathBuf>, io::Error> = entries
        .filter(|entry| {
            entry.as_ref().is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        })
        .map(|entry| entry.map(|entry| entry.path()))
        .collect();
    paths.map_err(FileError::new("list", staging))
}

/// Creates a folder and those above it; each new one is durable in the one above.
pub fn create_folder(folder: &Path) -> Result<(), FileError> {
    create_folder_with_mode(folder, 0o777)
}

/// Creates a folder that only its owner may enter, and those above it.
pub fn create_private_folder(folder: &Path) -> Result<(), FileError> {
    create_folder_with_mode(folder, 0o700)
}

fn create_folder_with_mode(folder: &Path, mode: u32) -> Result<(), FileError> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent {
        create_folder(parent)?;
    }
    match fs::DirBuilder::new().mode(mode).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) => Err(FileError::new("create folder", folder)(error)),
        Ok(()) => sync_folder(parent.unwrap_or(Path::new("."))),
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
    #[expect(clippy::disallowed_methods, reason = "this is the one place that renames")]
    fs::rename(from, to).map_err(FileError::new("create", to))?;
    sync_folder(to.parent().unwrap_or(Path::new(".")))
}

/// Removes a file if it is there.
pub fn remove_if_present(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(FileError::new("remove", path)(error)),
        _ => Ok(()),
    }
}

fn sync_folder(folder: &Path) -> Result<(), FileError> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(FileError::new("write", folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_file_is_replaced_and_what_a_killed_process_left_of_it_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for leftover in [".tmp-partner.json-a1b2", ".tmp-other.json-a1b2"] {
            fs::write(path(leftover), "a token").unwrap();
        }
        replace_private(&path("partner.json"), b"new").unwrap();
        assert_eq!(fs::read(path("partner.json")).unwrap(), b"new");
        assert_eq!(fs::metadata(path("partner.json")).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!path(".tmp-partner.json-a1b2").exists());
        // Another account's file may be being written right now.
        assert!(path(".tmp-other.json-a1b2").exists());
        remove_private(&path("partner.json")).unwrap();
        assert!(!path("partner.json").exists());
    }
}
