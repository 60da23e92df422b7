//! Tokens given out and taken back (Angelcam contract, sections 2 to 4).

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use chrono::{DateTime, Utc};
use serde_json::json;

use super::{
    Angelcam,
    grant::{self, Error, Grant},
};
use crate::simulator::{
    accounts::{
        Refused, System, body,
        chains::Pair,
        gate::{self, Visitor},
        lock,
    },
    answer,
    faults::Errand,
    server::Server,
};

/// What a vendor sample answers to a request for `user_access`.
const ANSWERED_SCOPE: &str = "read write";

impl Angelcam {
    /// The answer to `grant`.
    fn give(&self, grant: &Grant, now: DateTime<Utc>) -> Result<String, Error> {
        let pair = Pair { access: self.mint.opaque(now), refresh: self.mint.opaque(now) };
        let mut chains = lock(&self.chains);
        let scope = match grant {
            Grant::Password { scope } => {
                chains.begin(&pair, scope, now);
                ANSWERED_SCOPE.to_owned()
            }
            Grant::Code { code, redirect_uri } => {
                let scope = lock(&self.codes).take(code, redirect_uri, now).ok_or("invalid_grant")?;
                chains.begin(&pair, &scope, now);
                scope
            }
            Grant::RefreshToken(spent) => chains.refresh(spent, &pair, now).ok_or("invalid_grant")?,
        };
        let answer = json!({
            "access_token": pair.access,
            "refresh_token": pair.refresh,
            "token_type": "Bearer",
            "expires_in": chains.lives().access.num_seconds(),
            "scope": scope,
        });
        Ok(answer.to_string())
    }
}

pub(super) async fn give(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let bytes = body::read(body, body::MOST_FORM_BYTES).await.unwrap_or_default();
    let grant = Grant::read(&headers, &bytes).map_err(refuse)?;
    let visitor = Visitor::of(System::Angelcam, Errand::SignIn);
    gate::carry_out(&server, visitor, || server.angelcam.give(&grant, server.now()).map_err(refuse)).await
}

/// Ends the chain of a token. An unknown one is as good as revoked.
pub(super) async fn revoke(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Refused> {
    let bytes = body::read(body, body::MOST_FORM_BYTES).await.unwrap_or_default();
    let token = grant::read_revocation(&headers, &bytes).map_err(refuse)?;
    lock(&server.angelcam.chains).revoke(&token);
    Ok(StatusCode::OK)
}

fn refuse(error: Error) -> Refused {
    answer::json(StatusCode::BAD_REQUEST, json!({ "error": error }).to_string()).into()
}
