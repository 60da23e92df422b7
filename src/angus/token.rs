//! Stream tokens: what the console answers, and how long a token lives (section 2).

use std::{collections::BTreeMap, sync::Arc};

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
        let text = answer.token.filter(|token| fits_into_a_header(token)).ok_or(ProtocolError::NoToken)?;
        Ok(Self::new(text, now))
    }

    fn new(text: String, now: DateTime<Utc>) -> Self {
        let assumed_end = now + ASSUMED_LIFE;
        let (claimed_end, claimed_life) = read_claims(&text).unwrap_or((assumed_end, None));
        let life = claimed_life.unwrap_or(claimed_end - now);
        let life = if life > TimeDelta::zero() { life } else { ASSUMED_LIFE };
        let margin = RENEWAL_MARGIN.min(life / 10);
        let expires_at = if now + margin < claimed_end {
            claimed_end
        } else {
            // It seems dead on arrival, or nearly so: our clock is ahead of theirs, and its life counts from now.
            now.checked_add_signed(life).unwrap_or(assumed_end)
        };
        Self { text: Arc::new(Secret::new(text)), expires_at, renew_at: expires_at - margin }
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

fn fits_into_a_header(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The end, and the life where it tells one, of a JWT whose claims can be read. The signature is not ours to check.
fn read_claims(token: &str) -> Option<(DateTime<Utc>, Option<TimeDelta>)> {
    let payload = token.split('.').nth(1)?;
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    let expires_at = DateTime::from_timestamp(claims.exp, 0)?;
    let life = claims.orig_iat.or(claims.iat).and_then(|issued| claims.exp.checked_sub(issued));
    Some((expires_at, life.and_then(TimeDelta::try_seconds)))
}

/// The first text of every field of a refusal, whatever else it holds; nothing where the body is no object.
pub(super) fn refusal_texts(body: &[u8]) -> BTreeMap<String, String> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Texts {
        One(String),
        Many(Vec<String>),
        Other(serde::de::IgnoredAny),
    }
    let fields: BTreeMap<String, Texts> = serde_json::from_slice(body).unwrap_or_default();
    let first = |texts| match texts {
        Texts::One(text) => Some(text),
        Texts::Many(texts) => texts.into_iter().next(),
        Texts::Other(_) => None,
    };
    fields.into_iter().filter_map(|(field, texts)| Some((field, first(texts)?))).collect()
}

/// What the console says about refused credentials: fields are named but for `non_field_errors` (section 2).
pub(super) fn refusal_message(texts: &BTreeMap<String, String>) -> Option<String> {
    let message = |(field, text): (&String, &String)| match &**field {
        "non_field_errors" => text.clone(),
        field => format!("{field}: {text}"),
    };
    let messages: Vec<String> = texts.iter().map(message).collect();
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
        for body in ["{}", r#"{"token":""}"#, r#"{"token":null}"#, r#"{"token":7}"#, r#"{"token":"a\nb"}"#] {
            assert_eq!(answer(body, 0).err(), Some(ProtocolError::NoToken), "{body}");
        }
    }

    #[test]
    fn a_clock_that_is_ahead_does_not_make_every_token_look_dead() {
        let token = answer(&format!(r#"{{"token":"{T1}"}}"#), 1_700_020_000).ok().unwrap();
        assert_eq!(token.expires_at(), at(1_700_038_000));
        let token = answer(&format!(r#"{{"token":"{T1}"}}"#), 1_700_017_900).ok().unwrap();
        assert_eq!(token.expires_at(), at(1_700_035_900));
    }

    #[test]
    fn a_short_life_leaves_time_to_use_the_token() {
        let claims = URL_SAFE_NO_PAD.encode(r#"{"exp":1010,"orig_iat":1000}"#);
        let token = answer(&format!(r#"{{"token":"x.{claims}.y"}}"#), 1000).ok().unwrap();
        assert_eq!(token.renew_at(), at(1009));
        let claims = URL_SAFE_NO_PAD.encode(r#"{"exp":1010}"#);
        let token = answer(&format!(r#"{{"token":"x.{claims}.y"}}"#), 1000).ok().unwrap();
        assert_eq!((token.expires_at(), token.renew_at()), (at(1010), at(1009)));
    }

    #[test]
    fn angus_vector_03_a_refusal_names_its_field() {
        let message = |body: &str| refusal_message(&refusal_texts(body.as_bytes()));
        assert_eq!(message(r#"{"non_field_errors":["Bad credentials"]}"#).unwrap(), "Bad credentials");
        assert_eq!(message(r#"{"client_id":["Required"]}"#).unwrap(), "client_id: Required");
        assert_eq!(message(r#"{"client_id":"Required"}"#).unwrap(), "client_id: Required");
        assert_eq!(message("<html>no</html>"), None);
        assert_eq!(message("{}"), None);
    }
}
