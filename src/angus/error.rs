//! What can go wrong between us and the Angus systems, by meaning.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::listing::ListingError;
use crate::{auth::AuthError, failure::FailureKind, time::to_display, wire::Transport};

/// An answer that breaks the protocol: asking again would bring the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum ProtocolError {
    #[error("asked for {asked} buckets, the answer is for {found}")]
    OtherBucketSize { asked: &'static str, found: String },
    #[error("asked for page {asked}, the answer is page {found}")]
    OtherPage { asked: u64, found: u64 },
    #[error("asked for a range that ends or starts at {}, the answer is for {}", to_display(*.asked), to_display(*.found))]
    OtherRange { asked: DateTime<Utc>, found: DateTime<Utc> },
    #[error("the answer does not say how many buckets there are (total_results)")]
    NoTotal,
    #[error("page {page} claims that more follow but brings nothing new")]
    Looping { page: u64 },
    #[error("the listing does not end after 10000 pages")]
    TooManyPages,
    #[error("the listing holds far more buckets than its range")]
    TooManyBuckets,
    #[error("bucket {label} came twice with different figures")]
    Contradiction { label: String },
    #[error("{label:?} is no label of a bucket")]
    BadLabel { label: String },
    #[error("the answer is JSON of another shape: {0}")]
    OtherShape(String),
    #[error("the answer is larger than {limit_mib} MiB")]
    TooLarge { limit_mib: u64 },
    #[error("the answer holds no token")]
    NoToken,
    #[error(
        "the answer is a redirect (status {status}), which is never followed; check console_url and data_url"
    )]
    Redirect { status: u16 },
}

impl ProtocolError {
    /// The same error, its texts of the service as `shown` makes them.
    pub(super) fn with_texts(self, shown: impl Fn(&str) -> String) -> Self {
        match self {
            Self::OtherBucketSize { asked, found } => Self::OtherBucketSize { asked, found: shown(&found) },
            Self::Contradiction { label } => Self::Contradiction { label: shown(&label) },
            Self::BadLabel { label } => Self::BadLabel { label: shown(&label) },
            Self::OtherShape(text) => Self::OtherShape(shown(&text)),
            without_text => without_text,
        }
    }
}

/// A listing that does not add up: it may do so when it is asked again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum Incomplete {
    #[error("the listing should hold {expected} buckets but holds {found}")]
    BucketsLacking { expected: u64, found: u64 },
    #[error("the listing changed from {was} to {is} buckets while it was read")]
    TotalChanged { was: u64, is: u64 },
    #[error("the listing became shorter while it was read (page_not_existing)")]
    Shrank,
}

/// Why a listing could not be had. No variant ever holds a secret.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FetchError {
    /// There is no token to ask with.
    #[error("{error}{}", stream_hint(.error))]
    SignIn {
        /// Why.
        #[from]
        error: AuthError,
    },
    /// A token that was made a moment ago is refused.
    #[error("a new token is refused as well: {message}; check the stream in the console")]
    TokenRefused {
        /// What the service said.
        message: String,
    },
    /// The service says no, and would say it again.
    #[error("refused with status {status}: {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What the service said.
        message: String,
    },
    /// The service, or the way to it, kept failing.
    #[error("no usable answer after {attempts} attempts: {message}; it will be asked again at the next run")]
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
    /// The answer breaks the protocol.
    #[error("unexpected answer: {0}")]
    Protocol(#[from] ProtocolError),
    /// The listing did not add up, twice.
    #[error("incomplete: {0}; nothing of it was published, it stays due")]
    Incomplete(#[from] Incomplete),
}

impl From<ListingError> for FetchError {
    fn from(error: ListingError) -> Self {
        match error {
            ListingError::Incomplete(incomplete) => incomplete.into(),
            ListingError::Protocol(protocol) => protocol.into(),
        }
    }
}

/// What to look at where a stream's credentials are refused.
fn stream_hint(error: &AuthError) -> &'static str {
    match error {
        AuthError::Refused { .. } => "; check username, client_id and access_token of this stream",
        _ => "",
    }
}

impl FetchError {
    /// The reason, for labels and decisions.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::SignIn { error } => error.kind(),
            Self::TokenRefused { .. } => FailureKind::Credentials,
            Self::Refused { .. } => FailureKind::Refused,
            Self::Unavailable { .. } => FailureKind::Unavailable,
            Self::RateLimited { .. } => FailureKind::RateLimited,
            // A service that answers elsewhere is a matter of the configured addresses (contract, section 1).
            Self::Protocol(ProtocolError::Redirect { .. }) => FailureKind::Configuration,
            Self::Protocol(_) => FailureKind::Protocol,
            Self::Incomplete(_) => FailureKind::Incomplete,
        }
    }
}
