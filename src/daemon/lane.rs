//! A lane: one thing that is done again and again, never twice at the same time.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;

use crate::{
    config::{Delivery, Inventory, Job, Schedule},
    ledger::SeriesKey,
    scheduler::Bell,
};

/// What is done in a lane.
#[derive(Clone)]
pub enum Duty {
    /// Exporting all that is due of a job.
    Export(Arc<Job>),
    /// Sending published files on with one account: it has one upload at a time (Simacan contract, section 6).
    Deliver(Vec<Arc<Delivery>>),
    /// Taking an inventory when it is due.
    Inventory(Arc<Inventory>),
    /// Keeping tokens alive that nobody uses.
    Upkeep,
}

impl Duty {
    /// For messages: `hourly`, `deliveries of partner`.
    pub fn name(&self) -> String {
        match self {
            Self::Export(job) => job.name.clone(),
            Self::Deliver(deliveries) => {
                let account = deliveries.first().map_or("nobody", |delivery| &*delivery.account.name);
                format!("deliveries of {account}")
            }
            Self::Inventory(inventory) => inventory.name.clone(),
            Self::Upkeep => "upkeep of tokens".to_owned(),
        }
    }

    /// Its cron line, where it has one.
    pub fn schedule(&self) -> Option<&Schedule> {
        match self {
            Self::Export(job) => Some(&job.schedule),
            Self::Inventory(inventory) => Some(&inventory.schedule),
            Self::Deliver(_) | Self::Upkeep => None,
        }
    }
}

/// Why a lane is to look for work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// The daemon began, and something is due.
    Start,
    /// The time of its cron line has come.
    Schedule,
    /// It was to look again by now, whether something failed or is expected.
    Again,
    /// Files were published.
    Files,
}

impl Hint {
    /// The word in log events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Schedule => "schedule",
            Self::Again => "again",
            Self::Files => "files",
        }
    }
}

/// One lane, as everybody sees it.
pub struct Lane {
    duty: Duty,
    hints: mpsc::Sender<Hint>,
    bell: Bell,
    state: Mutex<State>,
}

struct State {
    run: Option<Run>,
    /// When to look again, whatever the cron line says.
    again: Option<(Instant, Hint)>,
    failures: u32,
    failed: Vec<SeriesKey>,
    last_outcome: Option<&'static str>,
}

/// A run under way.
#[derive(Clone, Copy)]
struct Run {
    since: DateTime<Utc>,
    /// When it last showed that it goes on.
    last_sign: Instant,
    has_overlapped: bool,
}

/// How a run of a lane ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ended {
    /// The word for it.
    pub outcome: &'static str,
    /// When to look again without any hint.
    pub again_after: Option<Duration>,
    /// Whether something failed that may go well next time.
    pub has_failed: bool,
    /// The series that did.
    pub failed: Vec<SeriesKey>,
}

impl Lane {
    /// Nothing is done in it yet. A hint that nobody took yet says all that two would, so one has room. `bell` is rung
    /// where a run begins or ends, or it is set when to look again: whoever waits for that has to wait anew.
    pub fn new(duty: Duty, bell: Bell) -> (Arc<Self>, mpsc::Receiver<Hint>) {
        let (hints, receiver) = mpsc::channel(1);
        let state = State { run: None, again: None, failures: 0, failed: Vec::new(), last_outcome: None };
        (Arc::new(Self { duty, hints, bell, state: Mutex::new(state) }), receiver)
    }

    /// What is done in it.
    pub fn duty(&self) -> &Duty {
        &self.duty
    }

    /// Gives a hint. Where a run is under way, the next one follows it at once. Tells how it met a run: see [`Offer`].
    pub fn offer(&self, hint: Hint) -> Offer {
        // Held while the hint is given: the run that it begins is not one that it met.
        let mut state = self.state();
        // Full: a hint is waiting already.
        _ = self.hints.try_send(hint);
        match &mut state.run {
            Some(run) if hint == Hint::Schedule => {
                let is_first = !std::mem::replace(&mut run.has_overlapped, true);
                Offer::Overlapped { since: run.since, is_first }
            }
            _ => Offer::Taken,
        }
    }

    /// Sets when to look again.
    pub fn look_again(&self, at: Instant, hint: Hint) {
        self.state().again = Some((at, hint));
        self.bell.ring();
    }

    /// Gives the hint that was set for this time, if it has come.
    pub fn beat(&self, now: Instant) {
        let due = self.state().again.take_if(|(at, _)| *at <= now);
        if let Some((_, hint)) = due {
            self.offer(hint);
        }
    }

    /// When it is to look again, whatever the cron line says.
    pub fn looks_again_at(&self) -> Option<Instant> {
        self.state().again.map(|(at, _)| at)
    }

    /// A run begins. `now` is for people, `at` tells how long ago it was whatever the clock does.
    pub fn begin(&self, now: DateTime<Utc>, at: Instant) {
        let mut state = self.state();
        state.run = Some(Run { since: now, last_sign: at, has_overlapped: false });
        state.again = None;
        self.bell.ring();
    }

    /// The run under way shows that it goes on.
    pub fn show_life(&self, at: Instant) {
        if let Some(run) = &mut self.state().run {
            run.last_sign = at;
        }
    }

    /// The run under way has ended.
    pub fn end(&self, ended: &Ended, at: Instant) {
        let mut state = self.state();
        state.run = None;
        state.failures = if ended.has_failed { state.failures.saturating_add(1) } else { 0 };
        state.failed.clone_from(&ended.failed);
        state.last_outcome = Some(ended.outcome);
        state.again = ended.again_after.map(|after| (at + after, Hint::Again));
        self.bell.ring();
    }

    /// Runs that failed in a row.
    pub fn failures(&self) -> u32 {
        self.state().failures
    }

    /// What of the last run failed.
    pub fn failed(&self) -> Vec<SeriesKey> {
        self.state().failed.clone()
    }

    /// Since when a run is under way.
    pub fn running_since(&self) -> Option<DateTime<Utc>> {
        self.state().run.map(|run| run.since)
    }

    /// How the last run ended.
    pub fn last_outcome(&self) -> Option<&'static str> {
        self.state().last_outcome
    }

    /// Whether a run is under way that has shown no sign of life for this long.
    pub fn hangs(&self, hang_after: Duration, now: Instant) -> bool {
        self.state().run.is_some_and(|run| now.saturating_duration_since(run.last_sign) > hang_after)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a hint met the lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// It was free, or the hint was not about time.
    Taken,
    /// A run was still going when the next time of its cron line came.
    Overlapped {
        /// When that run began.
        since: DateTime<Utc>,
        /// Whether it is the first time during that run.
        is_first: bool,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upkeep() -> (Arc<Lane>, mpsc::Receiver<Hint>) {
        Lane::new(Duty::Upkeep, Bell::default())
    }

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    #[test]
    fn hints_that_nobody_took_yet_are_one() {
        let (lane, mut hints) = upkeep();
        assert_eq!(lane.offer(Hint::Start), Offer::Taken);
        assert_eq!(lane.offer(Hint::Schedule), Offer::Taken);
        assert_eq!(hints.try_recv(), Ok(Hint::Start));
        assert!(hints.try_recv().is_err());
    }

    #[test]
    fn a_time_that_comes_during_a_run_is_told_and_followed_at_once_and_never_overlaps() {
        let ((lane, mut hints), at) = (upkeep(), Instant::now());
        lane.begin(NOW, at);
        assert_eq!(lane.offer(Hint::Schedule), Offer::Overlapped { since: NOW, is_first: true });
        assert_eq!(lane.offer(Hint::Schedule), Offer::Overlapped { since: NOW, is_first: false });
        assert_eq!(lane.offer(Hint::Files), Offer::Taken);
        lane.end(&Ended::default(), at);
        assert_eq!(hints.try_recv(), Ok(Hint::Schedule));
        assert!(hints.try_recv().is_err(), "two times are one run");
        lane.begin(NOW, at);
        assert_eq!(lane.offer(Hint::Schedule), Offer::Overlapped { since: NOW, is_first: true });
    }

    #[test]
    fn it_looks_again_when_it_was_told_to_and_not_before_and_once() {
        let ((lane, mut hints), at) = (upkeep(), Instant::now());
        lane.begin(NOW, at);
        lane.end(&Ended { again_after: Some(Duration::from_mins(1)), ..Ended::default() }, at);
        lane.beat(at + Duration::from_secs(59));
        assert!(hints.try_recv().is_err());
        lane.beat(at + Duration::from_mins(1));
        lane.beat(at + Duration::from_mins(9));
        assert_eq!(hints.try_recv(), Ok(Hint::Again));
        assert!(hints.try_recv().is_err());
    }

    #[test]
    fn only_a_run_that_shows_no_life_hangs() {
        let ((lane, _hints), began) = (upkeep(), Instant::now());
        let hang_after = Duration::from_mins(20);
        let hangs = |lane: &Lane, minutes| lane.hangs(hang_after, began + Duration::from_mins(minutes));
        assert!(!hangs(&lane, 9999), "idle");
        lane.begin(NOW, began);
        assert!(!hangs(&lane, 20));
        assert!(hangs(&lane, 21));
        lane.show_life(began + Duration::from_mins(20));
        assert!(!hangs(&lane, 40));
        assert!(hangs(&lane, 41));
        lane.end(&Ended::default(), began);
        assert!(!hangs(&lane, 9999));
    }

    #[test]
    fn failures_in_a_row_are_counted() {
        let ((lane, _hints), at) = (upkeep(), Instant::now());
        for expected in 1..4 {
            lane.end(&Ended { has_failed: true, ..Ended::default() }, at);
            assert_eq!(lane.failures(), expected);
        }
        lane.end(&Ended::default(), at);
        assert_eq!(lane.failures(), 0);
    }
}
