//! Adding up buckets (Angus contract, section 5): counts add, means weigh by `interested`.

use super::{Count, Mean, Row};

/// The figures of several buckets together. People who span two buckets may count twice: these are contacts.
#[derive(Debug, Clone, PartialEq)]
pub struct Totals {
    counts: Vec<(Count, Option<i64>)>,
    means: Vec<(Mean, Option<f64>)>,
    /// Whether a count was unknown, or a mean although people were interested.
    pub is_incomplete: bool,
}

impl Totals {
    /// Adds up rows that do not overlap.
    pub fn of(rows: &[Row]) -> Self {
        let counts = Count::ALL.map(|count| (count, sum(rows, count))).to_vec();
        let means = Mean::ALL.map(|mean| (mean, weighted_mean(rows, mean))).to_vec();
        let lacks_weight =
            |row: &Row, mean| row.count(Count::Interested) > Some(0) && row.mean(mean).is_none();
        let lacks = |row: &Row| {
            row.count(Count::PassingBy).is_none() || Mean::ALL.iter().any(|mean| lacks_weight(row, *mean))
        };
        Self { counts, means, is_incomplete: rows.iter().any(lacks) }
    }

    /// The sum of the known counts; `None` where none is known.
    pub fn count(&self, count: Count) -> Option<i64> {
        self.counts.iter().find(|(found, _)| *found == count).and_then(|(_, sum)| *sum)
    }

    /// The mean over all interested people; `None` where there were none, or none is known.
    pub fn mean(&self, mean: Mean) -> Option<f64> {
        self.means.iter().find(|(found, _)| *found == mean).and_then(|(_, seconds)| *seconds)
    }
}

fn sum(rows: &[Row], count: Count) -> Option<i64> {
    rows.iter()
        .filter_map(|row| row.count(count))
        .fold(None, |sum, people| Some(i64::saturating_add(sum.unwrap_or(0), people)))
}

fn weighted_mean(rows: &[Row], mean: Mean) -> Option<f64> {
    let known = rows.iter().filter_map(|row| Some((row.mean(mean)?, row.count(Count::Interested)?)));
    let (seconds, people) = known.fold((0.0, 0_i64), |(seconds, people), (mean, interested)| {
        (seconds + mean * interested as f64, people.saturating_add(interested))
    });
    (people > 0).then(|| seconds / people as f64)
}
