//! Stream tokens: what the console asks for, what it gives out, and what the Data API accepts (Angus contract,
//! section 2).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{chance::hash_text, refusal::Refusal, signer::Signer};

/// What a client must show to get a token.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) username: String,
    pub(super) client_id: String,
    pub(super) access_token: String,
}

impl Credentials {
    /// Reads the body of a token request; on failure, the body of the answer.
    pub(super) fn read(body: &[u8]) -> Result<Self, Value> {
        let body: Value = serde_json::from_slice(body)
            .map_err(|error| json!({ "detail": format!("JSON parse error - {error}") }))?;
        let Value::Object(fields) = body else {
            return Err(json!({ "non_field_errors": ["Invalid data. Expected a dictionary."] }));
        };
        let mut problems = serde_json::Map::new();
        let mut field = |name: &str| match fields.get(name) {
            Some(Value::String(text)) if !text.trim().is_empty() => text.clone(),
            found => {
                problems.insert(name.to_owned(), json!([problem_of(found)]));
                String::new()
            }
        };
        let credentials = Self {
            username: field("username"),
            client_id: field("client_id"),
            access_token: field("access_token"),
        };
        if problems.is_empty() { Ok(credentials) } else { Err(Value::Object(problems)) }
    }
}

/// What is wrong with a field that holds no text, in the words of the library that the vendor uses.
fn problem_of(found: Option<&Value>) -> &'static str {
    match found {
        None => "This field is required.",
        Some(Value::Null) => "This field may not be null.",
        Some(Value::String(_)) => "This field may not be blank.",
        Some(_) => "Not a valid string.",
    }
}

/// The claims of a token, as far as the vendor's were seen.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    username: String,
    orig_iat: i64,
    exp: i64,
    client_id: String,
    user_id: u64,
    email: String,
}

/// Makes and checks tokens. They are real JWTs, signed with HS256, so nothing is stored: a token outlives a restart.
#[derive(Debug)]
pub(super) struct TokenOffice {
    signer: Signer,
    life: TimeDelta,
}

impl TokenOffice {
    /// An office whose key belongs to `seed`.
    pub(super) fn new(seed: u64, life: TimeDelta) -> Self {
        Self { signer: Signer::new(seed, "the key of tokens"), life }
    }

    /// A token for one stream, valid from `now`.
    pub(super) fn issue(&self, username: &str, client_id: &str, now: DateTime<Utc>) -> String {
        let claims = Claims {
            username: username.to_owned(),
            orig_iat: now.timestamp(),
            exp: (now + self.life).timestamp(),
            client_id: client_id.to_owned(),
            user_id: hash_text(username) % 10_000,
            email: username.to_owned(),
        };
        self.signer.token(&claims)
    }

    /// The client id of a token that was made here and is still valid at `now`.
    pub(super) fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<String, Refusal> {
        let claims = self.read(token).ok_or_else(Refusal::invalid_token)?;
        if claims.exp <= now.timestamp() { Err(Refusal::expired_token()) } else { Ok(claims.client_id) }
    }

    fn read(&self, token: &str) -> Option<Claims> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (_, claims) = signed.split_once('.')?;
        let genuine = URL_SAFE_NO_PAD.decode(signature).ok()? == self.signer.sign(signed);
        let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
        genuine.then(|| serde_json::from_slice(&claims).ok()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::parse_label;

    fn office() -> TokenOffice {
        TokenOffice::new(1, TimeDelta::hours(5))
    }

    fn now() -> DateTime<Utc> {
        parse_label("2026-03-02T08:00:00Z").unwrap()
    }

    #[test]
    fn a_token_carries_the_claims_of_the_contract_and_lives_five_hours() {
        let token = office().issue("ops@example.com", "cam", now());
        let parts: Vec<Vec<u8>> =
            token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
        assert_eq!(parts[0], br#"{"alg":"HS256","typ":"JWT"}"#);
        let claims: Claims = serde_json::from_slice(&parts[1]).unwrap();
        assert_eq!(claims.exp - claims.orig_iat, 18_000);
        assert_eq!((claims.client_id.as_str(), claims.orig_iat), ("cam", now().timestamp()));
        let valid_until = now() + TimeDelta::hours(5);
        assert_eq!(office().verify(&token, valid_until - TimeDelta::seconds(1)), Ok("cam".to_owned()));
        assert_eq!(office().verify(&token, valid_until), Err(Refusal::expired_token()));
    }

    #[test]
    fn forged_tokens_are_refused() {
        let office = office();
        let token = office.issue("ops@example.com", "cam", now());
        let (head, signature) = token.rsplit_once('.').unwrap();
        let other_claims = office.issue("ops@example.com", "other", now());
        let (other_head, _) = other_claims.rsplit_once('.').unwrap();
        let other_key = TokenOffice::new(2, TimeDelta::hours(5)).issue("ops@example.com", "cam", now());
        for forged in
            [format!("{other_head}.{signature}"), format!("{head}."), other_key, "a.b".into(), String::new()]
        {
            assert_eq!(office.verify(&forged, now()), Err(Refusal::invalid_token()), "{forged}");
        }
    }

    #[test]
    fn incomplete_credentials_name_every_field() {
        let read = |body: &str| Credentials::read(body.as_bytes()).map_err(|problem| problem.to_string());
        assert_eq!(
            read(r#"{"username":"","client_id":7}"#).unwrap_err(),
            json!({
                "username": ["This field may not be blank."],
                "client_id": ["Not a valid string."],
                "access_token": ["This field is required."],
            })
            .to_string()
        );
        assert!(read("username=x").unwrap_err().starts_with(r#"{"detail":"JSON parse error"#));
        assert!(read("[]").unwrap_err().contains("non_field_errors"));
        let read = read(r#"{"username":"u","client_id":"c","access_token":"a","more":1}"#).unwrap();
        assert_eq!((read.username.as_str(), read.client_id.as_str()), ("u", "c"));
    }
}
