//! Signing in to the console: one stream, one token (section 2).

use std::sync::Arc;

use reqwest::{Url, header};
use tokio::sync::Semaphore;

use super::{
    answer::{AttemptError, Refusal, read_body, trouble},
    error::{FetchError, ProtocolError},
    pace::Pace,
    request::TOKEN_PATH,
    retry::{Verdict, judge_token_answer},
    token::{TokenRequest, read_grant},
};
use crate::{
    auth::{Grant, NoGrant, Outcome},
    clock::Clock,
    config::Stream,
    secret::Secret,
    wire::{Discretion, Endpoint, Http, Trouble, below, retry_after, server_time},
};

/// The keys of the configuration that hold the addresses.
const KEYS: &str = "console_url and data_url";

/// Brings tokens for one stream, within the budget that all streams share.
pub struct StreamSignIn {
    pub(super) http: Http,
    pub(super) console_url: Url,
    pub(super) pace: Arc<Pace>,
    pub(super) clock: Clock,
    pub(super) stream: Arc<Stream>,
    /// What the stream may have in flight.
    pub(super) in_flight: Arc<Semaphore>,
}

impl StreamSignIn {
    /// Asks once. Whatever the console refuses is refused for good.
    pub(crate) async fn attempt(&self, access_token: &Secret) -> Outcome {
        self.post(access_token).await.map_err(|error| match error {
            AttemptError::TokenRefused { message } => NoGrant::Refused { message },
            AttemptError::Trouble(trouble) => NoGrant::Trouble(trouble),
            AttemptError::Final(FetchError::Refused { status, message }) => {
                NoGrant::OddRefusal { status, code: None, message }
            }
            AttemptError::Final(FetchError::Protocol(ProtocolError::Redirect { status })) => {
                NoGrant::Redirect { status, keys: KEYS }
            }
            AttemptError::Final(FetchError::Protocol(error)) => NoGrant::Protocol(error.to_string()),
            AttemptError::Final(other) => NoGrant::Protocol(other.to_string()),
        })
    }

    async fn post(&self, access_token: &Secret) -> Result<Grant, AttemptError> {
        let Stream { username, client_id, .. } = &*self.stream;
        let body = TokenRequest { username, client_id, access_token: access_token.expose() }.into_body()?;
        let _place = self.in_flight.acquire().await;
        let _permit = self.pace.turn().await;
        let url = below(&self.console_url, TOKEN_PATH);
        let request = self.http.post(url).header(header::CONTENT_TYPE, "application/json").body(body);
        let response = self.http.send(Endpoint::AngusToken, request).await.map_err(AttemptError::Trouble)?;
        let (status, served_at) = (response.status().as_u16(), server_time(&response));
        if response.status().is_success() {
            let body = read_body(response).await?;
            if serde_json::from_slice::<serde::de::IgnoredAny>(&body).is_err() {
                return Err(AttemptError::Trouble(Trouble::garbled()));
            }
            return Ok(read_grant(&body, served_at, self.clock.now())?);
        }
        let retry_after = retry_after(&response, self.clock.now());
        let refusal = Refusal::read(response, &Discretion::new([access_token.clone()])).await;
        Err(match judge_token_answer(status) {
            Verdict::TryAgain => trouble(status, retry_after, &refusal.message),
            Verdict::Redirect => ProtocolError::Redirect { status }.into(),
            _ if matches!(status, 400 | 401 | 403) => AttemptError::TokenRefused { message: refusal.message },
            _ => FetchError::Refused { status, message: refusal.message }.into(),
        })
    }
}
