//! Why a delivery ends before its outbox is empty.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::backoff::Retry;
use crate::{
    auth::AuthError, failure::FailureKind, ledger::LedgerError, report::Failure, sink::publish::FileError,
    time::to_display, wire::Trouble,
};

/// Why a delivery ends before its outbox is empty. What was not sent stays in it. No variant holds a secret.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stop {
    #[error("interrupted before it was done")]
    Interrupted,
    #[error("the service asked to be left alone until {}; run it again after that", to_display(*.until))]
    Held { until: DateTime<Utc> },
    #[error("there is no account {account} to send with; add it to the configuration")]
    NoAccount { account: String },
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    SignIn(#[from] AuthError),
    /// Simacan contract, section 4: not a token problem. The tokens are kept.
    #[error("a new token is refused as well ({message}); check the url, and what the account may do there")]
    TokenRefused { message: String },
    #[error("{}", no_answer(*.attempts, .trouble))]
    Trouble { attempts: u32, trouble: Trouble },
    /// Of an upload that may not be repeated.
    #[error("the answer to an upload was lost ({message}); the rest is sent later")]
    AnswerLost { message: String },
    #[error(
        "{files} files in a row were refused by a status that speaks of the address or the account, not of the file; \
         the last one: {message}; check the url, and what the account may do there"
    )]
    TargetRefused { files: u32, message: String },
    /// Only asking what became of files: others can still be sent.
    #[error("what became of files cannot be asked: {}", no_answer(*.attempts, .trouble))]
    StatusTrouble { attempts: u32, trouble: Trouble },
    #[error(
        "what became of files cannot be asked: {message}; check the status_url, and what the account may do there"
    )]
    StatusRefused { message: String },
}

impl Stop {
    pub(super) fn kind(&self) -> FailureKind {
        match self {
            Self::Interrupted => FailureKind::Interrupted,
            Self::Held { .. } => FailureKind::RateLimited,
            Self::NoAccount { .. } => FailureKind::Configuration,
            Self::Ledger(error) if error.is_busy() => FailureKind::Busy,
            Self::Ledger(_) | Self::File(_) => FailureKind::Storage,
            Self::SignIn(error) => error.kind(),
            Self::TokenRefused { .. } => FailureKind::Credentials,
            Self::Trouble { trouble, .. } | Self::StatusTrouble { trouble, .. } => match asked(trouble) {
                Some(_) => FailureKind::RateLimited,
                None => FailureKind::Unavailable,
            },
            Self::AnswerLost { .. } => FailureKind::Unavailable,
            Self::TargetRefused { .. } | Self::StatusRefused { .. } => FailureKind::Refused,
        }
    }
}

impl Stop {
    /// When the delivery is tried again; `None` where that says nothing about the target, and is not remembered.
    pub(super) fn retry(&self) -> Option<Retry> {
        match self {
            Self::Interrupted | Self::Held { .. } | Self::NoAccount { .. } | Self::Ledger(_) => None,
            Self::SignIn(AuthError::RateLimited { wait }) => Some(Retry::Asked(*wait)),
            // Whoever keeps the tokens knows when the account may be asked again.
            Self::SignIn(_) | Self::File(_) | Self::StatusRefused { .. } => Some(Retry::NextRun),
            Self::TokenRefused { .. } | Self::AnswerLost { .. } | Self::TargetRefused { .. } => {
                Some(Retry::Paused)
            }
            Self::Trouble { trouble, .. } => Some(asked(trouble).map_or(Retry::Paused, Retry::Asked)),
            Self::StatusTrouble { trouble, .. } => Some(asked(trouble).map_or(Retry::NextRun, Retry::Asked)),
        }
    }

    /// Whether other requests would fare no better.
    pub(super) fn ends_everything(&self) -> bool {
        !matches!(self, Self::StatusTrouble { .. } | Self::StatusRefused { .. })
    }

    /// The same where only the service was asked that knows what became of files.
    pub(super) fn of_status(self) -> Self {
        match self {
            Self::Trouble { attempts, trouble } => Self::StatusTrouble { attempts, trouble },
            other => other,
        }
    }

    pub(super) fn failure(&self) -> Failure {
        Failure::new(self.kind(), self)
    }
}

/// How long the service asks us to wait, if it does.
fn asked(trouble: &Trouble) -> Option<Duration> {
    trouble.retry_after.filter(|wait| !wait.is_zero())
}

fn no_answer(attempts: u32, trouble: &Trouble) -> String {
    let message = &trouble.message;
    match asked(trouble) {
        Some(wait) => {
            let wait = humantime::format_duration(wait);
            format!("the service asks to wait {wait} ({message}); it is asked again after that")
        }
        None => format!("no usable answer after {attempts} attempts: {message}; it is tried again later"),
    }
}
