//! How a connection fails.

use super::{reason::RetryReason, retry::Trouble};

/// How the connection itself failed. Each of these is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    /// No connection could be made: the request was not sent.
    Connect,
    /// The answer did not arrive in time: the request may have been carried out.
    Timeout,
    /// The connection broke before the answer was whole: the request may have been carried out.
    Interrupted,
}

impl Transport {
    pub(super) fn of(error: &reqwest::Error) -> Self {
        // A connection that takes too long to be made was not made.
        if error.is_connect() {
            Self::Connect
        } else if error.is_timeout() {
            Self::Timeout
        } else {
            Self::Interrupted
        }
    }

    /// The label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Timeout => "timeout",
            Self::Interrupted => "interrupted",
        }
    }

    /// A few words for a message.
    pub fn words(self) -> &'static str {
        match self {
            Self::Connect => "no connection could be made",
            Self::Timeout => "the answer did not arrive in time",
            Self::Interrupted => "the connection broke before the answer was whole",
        }
    }

    /// Whether the request may have been carried out although no answer is there.
    pub fn may_have_arrived(self) -> bool {
        self != Self::Connect
    }
}

/// The failure of a request as something that may pass. Of the address it tells the host only: a query may say more
/// than a log should know.
pub(crate) fn transport_trouble(error: &reqwest::Error) -> Trouble {
    let transport = Transport::of(error);
    let place = error.url().map(|url| format!(" ({})", url.origin().ascii_serialization()));
    let message = format!("{}{}", transport.words(), place.unwrap_or_default());
    Trouble { reason: RetryReason::Transport(transport), retry_after: None, message }
}
