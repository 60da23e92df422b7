//! How many buckets are in which state.

use std::iter::Sum;

use crate::states::State;

/// How many buckets are in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally([u64; State::ALL.len()]);

impl Tally {
    /// Counts one bucket.
    pub fn add(&mut self, state: State) {
        self.0[state as usize] += 1;
    }

    /// Buckets in this state.
    pub fn of(&self, state: State) -> u64 {
        self.0[state as usize]
    }

    /// All of them.
    pub fn buckets(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Those that should be there by now.
    pub fn expected(&self) -> u64 {
        self.sum(State::is_expected)
    }

    /// Those of which a row is published.
    pub fn exported(&self) -> u64 {
        self.sum(State::is_exported)
    }

    /// Those that should be there, and that a run could still bring.
    pub fn lacking(&self) -> u64 {
        self.sum(State::is_lacking)
    }

    /// Exported of expected, from 0 to 1; `None` where nothing is expected.
    pub fn share(&self) -> Option<f64> {
        (self.expected() > 0).then(|| self.exported() as f64 / self.expected() as f64)
    }

    fn sum(&self, counts: impl Fn(State) -> bool) -> u64 {
        State::ALL.into_iter().filter(|state| counts(*state)).map(|state| self.of(state)).sum()
    }
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        tallies.fold(Self::default(), |sum, tally| {
            Self(std::array::from_fn(|state| sum.0[state] + tally.0[state]))
        })
    }
}
