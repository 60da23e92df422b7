//! From what is prepared to what is durable and recorded, for many series at once: the disk and the ledger are waited for
//! once for all who are ready. Whoever finds nobody at it does it for everybody; the others learn how it ended. Where many
//! files wait, two are at it: one makes files while the other waits for the disk.

use std::{
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError, TryLockError},
};

use chrono::{DateTime, Utc};
use tokio::sync::oneshot;

use super::{Archive, PublishError};
use crate::{
    crash_point::{self, Step},
    ledger::{Intention, LedgerError, WindowRecord},
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

/// So many files that wait are worth a second thread: it works while the first one waits for the disk.
const MANY_FILES: usize = 32;

/// Commitments that wait for whoever is at it.
#[derive(Default)]
pub(crate) struct Line {
    waiting: Mutex<Vec<Waiting>>,
    /// Held by whoever is at it, and by whoever helps.
    leading: [Mutex<WholeSyncs>; 2],
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
        while let Some(mut syncs) = self.line.turn() {
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
            return match commitments.len() {
                1 => vec![Err(error.into())],
                // Who waited for all of them need not wait for each.
                count if error.is_busy() => (0..count).map(|_| Err(self.busy())).collect(),
                _ => {
                    let alone = |commitment| self.commit_all(vec![commitment], syncs);
                    commitments.into_iter().flat_map(alone).collect()
                }
            };
        }
        let written = self.write(&commitments, syncs);
        let recorded = self.record(&commitments, written);
        for (commitment, outcome) in commitments.iter().zip(&recorded) {
            commitment.end(outcome.is_ok());
        }
        recorded
    }

    fn busy(&self) -> PublishError {
        LedgerError::Busy { path: self.ledger.path().to_owned() }.into()
    }

    fn intend(&self, commitments: &[Commitment]) -> Result<(), LedgerError> {
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
        let refused = if is_nothing { None } else { self.ledger.record_all(&windows, &successes).err() };
        let outcomes = commitments.iter().zip(written).map(|(commitment, written)| {
            written?;
            if refused.as_ref().is_some_and(LedgerError::is_busy) {
                return Err(self.busy());
            }
            if refused.is_some() {
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

impl Line {
    /// A turn, where there is something to be done that nobody else will do as soon.
    fn turn(&self) -> Option<MutexGuard<'_, WholeSyncs>> {
        let files = {
            let waiting = lock(&self.waiting);
            let files = |(commitment, _): &Waiting| commitment.files.len();
            Some(waiting.iter().map(files).sum::<usize>()).filter(|_| !waiting.is_empty())?
        };
        let places = if files < MANY_FILES { &self.leading[..1] } else { &self.leading };
        places.iter().find_map(|place| match place.try_lock() {
            Ok(syncs) => Some(syncs),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        })
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

#[cfg(test)]
mod tests {
    use std::{sync::Arc, thread};

    use chrono::TimeDelta;

    use super::{super::Asked, *};
    use crate::{
        config::Config,
        ledger::Ledger,
        row::{Count, Row},
        series::Series,
        sink::publish::{RealDisk, hash},
        time::{TimeRange, Window},
    };

    /// Threads that publish, each a series of its own.
    const SERIES: usize = 12;

    /// Windows of each.
    const HOURS: i64 = 6;

    fn hour(index: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_225_600 + index * 3600, 0).unwrap()
    }

    fn series(state_dir: &std::path::Path) -> Vec<Series> {
        let stream = |index: usize| {
            format!(
                "[[streams]]\nname = \"camera{index}\"\nusername = \"u\"\naccess_token = \"secret\"\n\
                 client_id = \"00000000-0000-4000-8000-{index:012}\"\n"
            )
        };
        let streams: String = (0..SERIES).map(stream).collect();
        let text = format!("{streams}[[jobs]]\nname = \"hourly\"\nstart = \"2026-01-01\"\n");
        let config = Config::parse(
            &format!("output_dir = \"data\"\nstate_dir = \"state\"\n{text}"),
            &state_dir.join("exporter.toml"),
        );
        Series::all(&config.ok().unwrap(), None, None)
    }

    #[test]
    fn whoever_publishes_beside_others_is_told_when_it_is_done_and_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let (output_dir, state_dir) = (folder.path().join("data"), folder.path().join("state"));
        let ledger = Ledger::open(&state_dir).unwrap();
        let archive = Archive::new(output_dir, state_dir, ledger, Arc::new(RealDisk));
        let publish = |series: &Series, id: i64, index: i64| {
            let range = TimeRange::new(hour(index), hour(index + 1)).unwrap();
            let window = Window::new(range, series.rules.grid).unwrap();
            let mut row = Row::new(hour(index), hour(index + 1));
            row.set_count(Count::PassingBy, Some(index));
            let asked = Asked { at: hour(index) + TimeDelta::days(9), run: 1 };
            let prepared = archive.prepare(series, id, &window, vec![row], asked).unwrap();
            archive.commit(prepared.commitment).blocking_recv().unwrap().unwrap();
            let record = archive.ledger.files(id).unwrap().remove(0);
            let bytes = std::fs::read(archive.output_dir.join(&record.path)).unwrap();
            assert_eq!(Some(hash(&bytes)), record.hash);
            assert_eq!(record.rows, index.unsigned_abs() + 1);
        };
        thread::scope(|scope| {
            for series in series(folder.path()) {
                let (archive, publish) = (&archive, &publish);
                scope.spawn(move || {
                    let known = archive.ledger.series(&series.key(), &series.layout(), "", hour(0));
                    let id = known.unwrap().id;
                    (0..HOURS).for_each(|index| publish(&series, id, index));
                });
            }
        });
        assert!(lock(&archive.line.waiting).is_empty());
    }
}
