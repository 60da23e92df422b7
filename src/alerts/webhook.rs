//! The one request that an alert is. Whoever knows the address may speak, so it is shown nowhere; messages name the place
//! in the configuration.

use std::time::Duration;

use reqwest::header;
use serde_json::json;

use crate::{
    blocking::blocking,
    config::{SecretError, SecretSource},
    wire::{ClientSetupError, Endpoint, Http, Timing, Transport, retry_after},
};

/// The longest that one message may take.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);

/// Takes messages as Slack does.
pub(super) struct Webhook {
    address: SecretSource,
    http: Http,
    timing: Timing,
}

/// Why a message was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotTaken {
    /// The address cannot be had.
    #[error(transparent)]
    Address(#[from] SecretError),
    /// No answer.
    #[error("{}", .0.as_str())]
    Transport(Transport),
    /// An answer other than yes.
    #[error("status {status}; check that the address is still the one that the chat gave")]
    Refused {
        /// The status of the answer.
        status: u16,
        /// How long the other side asks to wait.
        retry_after: Option<Duration>,
    },
}

impl Webhook {
    pub(super) fn new(
        address: SecretSource,
        timing: Timing,
        timeout: Duration,
    ) -> Result<Self, ClientSetupError> {
        Ok(Self { address, http: Http::new(timeout, &timing.traffic)?, timing })
    }

    /// Sends one message; it is taken where the answer is 2xx.
    pub(super) async fn post(&self, text: &str) -> Result<(), NotTaken> {
        let address = self.address.clone();
        let url = blocking(move || address.resolve_url()).await?;
        let body = json!({ "text": text }).to_string();
        let request = self.http.post(url).header(header::CONTENT_TYPE, "application/json").body(body);
        let sent = self.http.send(Endpoint::AlertWebhook, request).await;
        let response = sent
            .map_err(|trouble| NotTaken::Transport(trouble.transport().unwrap_or(Transport::Interrupted)))?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let retry_after = retry_after(&response, self.timing.clock.now());
        Err(NotTaken::Refused { status: status.as_u16(), retry_after })
    }
}

impl NotTaken {
    /// Whether somebody may have read the message nevertheless.
    pub(super) fn may_have_arrived(&self) -> bool {
        matches!(self, Self::Transport(transport) if transport.may_have_arrived())
    }

    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            Self::Address(_) | Self::Transport(_) => None,
        }
    }
}
