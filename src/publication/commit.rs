//! From what is prepared to what is durable and recorded, for many series at once: the disk and the ledger are waited for
//! once for all who are ready. Whoever finds nobody at it does it for everybody; the others learn how it ended.

use std::{
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError, TryLockError},
};

use chrono::{DateTime, Utc};
use tokio::sync::oneshot;

use super::{Archive, PublishError};
use crate::{
    crash_point::{self, Step},
    ledger::{Intention, WindowRecord},
    locks::Lock,
    sink::publish::{FileError, Group, NewFile, WholeSyncs},
};

/// What of one series is to be written and recorded, while its lock is held.
#[derive(Default)]
pub(crate) struct Commitment {
    /// Held until it is done; `None` where no file is written.
    pub(crate) lock: Option<Lock>,
    pub(crate) series_id: i64,
    /// The folder of the series: it is there, where a file is to be written.
    pub(crate) folder: PathBuf,
    /// What the ledger is told before the first file is touched.
    pub(crate) intentions: Vec<Intention>,
    pub(crate) files: Vec<Encoded>,
    /// What it is told when all files are durable.
    pub(crate) record: Option<WindowRecord>,
    /// When a run of the series ended well, where it ends with this.
    pub(crate) success: Option<DateTime<Utc>>,
    /// What is left in the lock's file in the end.
    pub(crate) note: Option<String>,
}

/// A file that is to be made or replaced; see [`NewFile`].
pub(crate) struct Encoded {
    pub(crate) path: PathBuf,
    pub(crate) bytes: Vec<u8>,
    pub(crate) is_first: bool,
}

impl Encoded {
    fn as_new(&self) -> NewFile<'_> {
        NewFile { path: self.path.clone(), bytes: &self.bytes, is_first: self.is_first }
    }
}

/// How a commitment ended.
pub(crate) type Committed = oneshot::Receiver<Result<(), PublishError>>;

/// Commitments that wait for whoever is at it.
#[derive(Default)]
pub(crate) struct Line {
    waiting: Mutex<Vec<Waiting>>,
    /// Held by whoever is at it.
    leading: Mutex<WholeSyncs>,
}

type Waiting = (Commitment, oneshot::Sender<Result<(), PublishError>>);

impl Archive {
    /// Has a commitment done, by this thread or by one that is at it. Blocks; what it returns is to be awaited.
    pub(crate) fn commit(&self, commitment: Commitment) -> Committed {
        let (sender, committed) = oneshot::channel();
        lock(&self.line.waiting).push((commitment, sender));
        self.lead();
        committed
    }

    fn lead(&self) {
        // Who came while somebody was letting go is seen by one of the two.
        while !lock(&self.line.waiting).is_empty() {
            let mut syncs = match self.line.leading.try_lock() {
                Ok(syncs) => syncs,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => return,
            };
            loop {
                let waiting = std::mem::take(&mut *lock(&self.line.waiting));
                if waiting.is_empty() {
                    break;
                }
                let (commitments, senders): (Vec<_>, Vec<_>) = waiting.into_iter().unzip();
                let outcomes = self.commit_all(commitments, &mut syncs);
                for (sender, outcome) in senders.into_iter().zip(outcomes) {
                    // Who gave up waiting finds it in the ledger.
                    _ = sender.send(outcome);
                }
            }
        }
    }

    /// The ledger, the files, the ledger: each for all of them. Says how each ended, in their order; where one fails, the
    /// others are as if it had not been there.
    pub(crate) fn commit_all(
        &self,
        commitments: Vec<Commitment>,
        syncs: &mut WholeSyncs,
    ) -> Vec<Result<(), PublishError>> {
        if let Err(error) = self.intend(&commitments) {
            return if commitments.len() == 1 {
                vec![Err(error)]
            } else {
                let alone = |commitment| self.commit_all(vec![commitment], syncs);
                commitments.into_iter().flat_map(alone).collect()
            };
        }
        let written = self.write(&commitments, syncs);
        let recorded = self.record(&commitments, written);
        for (commitment, outcome) in commitments.iter().zip(&recorded) {
            commitment.end(outcome.is_ok());
        }
        recorded
    }

    fn intend(&self, commitments: &[Commitment]) -> Result<(), PublishError> {
        let intentions = commitments.iter().filter(|commitment| !commitment.intentions.is_empty());
        let all: Vec<(i64, &[Intention])> =
            intentions.map(|commitment| (commitment.series_id, &*commitment.intentions)).collect();
        if !all.is_empty() {
            self.ledger.intend_all(&all)?;
            crash_point::passed(Step::Intent);
        }
        Ok(())
    }

    fn write(&self, commitments: &[Commitment], syncs: &mut WholeSyncs) -> Vec<Result<(), FileError>> {
        let groups = commitments.iter().map(|commitment| Group {
            files: commitment.files.iter().map(Encoded::as_new).collect(),
            staging: &commitment.folder,
        });
        self.disk.replace_all(&groups.collect::<Vec<_>>(), &self.output_dir, syncs)
    }

    fn record(
        &self,
        commitments: &[Commitment],
        written: Vec<Result<(), FileError>>,
    ) -> Vec<Result<(), PublishError>> {
        let well = || commitments.iter().zip(&written).filter(|(_, written)| written.is_ok());
        let windows: Vec<_> = well().filter_map(|(commitment, _)| commitment.window()).collect();
        let successes: Vec<_> = well().filter_map(|(commitment, _)| commitment.ended_well()).collect();
        let is_nothing = windows.is_empty() && successes.is_empty();
        let is_recorded = is_nothing || self.ledger.record_all(&windows, &successes).is_ok();
        let outcomes = commitments.iter().zip(written).map(|(commitment, written)| {
            written?;
            if !is_recorded {
                let windows: Vec<_> = commitment.window().into_iter().collect();
                let successes: Vec<_> = commitment.ended_well().into_iter().collect();
                self.ledger.record_all(&windows, &successes)?;
            }
            if commitment.record.is_some() {
                crash_point::passed(Step::Ledger);
            }
            Ok(())
        });
        outcomes.collect()
    }
}

impl Commitment {
    fn window(&self) -> Option<(i64, &WindowRecord)> {
        Some((self.series_id, self.record.as_ref()?))
    }

    fn ended_well(&self) -> Option<(i64, DateTime<Utc>)> {
        Some((self.series_id, self.success?))
    }

    fn end(&self, is_done: bool) {
        if let (true, Some(lock), Some(note)) = (is_done, &self.lock, &self.note)
            && let Err(error) = lock.leave_note(note)
        {
            // Without it the next run does all this again.
            tracing::debug!(error = &*error.to_string(), "cannot note that the manifest is as it should be");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each change of what is inside is a single step.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
