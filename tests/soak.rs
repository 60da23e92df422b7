//! A soak: the daemon on a bad day. The real program runs against a simulated service that errs, throttles, stalls, cuts
//! answers short, ends tokens early and tells hours late; its jobs are due every second or two. Meanwhile a story goes
//! on that follows from a seed: `kill -9` and SIGTERM at any moment, SIGHUP with good and with broken configurations,
//! outages, a second daemon, `backfill`, `pull` and `status` beside it. In the end the published files and the ledger
//! are those of one undisturbed pull into an empty folder, and the partner has every file.
//!
//! It takes half a minute. The environment changes that:
//!
//! - `AUDIENCE_EXPORTER_SOAK`: how long the story lasts, such as `10m`. From two minutes on, the second half of it is one
//!   life of the daemon, without `kill` and SIGTERM, whose memory must not grow.
//! - `AUDIENCE_EXPORTER_SOAK_SEED`: the story of a run before, by the number that it told. What falls together in time
//!   is another matter each time.
//! - `AUDIENCE_EXPORTER_SOAK_BINARY`: the program, where it is not the one of this build.
//! - `AUDIENCE_EXPORTER_SOAK_FOLDER`: where everything is kept, to be looked at afterwards; it must not exist.
//!
//! ```sh
//! AUDIENCE_EXPORTER_SOAK=10m cargo test --test soak -- --nocapture
//! ```

#[path = "soak/daemon.rs"]
mod daemon;
#[path = "soak/ending.rs"]
mod ending;
#[path = "soak/memory.rs"]
mod memory;
#[path = "soak/options.rs"]
mod options;
#[path = "soak/services.rs"]
mod services;
#[path = "soak/settings.rs"]
mod settings;
#[path = "soak/site.rs"]
mod site;
#[path = "soak/steps.rs"]
mod steps;
#[path = "soak/story.rs"]
mod story;
#[path = "soak/tally.rs"]
mod tally;
mod workbench;

use self::{options::Options, story::Story};

#[test]
fn a_bad_day_ends_in_the_files_of_an_undisturbed_one() {
    let options = Options::from_environment();
    eprintln!("soak of {:?}, {}={}", options.length, options::SEED, options.seed);
    let mut story = Story::begin(options);
    story.tell();
    story.end();
}
