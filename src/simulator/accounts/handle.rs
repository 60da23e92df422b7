//! What a test sees of the systems with accounts, and what it can force.

use std::sync::Arc;

use axum::http::StatusCode;

use super::{
    System,
    visits::{Asked, Endpoint, Forced},
};
use crate::simulator::{server::Server, simacan::Received};

/// The accounts of a running simulator. Cheap to clone; what it forces is forced once.
#[derive(Clone)]
pub struct Accounts(Arc<Server>);

impl Accounts {
    pub(in crate::simulator) fn new(server: &Arc<Server>) -> Self {
        Self(Arc::clone(server))
    }

    /// What was delivered to Simacan so far, each delivery once, in the order in which they came first.
    pub fn deliveries(&self) -> Vec<Received> {
        self.0.simacan.deliveries()
    }

    /// Every request to the two systems so far, in order.
    pub fn requests(&self) -> Vec<Asked> {
        self.0.visits.asked()
    }

    /// How many requests reached `endpoint` so far, refused ones included.
    pub fn count(&self, endpoint: Endpoint) -> usize {
        self.0.visits.count(endpoint)
    }

    /// The ids of the cameras, sorted.
    pub fn cameras(&self) -> Vec<u64> {
        self.0.angelcam.cameras()
    }

    /// The account sees these cameras from now on.
    pub fn set_cameras(&self, ids: Vec<u64>) {
        self.0.angelcam.set_cameras(ids);
    }

    /// The account no longer sees the camera `id`.
    pub fn remove_camera(&self, id: u64) {
        self.0.angelcam.remove_camera(id);
    }

    /// Every access token made so far is refused from now on; refresh tokens go on working.
    pub fn expire_access_tokens(&self, system: System) {
        self.0.expire_access_tokens(system);
    }

    /// Whether the tokens of the latest sign-in are all refused, because one was used twice or revoked.
    pub fn chain_is_dead(&self, system: System) -> bool {
        match system {
            System::Simacan => self.0.simacan.chain_is_dead(),
            System::Angelcam => self.0.angelcam.chain_is_dead(),
        }
    }

    /// The next request to `endpoint` is carried out, but its connection is closed without an answer.
    pub fn lose_next(&self, endpoint: Endpoint) {
        self.0.visits.force(endpoint, Forced::Lost, 1);
    }

    /// The next requests to `endpoint`, `times` of them, are refused with `status` and not carried out.
    pub fn fail_next(&self, endpoint: Endpoint, status: StatusCode, times: u32) {
        self.0.visits.force(endpoint, Forced::Refused(status), times);
    }
}
