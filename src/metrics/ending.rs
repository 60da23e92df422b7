//! How a run or an errand ended, as a label.

use crate::{
    failure::FailureKind,
    ledger::SeriesKey,
    report::{ErrandReport, Failure, Outcome, RunReport, SeriesReport},
};

/// How a run or an errand ended: as exit codes tell it, but that a stop that somebody asked for is no incomplete run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ending {
    Outcome(Outcome),
    Interrupted,
}

impl Ending {
    /// Every one.
    pub(super) const ALL: [Self; 7] = [
        Self::Outcome(Outcome::Done),
        Self::Outcome(Outcome::Failed),
        Self::Outcome(Outcome::Misconfigured),
        Self::Outcome(Outcome::CredentialsRefused),
        Self::Outcome(Outcome::Incomplete),
        Self::Outcome(Outcome::Busy),
        Self::Interrupted,
    ];

    pub(super) fn of(report: &RunReport) -> Self {
        let of_series = report.series.iter().filter_map(|series| series.failure.as_ref());
        let of_errands = report.errands.iter().filter_map(|errand| errand.failure.as_ref());
        let is_interrupted = |failure: &Failure| failure.kind == FailureKind::Interrupted;
        if of_series.chain(of_errands).any(is_interrupted) {
            Self::Interrupted
        } else {
            Self::Outcome(report.outcome())
        }
    }

    /// Of a run that came to nothing for this reason.
    pub(super) fn of_kind(kind: FailureKind) -> Self {
        let key = SeriesKey { job: String::new(), stream: String::new() };
        let failure = Some(Failure::new(kind, ""));
        let series = vec![SeriesReport { failure, ..SeriesReport::new(key) }];
        Self::of(&RunReport { series, errands: Vec::new() })
    }

    pub(super) fn of_errand(errand: &ErrandReport, is_busy: bool) -> Self {
        if is_busy {
            return Self::Outcome(Outcome::Busy);
        }
        Self::of(&RunReport { series: Vec::new(), errands: vec![errand.clone()] })
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Outcome(outcome) => outcome.as_str(),
            Self::Interrupted => "interrupted",
        }
    }
}
