//! Figures that the vendor's own description rules out.

use std::collections::BTreeMap;

/// Something in a bucket that the vendor's own description rules out. Reported, never a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Oddity {
    /// A count or mean below zero; kept in `extras`, its column is null.
    Negative,
    /// A mean although nobody was interested; dropped (section 5).
    MeanWithoutInterested,
    /// The genders do not add up to the interested people.
    GenderSum,
    /// The categories add up to more than the interested people.
    CategorySum,
    /// More people interested than passing by.
    InterestedAbovePassingBy,
}

impl Oddity {
    /// A few words for a log line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Negative => "negative_figure",
            Self::MeanWithoutInterested => "mean_without_interested",
            Self::GenderSum => "gender_sum_differs",
            Self::CategorySum => "category_sum_too_high",
            Self::InterestedAbovePassingBy => "interested_above_passing_by",
        }
    }
}

/// How often each oddity was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Oddities(BTreeMap<Oddity, usize>);

impl Oddities {
    /// Each oddity with the number of buckets that showed it.
    pub fn iter(&self) -> impl Iterator<Item = (Oddity, usize)> + '_ {
        self.0.iter().map(|(oddity, buckets)| (*oddity, *buckets))
    }

    /// Whether nothing odd was seen.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn note(&mut self, oddity: Oddity) {
        *self.0.entry(oddity).or_default() += 1;
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (oddity, buckets) in other.iter() {
            *self.0.entry(oddity).or_default() += buckets;
        }
    }
}
