//! How long things took, as a histogram.

use std::time::Duration;

/// Upper bounds in seconds: from a run that had nothing to do to a backfill of years.
const BOUNDS: [f64; 15] =
    [0.1, 0.5, 1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 14400.0, 43200.0];

/// Counts of durations, by how long they were.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Durations {
    sum_seconds: f64,
    /// Of those within each bound and beyond the one before; the last one has no bound.
    counts: [u64; BOUNDS.len() + 1],
}

impl Durations {
    pub(super) fn add(&mut self, took: Duration) {
        let seconds = took.as_secs_f64();
        self.sum_seconds += seconds;
        self.counts[BOUNDS.partition_point(|bound| *bound < seconds)] += 1;
    }

    pub(super) fn sum_seconds(&self) -> f64 {
        self.sum_seconds
    }

    pub(super) fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Each upper bound and how many lie below it and above the one before.
    pub(super) fn buckets(&self) -> Vec<(f64, u64)> {
        BOUNDS.into_iter().chain([f64::INFINITY]).zip(self.counts).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_counts_in_the_bucket_of_the_first_bound_that_is_not_below_it() {
        for (millis, bound) in [(0, 0.1), (100, 0.1), (101, 0.5), (43_200_000, 43200.0)] {
            let mut took = Durations::default();
            took.add(Duration::from_millis(millis));
            let found: Vec<f64> =
                took.buckets().into_iter().filter(|(_, count)| *count > 0).map(|(bound, _)| bound).collect();
            assert_eq!(found, [bound], "{millis} ms");
        }
        let mut took = Durations::default();
        took.add(Duration::MAX);
        assert_eq!(
            took.buckets().last().map(|(bound, count)| (bound.is_infinite(), *count)),
            Some((true, 1))
        );
        assert_eq!(took.count(), 1);
    }
}
