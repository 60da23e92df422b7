//! First tokens for a password, further ones for a refresh token (Simacan contract, sections 2 and 3).

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
    response::Response,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::json;

use super::{Simacan, refusal, unauthorized};
use crate::simulator::{
    accounts::{
        Refused, System, body,
        chains::Pair,
        form::{Form, NoForm},
        gate::{self, Visitor},
        lock,
    },
    credentials::{SIMACAN_PASSWORD, USERNAME},
    faults::Errand,
    server::Server,
};

/// The claims that a vendor sample holds.
#[derive(Serialize)]
struct Claims<'a> {
    jti: String,
    exp: i64,
    nbf: i64,
    iat: i64,
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    typ: &'a str,
    azp: &'a str,
    scope: &'a str,
}

impl Simacan {
    /// New tokens, not given out yet.
    fn make_pair(&self, now: DateTime<Utc>) -> Pair {
        let lives = lock(&self.chains).lives();
        Pair {
            access: self.token("Bearer", lives.access, now),
            refresh: self.token("Refresh", lives.refresh, now),
        }
    }

    fn token(&self, kind: &str, life: TimeDelta, now: DateTime<Utc>) -> String {
        self.mint.signer().token(&Claims {
            jti: self.mint.uuid(now),
            exp: (now + life).timestamp(),
            nbf: 0,
            iat: now.timestamp(),
            iss: "https://simacan.simulated.example/auth/realms/simulated",
            aud: "auth-api",
            sub: USERNAME,
            typ: kind,
            azp: "auth-api",
            scope: "",
        })
    }

    fn begin(&self, now: DateTime<Utc>) -> String {
        let pair = self.make_pair(now);
        let mut chains = lock(&self.chains);
        chains.begin(&pair, "", now);
        answer(&pair, chains.lives().access)
    }

    fn refresh(&self, spent: &str, now: DateTime<Utc>) -> Result<String, Refused> {
        let pair = self.make_pair(now);
        let mut chains = lock(&self.chains);
        chains.refresh(spent, &pair, now).ok_or_else(unauthorized)?;
        Ok(answer(&pair, chains.lives().access))
    }
}

fn answer(pair: &Pair, life: TimeDelta) -> String {
    json!({
        "access_token": pair.access,
        "refresh_token": pair.refresh,
        "token_type": "bearer",
        "expires_in": life.num_seconds(),
    })
    .to_string()
}

/// Reads a form of exactly `fields`.
async fn read_form(headers: &HeaderMap, body: Body, fields: &[&str]) -> Result<Form, Refused> {
    let bytes = body::read(body, body::MOST_FORM_BYTES).await;
    let bytes = bytes.map_err(|_| refusal(StatusCode::PAYLOAD_TOO_LARGE, "the form is too large"))?;
    let bad = |detail| refusal(StatusCode::BAD_REQUEST, detail);
    let form = Form::from_body(headers, &bytes).map_err(|problem| match problem {
        NoForm::OtherType => refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "expected an encoded form"),
        NoForm::Malformed => bad("the form is malformed"),
    })?;
    if headers.contains_key(AUTHORIZATION) {
        return Err(bad("an Authorization header has no place here"));
    }
    if !form.holds(fields, &[]) {
        return Err(bad(&format!("expected exactly the fields {}", fields.join(", "))));
    }
    Ok(form)
}

pub(super) async fn with_password(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let form = read_form(&headers, body, &["username", "password"]).await?;
    if form.get("username") != Some(USERNAME) || form.get("password") != Some(SIMACAN_PASSWORD) {
        return Err(unauthorized());
    }
    let visitor = Visitor::of(System::Simacan, Errand::SignIn);
    gate::carry_out(&server, visitor, || Ok(server.simacan.begin(server.now()))).await
}

pub(super) async fn with_refresh_token(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let form = read_form(&headers, body, &["refresh_token"]).await?;
    let spent = form.get("refresh_token").unwrap_or_default();
    let visitor = Visitor::of(System::Simacan, Errand::Renewal);
    gate::carry_out(&server, visitor, || server.simacan.refresh(spent, server.now())).await
}
