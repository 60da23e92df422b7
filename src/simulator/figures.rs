//! What a camera counted over some time, and what it counted over a part of that time.

/// What one camera counted over some time. All integers, so that sums are exact and the same on every machine.
///
/// Always: the genders add up to `interested`, the ages of a gender add up to at most that gender, and `interested` is
/// at most `passing_by`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// People in front of the camera.
    pub passing_by: u64,
    /// Those of them who stopped and looked.
    pub interested: u64,
    /// Time spent standing still, in quarters of a second, summed over interested people.
    pub stop_quarters: u64,
    /// Time spent looking, in quarters of a second, summed over interested people.
    pub attention_quarters: u64,
    /// Satisfaction from 0 to 100, summed over interested people.
    pub satisfaction_percent: u64,
    /// Interested women.
    pub female: u64,
    /// Interested men.
    pub male: u64,
    /// Interested people whose gender was not found.
    pub unknown: u64,
    /// Interested women found to be old.
    pub senior_female: u64,
    /// Interested men found to be old.
    pub senior_male: u64,
    /// Interested women found to be young.
    pub young_female: u64,
    /// Interested men found to be young.
    pub young_male: u64,
}

impl Figures {
    /// Mean seconds standing still, over interested people; `None` where nobody was interested.
    pub fn stop_time(&self) -> Option<f64> {
        self.mean_seconds(self.stop_quarters)
    }

    /// Mean seconds looking, over interested people; `None` where nobody was interested.
    pub fn attention_time(&self) -> Option<f64> {
        self.mean_seconds(self.attention_quarters)
    }

    fn mean_seconds(&self, quarters: u64) -> Option<f64> {
        // The first division is exact and the second is rounded once: it equals Σ(mean·interested)/Σinterested.
        (self.interested > 0).then(|| quarters as f64 / 4.0 / self.interested as f64)
    }

    /// Mean satisfaction in hundredths, rounded half up; `None` where nobody was interested.
    pub fn satisfaction(&self) -> Option<u64> {
        (2 * self.satisfaction_percent + self.interested).checked_div(2 * self.interested)
    }

    /// What was counted up to the `passers`-th person, for the figures of one hour or less.
    ///
    /// It counts up one person at a time and never down, so the difference of two of them is what lies in between,
    /// and it keeps what [`Figures`] promises.
    pub(super) fn first(&self, passers: u64) -> Self {
        let interested = share(self.interested, self.passing_by, passers);
        let gendered = share(self.female + self.male, self.interested, interested);
        let female = share(self.female, self.female + self.male, gendered);
        let male = gendered - female;
        let (senior_female, young_female) = ages(self.senior_female, self.young_female, self.female, female);
        let (senior_male, young_male) = ages(self.senior_male, self.young_male, self.male, male);
        Self {
            passing_by: passers,
            interested,
            stop_quarters: share(self.stop_quarters, self.interested, interested),
            attention_quarters: share(self.attention_quarters, self.interested, interested),
            satisfaction_percent: share(self.satisfaction_percent, self.interested, interested),
            female,
            male,
            unknown: interested - gendered,
            senior_female,
            senior_male,
            young_female,
            young_male,
        }
    }

    /// Adds what was counted at another time.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        self.combine(other, |one, other| one + other)
    }

    /// Takes away a part of what was counted.
    #[must_use]
    pub(super) fn minus(self, part: Self) -> Self {
        self.combine(part, |whole, part| whole - part)
    }

    fn combine(self, other: Self, operation: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            passing_by: operation(self.passing_by, other.passing_by),
            interested: operation(self.interested, other.interested),
            stop_quarters: operation(self.stop_quarters, other.stop_quarters),
            attention_quarters: operation(self.attention_quarters, other.attention_quarters),
            satisfaction_percent: operation(self.satisfaction_percent, other.satisfaction_percent),
            female: operation(self.female, other.female),
            male: operation(self.male, other.male),
            unknown: operation(self.unknown, other.unknown),
            senior_female: operation(self.senior_female, other.senior_female),
            senior_male: operation(self.senior_male, other.senior_male),
            young_female: operation(self.young_female, other.young_female),
            young_male: operation(self.young_male, other.young_male),
        }
    }
}

/// How many of the first `people` of `whole` belong to `part`, which is spread evenly.
///
/// Where `part` is at most `whole`, one more person means none or one more of the part.
fn share(part: u64, whole: u64, people: u64) -> u64 {
    (part * people).checked_div(whole).unwrap_or(0)
}

/// The old and the young among the first `people` of a gender.
fn ages(senior: u64, young: u64, gender: u64, people: u64) -> (u64, u64) {
    let aged = share(senior + young, gender, people);
    let senior = share(senior, senior + young, aged);
    (senior, aged - senior)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::simulator::{chance::Dice, character::Character};

    fn keeps_its_promises(figures: &Figures) -> bool {
        figures.female + figures.male + figures.unknown == figures.interested
            && figures.senior_female + figures.young_female <= figures.female
            && figures.senior_male + figures.young_male <= figures.male
            && figures.interested <= figures.passing_by
    }

    #[test]
    fn means_are_weighted_by_interested_people() {
        // Test vector 6 of the contract: 4 people for 12.5 s and 6 people for 20 s.
        let eight = Figures { interested: 4, stop_quarters: 4 * 50, ..Figures::default() };
        let ten = Figures { interested: 6, stop_quarters: 6 * 80, ..Figures::default() };
        assert_eq!(eight.plus(ten).stop_time(), Some(17.0));
        assert_eq!(Figures::default().stop_time(), None);
        assert_eq!(Figures::default().satisfaction(), None);
    }

    proptest! {
        #[test]
        fn parts_of_an_hour_keep_the_promises_and_add_up(
            seed: u64,
            people in 0..5_000_u64,
            cuts in prop::collection::vec(0..=5_000_u64, 0..6),
        ) {
            let hour = Character::of(seed).figures(people, &mut Dice::new(&[seed]));
            let mut cuts: Vec<u64> = cuts.into_iter().map(|cut| cut.min(people)).collect();
            cuts.extend([0, people]);
            cuts.sort_unstable();
            let mut sum = Figures::default();
            for cut in cuts.windows(2) {
                let part = hour.first(cut[1]).minus(hour.first(cut[0]));
                prop_assert!(keeps_its_promises(&part), "{part:?} of {hour:?}");
                sum = sum.plus(part);
            }
            prop_assert_eq!(sum, hour);
            prop_assert!(keeps_its_promises(&hour));
        }
    }
}
