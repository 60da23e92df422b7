//! The simulated Simacan: sign-in with a password, rotating refresh tokens, and targets that keep what they receive.
//!
//! It follows the Simacan contract. Where that says UNK, it is strict in what it takes:
//!
//! - a refresh token lives a day and works once; when it comes again, everything that descends from the same password
//!   is refused;
//! - CSV with a quoted field is refused, and so is anything that is not what its content type says;
//! - an `Idempotency-Key` is a SHA-256 in lower-case hexadecimal; with another body it is refused (422).

mod attempts;
mod content;
mod inbox;
mod sign_in;
mod targets;

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    http::{
        HeaderMap, StatusCode,
        header::{AUTHORIZATION, HeaderName},
    },
    middleware::from_fn_with_state,
    response::IntoResponse,
    routing::{get, post},
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

pub use inbox::Received;

use self::inbox::Inbox;
use super::{
    accounts::{
        AccountOptions, Refused, System,
        chains::{Chains, Lives},
        gate, lock,
        mint::Mint,
    },
    answer,
    server::{Server, life},
};

/// As seen in a vendor sample.
const REFRESH_TOKEN_LIFE: TimeDelta = TimeDelta::hours(24);

/// The state of the system.
pub(super) struct Simacan {
    mint: Mint,
    chains: Mutex<Chains>,
    inbox: Mutex<Inbox>,
    failing_import: Option<String>,
}

impl Simacan {
    pub(super) fn new(options: &AccountOptions, seed: u64) -> Self {
        let lives = Lives {
            access: life(options.simacan_token_life),
            refresh: REFRESH_TOKEN_LIFE,
            refresh_ends_access: false,
        };
        Self {
            mint: Mint::new(seed, "simacan"),
            chains: Mutex::new(Chains::new(lives)),
            inbox: Mutex::default(),
            failing_import: options.failing_import.clone(),
        }
    }

    pub(super) fn deliveries(&self) -> Vec<Received> {
        lock(&self.inbox).received().to_vec()
    }

    pub(super) fn expire_access_tokens(&self) {
        lock(&self.chains).expire_access();
    }

    pub(super) fn chain_is_dead(&self) -> bool {
        lock(&self.chains).newest_is_dead()
    }

    /// Refuses a request whose access token opens nothing.
    fn admit(&self, headers: &HeaderMap, now: DateTime<Utc>) -> Result<(), Refused> {
        let token = text(headers, &AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
        let known = token.is_some_and(|token| lock(&self.chains).scope(token, now).is_some());
        if known { Ok(()) } else { Err(unauthorized()) }
    }
}

/// Its routes, below `/simacan`.
pub(super) fn routes(server: &Arc<Server>) -> Router<Arc<Server>> {
    Router::new()
        .route("/api/v1/auth/password", post(sign_in::with_password))
        .route("/api/v1/auth/refresh", post(sign_in::with_refresh_token))
        .route("/trips/insertOrUpdate", post(targets::receive).put(targets::receive))
        .route("/otm/api/v5/trips", post(targets::receive).put(targets::receive))
        .route("/api/v4/attempts/{uuid}", get(attempts::show))
        .fallback(async || refusal(StatusCode::NOT_FOUND, "there is nothing here"))
        .layer(from_fn_with_state((Arc::clone(server), System::Simacan), gate::pass))
}

/// What every 401 looks like; the vendor's body is unknown.
pub(super) fn unauthorized() -> Refused {
    StatusCode::UNAUTHORIZED.into_response().into()
}

/// A refusal that says why; a 401 does not.
pub(super) fn refusal(status: StatusCode, detail: &str) -> Refused {
    if status == StatusCode::UNAUTHORIZED {
        return unauthorized();
    }
    answer::json(status, json!({ "detail": detail }).to_string()).into()
}

/// The text of a header.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
