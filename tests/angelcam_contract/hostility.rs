//! Token addresses that answer elsewhere, without end, or with what they were told.

use audience_exporter::{
    auth::{AuthError, NoGrant},
    failure::FailureKind,
};
use serde_json::json;

use crate::{
    angelcam::{
        REVOKE, TOKEN, WITH_SECRET, auth, begins, bench_with, exchange, granted, redirect_uri, secret,
        sign_in, signed_in,
    },
    bench::{Bench, step},
    double::{Answer, Behaviour, Double},
};

/// A password, a code and a client's secret, and how they stand in a form.
const SECRETS: [&str; 6] = [
    "pass \"word\" 9",
    "pass%20%22word%22%209",
    "code/0123.+",
    "code%2F0123.%2B",
    "client=secret",
    "client%3Dsecret",
];

#[track_caller]
fn assert_discreet(error: &AuthError) {
    let shown = format!("{error} {error:?}");
    for hidden in SECRETS {
        assert!(!shown.contains(hidden), "{hidden} in {shown}");
    }
    assert!(!error.to_string().contains(char::is_control), "{error:?}");
    assert!(shown.chars().count() < 1500, "{} characters", shown.chars().count());
}

fn secretive(double: &Double) -> Bench {
    let bench = bench_with(double, WITH_SECRET);
    bench.change_secret("client", "client=secret");
    bench
}

#[tokio::test]
async fn no_answer_makes_a_password_or_a_code_known() {
    let double = Double::silent().await;
    let bench = secretive(&double);
    for name in ["error", "error_description", "title", "detail", "message", "access_token", "other"] {
        for sent in [[SECRETS[0], SECRETS[1]], [SECRETS[2], SECRETS[3]]] {
            let text = format!("you sent {} and {}", sent.join(" "), SECRETS[4..].join(" "));
            let body = json!({ name: text, "x": [text] }).to_string();
            for status in [200, 302, 400, 401, 403, 404, 429, 500] {
                let body = body.clone();
                double.change_to(move |_| Some(Answer::new(status, "application/json", body.clone()).into()));
                let outcome = if sent[0] == SECRETS[0] {
                    auth(&bench).sign_in("ops@example.com", &secret(SECRETS[0])).await.err()
                } else {
                    auth(&bench).exchange(&secret(SECRETS[2]), &redirect_uri()).await.err()
                };
                // A sign-in by password does not send the client's secret, and knows it all the same.
                if let Some(refusal) = outcome {
                    assert_discreet(&refusal.into());
                }
            }
        }
    }
}

#[tokio::test]
async fn no_answer_to_a_sign_out_is_shown_at_all() {
    let body = json!({ "error": "refresh-token-1 client=secret" });
    let double = Double::script([step(REVOKE, Behaviour::json(400, &body))]).await;
    let bench = secretive(&double);
    let said = auth(&bench).revoke(&secret("refresh-token-1")).await.unwrap_err();
    assert_eq!(said, "status 400");
}

#[tokio::test]
async fn a_redirect_is_never_followed() {
    let elsewhere = Double::silent().await;
    for status in [301, 302, 303, 307, 308] {
        let redirect = || Answer::html(status).with("Location", format!("{}/x", elsewhere.base_url()));
        let steps = [begins(), step(TOKEN, redirect()), step(TOKEN, redirect()), step(TOKEN, redirect())];
        let double = Double::script(steps.into_iter().chain([step(REVOKE, redirect())])).await;
        let bench = signed_in(&double, "").await;
        for outcome in [sign_in(&bench).await, exchange(&bench).await] {
            assert!(matches!(&outcome, Err(NoGrant::Redirect { status: found, .. }) if *found == status));
            let error = granted(outcome).err().unwrap();
            assert!(error.to_string().contains("check token_url and revoke_url"), "{error}");
            assert_eq!(error.kind(), FailureKind::Configuration);
        }
        bench.pass(36_000);
        assert!(matches!(bench.failure().await, AuthError::Redirect { .. }));
        assert_eq!(auth(&bench).revoke(&secret("R1")).await.unwrap_err(), format!("status {status}"));
        assert!(bench.kept().contains("\"R1\""));
    }
}

#[tokio::test]
async fn an_answer_without_end_is_read_no_further_than_it_helps() {
    for status in [200, 400, 503] {
        let page = Answer::new(status, "application/json", vec![b' '; 64 << 10]);
        let double = Double::script([step(TOKEN, Behaviour::Endless(page, None))]).await;
        let error = granted(sign_in(&bench_with(&double, "")).await).err().unwrap();
        assert_discreet(&error);
        assert!(double.endless_bytes() < 64 << 20, "{}", double.endless_bytes());
    }
}
