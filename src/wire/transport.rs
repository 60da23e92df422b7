//! How a connection fails.

use super::retry::Trouble;

/// How the connection itself failed. Each of these is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// No connection could be made: the request was not sent.
    Connect,
    /// The answer did not arrive in time: the request may have been carried out.
    Timeout,
    /// The connection broke before the answer was whole: the request may have been carried out.
    Interrupted,
}

impl Transport {
    /// A few words for a message.
    pub fn as_str(self) -> &'static str {
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
    // A connection that takes too long to be made was not made.
    let transport = if error.is_connect() {
        Transport::Connect
    } else if error.is_timeout() {
        Transport::Timeout
    } else {
        Transport::Interrupted
    };
    let place = error.url().map(|url| format!(" ({})", url.origin().ascii_serialization()));
    let message = format!("{}{}", transport.as_str(), place.unwrap_or_default());
    Trouble { transport: Some(transport), retry_after: None, message }
}
