//! Why there is no token.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::store::StoreError;
use crate::{config::SecretError, failure::FailureKind, time::to_display, wire::Transport};

/// Why there is no token. No variant ever holds a secret.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AuthError {
    /// The account's secret could not be read here.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The service refused the credentials.
    #[error("credentials refused: {message}")]
    Refused {
        /// What the service said.
        message: String,
    },
    /// The service refused username and password; nothing is sent again until a person acts.
    #[error(
        "account {account}: sign-in refused ({message}); correct the account in the configuration, or run: \
         audience-exporter auth login {account}"
    )]
    Rejected {
        /// The account.
        account: String,
        /// What the service said.
        message: String,
    },
    /// A person has to sign in.
    #[error("account {account} needs a sign-in: {reason}; run: audience-exporter auth login {account}")]
    NeedsAuthorization {
        /// The account.
        account: String,
        /// Why.
        reason: String,
    },
    /// A token that a person made by hand is refused; only a person can make another.
    #[error(
        "account {account}: the personal access token is refused ({message}); make a new one and put it into {place}"
    )]
    PersonalTokenRefused {
        /// The account.
        account: String,
        /// Where it is kept.
        place: String,
        /// What the service said.
        message: String,
    },
    /// The password was sent not long ago, and may not be sent again yet (Simacan contract, section 4, rule 2).
    #[error(
        "account {account}: the password may not be sent again before {} (at most once in 5 minutes); run it again \
         after that",
        to_display(*.until)
    )]
    PasswordHeld {
        /// The account.
        account: String,
        /// When it may be sent again.
        until: DateTime<Utc>,
    },
    /// Renewing failed a moment ago, and is not tried again yet (Simacan contract, section 5, state Degraded).
    #[error("account {account}: {message}; the token is not renewed again before {}", to_display(*.until))]
    Degraded {
        /// The account.
        account: String,
        /// How renewing failed.
        message: String,
        /// When it is tried again.
        until: DateTime<Utc>,
    },
    /// The service, or the way to it, kept failing.
    #[error("no usable answer after {attempts} attempts: {message}; try it again later")]
    Unavailable {
        /// How often it was tried.
        attempts: u32,
        /// How the last attempt ended.
        message: String,
        /// Whether and how the connection itself failed.
        transport: Option<Transport>,
    },
    /// The service asks for more patience than one run has.
    #[error("rate limited: the service asks to wait {}; run it again after that", humantime::format_duration(*.wait))]
    RateLimited {
        /// How long it wants us to wait.
        wait: Duration,
    },
    /// The service says no to the request itself.
    #[error("sign-in refused with status {status}: {message}")]
    OddRefusal {
        /// The HTTP status.
        status: u16,
        /// What the service said.
        message: String,
    },
    /// The answer breaks the protocol.
    #[error("unexpected answer to a sign-in: {0}")]
    Protocol(String),
    /// The service answers elsewhere.
    #[error("the answer is a redirect (status {status}), which is never followed; check {keys}")]
    Redirect {
        /// The HTTP status.
        status: u16,
        /// The keys of the configuration that hold the addresses.
        keys: &'static str,
    },
    /// What is kept of the account could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another process renews this token, for longer than we can wait.
    #[error("another process renews the token of {account}; run it again when that is done")]
    Busy {
        /// The account.
        account: String,
    },
}

impl AuthError {
    /// The reason, for labels and decisions.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Refused { .. }
            | Self::Rejected { .. }
            | Self::NeedsAuthorization { .. }
            | Self::PersonalTokenRefused { .. } => FailureKind::Credentials,
            Self::PasswordHeld { .. } | Self::Degraded { .. } | Self::Unavailable { .. } => {
                FailureKind::Unavailable
            }
            Self::RateLimited { .. } => FailureKind::RateLimited,
            Self::OddRefusal { .. } => FailureKind::Refused,
            Self::Protocol(_) => FailureKind::Protocol,
            // Nobody refused the secret, because nobody was asked; and a service that answers elsewhere is a matter of
            // the configured addresses.
            Self::Secret(_) | Self::Redirect { .. } => FailureKind::Configuration,
            Self::Store(error) if error.is_configuration() => FailureKind::Configuration,
            Self::Store(_) => FailureKind::Storage,
            Self::Busy { .. } => FailureKind::Busy,
        }
    }
}
