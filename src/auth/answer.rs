//! What token addresses answer: pairs, and refusals. The same for Simacan and Angelcam.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{Response, StatusCode};
use secrecy::zeroize::Zeroizing;
use serde::Deserialize;

use super::{
    record::Life,
    rules::{Grant, NoGrant},
};
use crate::{
    secret::Secret,
    wire::{
        BodyError, Discretion, MAX_ERROR_BODY_BYTES, Trouble, percent_encode, read_at_most, read_whole,
        retry_after, status_words,
    },
};

/// Tokens may be "very long" (Simacan contract, section 3); this is far more than any header can carry.
const MAX_BODY_BYTES: u64 = 256 << 10;

/// The longest token that is taken: a header with more is refused by most servers.
const LONGEST_TOKEN: usize = 64 << 10;

/// The longest life that is believed.
pub(super) const LONGEST_LIFE: TimeDelta = TimeDelta::days(366);

/// The members that matter. Others are ignored, the granted scope among them (Angelcam contract, section 2).
#[derive(Deserialize)]
struct Pair<'a> {
    #[serde(borrow)]
    access_token: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow)]
    refresh_token: Option<std::borrow::Cow<'a, str>>,
    expires_in: Option<Seconds>,
}

/// A number, or one in a string (Simacan contract, vector 13).
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(f64),
    Text(String),
    Other(serde::de::IgnoredAny),
}

/// How long a token lives when the answer does not say so, how long before its end it is renewed, and after how long
/// however far away its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub(super) assumed_life: TimeDelta,
    pub(super) margin: TimeDelta,
    pub(super) longest_use: TimeDelta,
}

/// A pair from the body of a 200, received at `now`.
pub(super) fn read_pair(body: &[u8], terms: Terms, now: DateTime<Utc>) -> Result<Grant, NoGrant> {
    let unusable = |what: &str| NoGrant::Protocol(what.to_owned());
    let pair: Pair<'_> =
        serde_json::from_slice(body).map_err(|_| unusable("it is no JSON object with tokens"))?;
    let secret = |text: &str| Secret::new(text.to_owned());
    let access = pair.access_token.as_deref().filter(|token| fits_into_a_header(token));
    let access = access.map(secret).ok_or_else(|| unusable("it holds no access_token"))?;
    // One that could not be sent back is as good as none.
    let refresh = pair.refresh_token.as_deref().filter(|token| fits_into_a_header(token)).map(secret);
    let life = pair.expires_in.and_then(Seconds::read).unwrap_or(terms.assumed_life);
    let mut life = Life::new(now, life.min(LONGEST_LIFE), terms.margin);
    life.renew_at = life.renew_at.min(now + terms.longest_use);
    Ok(Grant { access, refresh, life })
}

impl Seconds {
    fn read(self) -> Option<TimeDelta> {
        let seconds = match self {
            Self::Number(number) => number,
            Self::Text(text) => text.trim().parse().ok()?,
            Self::Other(_) => return None,
        };
        let whole = seconds.clamp(0.0, LONGEST_LIFE.num_seconds() as f64);
        #[expect(clippy::cast_possible_truncation, reason = "it is clamped to a year")]
        let life = TimeDelta::seconds(whole as i64);
        (life > TimeDelta::zero()).then_some(life)
    }
}

pub(crate) fn fits_into_a_header(token: &str) -> bool {
    !token.is_empty() && token.len() <= LONGEST_TOKEN && token.bytes().all(|byte| byte.is_ascii_graphic())
}

/// What a token address answered, other than a connection that failed.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// `error` of the body, where it has one (RFC 6749, section 5.2).
    pub(super) code: Option<String>,
    /// What the service said, for people.
    pub(super) message: String,
}

/// What no message about a request with these secrets may show: neither they themselves, nor how they stand in its form,
/// which a service may quote.
pub(super) fn discretion(secrets: impl IntoIterator<Item = Secret>) -> Discretion {
    let forms = |secret: Secret| {
        let encoded = percent_encode(secret.expose());
        [Secret::new(encoded.replace("%20", "+")), Secret::new(encoded), secret]
    };
    Discretion::new(secrets.into_iter().flat_map(forms))
}

/// A pair, or what the service said instead. `discretion` knows the secrets that were sent. `keys` are the keys of the
/// configuration that hold the address.
pub(super) async fn read(
    sent: Result<Response, Trouble>,
    terms: Terms,
    discretion: &Discretion,
    keys: &'static str,
    now: DateTime<Utc>,
) -> Result<Result<Grant, Answer>, NoGrant> {
    let response = sent.map_err(NoGrant::Trouble)?;
    let status = response.status();
    if status.is_success() {
        let body =
            read_whole(response, MAX_BODY_BYTES).await.map(Zeroizing::new).map_err(|error| match error {
                BodyError::Trouble(trouble) => NoGrant::Trouble(trouble),
                BodyError::TooLarge => {
                    NoGrant::Protocol(format!("it is larger than {} KiB", MAX_BODY_BYTES >> 10))
                }
            })?;
        return read_pair(&body, terms, now).map(Ok);
    }
    if status.is_redirection() {
        return Err(NoGrant::Redirect { status: status.as_u16(), keys });
    }
    let retry_after = retry_after(&response, now);
    let body = read_at_most(response, MAX_ERROR_BODY_BYTES).await.unwrap_or_default();
    let answer = refusal(status, &body, discretion);
    if status == StatusCode::TOO_MANY_REQUESTS || !status.is_client_error() {
        let message = format!("status {}: {}", status.as_u16(), answer.message);
        return Err(NoGrant::Trouble(Trouble::answered(status.as_u16(), message, retry_after)));
    }
    Ok(Err(answer))
}

fn refusal(status: StatusCode, body: &[u8], discretion: &Discretion) -> Answer {
    #[derive(Deserialize, Default)]
    struct Body {
        error: Option<String>,
        error_description: Option<String>,
        title: Option<String>,
        detail: Option<serde_json::Value>,
        message: Option<String>,
    }
    let body: Body = serde_json::from_slice(body).unwrap_or_default();
    let detail = body.detail.and_then(|detail| detail.as_str().map(str::to_owned));
    let code = body.error.or(body.title);
    let words = body.error_description.or(detail).or(body.message);
    let message = match (&code, words) {
        (Some(code), Some(words)) => format!("{code}: {words}"),
        (Some(text), None) => text.clone(),
        (None, Some(text)) => text,
        (None, None) => status_words(status),
    };
    Answer { status, message: discretion.shown(message.trim_end_matches('.')), code }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: Terms = Terms {
        assumed_life: TimeDelta::seconds(3600),
        margin: TimeDelta::seconds(60),
        longest_use: LONGEST_LIFE,
    };

    fn pair(body: &str) -> Result<Grant, NoGrant> {
        read_pair(body.as_bytes(), TERMS, DateTime::UNIX_EPOCH)
    }

    fn life_seconds(expires_in: &str) -> i64 {
        let grant = pair(&format!(r#"{{"access_token":"A1","expires_in":{expires_in}}}"#)).ok().unwrap();
        grant.life.expires_at.timestamp()
    }

    #[test]
    fn a_life_is_read_whatever_it_looks_like() {
        for (expires_in, seconds) in [
            ("36000", 36000),
            ("\"3600\"", 3600),
            ("\" 60 \"", 60),
            ("60.9", 60),
            ("0", 3600),
            ("-5", 3600),
            ("null", 3600),
            ("\"soon\"", 3600),
            ("{}", 3600),
            ("1e300", 366 * 86400),
        ] {
            assert_eq!(life_seconds(expires_in), seconds, "{expires_in}");
        }
    }

    #[test]
    fn simacan_vector_13_a_pair_without_a_refresh_token_is_taken() {
        let grant = pair(r#"{"access_token":"A1","token_type":"Bearer","expires_in":"3600"}"#).ok().unwrap();
        assert_eq!(grant.access.expose(), "A1");
        assert!(grant.refresh.is_none());
        assert_eq!((grant.life.renew_at.timestamp(), grant.life.expires_at.timestamp()), (3540, 3600));
    }

    #[test]
    fn what_holds_no_usable_access_token_breaks_the_protocol() {
        for body in [
            "",
            "{}",
            "[]",
            "<html>",
            r#"{"access_token":""}"#,
            r#"{"access_token":"a\nb"}"#,
            r#"{"access_token":7}"#,
        ] {
            assert!(matches!(pair(body), Err(NoGrant::Protocol(_))), "{body}");
        }
        let long = "x".repeat(8 << 10);
        assert!(pair(&format!(r#"{{"access_token":"{long}"}}"#)).is_ok());
    }
}
