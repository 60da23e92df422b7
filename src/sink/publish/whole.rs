//! File systems of this machine as a whole: `syncfs` in place of `fsync` of many files, where it promises as much.

use std::{fs::File, io, path::Path, sync::LazyLock};

use rustix::{
    fs::{fstatfs, syncfs},
    system::uname,
};

use super::disk::WholeDisk;

/// Before Linux 5.8 it "will fail only when passed a bad file descriptor" (syncfs(2)): an older kernel does not tell that
/// something was not written.
const TELLS_ERRORS_SINCE: (u32, u32) = (5, 8);

/// The magic numbers (statfs(2)) of file systems whose `syncfs` writes data and names and empties the cache of the
/// disk: ext2 to ext4, XFS and Btrfs. FUSE before Linux 5.14, for one, does not ask the file system at all.
const RELIED_ON: [u64; 3] = [0xEF53, 0x5846_5342, 0x9123_683E];

static TELLS_ERRORS: LazyLock<bool> =
    LazyLock::new(|| release(&uname().release().to_string_lossy()) >= Some(TELLS_ERRORS_SINCE));

/// A descriptor of the file system: the kernel tells it of every failed write since it was opened.
pub(super) struct FileSystem(File);

impl WholeDisk for FileSystem {
    fn sync(&self) -> io::Result<()> {
        Ok(syncfs(&self.0)?)
    }
}

pub(super) fn open(folder: &Path) -> Option<FileSystem> {
    if !*TELLS_ERRORS {
        return None;
    }
    let folder = File::open(folder).ok()?;
    let kind = u64::try_from(fstatfs(&folder).ok()?.f_type).ok()?;
    RELIED_ON.contains(&kind).then_some(FileSystem(folder))
}

/// Major and minor number of a kernel's release, such as `6.1.0-18-amd64`.
fn release(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split(|character: char| !character.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_are_compared_by_number() {
        let found = ["6.1.0-18-amd64", "5.8", "5.10.0", "4.18.0-553.el8", "5.7.19", "unknown", ""]
            .map(|text| release(text) >= Some(TELLS_ERRORS_SINCE));
        assert_eq!(found, [true, true, true, false, false, false, false]);
    }

    #[test]
    fn a_file_system_that_is_there_is_synced() {
        let folder = tempfile::tempdir().unwrap();
        match open(folder.path()) {
            Some(whole) => whole.sync().unwrap(),
            None => eprintln!("skipped: syncfs of this file system is not relied on"),
        }
        assert!(open(Path::new("/proc")).is_none());
    }
}
