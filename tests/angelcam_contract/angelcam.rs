//! What Angelcam answers, and the account that asks.

use audience_exporter::{
    auth::{AngelcamAuth, AuthError, Grant, NoGrant, Outcome},
    secret::Secret,
};
use reqwest::Url;
use serde_json::json;

use crate::{
    bench::{Bench, step},
    double::{Behaviour, Double},
};

pub(crate) const TOKEN: &str = "POST /oauth/token/";
pub(crate) const REVOKE: &str = "POST /oauth/token-revoke/";
pub(crate) const CAMERAS: &str = "GET /v1/cameras/?limit=100";

/// The bodies of vectors 1 and 6.
pub(crate) const PASSWORD_BODY: &str = "client_id=CID&grant_type=password&scope=user_access%20camera_access&username=ops%40example.com&password=pw";
pub(crate) const REFRESH_BODY: &str = "grant_type=refresh_token&refresh_token=R1&client_id=CID";

/// The secret of the client, where it has one.
pub(crate) const CLIENT_SECRET: (&str, &str) = ("client", "SEC");
pub(crate) const WITH_SECRET: &str = "client_secret = { file = \"secrets/client\" }";

/// An account at this double.
pub(crate) fn bench(double: &Double) -> Bench {
    bench_with(double, "")
}

/// An account at this double, with these lines in its configuration.
pub(crate) fn bench_with(double: &Double, lines: &str) -> Bench {
    let url = double.base_url();
    let account = format!(
        "[[accounts]]\nname = \"cameras\"\nkind = \"angelcam\"\nclient_id = \"CID\"\n\
         redirect_uri = \"https://app.example.com/cb\"\ntoken_url = \"{url}/oauth/token/\"\n\
         revoke_url = \"{url}/oauth/token-revoke/\"\napi_url = \"{url}/v1\"\n{lines}\n"
    );
    Bench::new(&account, &[CLIENT_SECRET])
}

/// What asks for tokens on behalf of a person.
pub(crate) fn auth(bench: &Bench) -> AngelcamAuth {
    bench.session().sign_in().expect("an account that a person signs in to")
}

pub(crate) fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

pub(crate) fn redirect_uri() -> Url {
    Url::parse("https://app.example.com/cb").unwrap()
}

/// The person of vector 1 signs in.
pub(crate) async fn sign_in(bench: &Bench) -> Outcome {
    auth(bench).sign_in("ops@example.com", &secret("pw")).await
}

/// The browser of vector 5 brings a code.
pub(crate) async fn exchange(bench: &Bench) -> Outcome {
    auth(bench).exchange(&secret("C1"), &redirect_uri()).await
}

/// The tokens, or why there are none, in the words that a person sees.
pub(crate) fn granted(outcome: Outcome) -> Result<Grant, AuthError> {
    outcome.map_err(|refusal: NoGrant| refusal.into())
}

/// A bench whose person has signed in.
pub(crate) async fn signed_in(double: &Double, lines: &str) -> Bench {
    let bench = bench_with(double, lines);
    let grant = granted(sign_in(&bench).await).ok().unwrap();
    bench.session().tokens().unwrap().adopt(grant).await.unwrap();
    bench
}

/// The pair of this number, as the contract prints it.
pub(crate) fn pair(number: u32) -> Behaviour {
    pair_that_lives(number, 36_000)
}

/// The same with another life.
pub(crate) fn pair_that_lives(number: u32, seconds: i64) -> Behaviour {
    let (access, refresh) = (format!("A{number}"), format!("R{number}"));
    Behaviour::json(
        200,
        &json!({
            "access_token": access, "refresh_token": refresh, "token_type": "Bearer", "expires_in": seconds,
            "scope": "read write"
        }),
    )
}

/// The sign-in of vector 1.
pub(crate) fn begins() -> (String, Behaviour) {
    step(TOKEN, pair(1))
}

/// A refusal of the token address.
pub(crate) fn refuses(status: u16) -> (String, Behaviour) {
    step(TOKEN, Behaviour::json(status, &json!({ "error": "invalid_grant" })))
}

/// The 401 of vector 6.
pub(crate) fn not_authenticated() -> Behaviour {
    Behaviour::json(
        401,
        &json!({
            "status": 401, "title": "not_authenticated",
            "detail": "Authentication credentials were not provided."
        }),
    )
}

/// The address of [`CAMERAS`].
pub(crate) fn cameras(double: &Double) -> String {
    format!("{}/v1/cameras/?limit=100", double.base_url())
}
