//! How many people are usual, hour by hour of the week.

use super::{
    OFTEN_EMPTY,
    runs::{Counted, Slot},
};

/// With fewer samples of an hour of the week, the same hour of other days is asked too.
const FEWEST_SAMPLES: usize = 2;

/// One in this many of the samples, the lowest ones, may come from outages and holidays, and are not believed.
const UNBELIEVED: usize = 3;

/// The people of a history, by weekday and hour.
pub(super) struct Habits([[Vec<i64>; 24]; 7]);

impl Habits {
    /// Learns from `history`.
    pub(super) fn of(history: &[Counted]) -> Self {
        let mut samples: [[Vec<i64>; 24]; 7] = Default::default();
        for counted in history {
            samples[counted.slot.weekday][counted.slot.hour].push(counted.people);
        }
        samples.iter_mut().flatten().for_each(|people| people.sort_unstable());
        Self(samples)
    }

    /// The people whom a bucket of `slot` usually counts at the least; 0 where nobody may well be usual.
    pub(super) fn usual(&self, slot: Slot) -> i64 {
        if self.is_often_empty(slot.hour) {
            return 0;
        }
        let own = &self.0[slot.weekday][slot.hour];
        if own.len() >= FEWEST_SAMPLES {
            return reached(own);
        }
        let mut any_day: Vec<i64> = self.on_all_days(slot.hour).flatten().copied().collect();
        any_day.sort_unstable();
        own.iter().copied().fold(reached(&any_day), i64::min)
    }

    /// Whether the hour is empty so often that a zero says nothing. Weekdays on which nobody ever came do not count.
    fn is_often_empty(&self, hour: usize) -> bool {
        let open = self.on_all_days(hour).filter(|people| people.last() > Some(&0));
        let (zeros, all) = open.fold((0, 0), |(zeros, all), people| {
            (zeros + people.partition_point(|people| *people == 0), all + people.len())
        });
        zeros * OFTEN_EMPTY > all
    }

    fn on_all_days(&self, hour: usize) -> impl Iterator<Item = &Vec<i64>> {
        self.0.iter().map(move |day| &day[hour])
    }
}

/// What all but the lowest of `sorted` reached; 0 where there are none.
fn reached(sorted: &[i64]) -> i64 {
    sorted.get(sorted.len() / UNBELIEVED).copied().unwrap_or(0)
}
