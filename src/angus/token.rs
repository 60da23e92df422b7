//! Stream tokens: what the console answers, and how long a token lives (section 2).

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::zeroize::Zeroizing;
use serde::{Deserialize, Serialize};

use super::error::ProtocolError;
use crate::{
    auth::{Grant, Life, fits_into_a_header},
    secret::Secret,
    wire::wiped,
};

/// How long a token lives when it does not say so itself.
const ASSUMED_LIFE: TimeDelta = TimeDelta::hours(5);

/// A token is renewed this long before it ends, or at nine tenths of its life where that is later.
const RENEWAL_MARGIN: TimeDelta = TimeDelta::seconds(300);

/// The longest life that is believed.
const LONGEST_LIFE: TimeDelta = TimeDelta::days(366);

/// The body of a token request: the three fields, JSON strings.
#[derive(Serialize)]
pub(super) struct TokenRequest<'a> {
    pub(super) username: &'a str,
    pub(super) client_id: &'a str,
    pub(super) access_token: &'a str,
}

impl TokenRequest<'_> {
    /// The JSON, which is wiped when it has been sent.
    pub(super) fn into_body(self) -> Result<Bytes, ProtocolError> {
        let length = self.username.len() + self.client_id.len() + self.access_token.len();
        // Wide enough, escapes included, that the text never moves and leaves a copy behind.
        let mut body = Zeroizing::new(Vec::with_capacity(6 * length + 64));
        serde_json::to_writer(&mut *body, &self).map_err(|_| ProtocolError::NoToken)?;
        Ok(wiped(body))
    }
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

/// Reads the console's answer, received at `now`, when the console's own clock said `served_at`. An answer that is no
/// JSON is for the caller to tell apart.
pub fn read_grant(
    body: &[u8],
    served_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<Grant, ProtocolError> {
    let answer: TokenAnswer = serde_json::from_slice(body).map_err(|_| ProtocolError::NoToken)?;
    let text = answer.token.filter(|token| fits_into_a_header(token)).ok_or(ProtocolError::NoToken)?;
    let life = life_of(&text, served_at, now);
    Ok(Grant { access: Secret::new(text), refresh: None, life })
}

/// When the token ends by our clock. Its claims are by the service's, which may be minutes apart: by how much is told by
/// the `Date` of the answer, or else by the time of issue.
fn life_of(token: &str, served_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Life {
    let Some(claims) = read_claims(token) else { return Life::new(now, ASSUMED_LIFE, RENEWAL_MARGIN) };
    let at = |seconds| DateTime::from_timestamp(seconds, 0);
    let issued_at = claims.orig_iat.or(claims.iat);
    let whole_life = issued_at.and_then(|issued| TimeDelta::try_seconds(claims.exp.checked_sub(issued)?));
    let their_now = served_at.or_else(|| at(issued_at?)).unwrap_or(now);
    let rest = at(claims.exp).map(|end| end - their_now);
    let is_usable = |life: &TimeDelta| *life > TimeDelta::zero() && *life <= LONGEST_LIFE;
    let whole_life = whole_life.filter(is_usable);
    // A new token that seems to be dead, or nearly so, tells more about clocks than about itself.
    let least = RENEWAL_MARGIN.min(whole_life.unwrap_or(ASSUMED_LIFE) / 10);
    let life = rest.filter(|rest| *rest > least && is_usable(rest)).or(whole_life).unwrap_or(ASSUMED_LIFE);
    Life::new(now, life, RENEWAL_MARGIN)
}

/// The claims of a JWT, where they can be read. The signature is not ours to check.
fn read_claims(token: &str) -> Option<Claims> {
    let payload = token.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
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

    fn answer(body: &str, now: i64) -> Result<Grant, ProtocolError> {
        read_grant(body.as_bytes(), None, at(now))
    }

    /// End and time of renewal of the token with these claims.
    fn life(claims: &str, served_at: Option<i64>, now: i64) -> (i64, i64) {
        let token = format!("x.{}.y", URL_SAFE_NO_PAD.encode(claims));
        let life = life_of(&token, served_at.map(at), at(now));
        (life.expires_at.timestamp(), life.renew_at.timestamp())
    }

    #[test]
    fn angus_vector_01_a_token_tells_its_end() {
        let token = answer(&format!(r#"{{"token":"{T1}"}}"#), 1_700_000_000).ok().unwrap();
        assert_eq!(token.life.expires_at, at(1_700_018_000));
        assert_eq!(token.life.renew_at, at(1_700_017_700));
        assert_eq!(token.access.expose(), T1);
    }

    #[test]
    fn angus_vector_02_a_token_that_cannot_be_read_lives_five_hours_and_none_is_an_error() {
        let token = answer(r#"{"token":"not.a%%jwt.x"}"#, 1_700_000_000).ok().unwrap();
        assert_eq!(token.life.expires_at, at(1_700_018_000));
        for body in ["{}", r#"{"token":""}"#, r#"{"token":null}"#, r#"{"token":7}"#, r#"{"token":"a\nb"}"#] {
            assert_eq!(answer(body, 0).err(), Some(ProtocolError::NoToken), "{body}");
        }
    }

    #[test]
    fn a_clock_that_is_ahead_does_not_make_every_token_look_dead() {
        let token = answer(&format!(r#"{{"token":"{T1}"}}"#), 1_700_020_000).ok().unwrap();
        assert_eq!(token.life.expires_at, at(1_700_038_000));
        let token = answer(&format!(r#"{{"token":"{T1}"}}"#), 1_700_017_900).ok().unwrap();
        assert_eq!(token.life.expires_at, at(1_700_035_900));
    }

    #[test]
    fn clocks_that_are_a_quarter_of_an_hour_apart_do_not_change_how_long_a_token_is_used() {
        let claims = r#"{"exp":19000,"orig_iat":1000}"#;
        for skew in [-900, 0, 900] {
            let now = 1000 + skew;
            assert_eq!(life(claims, Some(1000), now), (now + 18_000, now + 17_700), "{skew} by Date");
            assert_eq!(life(claims, None, now), (now + 18_000, now + 17_700), "{skew} by time of issue");
        }
        // A token that was made earlier, whose rest only the Date can tell.
        assert_eq!(life(claims, Some(10_000), 10_900), (19_900, 19_600));
        assert_eq!(life(r#"{"exp":19000}"#, Some(10_000), 9_100), (18_100, 17_800));
        assert_eq!(life(r#"{"exp":19000}"#, None, 10_000), (19_000, 18_700));
    }

    #[test]
    fn a_short_life_leaves_time_to_use_the_token() {
        assert_eq!(life(r#"{"exp":1010,"orig_iat":1000}"#, None, 1000), (1010, 1009));
        // Without a time of issue, ten seconds are less than clocks are apart.
        assert_eq!(life(r#"{"exp":1010}"#, None, 1000), (19_000, 18_700));
        assert_eq!(life(r#"{"exp":9223372036854775807,"iat":-1}"#, None, 1000), (19_000, 18_700));
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
