//! What is asked of remote systems, counted.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{reason::RetryReason, transport::Transport};

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Endpoint {
    /// Signing a stream in at the console of Angus.
    AngusToken,
    /// A page of the Data API.
    AngusEntities,
    /// Signing in or refreshing at the Simacan Auth API.
    SimacanToken,
    /// Signing in or refreshing at Angelcam's authorization server.
    AngelcamToken,
    /// Making a token invalid there.
    AngelcamRevoke,
    /// Angelcam's API: who an account is, and its cameras.
    AngelcamApi,
    /// Sending a file to a partner.
    Delivery,
    /// Asking a partner what became of a file.
    DeliveryStatus,
    /// Telling a person of trouble.
    AlertWebhook,
    /// Telling a dead man's switch how runs go.
    AlertHeartbeat,
}

impl Endpoint {
    /// Every one.
    pub const ALL: [Self; 10] = [
        Self::AngusToken,
        Self::AngusEntities,
        Self::SimacanToken,
        Self::AngelcamToken,
        Self::AngelcamRevoke,
        Self::AngelcamApi,
        Self::Delivery,
        Self::DeliveryStatus,
        Self::AlertWebhook,
        Self::AlertHeartbeat,
    ];

    /// The label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AngusToken => "angus_token",
            Self::AngusEntities => "angus_entities",
            Self::SimacanToken => "simacan_token",
            Self::AngelcamToken => "angelcam_token",
            Self::AngelcamRevoke => "angelcam_revoke",
            Self::AngelcamApi => "angelcam_api",
            Self::Delivery => "delivery",
            Self::DeliveryStatus => "delivery_status",
            Self::AlertWebhook => "alert_webhook",
            Self::AlertHeartbeat => "alert_heartbeat",
        }
    }
}

/// How a request ended, before its body was read. Shown, it is the label: `200`, `timeout`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Answer {
    /// With an answer of this HTTP status.
    Status(u16),
    /// Without one.
    Lacking(Transport),
}

impl fmt::Display for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(formatter, "{status}"),
            Self::Lacking(transport) => formatter.write_str(transport.as_str()),
        }
    }
}

/// Counts requests. Cheap to clone; every clone counts into the same figures.
#[derive(Debug, Clone, Default)]
pub struct Traffic(Arc<Mutex<Figures>>);

#[derive(Debug, Default)]
struct Figures {
    requests: BTreeMap<(Endpoint, Answer), u64>,
    retries: BTreeMap<RetryReason, u64>,
}

impl Traffic {
    /// Every request that ended so far. One that was given up before it ended is not among them.
    pub fn requests(&self) -> BTreeMap<(Endpoint, Answer), u64> {
        self.figures().requests.clone()
    }

    /// Every time so far that something was to be asked again, by the reason.
    pub fn retries(&self) -> BTreeMap<RetryReason, u64> {
        self.figures().retries.clone()
    }

    /// Requests and repetitions in all: whoever sees it grow knows that somebody asks.
    pub fn total(&self) -> u64 {
        let figures = self.figures();
        figures.requests.values().chain(figures.retries.values()).sum()
    }

    /// A request ended like this.
    pub(crate) fn ended(&self, endpoint: Endpoint, answer: Answer) {
        *self.figures().requests.entry((endpoint, answer)).or_default() += 1;
    }

    /// Something is asked again, now that the wait for it is over.
    pub(crate) fn repeats(&self, reason: RetryReason) {
        *self.figures().retries.entry(reason).or_default() += 1;
    }

    fn figures(&self) -> MutexGuard<'_, Figures> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
