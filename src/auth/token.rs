//! What requests see of all this.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use reqwest::header::{HeaderValue, InvalidHeaderValue};

use super::record::{Access, Life};
use crate::{
    secret::Secret,
    wire::{Discretion, Scheme, authorization},
};

/// A token that can be shown to a service. Opaque, but for the time of its end.
#[derive(Clone)]
pub struct Token {
    text: Arc<Secret>,
    scheme: Scheme,
    generation: u64,
    life: Option<Life>,
}

impl Token {
    /// The access token of this generation.
    pub(super) fn of(access: &Access, generation: u64) -> Self {
        Self { text: Arc::clone(&access.token), scheme: Scheme::Bearer, generation, life: Some(access.life) }
    }

    /// A token that a person made by hand; it has no end.
    pub(super) fn personal(text: Secret) -> Self {
        Self { text: Arc::new(text), scheme: Scheme::PersonalAccessToken, generation: 0, life: None }
    }

    /// The value of the `Authorization` header.
    pub fn header(&self) -> Result<HeaderValue, InvalidHeaderValue> {
        authorization(self.scheme, &self.text)
    }

    /// The token itself, for keeping it out of messages.
    pub fn text(&self) -> &Secret {
        &self.text
    }

    /// What no message about a request with it may show.
    pub(crate) fn discretion(&self) -> Discretion {
        Discretion::new([Secret::clone(&self.text)])
    }

    /// When it ends; `None` = never.
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.life.map(|life| life.expires_at)
    }

    /// Whether it was received at this time or after it, as far as whole seconds tell, which is how times are kept.
    pub(super) fn is_received_since(&self, time: DateTime<Utc>) -> bool {
        self.life.is_some_and(|life| life.begins_at.timestamp() >= time.timestamp())
    }

    /// Which one of its account it is, counted over restarts.
    pub fn generation(&self) -> u64 {
        self.generation
    }
}
