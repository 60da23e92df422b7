//! Reading an answer, whatever it is, as far as it helps and no further.

use std::time::Duration;

use reqwest::Response;

use super::{
    error::{FetchError, ProtocolError},
    token::{refusal_message, refusal_texts},
};
use crate::wire::{
    BodyError, Discretion, MAX_ERROR_BODY_BYTES, Trouble, read_at_most, read_whole, status_words,
};

/// A page is some tens of KiB; a body beyond this is refused while it arrives, after decompression.
const MAX_BODY_BYTES: u64 = 16 << 20;

/// How one attempt ended, other than well.
pub(super) enum AttemptError {
    /// It may pass.
    Trouble(Trouble),
    /// The token is to blame.
    TokenRefused { message: String },
    /// It will not pass.
    Final(FetchError),
}

impl From<FetchError> for AttemptError {
    fn from(error: FetchError) -> Self {
        Self::Final(error)
    }
}

impl From<ProtocolError> for AttemptError {
    fn from(error: ProtocolError) -> Self {
        Self::Final(error.into())
    }
}

/// What the service said when it refused.
pub(super) struct Refusal {
    pub(super) code: Option<String>,
    pub(super) message: String,
}

impl Refusal {
    /// Reads the body as far as it helps. What cannot be read is not shown: it is a proxy's page, not a message.
    pub(super) async fn read(response: Response, discretion: &Discretion) -> Self {
        let reason = status_words(response.status());
        let body = read_at_most(response, MAX_ERROR_BODY_BYTES).await.unwrap_or_default();
        let texts = refusal_texts(&body);
        let message = match (texts.get("code"), texts.get("message")) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            (Some(text), None) | (None, Some(text)) => text.clone(),
            (None, None) => refusal_message(&texts).unwrap_or(reason),
        };
        let message = message.trim_end_matches('.');
        Self { message: discretion.shown(message), code: texts.get("code").cloned() }
    }
}

pub(super) fn trouble(status: u16, retry_after: Option<Duration>, message: &str) -> AttemptError {
    AttemptError::Trouble(Trouble::answered(status, format!("status {status}: {message}"), retry_after))
}

/// The whole body, or a refusal to read more than any page can be.
pub(super) async fn read_body(response: Response) -> Result<Vec<u8>, AttemptError> {
    read_whole(response, MAX_BODY_BYTES).await.map_err(|error| match error {
        BodyError::Trouble(trouble) => AttemptError::Trouble(trouble),
        BodyError::TooLarge => ProtocolError::TooLarge { limit_mib: MAX_BODY_BYTES >> 20 }.into(),
    })
}
