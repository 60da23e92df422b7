//! What people do in front of one camera: how many stop, for how long, and who they are.

use super::{chance::Dice, figures::Figures};

/// How people behave in front of one camera, the same at all times. Shares are in thousandths.
#[derive(Debug, Clone)]
pub(super) struct Character {
    interested: u64,
    stop_quarters: u64,
    attention: u64,
    female: u64,
    gender_unknown: u64,
    age_unknown: u64,
    senior: u64,
    satisfaction_percent: u64,
}

/// The fewest quarters of a second that an interested person stands still and looks (Angus contract, section 5).
const SHORTEST_STOP: u64 = 3 * 4;
const SHORTEST_LOOK: u64 = 5;

impl Character {
    /// The character that belongs to `hash`.
    pub(super) fn of(hash: u64) -> Self {
        let mut dice = Dice::new(&[hash]);
        Self {
            interested: dice.between(60, 320),
            stop_quarters: dice.between(24, 140),
            attention: dice.between(250, 650),
            female: dice.between(400, 600),
            gender_unknown: dice.between(30, 120),
            age_unknown: dice.between(40, 140),
            senior: dice.between(150, 400),
            satisfaction_percent: dice.between(35, 75),
        }
    }

    /// The figures of one hour in which `passing_by` people came by.
    pub(super) fn figures(&self, passing_by: u64, dice: &mut Dice) -> Figures {
        let interested = portion(passing_by, self.interested, dice);
        let unknown = portion(interested, self.gender_unknown, dice);
        let female = portion(interested - unknown, self.female, dice);
        let male = interested - unknown - female;
        let (senior_female, young_female) = self.ages(female, dice);
        let (senior_male, young_male) = self.ages(male, dice);
        let stop = varied(self.stop_quarters, dice).max(SHORTEST_STOP);
        let attention = (stop * varied(self.attention, dice) / 1000).clamp(SHORTEST_LOOK, stop);
        let satisfaction = varied(self.satisfaction_percent, dice).min(100);
        Figures {
            passing_by,
            interested,
            stop_quarters: interested * stop,
            attention_quarters: interested * attention,
            satisfaction_percent: interested * satisfaction,
            female,
            male,
            unknown,
            senior_female,
            senior_male,
            young_female,
            young_male,
        }
    }

    /// The old and the young among `people` of one gender.
    fn ages(&self, people: u64, dice: &mut Dice) -> (u64, u64) {
        let aged = people - portion(people, self.age_unknown, dice);
        let senior = portion(aged, self.senior, dice);
        (senior, aged - senior)
    }
}

/// About `share` thousandths of `people`, never more than all of them.
fn portion(people: u64, share: u64, dice: &mut Dice) -> u64 {
    let share = varied(share, dice);
    dice.round(people * share, 1000).min(people)
}

/// `amount`, a fifth more or less.
fn varied(amount: u64, dice: &mut Dice) -> u64 {
    amount * dice.between(800, 1200) / 1000
}
