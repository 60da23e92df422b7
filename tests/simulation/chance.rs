//! Numbers that look random and follow from a seed alone: `SplitMix64`.

use chrono::TimeDelta;

/// A sequence of numbers that depends on nothing but what it was made from.
#[derive(Debug, Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    /// The sequence that belongs to `parts`, in this order.
    pub(crate) fn new(parts: &[u64]) -> Self {
        let mut chance = Self(0);
        for part in parts {
            chance.0 ^= *part;
            chance.0 = chance.next();
        }
        chance
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let value = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        value ^ (value >> 31)
    }

    /// A number from 0 to `bound` − 1.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % (bound.max(1) as u64)).unwrap()
    }

    /// True so many times out of a thousand.
    pub(crate) fn happens(&mut self, per_mille: usize) -> bool {
        self.below(1000) < per_mille
    }

    /// One of these.
    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// Whole seconds, from none to `most`.
    pub(crate) fn up_to(&mut self, most: TimeDelta) -> TimeDelta {
        let seconds = usize::try_from(most.num_seconds().max(0)).unwrap();
        TimeDelta::seconds(i64::try_from(self.below(seconds + 1)).unwrap())
    }
}
