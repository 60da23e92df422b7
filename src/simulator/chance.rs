//! Numbers that look random and are the same on every machine: integers only, no floating point.

/// The increment of `SplitMix64`: the golden ratio in 64 bits.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// The finalizer of `SplitMix64`: every bit of the input changes half of the bits of the output.
fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// A number for a name (FNV-1a, mixed).
pub(super) fn hash_text(text: &str) -> u64 {
    let folded = text.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    mix(folded)
}

/// A sequence of numbers that depends on nothing but what it was made from.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    /// The sequence that belongs to `parts`, in this order.
    pub(crate) fn new(parts: &[u64]) -> Self {
        Self(parts.iter().fold(STEP, |state, part| mix(state.wrapping_add(STEP) ^ *part)))
    }

    /// The next number of the sequence.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// A number from 0 to `bound` − 1; 0 where `bound` is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// `amount / unit`, rounded up as often as the remainder asks for: right on average, however small `amount` is.
    pub(crate) fn round(&mut self, amount: u64, unit: u64) -> u64 {
        amount / unit + u64::from(self.below(unit) < amount % unit)
    }

    /// True with a probability of `rate`.
    pub(crate) fn happens(&mut self, rate: f64) -> bool {
        /// As many steps as a double tells apart, so that the comparison is exact.
        const STEPS: u64 = 1 << 53;
        (self.below(STEPS) as f64) < rate * STEPS as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_splitmix64_and_fnv1a_on_every_machine() {
        // Published test vectors of both.
        let mut dice = Dice(1_234_567);
        assert_eq!([dice.next(), dice.next()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
        assert_eq!(hash_text("a"), mix(0xAF63_DC4C_8601_EC8C));
        assert_ne!(Dice::new(&[1, 2]).next(), Dice::new(&[2, 1]).next());
    }

    #[test]
    fn rates_of_nought_and_one_are_never_and_always() {
        let mut dice = Dice::new(&[7]);
        assert!((0..1000).all(|_| !dice.happens(0.0)));
        assert!((0..1000).all(|_| dice.happens(1.0)));
        let hits = (0..10_000).filter(|_| dice.happens(0.25)).count();
        assert!((2_300..2_700).contains(&hits), "{hits}");
    }

    #[test]
    fn rounding_is_right_on_average() {
        let mut dice = Dice::new(&[9]);
        let sum: u64 = (0..10_000).map(|_| dice.round(150, 100)).sum();
        assert!((14_700..15_300).contains(&sum), "{sum}");
        assert_eq!(dice.round(300, 100), 3);
    }
}
