//! Adding up buckets (Angus contract, section 5): counts add, means weigh by `interested`.

use super::{Count, Mean, Row};

/// The figures of several buckets together. People who span two buckets may count twice: these are contacts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Totals {
    /// How many buckets were added.
    pub buckets: u64,
    counts: [Option<i64>; Count::ALL.len()],
    means: [Weighted; Mean::ALL.len()],
    /// Whether a count was unknown, or a mean although people were interested.
    pub is_incomplete: bool,
}

/// A mean that is not divided yet.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Weighted {
    seconds: f64,
    people: i64,
}

impl Totals {
    /// Adds up rows that do not overlap.
    pub fn of(rows: &[Row]) -> Self {
        let mut totals = Self::default();
        for row in rows {
            totals.add(row);
        }
        totals
    }

    /// Adds a row, which overlaps none that was added. The last digits of a mean depend on the order.
    pub fn add(&mut self, row: &Row) {
        self.buckets += 1;
        for count in Count::ALL {
            self.add_count(count, row.count(count));
        }
        let interested = row.count(Count::Interested).unwrap_or(0);
        for mean in Mean::ALL {
            match row.mean(mean) {
                Some(seconds) if interested > 0 => {
                    self.weigh(mean, Weighted { seconds: seconds * interested as f64, people: interested });
                }
                _ => self.is_incomplete |= interested > 0,
            }
        }
        self.is_incomplete |= row.count(Count::PassingBy).is_none();
    }

    /// Adds totals of other buckets, or of other streams.
    pub fn join(&mut self, other: &Self) {
        self.buckets += other.buckets;
        for count in Count::ALL {
            self.add_count(count, other.count(count));
        }
        for mean in Mean::ALL {
            self.weigh(mean, other.means[mean as usize]);
        }
        self.is_incomplete |= other.is_incomplete;
    }

    /// The sum of the known counts; `None` where none is known.
    pub fn count(&self, count: Count) -> Option<i64> {
        self.counts[count as usize]
    }

    /// The mean over all interested people; `None` where there were none, or none is known.
    pub fn mean(&self, mean: Mean) -> Option<f64> {
        let Weighted { seconds, people } = self.means[mean as usize];
        Some(seconds / people as f64).filter(|mean| people > 0 && mean.is_finite())
    }

    fn add_count(&mut self, count: Count, people: Option<i64>) {
        let sum = &mut self.counts[count as usize];
        *sum = match (*sum, people) {
            (Some(sum), Some(people)) => Some(sum.saturating_add(people)),
            (sum, people) => sum.or(people),
        };
    }

    fn weigh(&mut self, mean: Mean, added: Weighted) {
        let sum = &mut self.means[mean as usize];
        sum.seconds += added.seconds;
        sum.people = sum.people.saturating_add(added.people);
    }
}
