//! What can be wrong with a file, in words for people and for programs.

use chrono::NaiveDate;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Flaw {
    /// It was published and is not there.
    Gone,
    /// The system does not let it be read.
    Unreadable,
    /// It holds what was published as another file.
    Swapped,
    /// Its bytes are not those that were published.
    Altered,
    /// Its bytes are those that were recorded, and do not say what was recorded of them.
    Contradiction,
    /// It was published by a run that died before it could record that.
    Unfinished,
    /// It lies where readers look, and nobody published it.
    Stray,
    /// The manifest is not one, or tells something else than the ledger.
    Manifest,
}

impl Flaw {
    /// Every one.
    pub const ALL: [Self; 8] = [
        Self::Gone,
        Self::Unreadable,
        Self::Swapped,
        Self::Altered,
        Self::Contradiction,
        Self::Unfinished,
        Self::Stray,
        Self::Manifest,
    ];

    /// Whether a file is there and is not what the ledger says.
    pub fn is_damage(self) -> bool {
        matches!(self, Self::Swapped | Self::Altered | Self::Contradiction | Self::Unfinished)
    }

    /// The word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Unreadable => "unreadable",
            Self::Swapped => "swapped",
            Self::Altered => "altered",
            Self::Contradiction => "contradiction",
            Self::Unfinished => "unfinished",
            Self::Stray => "stray",
            Self::Manifest => "manifest",
        }
    }
}

/// What a person can do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextStep {
    /// The next run puts it right.
    Pull,
    /// Asking for its days again puts it right.
    Backfill {
        /// The job.
        job: String,
        /// The stream.
        stream: String,
        /// The first local day.
        from: NaiveDate,
        /// The first local day after it.
        to: NaiveDate,
    },
    /// Nobody but a person knows what it is.
    MoveAway,
    /// Without ledger and service, only a better copy helps.
    CopyAgain,
    /// The system must let this user read it.
    Permit,
}

impl NextStep {
    /// What to do, line by line; the lines of a command can be pasted.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Pull => vec!["audience-exporter pull".to_owned()],
            Self::Backfill { job, stream, from, to } => vec![
                format!("audience-exporter backfill --force --from {from} --to {to} \\"),
                format!("    --job {job} --stream {stream}"),
            ],
            Self::MoveAway => vec!["move it out of the folder: readers would count its rows".to_owned()],
            Self::CopyAgain => vec!["copy it again from where the folder came from".to_owned()],
            Self::Permit => vec!["let this user read it".to_owned()],
        }
    }
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where, below the folder that was looked at.
    pub path: String,
    /// What is wrong.
    pub flaw: Flaw,
    /// What is wrong, for people.
    pub message: String,
    /// What helps.
    pub next_step: NextStep,
}
