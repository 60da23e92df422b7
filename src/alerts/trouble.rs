//! Trouble that a person should know of.

use chrono::{DateTime, Utc};

/// The closed set of troubles, in the order in which they are told: first what only a person can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TroubleKind {
    /// An account goes on only when somebody has signed in, or put right what is kept of it.
    SignInNeeded,
    /// A stream, or one of its jobs, is not exported before somebody acts: credentials, a request or the configuration
    /// is refused.
    Refused,
    /// Data that were due are not there.
    Stale,
    /// Runs of a series do not end well, although no data that are due are lacking.
    Failing,
    /// A stream answers completely, and has no buckets.
    Silent,
    /// A delivery has files that its target refused for good.
    Parked,
    /// The target of a delivery takes nothing.
    DeliveryFailing,
    /// The cameras of an inventory cannot be listed.
    InventoryFailing,
    /// A disk is nearly full.
    Disk,
}

impl TroubleKind {
    /// Every kind, in order.
    pub const ALL: [Self; 9] = [
        Self::SignInNeeded,
        Self::Refused,
        Self::Stale,
        Self::Failing,
        Self::Silent,
        Self::Parked,
        Self::DeliveryFailing,
        Self::InventoryFailing,
        Self::Disk,
    ];

    /// The word in the ledger and in logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignInNeeded => "sign_in_needed",
            Self::Refused => "refused",
            Self::Stale => "stale",
            Self::Failing => "failing",
            Self::Silent => "silent",
            Self::Parked => "parked",
            Self::DeliveryFailing => "delivery_failing",
            Self::InventoryFailing => "inventory_failing",
            Self::Disk => "disk",
        }
    }

    /// The kind of this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// What tells one trouble from another.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// What kind of trouble.
    pub kind: TroubleKind,
    /// Whose: the name of a stream, delivery, account or inventory, `job/stream` for one job of a stream, or the setting
    /// that names a folder.
    pub subject: String,
}

impl Key {
    /// Trouble of this kind of this subject.
    pub fn new(kind: TroubleKind, subject: impl Into<String>) -> Self {
        Self { kind, subject: subject.into() }
    }
}

/// Something that is wrong now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Which trouble.
    pub key: Key,
    /// Since when it is so, as far as can be told.
    pub since: DateTime<Utc>,
    /// Before that it is not worth telling: it may pass by itself.
    pub tell_at: DateTime<Utc>,
    /// What is wrong, and the next step. It holds no secret.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_known_by_its_word() {
        for kind in TroubleKind::ALL {
            assert_eq!(TroubleKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(TroubleKind::parse("Stale"), None);
        assert!(TroubleKind::ALL.is_sorted());
    }
}
