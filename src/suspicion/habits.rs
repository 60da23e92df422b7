//! How many people are usual, hour by hour of the week.

use std::ops::Range;

use chrono::{DateTime, Utc};

use super::{
    OFTEN_EMPTY,
    runs::{Counted, Slot},
};

/// With fewer samples of an hour of the week, the same hour of other days is asked too.
const FEWEST_SAMPLES: usize = 2;

/// One in this many of the samples, the lowest ones, may come from outages and holidays, and are not believed.
const UNBELIEVED: usize = 3;

/// The people of each hour of the week, by weekday and hour, in order of time.
pub(super) struct Weeks<'a>([[Vec<&'a Counted>; 24]; 7]);

impl<'a> Weeks<'a> {
    /// Sorts out what was counted.
    pub(super) fn of(counted: &'a [Counted]) -> Self {
        let mut weeks = Self(Default::default());
        for counted in counted {
            let Slot { weekday, hour } = counted.slot;
            weeks.0[usize::from(weekday)][usize::from(hour)].push(counted);
        }
        weeks
    }

    /// What was usual in `history`.
    pub(super) fn habits(&self, history: Range<DateTime<Utc>>) -> Habits<'_> {
        Habits { weeks: self, history }
    }
}

/// What is usual after a history.
pub(super) struct Habits<'a> {
    weeks: &'a Weeks<'a>,
    history: Range<DateTime<Utc>>,
}

impl<'a> Habits<'a> {
    /// The people whom a bucket of `slot` usually counts at the least; 0 where nobody may well be usual.
    pub(super) fn usual(&self, slot: Slot) -> i64 {
        if self.is_often_empty(slot.hour) {
            return 0;
        }
        let own = sorted(self.samples(usize::from(slot.weekday), slot.hour));
        if own.len() >= FEWEST_SAMPLES {
            return reached(&own);
        }
        let any_day = sorted(self.on_all_days(slot.hour).flatten());
        own.into_iter().fold(reached(&any_day), i64::min)
    }

    /// Whether the hour is empty so often that a zero says nothing. Weekdays on which nobody ever came do not count.
    fn is_often_empty(&self, hour: u8) -> bool {
        let (mut zeros, mut all) = (0, 0);
        for day in self.on_all_days(hour) {
            let empty = day.iter().filter(|counted| counted.people == 0).count();
            if empty < day.len() {
                (zeros, all) = (zeros + empty, all + day.len());
            }
        }
        zeros * OFTEN_EMPTY > all
    }

    fn on_all_days(&self, hour: u8) -> impl Iterator<Item = &'a [&'a Counted]> {
        (0..self.weeks.0.len()).map(move |weekday| self.samples(weekday, hour))
    }

    fn samples(&self, weekday: usize, hour: u8) -> &'a [&'a Counted] {
        let all = &self.weeks.0[weekday][usize::from(hour)];
        let place = |instant| all.partition_point(|counted| counted.start < instant);
        &all[place(self.history.start)..place(self.history.end)]
    }
}

fn sorted<'a>(samples: impl IntoIterator<Item = &'a &'a Counted>) -> Vec<i64> {
    let mut people: Vec<i64> = samples.into_iter().map(|counted| counted.people).collect();
    people.sort_unstable();
    people
}

/// What all but the lowest of `sorted` reached; 0 where there are none.
fn reached(sorted: &[i64]) -> i64 {
    sorted.get(sorted.len() / UNBELIEVED).copied().unwrap_or(0)
}
