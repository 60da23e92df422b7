//! Who waits for the disk: whoever comes first syncs once for everybody whose commit came before. Pure.

use std::{
    io,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// Commits in their order, and how many of them are on disk. `T` tells how far the file reached at a commit.
#[derive(Debug, Default)]
pub(super) struct Tickets<T> {
    taken: Mutex<Taken<T>>,
    /// Held while somebody syncs: the others wait here, and most of them find that it was done for them.
    synced: Mutex<Synced>,
    /// Whether a sync failed; so that asking does not wait for one that is under way.
    is_broken: AtomicBool,
}

#[derive(Debug, Default, Clone, Copy)]
struct Taken<T> {
    number: u64,
    reached: T,
}

#[derive(Debug, Default)]
struct Synced {
    number: u64,
    failed: Option<io::ErrorKind>,
}

impl<T: Copy> Tickets<T> {
    /// The next number. To be called before anybody else can commit; `None` where it is not known how far the file
    /// reaches by now.
    pub(super) fn take(&self, reached: Option<T>) -> u64 {
        let mut taken = lock(&self.taken);
        taken.number += 1;
        taken.reached = reached.unwrap_or(taken.reached);
        taken.number
    }

    /// Returns when the commit with this number is on disk. `sync` is called unless somebody did it since. Where it
    /// fails it is not called again, and nobody's commit counts as on disk, before [`mend`](Self::mend) went well: what
    /// the system could not write once it may take for written the next time.
    pub(super) fn wait(&self, number: u64, sync: impl FnOnce(T) -> io::Result<()>) -> io::Result<()> {
        let mut synced = lock(&self.synced);
        if synced.number >= number {
            return Ok(());
        }
        if let Some(kind) = synced.failed {
            return Err(kind.into());
        }
        // Before the sync: what is committed while it runs may be covered by it, or not.
        let taken = *lock(&self.taken);
        match sync(taken.reached) {
            Ok(()) => synced.number = taken.number,
            Err(error) => {
                synced.failed = Some(error.kind());
                self.is_broken.store(true, Ordering::Release);
                return Err(error);
            }
        }
        Ok(())
    }

    /// After a sync that failed, makes durable in another way what is committed. Does nothing where none failed.
    pub(super) fn mend<E>(&self, make_durable: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
        if !self.is_broken.load(Ordering::Acquire) {
            return Ok(());
        }
        let mut synced = lock(&self.synced);
        if synced.failed.is_none() {
            return Ok(());
        }
        let number = lock(&self.taken).number;
        make_durable()?;
        *synced = Synced { number, failed: None };
        self.is_broken.store(false, Ordering::Release);
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each change of what is inside is a single step: a panic leaves nothing half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, thread};

    use proptest::prelude::*;

    use super::*;

    fn never(_: u64) -> io::Result<()> {
        panic!("synced again")
    }

    #[test]
    fn one_sync_is_enough_for_all_who_committed_before_it() {
        let tickets = Tickets::default();
        let numbers: Vec<u64> = (0..16).map(|commit| tickets.take(Some(commit))).collect();
        let syncs = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for number in &numbers {
                let (tickets, syncs) = (&tickets, &syncs);
                scope.spawn(move || {
                    let sync = |reached| {
                        syncs.lock().unwrap().push(reached);
                        Ok(())
                    };
                    tickets.wait(*number, sync).unwrap();
                });
            }
        });
        assert_eq!(syncs.into_inner().unwrap(), [15]);
    }

    #[test]
    fn what_is_committed_during_a_sync_waits_for_the_next_one() {
        let tickets = Tickets::default();
        let first = tickets.take(Some(1));
        let during = Cell::new(0);
        tickets
            .wait(first, |_| {
                during.set(tickets.take(Some(2)));
                Ok(())
            })
            .unwrap();
        tickets.wait(first, never).unwrap();
        let mut synced = None;
        let sync = |reached| {
            synced = Some(reached);
            Ok(())
        };
        tickets.wait(during.get(), sync).unwrap();
        assert_eq!(synced, Some(2));
    }

    #[test]
    fn after_a_failure_nothing_counts_as_on_disk_until_it_is_mended() {
        let tickets = Tickets::default();
        let old = tickets.take(Some(1));
        tickets.wait(old, |_| Ok(())).unwrap();
        let failing = tickets.take(Some(2));
        let error = tickets.wait(failing, |_| Err(io::ErrorKind::StorageFull.into())).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        // A sync that went well now would not say that those bytes are on disk.
        let next = tickets.take(Some(3));
        for number in [failing, next] {
            assert_eq!(tickets.wait(number, never).unwrap_err().kind(), io::ErrorKind::StorageFull);
        }
        tickets.wait(old, never).unwrap();
        assert_eq!(tickets.mend(|| Err("still full")), Err("still full"));
        assert!(tickets.wait(next, never).is_err());
        assert_eq!(tickets.mend(|| Ok::<_, ()>(())), Ok(()));
        assert_eq!(tickets.mend(|| Err("mended twice")), Ok(()));
        tickets.wait(next, never).unwrap();
        let fresh = tickets.take(Some(4));
        tickets.wait(fresh, |_| Ok(())).unwrap();
    }

    #[derive(Debug, Clone, Copy)]
    enum Act {
        Commit,
        Wait { back: u64, goes_well: bool },
        Mend,
    }

    fn act() -> impl Strategy<Value = Act> {
        let wait = (0..4_u64, prop::bool::weighted(0.8));
        prop_oneof![
            3 => Just(Act::Commit),
            3 => wait.prop_map(|(back, goes_well)| Act::Wait { back, goes_well }),
            1 => Just(Act::Mend),
        ]
    }

    proptest! {
        #[test]
        fn whoever_is_told_that_a_commit_is_on_disk_is_told_the_truth(acts in prop::collection::vec(act(), 0..60)) {
            let tickets = Tickets::default();
            let (mut taken, durable) = (0, Cell::new(0));
            for act in acts {
                match act {
                    Act::Commit => {
                        taken += 1;
                        prop_assert_eq!(tickets.take(Some(taken)), taken);
                    }
                    Act::Wait { back, goes_well } => {
                        let number = taken.saturating_sub(back);
                        let outcome = tickets.wait(number, |reached| {
                            if !goes_well { return Err(io::ErrorKind::StorageFull.into()); }
                            durable.set(reached);
                            Ok(())
                        });
                        prop_assert!(outcome.is_err() || durable.get() >= number);
                        prop_assert!(outcome.is_ok() || durable.get() < number);
                    }
                    Act::Mend => tickets.mend(|| { durable.set(taken); Ok::<_, ()>(()) }).unwrap(),
                }
            }
        }
    }
}
