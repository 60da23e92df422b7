//! Deterministic simulation: a year of operation from a seed, with whatever can go wrong in it, and after every step
//! everything that must hold. The planner, the publisher, the ledger and the decoder of listings are the real ones; the
//! clock, the service and the file system are not.
//!
//! `AUDIENCE_EXPORTER_SIMULATION_SEEDS=20000` lives through more stories; the command that a failure prints lives through
//! one of them again, aloud.

mod simulation {
    pub(crate) mod chance;
    pub(crate) mod disk;
    mod ending;
    mod found;
    mod laws;
    mod memory;
    mod plot;
    mod run;
    mod service;
    mod story;
    mod together;
    pub(crate) mod world;
}

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
};

use audience_exporter::environment::variable;

use self::simulation::world::World;

/// Lives through the story of this seed only, and tells it.
const SEED: &str = "AUDIENCE_EXPORTER_SIMULATION_SEED";

/// Stories of an ordinary `cargo test`; `.ci/run` asks for four times as many.
const USUAL_SEEDS: u64 = 250;

/// How many stories to live through.
const SEEDS: &str = "AUDIENCE_EXPORTER_SIMULATION_SEEDS";

/// Lines of a story that are shown where it goes wrong.
const SHOWN: usize = 40;

fn number(name: &str) -> Option<u64> {
    variable(name).map(|value| value.to_str().unwrap().parse().unwrap())
}

fn live_through(seed: u64, is_aloud: bool) {
    let mut world = World::new(seed, is_aloud);
    let lived = catch_unwind(AssertUnwindSafe(|| {
        world.live();
        world.end_well(seed);
    }));
    if let Err(panic) = lived {
        let text = panic.downcast_ref::<&str>().copied();
        let reason = panic.downcast_ref::<String>().map(|reason| &**reason).or(text).unwrap_or("see above");
        let from = world.story.len().saturating_sub(SHOWN);
        let story = world.story[from..].join("\n");
        panic!(
            "{story}\n\n{reason}\n\nlive through it again:\n    {SEED}={seed} cargo test --test simulation -- --nocapture"
        );
    }
}

#[test]
fn whatever_happens_in_a_year_no_law_is_broken_and_it_ends_well() {
    if let Some(seed) = number(SEED) {
        return live_through(seed, true);
    }
    let (next, seeds, has_failed) =
        (AtomicU64::new(0), number(SEEDS).unwrap_or(USUAL_SEEDS), AtomicBool::new(false));
    let work = || {
        while !has_failed.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seeds <= seed {
                return;
            }
            if catch_unwind(|| live_through(seed, false)).is_err() {
                has_failed.store(true, Ordering::Relaxed);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    assert!(!has_failed.load(Ordering::Relaxed), "a story went wrong, see above");
}
