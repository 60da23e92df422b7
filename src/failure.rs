//! The closed set of reasons for which exporting fails. It labels log events, the ledger and metrics.

/// Why something could not be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FailureKind {
    /// Username, `client_id`, `access_token` or a fresh token was refused.
    Credentials,
    /// The service says no and would say it again.
    Refused,
    /// The service, or the way to it, kept failing.
    Unavailable,
    /// The service asks for more patience than one run has.
    RateLimited,
    /// An answer breaks the protocol.
    Protocol,
    /// A listing did not add up, twice.
    Incomplete,
    /// A file, folder or the ledger could not be read or written.
    Storage,
    /// Another process holds a lock.
    Busy,
    /// The series cannot be exported with this configuration, a secret cannot be read, or an address is wrong.
    Configuration,
    /// Somebody asked us to stop.
    Interrupted,
}

impl FailureKind {
    /// Every one.
    pub const ALL: [Self; 10] = [
        Self::Credentials,
        Self::Refused,
        Self::Unavailable,
        Self::RateLimited,
        Self::Protocol,
        Self::Incomplete,
        Self::Storage,
        Self::Busy,
        Self::Configuration,
        Self::Interrupted,
    ];

    /// The label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Refused => "refused",
            Self::Unavailable => "unavailable",
            Self::RateLimited => "rate_limited",
            Self::Protocol => "protocol",
            Self::Incomplete => "incomplete",
            Self::Storage => "storage",
            Self::Busy => "busy",
            Self::Configuration => "configuration",
            Self::Interrupted => "interrupted",
        }
    }
}
