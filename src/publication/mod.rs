//! A complete listing into the files of its partitions, and then into the ledger. Blocks: it runs off the threads that
//! drive requests.
//!
//! The ledger is told twice: before the first file is touched, what the new bytes will be, and after the last one is
//! durable, what they are. So after a crash the bytes on disk are either the old ones, or known to be ours; anything
//! else was done by somebody else, and is set aside instead of merged into.

mod commit;
mod existing;
mod window;

pub(crate) use commit::{Commitment, Committed, Encoded};

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::{DateTime, Utc};

use self::{commit::Line, window::Publication};
use crate::{
    config::Config,
    ledger::{Ledger, LedgerError},
    locks::{Lock, LockError, Patience},
    pipeline::report_damage,
    row::{NotInOrder, Row},
    series::Series,
    sink::{
        EncodeError,
        publish::{Disk, FileError, RealDisk, WholeSyncs},
    },
    time::Window,
};

/// How long to wait for another process that publishes the same series.
pub(crate) const LOCK_PATIENCE: Patience = Patience::Wait(std::time::Duration::from_secs(15));

/// Where things are put.
pub struct Archive {
    /// The folder of published files.
    pub output_dir: PathBuf,
    /// The folder of locks and the ledger.
    pub state_dir: PathBuf,
    /// The record of what is published.
    pub ledger: Ledger,
    /// What `output_dir` lies on. Locks and ledger are on the disk of this machine.
    pub disk: Arc<dyn Disk>,
    line: Line,
}

/// What the publication of one window did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Published {
    /// Rows of the window.
    pub rows: u64,
    /// Files that were made or replaced.
    pub files_written: u64,
    /// Files that held the same bytes already.
    pub files_unchanged: u64,
    /// Buckets of the window that neither the listing nor a file has.
    pub missing: u64,
    /// Buckets that were exported once and that the listing lacks; their rows were kept.
    pub vanished: Vec<DateTime<Utc>>,
    /// Published values that the listing changed.
    pub restated: u64,
    /// Published files that were found gone or damaged. The rest of their partitions is due again.
    pub damaged: Vec<Damage>,
}

/// A published file that is gone, or that is not what was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
    /// Where it was moved; `None` where it was gone.
    pub set_aside: Option<PathBuf>,
}

/// Why a window could not be published.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum PublishError {
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("cannot write rows: {0}")]
    Encode(#[from] EncodeError),
    #[error("cannot merge rows: {0}")]
    Order(#[from] NotInOrder),
    #[error(
        "cannot publish: the thread that published it with others failed; run it again, nothing was lost"
    )]
    Abandoned,
}

/// When a window was asked, and by which run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Before the first request.
    pub at: DateTime<Utc>,
    /// The ledger's number of the run.
    pub run: i64,
}

/// What is ready to be published of one series, whose lock is held.
pub struct Prepared {
    pub(crate) commitment: Commitment,
    /// What that will have done.
    pub(crate) published: Published,
}

impl Published {
    /// What was prepared, where it was committed. What was put aside before it failed is told here or never.
    pub(crate) fn when(
        self,
        series: &Series,
        outcome: Result<(), PublishError>,
    ) -> Result<Self, PublishError> {
        if outcome.is_err() {
            report_damage(series, &self.damaged);
        }
        outcome.map(|()| self)
    }
}

impl Archive {
    /// An archive in these folders.
    pub fn new(output_dir: PathBuf, state_dir: PathBuf, ledger: Ledger, disk: Arc<dyn Disk>) -> Self {
        Self { output_dir, state_dir, ledger, disk, line: Line::default() }
    }

    /// The archive of a configuration, on the real disk.
    pub fn configured(config: &Config, ledger: Ledger) -> Self {
        Self::new(config.output_dir.clone(), config.state_dir.clone(), ledger, Arc::new(RealDisk))
    }

    /// Merges the rows of a complete listing into the files of `series`, and records the window. `rows` lie in
    /// `window`, in order.
    pub fn publish(
        &self,
        series: &Series,
        series_id: i64,
        window: &Window,
        rows: Vec<Row>,
        asked: Asked,
    ) -> Result<Published, PublishError> {
        let prepared = self.prepare(series, series_id, window, rows, asked)?;
        self.publish_together(vec![(series, prepared)]).remove(0)
    }

    /// Publishes what is prepared, of series that are not the same; says what became of each, in their order.
    pub fn publish_together(
        &self,
        prepared: Vec<(&Series, Prepared)>,
    ) -> Vec<Result<Published, PublishError>> {
        let (series, prepared): (Vec<_>, Vec<Prepared>) = prepared.into_iter().unzip();
        let (commitments, published): (Vec<_>, Vec<_>) =
            prepared.into_iter().map(|Prepared { commitment, published }| (commitment, published)).unzip();
        let outcomes = self.commit_all(commitments, &mut WholeSyncs::default());
        let all = series.into_iter().zip(published).zip(outcomes);
        all.map(|((series, published), outcome)| published.when(series, outcome)).collect()
    }

    /// Merges the rows of a complete listing, as [`publish`](Self::publish) does, and takes the lock of the series; nothing
    /// is written yet.
    pub fn prepare(
        &self,
        series: &Series,
        series_id: i64,
        window: &Window,
        rows: Vec<Row>,
        asked: Asked,
    ) -> Result<Prepared, PublishError> {
        let lock = Lock::acquire(&self.state_dir, &series.lock_name(), LOCK_PATIENCE)?;
        let folder = self.output_dir.join(series.folder());
        // Durable with the first file in it.
        self.disk.ensure_folder(&folder)?;
        let mut published = Published { rows: rows.len() as u64, ..Published::default() };
        self.note_foreign_style(series, series_id)?;
        let publication = Publication { archive: self, series, series_id, window, asked };
        match publication.prepare(lock, folder, rows, &mut published) {
            Ok(commitment) => Ok(Prepared { commitment, published }),
            Err(error) => {
                report_damage(series, &published.damaged);
                Err(error)
            }
        }
    }

    /// Where another process has other tags or another compression by now, what this one writes is not in the style that
    /// the ledger tells. The next run writes all files anew then.
    fn note_foreign_style(&self, series: &Series, series_id: i64) -> Result<(), LedgerError> {
        let known = self.ledger.find_series(&series.key())?;
        let is_foreign = known.is_some_and(|known| !known.style.is_empty() && known.style != series.style());
        if is_foreign { self.ledger.record_style(series_id, "", &[]) } else { Ok(()) }
    }

    /// Makes every name durable that leads from the output folder to a file: a folder that is there may have been made by
    /// a process that died before its name was durable.
    pub(crate) fn sync_way(&self, path: &Path) -> Result<(), FileError> {
        self.disk.sync_way(path, &self.output_dir)
    }

    /// Takes over a file of ours that the ledger does not know as published: who published it died, or failed, between
    /// rename and record. Whether its name is durable nobody knows, and what it holds is missing no more.
    pub(crate) fn adopt(&self, series_id: i64, path: &Path, rows: &[Row]) -> Result<(), PublishError> {
        self.sync_way(path)?;
        let starts: Vec<DateTime<Utc>> = rows.iter().map(|row| row.start).collect();
        Ok(self.ledger.note_present(series_id, &starts)?)
    }
}
