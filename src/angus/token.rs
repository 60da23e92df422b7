//! Stream tokens: what the console answers, and how long a token lives (section 2).

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::error::ProtocolError;
use crate::secret::Secret;

/// How long a token lives when it does not say so itself.
const ASSUMED_LIFE: TimeDelta = TimeDelta::hours(5);

/// A token is renewed this long before it ends, or at nine tenths of its life where that is later.
const RENEWAL_MARGIN: TimeDelta = TimeDelta::seconds(300);

/// The body of a token request: the three fields, JSON strings.
#[derive(Serialize)]
pub(super) struct TokenRequest<'a> {
    pub(super) username: &'a str,
    pub(super) client_id: &'a str,
    pub(super) access_token: &'a str,
}

/// A token for one stream. Opaque, but for the time of its end.
#[derive(Clone)]
pub struct StreamToken {
    text: Arc<Secret>,
    expires_at: DateTime<Utc>,
    renew_at: DateTime<Utc>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    token: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    exp: i64,
    orig_iat: Option<i64>,
    iat: Option<i64>,
}

impl StreamToken {
    /// Reads the console's answer, received at `now`. An answer that is no JSON is for the caller to tell apart.
    pub fn from_answer(body: &[u8], now: DateTime<Utc>) -> Result<Self, ProtocolError> {
        let answer: TokenAnswer = serde_json::from_slice(body).map_err(|_| ProtocolError::NoToken)?;
        let text = answer.token.filter(|token| !token.is_empty()).ok_or(ProtocolError::NoToken)?;
        Ok(Self::new(text, now))
    }

    fn new(text: String, now: DateTime<Utc>) -> Self {
        let (expires_at, life) = match read_claims(&text) {
            Some((expires_at, life)) if now < expires_at => (expires_at, life),
            // It seems dead on arrival, so our clock is ahead of theirs: count its life from now.
            Some((_, life)) => (now + life, life),
            None => (now + ASSUMED_LIFE, ASSUMED_LIFE),
        };
        let renew_at = expires_at - RENEWAL_MARGIN.min(life / 10);
        Self { text: Arc::new(Secret::new(text)), expires_at, renew_at }
    }

    /// The token itself, for the `Authorization` header.
    pub fn text(&self) -> &Secret {
        &self.text
    }

    /// When it ends.
    pub fn expires_at(&self) -> DateTime<Utc> {
        self.expires_at
    }

    /// When it is time for a new one.
    pub fn renew_at(&self) -> DateTime<Utc> {
        self.renew_at
    }

    /// Whether this is the very token that `other` is, not one with the same text.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.text, &other.text)
    }
}

/// End and life, where the token is a JWT whose claims can be read. The signature is not ours to check.
fn read_claims(token: &str) -> Option<(DateTime<Utc>, TimeDelta)> {
    let payload = token.split('.').nth(1)?;
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    let expires_at = DateTime::from_timestamp(claims.exp, 0)?;
    let life = claims.orig_iat.or(claims.iat).and_then(|issued| claims.exp.checked_sub(issued));
    let life = life.filter(|seconds| *seconds > 0).and_then(TimeDelta::try_seconds);
    Some((expires_at, life.unwrap_or(ASSUMED_LIFE)))
}

/// What the console says about refused credentials: the first text of every field, fields named but for
/// `non_field_errors` (section 2). `None` where the body is not such an object.
pub(super) fn refusal_message(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Texts {
        One(String),
        Many(Vec<String>),
        Other(serde::de::IgnoredAny),
    }
    let fields: std::collections::BTreeMap<String, Texts> = serde_json::from_slice(body).ok()?;
    let messages: Vec<String> = fields
        .into_iter()
        .filter_map(|(field, texts)| {
            let text = match texts {
                Texts::One(text) => text,
                Texts::Many(texts) => texts.into_iter().next()?,
                Texts::Other(_) => return None,
            };
            Some(if field == "non_field_errors" { text } else { format!("{field}: {text}") })
        })
        .collect();
    (!messages.is_empty()).then(|| messages.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const T1: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VybmFtZSI6Im9wc0BleGFtcGxlLmNvbSIsIm9yaWdfaWF0IjoxNzAwMDAwMDAwLCJleHAiOjE3MDAwMTgwMDAsImNsaWVudF9pZCI6IjExMTExMTExLTIyMjItMzMzMy00NDQ0LTU1NTU1NTU1NTU1NSIsInVzZXJfaWQiOjEsImVtYWlsIjoib3BzQGV4YW1wbGUuY29tIn0.AAAA";

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn answer(body: &str, now: i64) -> Result<StreamToken, ProtocolError> {
        StreamToken::from_answer(body.as_bytes(), at(now))
    }

    #[test]
    fn angus_vector_01_a_token_tells_its_end() {
        let token = answer(&format!(r#"{{"token":"{T1}"}}"#), 1_700_000_000).ok().unwrap();
        assert_eq!(token.expires_at(), at(1_700_018_000));
        assert_eq!(token.renew_at(), at(1_700_017_700));
        assert_eq!(token.text().expose(), T1);
    }

    #[test]
    fn angus_vector_02_a_token_that_cannot_be_read_lives_five_hours_and_none_is_an_error() {
        let token = answer(r#"{"token":"not.a%%jwt.x"}"#, 1_700_000_000).ok().unwrap();
        assert_eq!(token.expires_at(), at(1_700_018_000));
        for body in ["{}", r#"{"token":""}"#, r#"{"token":null}"#, r#"{"token":7}"#] {
            assert_eq!(answer(body, 0).err(), Some(ProtocolError::NoToken), "{body}");
        }
    }

    #[test]
    fn a_clock_that_is_ahead_does_not_make_every_token_look_dead() {
        let token = answer(&format!(r#"{{"token":"{T1}"}}"#), 1_700_020_000).ok().unwrap();
        assert_eq!(token.expires_at(), at(1_700_038_000));
    }

    #[test]
    fn a_short_life_leaves_time_to_use_the_token() {
        let claims = URL_SAFE_NO_PAD.encode(r#"{"exp":1010,"orig_iat":1000}"#);
        let token = answer(&format!(r#"{{"token":"x.{claims}.y"}}"#), 1000).ok().unwrap();
        assert_eq!(token.renew_at(), at(1009));
    }

    #[test]
    fn angus_vector_03_a_refusal_names_its_field() {
        let message = |body: &str| refusal_message(body.as_bytes());
        assert_eq!(message(r#"{"non_field_errors":["Bad credentials"]}"#).unwrap(), "Bad credentials");
        assert_eq!(message(r#"{"client_id":["Required"]}"#).unwrap(), "client_id: Required");
        assert_eq!(message(r#"{"client_id":"Required"}"#).unwrap(), "client_id: Required");
        assert_eq!(message("<html>no</html>"), None);
        assert_eq!(message("{}"), None);
    }
}
