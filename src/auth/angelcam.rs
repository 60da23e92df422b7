//! Accounts at Angelcam's authorization server (Angelcam contract, sections 2 to 4).

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{Response, StatusCode, Url, header};

use super::{
    answer::{self, Terms},
    rules::{Grant, NoGrant, Outcome},
};
use crate::{
    clock::Clock,
    config::{OAuthClient, SecretError},
    secret::Secret,
    wire::{Endpoint, Http, Spaces, Trouble, encode_form, encode_multipart, percent_encode},
};

/// Section 2: 36000 s; section 4: renewed 300 s before the end, and at the latest after a week, since the refresh token
/// ends as well.
const TERMS: Terms = Terms {
    assumed_life: TimeDelta::seconds(36_000),
    margin: TimeDelta::seconds(300),
    longest_use: TimeDelta::days(7),
};

/// The keys of the configuration that hold the addresses.
const KEYS: &str = "token_url and revoke_url";

/// One account. It only asks; whether it may is for the rules.
pub struct AngelcamAuth {
    http: Http,
    client: OAuthClient,
    clock: Clock,
}

impl AngelcamAuth {
    /// Makes no request.
    pub fn new(http: Http, client: OAuthClient, clock: Clock) -> Self {
        Self { http, client, clock }
    }

    /// The pair of a 200 of the token address, received at `now`.
    pub fn read_grant(body: &[u8], now: DateTime<Utc>) -> Result<Grant, NoGrant> {
        answer::read_pair(body, TERMS, now)
    }

    /// The next pair for a refresh token. `client_secret` goes with it only where it is configured.
    pub(super) async fn refresh(&self, refresh_token: &Secret) -> Outcome {
        let client_secret = self.client_secret().map_err(NoGrant::NotSent)?;
        let mut fields = vec![
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token.expose()),
            ("client_id", &*self.client.client_id),
        ];
        fields.extend(client_secret.as_ref().map(|secret| ("client_secret", secret.expose())));
        self.grant(&fields, [refresh_token.clone()]).await
    }

    /// A pair for a person's name and password, which are kept nowhere. No `client_secret` (section 2).
    pub async fn sign_in(&self, username: &str, password: &Secret) -> Outcome {
        let fields = [
            ("client_id", &*self.client.client_id),
            ("grant_type", "password"),
            ("scope", &*self.client.scope),
            ("username", username),
            ("password", password.expose()),
        ];
        self.grant(&fields, [password.clone()]).await
    }

    /// A pair for the code that the browser brought to `redirect_uri`. Never to be repeated where its answer is lost.
    pub async fn exchange(&self, code: &Secret, redirect_uri: &Url) -> Outcome {
        let client_secret = self.client_secret().map_err(NoGrant::NotSent)?;
        let mut fields = vec![("grant_type", "authorization_code"), ("client_id", &*self.client.client_id)];
        fields.extend(client_secret.as_ref().map(|secret| ("client_secret", secret.expose())));
        fields.extend([("code", code.expose()), ("redirect_uri", redirect_uri.as_str())]);
        self.grant(&fields, [code.clone()]).await
    }

    /// Where a person's browser asks for a code. `state` comes back with it.
    pub fn authorize_url(&self, redirect_uri: &Url, state: &str) -> Url {
        let mut url = self.client.authorize_url.clone();
        let fields = [
            ("client_id", &*self.client.client_id),
            ("redirect_uri", redirect_uri.as_str()),
            ("scope", &*self.client.scope),
            ("state", state),
        ];
        let fields = fields.map(|(name, value)| format!("&{name}={}", percent_encode(value)));
        let configured = url.query().map(|query| format!("{query}&")).unwrap_or_default();
        url.set_query(Some(&format!("{configured}response_type=code{}", fields.concat())));
        url
    }

    /// Asks once that a token and all that belong to it be made invalid. The error is for a log.
    pub async fn revoke(&self, token: &Secret) -> Result<(), String> {
        let client_secret = self.client_secret().map_err(|error| error.to_string())?;
        let mut fields = vec![("token", token.expose()), ("client_id", &*self.client.client_id)];
        fields.extend(client_secret.as_ref().map(|secret| ("client_secret", secret.expose())));
        let (url, body) = (&self.client.revoke_url, encode_form(&fields, Spaces::Percent));
        match self.post(Endpoint::AngelcamRevoke, url, FORM.to_owned(), body).await {
            Ok(response) if response.status().is_success() => Ok(()),
            Ok(response) => Err(format!("status {}", response.status().as_u16())),
            Err(trouble) => Err(trouble.message),
        }
    }

    async fn grant<const N: usize>(&self, fields: &[(&str, &str)], secrets: [Secret; N]) -> Outcome {
        let is_exchange = fields.contains(&("grant_type", "authorization_code"));
        let (media_type, body) = if is_exchange && self.client.multipart_exchange {
            let boundary = boundary_beside(fields);
            (format!("multipart/form-data; boundary={boundary}"), encode_multipart(fields, &boundary))
        } else {
            (FORM.to_owned(), encode_form(fields, Spaces::Percent))
        };
        let sent = self.post(Endpoint::AngelcamToken, &self.client.token_url, media_type, body).await;
        let client_secret = self.client_secret().ok().flatten();
        let discretion = answer::discretion(secrets.into_iter().chain(client_secret));
        let answer = answer::read(sent, TERMS, &discretion, KEYS, self.clock.now()).await?;
        answer.map_err(|answer| match answer.status {
            // "any 400/401 from the token URL" (section 4)
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED => {
                NoGrant::Refused { message: answer.message }
            }
            status => {
                NoGrant::OddRefusal { status: status.as_u16(), code: answer.code, message: answer.message }
            }
        })
    }

    async fn post(
        &self,
        endpoint: Endpoint,
        url: &Url,
        media_type: String,
        body: bytes::Bytes,
    ) -> Result<Response, Trouble> {
        let request = self.http.post(url.clone()).header(header::CONTENT_TYPE, media_type).body(body);
        self.http.send(endpoint, request).await
    }

    fn client_secret(&self) -> Result<Option<Secret>, SecretError> {
        self.client.client_secret.as_ref().map(crate::config::SecretSource::resolve).transpose()
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

/// A boundary that occurs in no value: it is longer than any run of dashes in them.
fn boundary_beside(fields: &[(&str, &str)]) -> String {
    let dashes = |value: &str| value.split(|character| character != '-').map(str::len).max().unwrap_or(0);
    let most = fields.iter().map(|(_, value)| dashes(value)).max().unwrap_or(0);
    format!("{}audience-exporter", "-".repeat(most + 1))
}
