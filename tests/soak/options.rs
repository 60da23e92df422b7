//! What the environment says about the soak.

use std::{
    hash::{BuildHasher, RandomState},
    path::PathBuf,
    time::Duration,
};

use audience_exporter::environment::variable;

const LENGTH: &str = "AUDIENCE_EXPORTER_SOAK";
pub(crate) const SEED: &str = "AUDIENCE_EXPORTER_SOAK_SEED";
const BINARY: &str = "AUDIENCE_EXPORTER_SOAK_BINARY";
const FOLDER: &str = "AUDIENCE_EXPORTER_SOAK_FOLDER";

/// Of the story; beginning and end take some seconds more.
const SHORT: Duration = Duration::from_secs(24);

/// A story from this length on has a second half without violence.
const LONG: Duration = Duration::from_mins(2);

/// Which soak it is.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// How long the story lasts.
    pub(crate) length: Duration,
    pub(crate) seed: u64,
    pub(crate) program: PathBuf,
    /// A folder that stays; `None` = one that goes.
    pub(crate) folder: Option<PathBuf>,
}

impl Options {
    pub(crate) fn from_environment() -> Self {
        let text = |name| variable(name).map(|value| value.into_string().unwrap());
        let program = variable(BINARY).unwrap_or_else(|| env!("CARGO_BIN_EXE_audience-exporter").into());
        Self {
            length: text(LENGTH).map_or(SHORT, |text| humantime::parse_duration(&text).unwrap()),
            seed: text(SEED)
                .map_or_else(|| RandomState::new().hash_one(0) % 1_000_000, |text| text.parse().unwrap()),
            program: program.into(),
            folder: variable(FOLDER).map(PathBuf::from),
        }
    }

    pub(crate) fn is_long(&self) -> bool {
        self.length >= LONG
    }
}
