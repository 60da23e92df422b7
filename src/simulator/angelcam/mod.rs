//! The simulated Angelcam: OAuth 2 with three grants, and an account that sees cameras.
//!
//! It follows the Angelcam contract. Where that says UNK, it is strict in what it takes and picks, of what may come, the
//! case that asks more of a client:
//!
//! - an authorization code ends with a dot and is used up by every attempt to exchange it;
//! - a refresh token that comes twice ends its whole chain;
//! - the password grant answers the scope `read write`, whatever was asked for;
//! - cameras come in an order of their own, and unknown parameters are refused;
//! - every figure that a client must not keep begins with `planted-`.

mod admission;
mod authorize;
mod camera;
mod codes;
pub(super) mod envelope;
mod grant;
mod inventory;
mod listing;
mod me;
pub mod planted;
mod redirect;
mod throttle;
mod token;

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    http::StatusCode,
    middleware::from_fn_with_state,
    routing::{get, post},
};
use chrono::TimeDelta;

use self::{codes::Codes, inventory::Inventory, throttle::Throttle};
use super::{
    accounts::{
        AccountOptions, System,
        chains::{Chains, Lives},
        gate, lock,
        mint::Mint,
    },
    server::{Server, life},
};

/// The newer of the two documented figures.
const REFRESH_TOKEN_LIFE: TimeDelta = TimeDelta::days(30);

/// The state of the system.
pub(super) struct Angelcam {
    mint: Mint,
    chains: Mutex<Chains>,
    codes: Mutex<Codes>,
    inventory: Mutex<Inventory>,
    throttle: Mutex<Throttle>,
    any_redirect_uri: bool,
}

impl Angelcam {
    pub(super) fn new(options: &AccountOptions, seed: u64) -> Self {
        let lives = Lives {
            access: life(options.angelcam_token_life),
            refresh: REFRESH_TOKEN_LIFE,
            refresh_ends_access: true,
        };
        Self {
            mint: Mint::new(seed, "angelcam"),
            chains: Mutex::new(Chains::new(lives)),
            codes: Mutex::default(),
            inventory: Mutex::new(Inventory::new(seed, options.cameras, options.camera_without_id)),
            throttle: Mutex::new(Throttle::new(options.throttle_per_minute)),
            any_redirect_uri: options.any_redirect_uri,
        }
    }

    pub(super) fn cameras(&self) -> Vec<u64> {
        lock(&self.inventory).ids()
    }

    pub(super) fn set_cameras(&self, ids: Vec<u64>) {
        lock(&self.inventory).set(ids);
    }

    pub(super) fn remove_camera(&self, id: u64) {
        lock(&self.inventory).remove(id);
    }

    pub(super) fn expire_access_tokens(&self) {
        lock(&self.chains).expire_access();
    }

    pub(super) fn chain_is_dead(&self) -> bool {
        lock(&self.chains).newest_is_dead()
    }
}

/// Its routes, below `/angelcam`. All of them end with a slash; without it, there is nothing.
pub(super) fn routes(server: &Arc<Server>) -> Router<Arc<Server>> {
    Router::new()
        .route("/oauth/authorize/", get(authorize::ask))
        .route("/oauth/token/", post(token::give))
        .route("/oauth/token-revoke/", post(token::revoke))
        .route("/v1/me/", get(me::show))
        .route("/v1/cameras/", get(listing::show))
        .method_not_allowed_fallback(async || {
            envelope::refusal(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed.")
        })
        .fallback(async || envelope::refusal(StatusCode::NOT_FOUND, "Not found."))
        .layer(from_fn_with_state((Arc::clone(server), System::Angelcam), gate::pass))
}
