//! A year of an account's tokens from a seed: the part of the simulation (`tests/simulation.rs`) that is about tokens. The
//! same variables choose the seeds.

use super::{
    super::rules::System,
    disk::Health,
    laws::{Event, story_without_threads},
    service::Mood,
    stage::{ANGUS, SIMACAN},
};
use crate::{environment::variable, simulator::Dice};

/// Lives through the story of this seed only, and tells it.
const SEED: &str = "AUDIENCE_EXPORTER_SIMULATION_SEED";

/// How many stories of the simulation to live through; of these, which sync files for real, one for so many of them.
const SEEDS: &str = "AUDIENCE_EXPORTER_SIMULATION_SEEDS";

const STORIES_PER_YEAR: u64 = 25;

const YEAR_SECONDS: i64 = 365 * 86_400;

fn number(name: &str) -> Option<u64> {
    variable(name).map(|value| value.to_str().unwrap().parse().unwrap())
}

fn one_of<T: Copy>(dice: &mut Dice, all: &[T]) -> T {
    all[usize::try_from(dice.below(all.len() as u64)).unwrap()]
}

fn mood(dice: &mut Dice) -> Mood {
    match dice.below(24) {
        0..12 => Mood::Honest,
        12 => Mood::WithoutRefresh,
        13 => Mood::Unauthorized,
        14 => Mood::InvalidGrant,
        15 => Mood::Unavailable,
        16 => Mood::Busy(one_of(dice, &[1, 300, 3600])),
        17 => Mood::Garbage,
        18 => Mood::Unreachable,
        19 => Mood::LostBefore,
        20 => Mood::LostAfter,
        21 | 22 => Mood::Silent { acts: dice.below(2) == 0 },
        _ => Mood::Fatal(one_of(dice, &[Health::Sound, Health::Gone])),
    }
}

/// Time that passes, and then what happens.
fn events(dice: &mut Dice) -> [Event; 2] {
    let longest = one_of(dice, &[60, 4000, 100_000, 2_000_000]);
    let passed = Event::Pass(i64::try_from(dice.between(1, longest)).unwrap());
    let process = usize::from(dice.below(2) == 0);
    let happens = match dice.below(20) {
        0..14 => {
            let moods = (0..dice.below(4)).map(|_| mood(dice)).collect();
            let (count, late) = (one_of(dice, &[1, 2, 20]), dice.below(5) == 0);
            Event::Requests { of: vec![process], count, late, moods }
        }
        14 | 15 => Event::ExpireEarly,
        16 => Event::Restart(process),
        17 => Event::Turn(one_of(dice, &[Health::Sound, Health::Sound, Health::Gone])),
        18 => Event::Person(process),
        _ => Event::Shift(one_of(dice, &[-900, 900, -7200, 7200])),
    };
    [passed, happens]
}

fn year(seed: u64) -> (System, Vec<Event>) {
    let mut dice = Dice::new(&[seed]);
    let system = one_of(&mut dice, &[SIMACAN, System::Angelcam, ANGUS]);
    let (mut story, mut passed) = (Vec::new(), 0);
    while passed < YEAR_SECONDS {
        let next = events(&mut dice);
        if let Event::Pass(seconds) = &next[0] {
            passed += seconds;
        }
        story.extend(next);
    }
    (system, story)
}

#[test]
fn no_year_of_an_accounts_tokens_breaks_a_law() {
    let only = number(SEED);
    let last = number(SEEDS).unwrap_or(1000) / STORIES_PER_YEAR;
    for seed in only.map_or(0..last, |seed| seed..seed + 1) {
        let (system, story) = year(seed);
        if only.is_some() {
            for event in &story {
                println!("{event:?}");
            }
        }
        let lived = std::panic::catch_unwind(|| story_without_threads(system, &story));
        assert!(
            lived.is_ok(),
            "{system:?}; live through it again:\n    {SEED}={seed} cargo test --lib no_year_of_an_account -- --nocapture"
        );
    }
}
