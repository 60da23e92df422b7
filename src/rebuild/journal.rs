//! The journal of a series from its files.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::{
    journal::{self, decode},
    ledger::{Change, SeriesKey},
    sink::publish::{self, Disk, FileError, RealDisk},
    verify::visible_files,
};

/// Every change that a journal holds, in the order in which they were seen; and what was wrong with it, for people. A file
/// that does not read back is set aside, because the next change of its month would write it anew without what it held.
pub(super) fn read(
    output_dir: &Path,
    key: &SeriesKey,
    now: DateTime<Utc>,
) -> Result<(Vec<Change>, Vec<String>), FileError> {
    let folder: PathBuf =
        output_dir.join(&key.job).join(journal::FOLDER).join(format!("stream={}", key.stream));
    let disk: &dyn Disk = &RealDisk;
    let (mut changes, mut wrong) = (Vec::new(), Vec::new());
    for name in visible_files(&folder)? {
        let path = folder.join(name);
        let bytes = publish::read_if_present(&path)?.unwrap_or_default();
        match decode(&bytes) {
            Ok(found) => changes.extend(found),
            Err(error) => {
                let aside = disk.set_aside(&path, now)?;
                let (path, aside) = (path.display(), aside.display());
                wrong.push(format!("the journal {path} was left out and set aside as {aside}: {error}"));
            }
        }
    }
    changes.sort_by_key(|change| (change.seen_at, change.bucket_start));
    Ok((changes, wrong))
}
