//! How full a disk is.

use std::{io, os::unix::fs::MetadataExt, path::Path};

use rustix::fs::statvfs;

use crate::config::Config;

/// The room on a file system, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskSpace {
    /// What users who are not root may still fill.
    pub free_bytes: u64,
    /// All of it.
    pub size_bytes: u64,
}

impl DiskSpace {
    /// Of the file system that `path` lies on. Blocks.
    pub fn of(path: &Path) -> io::Result<Self> {
        let found = statvfs(path)?;
        let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
        Ok(Self { free_bytes: bytes(found.f_bavail), size_bytes: bytes(found.f_blocks) })
    }

    /// Whether less than `percent` of it is free.
    pub fn is_nearly_full(self, percent: u16) -> bool {
        u128::from(self.free_bytes) * 100 < u128::from(self.size_bytes) * u128::from(percent)
    }
}

/// The room where the program puts things; what cannot be told is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Disks {
    /// Where published files go.
    pub output_dir: Option<DiskSpace>,
    /// Where ledger, tokens and locks live.
    pub state_dir: Option<DiskSpace>,
    /// Whether both lie on the same file system.
    pub are_one: bool,
}

impl Disks {
    /// Of the folders of `config`. Blocks.
    pub fn of(config: &Config) -> Self {
        let (output_dir, state_dir) = (&config.output_dir, &config.state_dir);
        let device = |path: &Path| path.metadata().ok().map(|metadata| metadata.dev());
        Self {
            output_dir: DiskSpace::of(output_dir).ok(),
            state_dir: DiskSpace::of(state_dir).ok(),
            are_one: device(output_dir).is_some_and(|one| device(state_dir) == Some(one)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_nearly_full_below_the_share_and_not_at_it() {
        let disk = |free_bytes| DiskSpace { free_bytes, size_bytes: 1000 };
        assert!(disk(49).is_nearly_full(5));
        assert!(!disk(50).is_nearly_full(5));
        let unknown = DiskSpace { free_bytes: 0, size_bytes: 0 };
        assert!(!unknown.is_nearly_full(100), "a file system that tells no size");
    }

    #[test]
    fn the_room_of_a_folder_is_told_and_of_what_is_not_there_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let disk = DiskSpace::of(folder.path()).unwrap();
        assert!(disk.size_bytes > 0 && disk.free_bytes <= disk.size_bytes, "{disk:?}");
        assert!(DiskSpace::of(&folder.path().join("none")).is_err());
    }
}
