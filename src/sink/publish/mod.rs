//! Putting files where readers see them. The only code that renames: temp → flush → fsync → rename → fsync of the
//! directory, so that a reader never sees half a file and a crash loses none.
//!
//! `steps` says in which order, on any [`Disk`]. An [`Archive`](crate::publication::Archive) has a disk of its own; the
//! functions here are for everything else, which lies on the disk of this machine.

mod batch;
mod disk;
mod error;
mod real;
mod steps;
#[cfg(target_os = "linux")]
mod whole;

pub use batch::{Group, NewFile, WholeSyncs};
pub use disk::{Disk, TempFile, WholeDisk};
pub use error::FileError;
pub use real::{RealDisk, create_private, move_into_place};
pub use steps::{Durability, PrivateLeftovers};

use std::path::Path;

use sha2::{Digest, Sha256};

/// The SHA-256 of a file's bytes.
pub type FileHash = [u8; 32];

/// Hashes bytes.
pub fn hash(bytes: &[u8]) -> FileHash {
    Sha256::digest(bytes).into()
}

const HERE: &dyn Disk = &RealDisk;

/// The bytes of a file; `None` where there is none.
pub fn read_if_present(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    HERE.read_if_present(path)
}

/// Replaces `path` by `bytes`, atomically and durably, by way of a temporary file in `staging`, a folder above `path` on
/// the same file system.
pub fn replace(path: &Path, staging: &Path, bytes: &[u8]) -> Result<(), FileError> {
    HERE.replace(path, staging, bytes)
}

/// Replaces `path` by `bytes`, atomically, readable by its owner alone. Its folder must be there, and nobody else may be
/// writing this file. What a killed process leaves of it is found by [`private_leftovers`].
pub fn replace_private(path: &Path, bytes: &[u8], durability: Durability) -> Result<(), FileError> {
    HERE.replace_private(path, bytes, durability)
}

/// What killed processes left in a folder of files that [`replace_private`] made, or what is being written there now.
pub fn private_leftovers(folder: &Path) -> Result<PrivateLeftovers, FileError> {
    HERE.private_leftovers(folder)
}

/// Removes what is left of `path` by now. Nobody else may be writing this file.
pub fn remove_leftovers_of(path: &Path, left: &PrivateLeftovers) -> Result<(), FileError> {
    HERE.remove_leftovers_of(path, left)
}

/// Removes a file that [`replace_private`] made, and what a killed process left of it.
pub fn remove_private(path: &Path) -> Result<(), FileError> {
    HERE.remove_private(path)
}

/// Creates a folder and those above it; each new one is durable in the one above.
pub fn create_folder(folder: &Path) -> Result<(), FileError> {
    HERE.create_folder(folder)
}

/// Creates a folder that only its owner may enter, and those above it.
pub fn create_private_folder(folder: &Path) -> Result<(), FileError> {
    HERE.create_private_folder(folder)
}

/// Removes a file if it is there.
pub fn remove_if_present(path: &Path) -> Result<(), FileError> {
    HERE.remove_if_present(path)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn a_private_file_is_replaced_and_what_a_killed_process_left_of_it_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for leftover in [".tmp-partner.json-a1b2", ".tmp-other.json-a1b2"] {
            fs::write(path(leftover), "a token").unwrap();
        }
        let left = private_leftovers(folder.path()).unwrap();
        remove_leftovers_of(&path("partner.json"), &left).unwrap();
        replace_private(&path("partner.json"), b"new", Durability::Durable).unwrap();
        assert_eq!(fs::read(path("partner.json")).unwrap(), b"new");
        assert_eq!(fs::metadata(path("partner.json")).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!path(".tmp-partner.json-a1b2").exists());
        // Another account's file may be being written right now.
        assert!(path(".tmp-other.json-a1b2").exists());
        remove_private(&path("partner.json")).unwrap();
        assert!(!path("partner.json").exists());
    }
}
