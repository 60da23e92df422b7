//! Figures that the vendor's own description rules out.

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
    /// Every oddity, in the order in which they are told.
    pub const ALL: [Self; 5] = [
        Self::Negative,
        Self::MeanWithoutInterested,
        Self::GenderSum,
        Self::CategorySum,
        Self::InterestedAbovePassingBy,
    ];

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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Oddities([u32; Oddity::ALL.len()]);

impl Oddities {
    /// Each oddity with how often it was seen.
    pub fn iter(&self) -> impl Iterator<Item = (Oddity, usize)> + '_ {
        let seen = Oddity::ALL.into_iter().zip(&self.0).filter(|(_, times)| **times > 0);
        seen.map(|(oddity, times)| (oddity, *times as usize))
    }

    /// Whether nothing odd was seen.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn note(&mut self, oddity: Oddity) {
        let times = &mut self.0[oddity as usize];
        *times = times.saturating_add(1);
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (times, more) in self.0.iter_mut().zip(&other.0) {
            *times = times.saturating_add(*more);
        }
    }
}
