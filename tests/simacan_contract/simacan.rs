//! What Simacan answers, and the account that asks.

use audience_exporter::auth::{AuthError, CallError};
use serde_json::json;

use crate::{
    bench::{Bench, step},
    double::{Behaviour, Double},
};

pub(crate) const PASSWORD: &str = "POST /api/v1/auth/password";
pub(crate) const REFRESH: &str = "POST /api/v1/auth/refresh";
pub(crate) const TARGET: &str = "GET /trips";

/// The bodies of vectors 1 and 3.
pub(crate) const PASSWORD_BODY: &str = "username=ops%40example.com&password=p%26w%3D1+%25";
pub(crate) const REFRESH_BODY: &str = "refresh_token=R1";

/// The password of vector 1.
pub(crate) const SECRET: &str = "p&w=1 %";

/// An account at this double.
pub(crate) fn bench(double: &Double) -> Bench {
    bench_with(double, "")
}

/// An account at this double, with these lines in its configuration.
pub(crate) fn bench_with(double: &Double, lines: &str) -> Bench {
    let account = format!(
        "[[accounts]]\nname = \"partner\"\nkind = \"simacan\"\nbase_url = \"{}/api/v1\"\n\
         username = \"ops@example.com\"\npassword = {{ file = \"secrets/partner\" }}\n{lines}\n",
        double.base_url()
    );
    Bench::new(&account, &[("partner", SECRET)])
}

/// The target's address.
pub(crate) fn target(double: &Double) -> String {
    format!("{}/trips", double.base_url())
}

/// The pair of this number, as the contract prints it.
pub(crate) fn pair(number: u32) -> Behaviour {
    let (access, refresh) = (format!("A{number}"), format!("R{number}"));
    Behaviour::json(
        200,
        &json!({ "access_token": access, "refresh_token": refresh, "token_type": "bearer", "expires_in": 3600 }),
    )
}

/// A refusal with this status and code.
pub(crate) fn refusal(status: u16, code: &str) -> Behaviour {
    Behaviour::json(status, &json!({ "error": code }))
}

/// The cold start of vector 1.
pub(crate) fn cold_start() -> (String, Behaviour) {
    step(PASSWORD, pair(1))
}

/// The target takes the request, or not.
pub(crate) fn target_says(status: u16) -> (String, Behaviour) {
    step(TARGET, Behaviour::text(status, ""))
}

/// A bench that has made its cold start 20 minutes ago.
pub(crate) async fn ready(double: &Double) -> Bench {
    let bench = bench(double);
    bench.token().await.unwrap();
    bench.pass(20 * 60);
    bench
}

pub(crate) fn is_rejected(error: &CallError) -> bool {
    matches!(error, CallError::SignIn(AuthError::Rejected { .. }))
}
