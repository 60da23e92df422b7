//! Picking some of many. Pure: randomness is an argument.

/// `wanted` of these at random, in their order; all where there are no more. `random` gives numbers in `[0, 1)`.
pub fn sample<T>(all: Vec<T>, wanted: usize, mut random: impl FnMut() -> f64) -> Vec<T> {
    let mut left = all.len();
    let mut lacking = wanted;
    let is_picked = |_: &T| {
        // Each is picked with the chance that as many as lack are picked of those that are left.
        let picked = random() * (left as f64) < lacking as f64;
        left -= 1;
        lacking -= usize::from(picked);
        picked
    };
    all.into_iter().filter(is_picked).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn as_many_as_wanted_are_picked_each_once_and_in_order(
            length in 0_usize..60,
            wanted in 0_usize..80,
            numbers in prop::collection::vec(0.0..1.0_f64, 60),
        ) {
            let mut numbers = numbers.into_iter();
            let picked = sample((0..length).collect(), wanted, || numbers.next().unwrap_or(0.5));
            prop_assert_eq!(picked.len(), wanted.min(length));
            prop_assert!(picked.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }

    #[test]
    fn every_one_can_be_picked() {
        for (number, expected) in [(0.0, 0), (0.999, 9)] {
            assert_eq!(sample((0..10).collect::<Vec<_>>(), 1, || number), [expected]);
        }
    }
}
