//! Reading an answer, whatever it is, as far as it helps and no further.

use std::time::Duration;

use reqwest::Response;

use super::{
    discretion::Discretion,
    error::{FetchError, ProtocolError},
    retry::{Transport, Trouble},
    token::{refusal_message, refusal_texts},
};

/// A page is some tens of KiB; a body beyond this is refused while it arrives, after decompression.
const MAX_BODY_BYTES: u64 = 16 << 20;

/// Of the body of a refusal, more than this is not read.
const MAX_ERROR_BODY_BYTES: u64 = 64 << 10;

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
        let reason = response.status().canonical_reason().unwrap_or("no further word").to_lowercase();
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

pub(super) fn not_json() -> Trouble {
    let message = "the answer is not JSON, or was cut short".to_owned();
    Trouble { transport: None, retry_after: None, message }
}

pub(super) fn trouble(status: u16, retry_after: Option<Duration>, message: &str) -> AttemptError {
    let message = format!("status {status}: {message}");
    AttemptError::Trouble(Trouble { transport: None, retry_after, message })
}

pub(super) fn transport_trouble(error: &reqwest::Error) -> Trouble {
    let transport = if error.is_timeout() {
        Transport::Timeout
    } else if error.is_connect() {
        Transport::Connect
    } else {
        Transport::Interrupted
    };
    let place = error.url().map(|url| format!(" ({})", url.origin().ascii_serialization()));
    let message = format!("{}{}", transport.as_str(), place.unwrap_or_default());
    Trouble { transport: Some(transport), retry_after: None, message }
}

/// The whole body, or a refusal to read more than any page can be.
pub(super) async fn read_body(response: Response) -> Result<Vec<u8>, AttemptError> {
    let too_large = || ProtocolError::TooLarge { limit_mib: MAX_BODY_BYTES >> 20 };
    if response.content_length().is_some_and(|length| length > MAX_BODY_BYTES) {
        return Err(too_large().into());
    }
    let body = read_at_most(response, MAX_BODY_BYTES + 1).await;
    let body = body.map_err(|error| AttemptError::Trouble(transport_trouble(&error)))?;
    if body.len() as u64 > MAX_BODY_BYTES { Err(too_large().into()) } else { Ok(body) }
}

/// The first `limit` bytes of the body, or fewer where it ends earlier.
async fn read_at_most(mut response: Response, limit: u64) -> Result<Vec<u8>, reqwest::Error> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        let room = limit - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() == limit {
            break;
        }
    }
    Ok(body)
}
