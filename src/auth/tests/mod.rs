//! Laws of the token manager, against a service, a clock, a disk and processes that belong to the test.

mod disk;
mod durable;
mod identity;
mod laws;
mod lost_answers;
mod rules;
mod service;
mod stage;
mod store;
mod storms;
mod watch;
mod witness;
mod year;

use std::{pin::Pin, sync::Arc};

use super::rules::{AskKind, Outcome};
use crate::secret::Secret;

/// How the service answers a request with this secret.
type Answer = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// A service that a test plays.
pub struct Script(pub(super) Arc<dyn Fn(AskKind, String) -> Answer + Send + Sync>);

impl Script {
    pub(super) async fn attempt(&self, ask: AskKind, secret: &Secret) -> Outcome {
        (self.0)(ask, secret.expose().to_owned()).await
    }
}
