//! The state of every bucket of a series: the one place where it is derived, from the ledger, the clock and the rules. Pure.

mod seal;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};

pub use seal::{Seal, seals};

use crate::{
    coverage::Standing,
    failure::FailureKind,
    ledger::{Evidence, LastError},
    plan::SeriesRules,
    time::TimeRange,
};

/// What a bucket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It is not over, or lies before the start of its job and was never asked.
    NotDue,
    /// It is over, and late counts or the next run of its job are waited for before it is first asked.
    Pending,
    /// It should be there, and no run has asked for it yet.
    Due,
    /// It should be there, and could not be had.
    Failed,
    /// A complete listing lacked it.
    Missing,
    /// It was exported once, and a later complete listing lacked it; its row was kept.
    Vanished,
    /// It is exported, and will be asked again.
    Provisional,
    /// It is exported, and was asked when it was older than the lookback.
    Final,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::NotDue,
        Self::Pending,
        Self::Due,
        Self::Failed,
        Self::Missing,
        Self::Vanished,
        Self::Provisional,
        Self::Final,
    ];

    /// The word shown to people and programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotDue => "not_due",
            Self::Pending => "pending",
            Self::Due => "due",
            Self::Failed => "failed",
            Self::Missing => "missing",
            Self::Vanished => "vanished",
            Self::Provisional => "provisional",
            Self::Final => "final",
        }
    }

    /// Whether a row of it is published.
    pub fn is_exported(self) -> bool {
        matches!(self, Self::Vanished | Self::Provisional | Self::Final)
    }

    /// Whether it should be there, and a run could still bring it.
    pub fn is_lacking(self) -> bool {
        matches!(self, Self::Due | Self::Failed)
    }

    /// Whether it should be there by now.
    pub fn is_expected(self) -> bool {
        !matches!(self, Self::NotDue | Self::Pending)
    }
}

/// Since when something is as it is, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// Since when; `None` where that is not known.
    pub since: Option<DateTime<Utc>>,
    /// The kind of the last failure, or `lost`.
    pub kind: String,
    /// For people.
    pub message: String,
}

/// One bucket and its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BucketState {
    /// Its first instant.
    pub start: DateTime<Utc>,
    /// What it is.
    pub state: State,
}

/// Buckets side by side that are the same, for the same reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// Whole buckets.
    pub range: TimeRange,
    /// What they are.
    pub state: State,
    /// Why, where they failed or vanished.
    pub why: Option<Why>,
}

/// What the states of a series are derived from.
pub struct Ground<'a> {
    /// The rules of its buckets.
    pub rules: SeriesRules,
    /// The first instant that its job exports.
    pub start: DateTime<Utc>,
    /// What the ledger knows of it.
    pub evidence: &'a Evidence,
    /// The moment.
    pub now: DateTime<Utc>,
    /// The end of the last bucket that a scheduled run should have brought by now.
    pub expected_until: DateTime<Utc>,
}

impl Ground<'_> {
    /// From the first instant that is exported or to be exported until the end of the bucket that is under way; `None`
    /// where nothing is to be expected yet.
    pub fn whole_range(&self) -> Option<TimeRange> {
        let first = self.evidence.coverage.intervals().first().map(|(range, _)| range.start());
        let start = self.rules.grid.ceil(self.start);
        TimeRange::new(first.map_or(start, |first| first.min(start)), self.rules.grid.ceil(self.now))
    }

    /// The state of every bucket that starts in `range`, in order.
    pub fn buckets(&self, range: TimeRange) -> impl Iterator<Item = BucketState> + '_ {
        let mut intervals = self.evidence.coverage.intervals().iter().peekable();
        self.rules.grid.bucket_starts(range).map(move |start| {
            while intervals.next_if(|(interval, _)| interval.end() <= start).is_some() {}
            let standing = intervals.peek().filter(|(interval, _)| interval.contains(start));
            BucketState { start, state: self.state(start, standing.map(|(_, standing)| *standing)) }
        })
    }

    /// The same, with neighbours that are alike put together.
    pub fn stretches(&self, range: TimeRange) -> Vec<Stretch> {
        let mut stretches: Vec<Stretch> = Vec::new();
        for BucketState { start, state } in self.buckets(range) {
            let Some(bucket) = TimeRange::new(start, self.rules.grid.bucket_end(start)) else { continue };
            let why = self.why(start, state);
            match stretches.last_mut() {
                Some(last) if last.state == state && last.why == why => {
                    last.range = last.range.joined(&bucket);
                }
                _ => stretches.push(Stretch { range: bucket, state, why }),
            }
        }
        stretches
    }

    fn state(&self, start: DateTime<Utc>, standing: Option<Standing>) -> State {
        let evidence = self.evidence;
        match standing {
            Some(Standing::Lost) => State::Failed,
            Some(_) if evidence.missing.contains(&start) => State::Missing,
            Some(_) if evidence.vanished.contains_key(&start) => State::Vanished,
            Some(Standing::Provisional) => State::Provisional,
            Some(Standing::Final) => State::Final,
            None if self.failure(start).is_some() => State::Failed,
            None if start < self.start || self.now < self.rules.grid.bucket_end(start) => State::NotDue,
            None if self.expected_until <= start => State::Pending,
            // Whatever keeps the whole series from being exported keeps this bucket.
            None if self.failure_of_all(start).is_some() => State::Failed,
            None => State::Due,
        }
    }

    /// Why a bucket is in a state, where that needs a reason.
    fn why(&self, start: DateTime<Utc>, state: State) -> Option<Why> {
        match state {
            State::Vanished => Some(Why {
                since: self.evidence.vanished.get(&start).copied(),
                kind: "vanished".to_owned(),
                message: "a later complete listing lacked it; its row was kept".to_owned(),
            }),
            State::Failed => Some(self.why_failed(start)),
            _ => None,
        }
    }

    fn why_failed(&self, start: DateTime<Utc>) -> Why {
        let known = |since, error: &LastError| Why {
            since: Some(since),
            kind: error.kind.clone(),
            message: error.message.clone(),
        };
        match (self.failure(start), self.failure_of_all(start)) {
            (Some((since, error)), _) => known(since, error),
            (None, Some(error)) if !self.was_lost(start) => known(error.at, error),
            _ => Why {
                since: None,
                kind: "lost".to_owned(),
                message: "its published file was found damaged or gone; the next run asks for it again"
                    .to_owned(),
            },
        }
    }

    /// What kept the whole series from being exported when the bucket was due. Being interrupted is no failure.
    fn failure_of_all(&self, start: DateTime<Utc>) -> Option<&LastError> {
        let error = self.evidence.last_error.as_ref()?;
        let was_due = self.rules.grid.bucket_end(start) <= self.rules.due_until(error.at);
        (was_due && error.kind != FailureKind::Interrupted.as_str()).then_some(error)
    }

    fn was_lost(&self, start: DateTime<Utc>) -> bool {
        self.evidence.coverage.of_standing(Standing::Lost).any(|lost| lost.contains(start))
    }

    fn failure(&self, start: DateTime<Utc>) -> Option<(DateTime<Utc>, &LastError)> {
        let failures = &self.evidence.failures;
        let after = failures.partition_point(|failure| failure.range.start() <= start);
        let found = failures[..after].last().filter(|failure| failure.range.contains(start));
        found.map(|failure| (failure.since, &failure.last))
    }
}
