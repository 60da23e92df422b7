//! Why a request is made again.

use super::transport::Transport;

/// Why a request is made again: the closed set that labels the metric of retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RetryReason {
    /// The connection itself failed.
    Transport(Transport),
    /// The service says that it was asked too often: 429, or words to that effect.
    RateLimited,
    /// A failure of the service: 5xx.
    ServerError,
    /// Another status that may pass, such as 408.
    OtherStatus,
    /// The answer is not JSON, or was cut short.
    Garbled,
    /// The token was refused; the request is made again with the next one.
    TokenRefused,
    /// A listing did not add up; it is asked for again as a whole, which counts once.
    Incomplete,
}

impl RetryReason {
    /// Every one.
    pub const ALL: [Self; 9] = [
        Self::Transport(Transport::Connect),
        Self::Transport(Transport::Timeout),
        Self::Transport(Transport::Interrupted),
        Self::RateLimited,
        Self::ServerError,
        Self::OtherStatus,
        Self::Garbled,
        Self::TokenRefused,
        Self::Incomplete,
    ];

    /// Of an answer with this status that may be another one next time.
    pub(super) fn of_status(status: u16) -> Self {
        match status {
            429 => Self::RateLimited,
            500..=599 => Self::ServerError,
            _ => Self::OtherStatus,
        }
    }

    /// The label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transport(transport) => transport.as_str(),
            Self::RateLimited => "rate_limited",
            Self::ServerError => "server_error",
            Self::OtherStatus => "other_status",
            Self::Garbled => "garbled",
            Self::TokenRefused => "token_refused",
            Self::Incomplete => "incomplete",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_reason() {
        for status in 100..=599 {
            let expected = match status {
                429 => "rate_limited",
                500.. => "server_error",
                _ => "other_status",
            };
            assert_eq!(RetryReason::of_status(status).as_str(), expected, "{status}");
        }
    }
}
