//! Zeros that are unlike the camera: a lens that was covered or a sensor that died counts nobody, which looks like a
//! closed shop. What is usual is learned from what the series itself exported. Pure, and it never changes data.
//!
//! A run of zeros is *suspect* where, by the weeks before it, at least [`FEWEST_PEOPLE`] people should have come by in
//! at least [`FEWEST_HOURS`] of its hours. What is usual in an hour of the week (local time) is what at least two thirds
//! of the same hours in the [`HISTORY`] before the run reached, so that outages and holidays in there do little harm.
//! An hour of the day that is often empty ([`OFTEN_EMPTY`]) is never unlike the camera. Days are judged in the same
//! way, by their weekday, and one is enough.
//!
//! A bucket that is missing, or whose `passing_by` is unknown, is no zero: it neither ends a run nor counts in it.
//!
//! What it cannot know: a public holiday, an early closing and a strike are suspect too, because nobody came where people
//! usually come; a new weekly closed day is for three weeks. After a silence of more than two weeks, the hours are
//! learned anew before they are judged again.

mod habits;
mod runs;
mod sentence;
#[cfg(test)]
mod tests;

use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};

pub use self::{runs::Counted, sentence::unit};

use self::{habits::Weeks, runs::runs_of_zeros};
use crate::time::{BucketSize, TimeRange};

/// How far before a run of zeros its history reaches: eight samples of every hour of the week, so that two bad ones do
/// not matter; and not more, because a season is no history of the next one.
pub const HISTORY: TimeDelta = TimeDelta::weeks(8);

/// With less history than this nothing is judged: a weekly closed day must have been seen twice.
pub const SHORTEST_HISTORY: TimeDelta = TimeDelta::weeks(2);

/// The people who are missed in a run that is suspect. If people came by chance, one run in 10¹³ would miss 30 of them;
/// they come in groups and with the weather, which is what the margin is for.
pub const FEWEST_PEOPLE: i64 = 30;

/// The hours without anybody, in each of which people are usual: one alone may be an alarm drill or a restart.
pub const FEWEST_HOURS: usize = 2;

/// An hour of the day that was empty in more than one of this many days, closed weekdays aside, may well be empty again: a
/// hall for events looks like that. A camera that fails in one week after another empties one in seven.
pub const OFTEN_EMPTY: usize = 4;

/// A run of zeros where people are usual.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Suspicion {
    /// The start of its first zero bucket in which people are usual.
    pub since: DateTime<Utc>,
    /// The end of its last zero bucket: what came next was people, or nothing yet.
    pub until: DateTime<Utc>,
    /// People per hour, or per day where the series counts days: the mean over those of its buckets in which people are
    /// usual.
    pub usual: f64,
    /// The people who should have been counted.
    pub expected_people: f64,
    /// Whether somebody was counted since.
    pub is_over: bool,
}

/// Every suspect run of zeros that shares time with `range`, in order. `counted` is one series in order, from [`HISTORY`]
/// before the first run on. What is said of a run follows from its own buckets and the [`HISTORY`] before it.
pub fn suspicions(counted: &[Counted], size: BucketSize, range: TimeRange) -> Vec<Suspicion> {
    let weeks = Weeks::of(counted);
    let runs = runs_of_zeros(counted);
    let inside =
        runs.filter(|run| counted[run.start].start < range.end() && range.start() < counted[run.end - 1].end);
    let suspect = inside.filter_map(|run| judge(counted, &weeks, run, size));
    // The zeros before `since` are usual.
    suspect.filter(|suspicion| suspicion.since < range.end()).collect()
}

impl Suspicion {
    /// From `since` to `until`: the time to be marked.
    pub fn range(&self) -> Option<TimeRange> {
        TimeRange::new(self.since, self.until)
    }
}

fn judge(counted: &[Counted], weeks: &Weeks<'_>, run: Range<usize>, size: BucketSize) -> Option<Suspicion> {
    let is_over = run.end < counted.len();
    let (before, zeros) = (&counted[..run.start], &counted[run]);
    let (first, last) = (zeros.first()?, zeros.last()?);
    let history = first.start - HISTORY..first.start;
    let oldest = before.get(before.partition_point(|counted| counted.start < history.start))?;
    if first.start - oldest.start < SHORTEST_HISTORY {
        return None;
    }
    let habits = weeks.habits(history);
    let missed = zeros.iter().map(|zero| (zero, habits.usual(zero.slot))).filter(|(_, usual)| *usual > 0);
    let missed: Vec<(&Counted, i64)> = missed.collect();
    let expected = missed.iter().fold(0_i64, |sum, (_, usual)| sum.saturating_add(*usual));
    let is_suspect = missed.len() >= fewest_buckets(size) && expected >= FEWEST_PEOPLE;
    let (since, _) = missed.first().filter(|_| is_suspect)?;
    Some(Suspicion {
        since: since.start,
        until: last.end,
        usual: expected as f64 / missed.len() as f64,
        expected_people: expected as f64,
        is_over,
    })
}

fn fewest_buckets(size: BucketSize) -> usize {
    match size {
        BucketSize::Hour => FEWEST_HOURS,
        BucketSize::Day | BucketSize::Global => 1,
    }
}
