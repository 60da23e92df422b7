//! What became of every bucket of a series, day by day on the wall clock of its camera. Pure.

mod json;
mod tally;
#[cfg(test)]
mod tests;

use chrono::{DateTime, NaiveDate, Utc};

pub use json::{DayJson, TallyJson};
pub use tally::Tally;

use crate::{
    states::{BucketState, Ground, State, Stretch},
    time::{LocalPeriod, PartitionSize, TimeRange},
};

/// The ends of a range, as far as somebody named them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bounds {
    /// The first instant inside.
    pub from: Option<DateTime<Utc>>,
    /// The first instant after.
    pub to: Option<DateTime<Utc>>,
}

/// The buckets of one local day: those that start in it, as in the files. Of hours that is 23 or 25 where the clock
/// changes; a UTC day belongs to the local day in which it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// The date at the camera.
    pub date: NaiveDate,
    /// How many buckets are in which state.
    pub tally: Tally,
    /// Whether some of its figures are zeros that are unlike the camera.
    pub is_suspect: bool,
}

/// What became of every bucket of a series in some range.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calendar {
    /// What of the bounds anything is expected of; `None` where that is nothing.
    pub range: Option<TimeRange>,
    /// Days that have buckets in the range, in order.
    pub days: Vec<Day>,
    /// The same buckets in order, neighbours that are alike put together.
    pub stretches: Vec<Stretch>,
}

impl Calendar {
    /// Derives it. Without bounds it is of all that was or is to be exported.
    pub fn new(ground: &Ground<'_>, bounds: Bounds) -> Self {
        let Some(range) = expected_range(ground, bounds) else { return Self::default() };
        Self { range: Some(range), days: days(ground, range), stretches: ground.stretches(range) }
    }

    /// How many buckets of the range are in which state.
    pub fn total(&self) -> Tally {
        self.days.iter().map(|day| day.tally).sum()
    }
}

/// Time before anything was exported, or is to be, and time to come has nothing to tell.
fn expected_range(ground: &Ground<'_>, bounds: Bounds) -> Option<TimeRange> {
    let end = ground.rules.grid.ceil(ground.now);
    let whole = ground.whole_range().map_or(end, |whole| whole.start());
    // A backfill may have failed on what no run asks for by itself.
    let failed = ground.evidence.failures.first().map_or(whole, |failure| failure.range.start());
    let start = bounds.from.map_or(whole, |from| from.max(whole.min(failed)));
    TimeRange::new(start, bounds.to.map_or(end, |to| to.min(end)))
}

fn days(ground: &Ground<'_>, range: TimeRange) -> Vec<Day> {
    let zone = ground.rules.grid.zone();
    let suspicions = &ground.evidence.suspicions;
    let is_suspect = |start: DateTime<Utc>| {
        suspicions.iter().any(|suspicion| suspicion.since <= start && start < suspicion.until)
    };
    let mut days: Vec<Day> = Vec::new();
    let mut next_day = DateTime::<Utc>::MIN_UTC;
    for BucketState { start, state } in ground.buckets(range) {
        if next_day <= start {
            let period = LocalPeriod::of(start, PartitionSize::Day, zone);
            next_day = period.end(zone);
            days.push(Day { date: period.first_day(), tally: Tally::default(), is_suspect: false });
        }
        let Some(day) = days.last_mut() else { continue };
        day.tally.add(state);
        day.is_suspect |= state.is_exported() && is_suspect(start);
    }
    days
}

impl Stretch {
    /// Whether it is of buckets that people should know of one by one.
    pub fn is_trouble(&self) -> bool {
        self.state.is_lacking() || self.state == State::Vanished
    }
}
