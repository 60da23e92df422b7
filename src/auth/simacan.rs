//! Accounts at the Simacan Auth API (Simacan contract, sections 1 to 4).

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{StatusCode, Url, header};

use super::{
    answer::{self, LONGEST_LIFE, Terms},
    rules::{AskKind, Grant, NoGrant, Outcome},
};
use crate::{
    clock::Clock,
    config::SimacanAccount,
    secret::Secret,
    wire::{Endpoint, Http, Spaces, below, encode_form},
};

/// Section 3: 3600 s where the answer does not say; section 4, rule 9: renewed 60 s before the end.
const TERMS: Terms = Terms {
    assumed_life: TimeDelta::seconds(3600),
    margin: TimeDelta::seconds(60),
    longest_use: LONGEST_LIFE,
};

/// One account. It only asks; whether it may is for the rules.
pub struct SimacanAuth {
    http: Http,
    base_url: Url,
    username: String,
    clock: Clock,
}

impl SimacanAuth {
    /// Makes no request.
    pub fn new(http: Http, account: &SimacanAccount, clock: Clock) -> Self {
        let (base_url, username) = (account.base_url.clone(), account.username.clone());
        Self { http, base_url, username, clock }
    }

    /// The pair of a 200 of either token address, received at `now`.
    pub fn read_grant(body: &[u8], now: DateTime<Utc>) -> Result<Grant, NoGrant> {
        answer::read_pair(body, TERMS, now)
    }

    /// Asks once, with the password or the refresh token.
    pub(super) async fn attempt(&self, ask: AskKind, secret: &Secret) -> Outcome {
        let (path, fields) = match ask {
            AskKind::SignIn => {
                ("/auth/password", vec![("username", &*self.username), ("password", secret.expose())])
            }
            AskKind::Refresh => ("/auth/refresh", vec![("refresh_token", secret.expose())]),
        };
        let request = self
            .http
            .post(below(&self.base_url, path))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(encode_form(&fields, Spaces::Plus));
        let sent = self.http.send(Endpoint::SimacanToken, request).await;
        let discretion = answer::discretion([secret.clone()]);
        let answer = answer::read(sent, TERMS, &discretion, "base_url", self.clock.now()).await?;
        answer.map_err(|answer| match answer.status {
            // Of a password call, 403 is a refusal too; of a refresh only 401 is (section 4).
            StatusCode::UNAUTHORIZED => NoGrant::Refused { message: answer.message },
            status => {
                NoGrant::OddRefusal { status: status.as_u16(), code: answer.code, message: answer.message }
            }
        })
    }
}
