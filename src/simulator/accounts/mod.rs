//! What the doubles of the two systems with accounts, Simacan and Angelcam, have in common: options, chains of tokens,
//! forms, and what a test can see and force.

pub(super) mod body;
pub(super) mod chains;
pub(super) mod form;
pub(super) mod gate;
mod handle;
pub(super) mod mint;
mod multipart;
mod refused;
pub(super) mod visits;

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};

pub use handle::Accounts;
pub(super) use refused::Refused;
pub use visits::{Asked, Endpoint};

use super::{angelcam, answer, faults::Fault, simacan};

/// How the accounts behave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountOptions {
    /// How long an access token of Simacan is valid. Its refresh tokens live a day.
    pub simacan_token_life: Duration,
    /// How long an access token of Angelcam is valid. Its refresh tokens live thirty days.
    pub angelcam_token_life: Duration,
    /// How many cameras the Angelcam account sees.
    pub cameras: usize,
    /// Whether a listing of cameras holds one more entry, without an id.
    pub camera_without_id: bool,
    /// How many requests of the Angelcam account are answered in a minute, whatever its token; `u32::MAX` = all.
    pub throttle_per_minute: u32,
    /// Whether a sign-in may lead back to any address of this machine, beside the registered one.
    pub any_redirect_uri: bool,
    /// Every import at Simacan ends as failed with this message; `None` = as succeeded.
    pub failing_import: Option<String>,
}

impl Default for AccountOptions {
    /// Tokens of one hour and of ten, 250 cameras, no throttle, and every import succeeds.
    fn default() -> Self {
        Self {
            simacan_token_life: Duration::from_hours(1),
            angelcam_token_life: Duration::from_hours(10),
            cameras: 250,
            camera_without_id: false,
            throttle_per_minute: u32::MAX,
            any_redirect_uri: true,
            failing_import: None,
        }
    }
}

/// A system with accounts. Each has one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum System {
    /// Takes what is delivered.
    Simacan,
    /// Lists cameras.
    Angelcam,
}

impl System {
    /// Where its paths begin.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Simacan => "/simacan",
            Self::Angelcam => "/angelcam",
        }
    }

    /// How a request looks that met `fault` and was not carried out.
    pub(super) fn fault(self, fault: Fault) -> Response {
        match (self, fault) {
            (Self::Simacan, Fault::Expired) => simacan::unauthorized().into_response(),
            (Self::Angelcam, Fault::Expired) => angelcam::envelope::bad_token().into_response(),
            (Self::Angelcam, Fault::Throttled) => {
                let throttled = angelcam::envelope::throttled(1);
                answer::with_retry_after(throttled.into_response(), 1)
            }
            (_, fault) => answer::spoil(String::new(), fault),
        }
    }

    /// How it refuses with `status` where a test wants it to.
    pub(super) fn refusal(self, status: StatusCode) -> Refused {
        match self {
            Self::Simacan => simacan::refusal(status, "refused on request"),
            Self::Angelcam => angelcam::envelope::refusal(status, "refused on request"),
        }
    }
}

/// What `mutex` guards. It is whole after every step, so a panic elsewhere leaves it usable.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
