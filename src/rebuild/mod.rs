//! The ledger again from what is published: manifests tell what was exported, every file is hashed, and the journal is
//! read back. What is not as its manifest says counts as lost, so that the next run asks for it.

mod journal;
mod series;

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::{
    ledger::{Ledger, LedgerError, SeriesKey},
    locks::{Lock, LockError},
    publication::{Archive, LOCK_PATIENCE},
    series::Series,
    sink::publish::FileError,
    verify::{read_manifest, stream_folders},
};

use self::series::Read;

/// A series whose manifest was taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuilt {
    /// Which one.
    pub key: SeriesKey,
    /// Whether the configuration exports it.
    pub is_configured: bool,
    /// Files that are as they were published.
    pub files: u64,
    /// Their rows.
    pub rows: u64,
    /// Entries of its journal.
    pub changes: u64,
    /// Files that are not: their path below the output folder, and what is wrong.
    pub lost: Vec<(String, String)>,
}

/// What was put together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// By job and stream.
    pub series: Vec<Rebuilt>,
    /// What could not be taken over, and what becomes of it, for people.
    pub left: Vec<String>,
}

/// Why the ledger could not be made again. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum RebuildError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(
        "nothing below {} has a _manifest.json, so there is nothing to make the ledger from; is the disk mounted? \
         without a ledger, the next pull asks for everything since the start of its jobs",
        .output_dir.display()
    )]
    NothingThere { output_dir: PathBuf },
}

impl From<LockError> for RebuildError {
    fn from(error: LockError) -> Self {
        LedgerError::from(error).into()
    }
}

/// Fills an empty ledger from `output_dir`. `configured`: every series of the configuration. Nobody else may be
/// publishing. Blocks.
pub fn fill(
    ledger: &Ledger,
    output_dir: &Path,
    state_dir: &Path,
    configured: &[Series],
    now: DateTime<Utc>,
) -> Result<Summary, RebuildError> {
    let folders = stream_folders(output_dir)?;
    let mut summary = Summary::default();
    let mut last_run = 0;
    for folder in &folders.certified {
        match take_over(ledger, output_dir, state_dir, configured, folder, now)? {
            Taken::Series { rebuilt, left, last_seen_by } => {
                summary.series.push(rebuilt);
                summary.left.extend(left);
                last_run = last_run.max(last_seen_by);
            }
            Taken::Nothing(why) => summary.left.push(why),
        }
    }
    if summary.series.is_empty() {
        return Err(RebuildError::NothingThere { output_dir: output_dir.to_owned() });
    }
    summary.left.extend(unknown(configured, &summary.series));
    ledger.note_rebuild(last_run, now)?;
    Ok(summary)
}

/// Takes a series over whose folder has a manifest, where the ledger does not know it: a ledger that was lost must not
/// begin anew over what is published. Says how many files are as they were; `None` where there was nothing to take over.
pub fn take_over_lost(
    archive: &Archive,
    series: &Series,
    now: DateTime<Utc>,
) -> Result<Option<u64>, RebuildError> {
    if archive.ledger.find_series(&series.key())?.is_some() {
        return Ok(None);
    }
    let folder = archive.output_dir.join(series.folder());
    if !archive.disk.exists(&archive.manifest_path(series)).unwrap_or(false) {
        return Ok(None);
    }
    match read_manifest(&folder)? {
        // Laid out anew, it is another series; what is no manifest is written anew.
        Ok(manifest) if manifest.layout == series.layout() => {}
        _ => return Ok(None),
    }
    let (output_dir, state_dir) = (&archive.output_dir, &archive.state_dir);
    let configured = std::slice::from_ref(series);
    match take_over(&archive.ledger, output_dir, state_dir, configured, &folder, now)? {
        Taken::Series { rebuilt, left, .. } => {
            for left in left {
                tracing::warn!("{left}");
            }
            for (file, reason) in &rebuilt.lost {
                tracing::warn!(file, reason, "published file is damaged, asking for it again");
            }
            Ok(Some(rebuilt.files))
        }
        Taken::Nothing(why) => {
            tracing::warn!("{why}");
            Ok(None)
        }
    }
}

enum Taken {
    Series { rebuilt: Rebuilt, left: Vec<String>, last_seen_by: i64 },
    Nothing(String),
}

fn take_over(
    ledger: &Ledger,
    output_dir: &Path,
    state_dir: &Path,
    configured: &[Series],
    folder: &Path,
    now: DateTime<Utc>,
) -> Result<Taken, RebuildError> {
    let refused = |why: &dyn std::fmt::Display| {
        Taken::Nothing(format!("the manifest in {} was left out: {why}", folder.display()))
    };
    let manifest = match read_manifest(folder)? {
        Ok(manifest) => manifest,
        Err(error) => return Ok(refused(&error)),
    };
    let layout = match manifest.layout() {
        Ok(layout) => layout,
        Err(error) => return Ok(refused(&error)),
    };
    let key = SeriesKey { job: manifest.job.clone(), stream: manifest.stream.clone() };
    let place = Path::new(&key.job).join(format!("stream={}", key.stream));
    if output_dir.join(&place) != *folder {
        return Ok(refused(&format_args!("it is that of {}", place.display())));
    }
    let name = format!("publish.{}.{}", key.job, key.stream);
    let lock = Lock::acquire(state_dir, &name, LOCK_PATIENCE)?;
    let Read { known, mut restored, files, rows, lost } =
        series::read(output_dir, &place, &manifest, layout)?;
    let (changes, left) = journal::read(output_dir, &key, now)?;
    restored.changes = changes;
    ledger.restore(&key, &known, &restored)?;
    drop(lock);
    let last_seen_by = restored.changes.iter().map(|change| change.run).max().unwrap_or(0);
    let rebuilt = Rebuilt {
        is_configured: configured.iter().any(|series| series.key() == key),
        key,
        files,
        rows,
        changes: restored.changes.len() as u64,
        lost,
    };
    Ok(Taken::Series { rebuilt, left, last_seen_by })
}

/// Series of the configuration that nothing is known of.
fn unknown(configured: &[Series], known: &[Rebuilt]) -> Option<String> {
    let is_known = |series: &&Series| known.iter().any(|rebuilt| rebuilt.key == series.key());
    let unknown: Vec<String> = configured
        .iter()
        .filter(|series| !is_known(series))
        .map(|series| format!("{} of {}", series.stream.name, series.job.name))
        .collect();
    let (first, others) = unknown.split_first()?;
    let more = if others.is_empty() { String::new() } else { format!(" and {} more", others.len()) };
    Some(format!("{first}{more}: no manifest, so the next pull asks for everything since the start"))
}
