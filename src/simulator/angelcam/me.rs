//! The account itself (Angelcam contract, section 6), with personal data that clients must drop.

use std::sync::Arc;

use axum::{extract::State, http::HeaderMap, response::Response};
use serde_json::json;

use super::{Angelcam, planted};
use crate::simulator::{
    accounts::{Refused, gate, lock},
    server::Server,
};

/// The id of the account.
const ID: u64 = 4242;

pub(super) async fn show(State(server): State<Arc<Server>>, headers: HeaderMap) -> Result<Response, Refused> {
    let visitor = server.angelcam.admit(&headers, "user_access", server.now())?;
    gate::carry_out(&server, visitor, || Ok(server.angelcam.me())).await
}

impl Angelcam {
    fn me(&self) -> String {
        let cameras = lock(&self.inventory).entries().len();
        json!({
            "id": ID,
            "email": planted::EMAIL,
            "first_name": planted::FIRST_NAME,
            "last_name": planted::LAST_NAME,
            "phone": planted::PHONE,
            "root_site": 7,
            "my_cameras_count": cameras,
            "shared_cameras_count": 0,
            "total_cameras_count": cameras,
            "cameras_with_guests_count": 0,
            "require_qualification": false,
            "available_features": { "live_view": true },
        })
        .to_string()
    }
}
