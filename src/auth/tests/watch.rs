//! Time: how much of it passes, and what the clock says about it, are two things.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};

use crate::{
    clock::Clock,
    wire::{Timing, Traffic},
};

/// When every test begins, in seconds since 1970.
const BEGIN: i64 = 1_700_000_000;

/// A clock that the test moves. Waiting moves it, too. Cheap to clone; every clone is the same clock.
#[derive(Clone, Default)]
pub(super) struct Watch(Arc<Hands>);

#[derive(Default)]
struct Hands {
    elapsed_millis: AtomicI64,
    ahead_seconds: AtomicI64,
    moves_forward: AtomicU64,
    waits: Mutex<Vec<Duration>>,
}

impl Watch {
    /// Time passes, and the clock tells it.
    pub(super) fn pass(&self, seconds: i64) {
        self.0.elapsed_millis.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    /// Somebody moves the clock, and no time passes.
    pub(super) fn shift(&self, seconds: i64) {
        self.0.ahead_seconds.fetch_add(seconds, Ordering::SeqCst);
        self.0.moves_forward.fetch_add(u64::from(seconds > 0), Ordering::SeqCst);
    }

    /// Seconds that passed since the begin, whatever the clock says.
    pub(super) fn elapsed_seconds(&self) -> i64 {
        self.0.elapsed_millis.load(Ordering::SeqCst) / 1000
    }

    /// How often the clock was moved forward.
    pub(super) fn moves_forward(&self) -> u64 {
        self.0.moves_forward.load(Ordering::SeqCst)
    }

    /// What the clock says.
    pub(super) fn now(&self) -> DateTime<Utc> {
        let Hands { elapsed_millis, ahead_seconds, .. } = &*self.0;
        let millis = elapsed_millis.load(Ordering::SeqCst) + ahead_seconds.load(Ordering::SeqCst) * 1000;
        DateTime::from_timestamp_millis(BEGIN * 1000 + millis).unwrap()
    }

    /// Every wait so far.
    pub(super) fn waits(&self) -> Vec<Duration> {
        self.0.waits.lock().unwrap().clone()
    }

    /// Without jitter.
    pub(super) fn timing(&self) -> Timing {
        let (told, waited) = (self.clone(), self.clone());
        Timing {
            traffic: Traffic::default(),
            clock: Clock::from_fn(move || told.now()),
            jitter: Arc::new(|| 0.0),
            sleep: Arc::new(move |wait| {
                waited.0.waits.lock().unwrap().push(wait);
                let millis = i64::try_from(wait.as_millis()).unwrap();
                waited.0.elapsed_millis.fetch_add(millis, Ordering::SeqCst);
                Box::pin(async {})
            }),
        }
    }
}
