//! Keeping tokens: what a request sees is a cache that owns expiry; behind it stands a fetcher that only fetches.

use chrono::{DateTime, Utc};
use tokio::sync::Mutex;

use crate::{
    angus::{FetchError, StreamToken},
    clock::Clock,
    failure::FailureKind,
};

/// One stream's token. One renewal at a time: whoever comes meanwhile waits for its outcome.
#[derive(Default)]
pub struct TokenCache {
    current: Mutex<Option<StreamToken>>,
}

impl TokenCache {
    /// The current token, or one that `fetch` brings where there is none or it is time for a new one. Where that
    /// fails in a way that may pass, a token that still lives is used until its end.
    pub async fn get(
        &self,
        clock: &Clock,
        fetch: impl AsyncFnOnce() -> Result<StreamToken, FetchError>,
    ) -> Result<StreamToken, FetchError> {
        let mut current = self.current.lock().await;
        // Read behind the lock and again after the renewal: either may have taken minutes.
        if let Some(token) = current.as_ref().filter(|token| clock.now() < token.renew_at()) {
            return Ok(token.clone());
        }
        match fetch().await {
            Ok(token) => {
                *current = Some(token.clone());
                Ok(token)
            }
            Err(error) => match current.as_ref().filter(|token| outlives(token, &error, clock.now())) {
                Some(token) => {
                    tracing::warn!(%error, "token not renewed, the old one still lives");
                    Ok(token.clone())
                }
                None => Err(error),
            },
        }
    }

    /// Forgets `refused`, unless somebody has renewed it already.
    pub async fn invalidate(&self, refused: &StreamToken) {
        let mut current = self.current.lock().await;
        if current.as_ref().is_some_and(|token| token.is(refused)) {
            *current = None;
        }
    }
}

fn outlives(token: &StreamToken, error: &FetchError, now: DateTime<Utc>) -> bool {
    error.kind() != FailureKind::Credentials && now < token.expires_at()
}
