//! Token addresses that answer elsewhere, without end, in another language, or with what they were told.

use std::time::Duration;

use audience_exporter::{
    auth::{AuthError, CallError},
    failure::FailureKind,
};
use serde_json::json;

use crate::{
    bench::{Bench, step},
    double::{Answer, Behaviour, Double},
    simacan::{PASSWORD, REFRESH, SECRET, bench, cold_start, ready, target},
};

/// The password as it stands in the form of vector 1, and as JSON shows it.
const SECRETS: [&str; 3] = [SECRET, "p%26w%3D1+%25", "p%26w%3D1%20%25"];

/// Tokens long enough to be told from any other text.
const ACCESS: &str = "access-0123456789/+==";
const REFRESH_TOKEN: &str = "refresh-\"quoted\"-0123456789/+==";
const REFRESH_ENCODED: &str = "refresh-%22quoted%22-0123456789%2F%2B%3D%3D";

fn long_pair() -> Behaviour {
    Behaviour::json(
        200,
        &json!({ "access_token": ACCESS, "refresh_token": REFRESH_TOKEN, "expires_in": 3600 }),
    )
}

#[track_caller]
fn assert_discreet(shown: &str) {
    for secret in SECRETS.iter().chain(&[ACCESS, REFRESH_TOKEN, REFRESH_ENCODED, "Bearer", "refresh-"]) {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    assert!(shown.chars().count() < 1500, "{} characters", shown.chars().count());
}

/// Whatever a message may show of an error.
fn shown(error: &AuthError) -> String {
    assert!(!error.to_string().contains(char::is_control), "{error:?}");
    format!("{error} {error:?} {:?}", error.kind())
}

/// Bodies that say what was sent, wherever something is read from.
fn echoes(secrets: &[&str]) -> Vec<String> {
    let all = secrets.join(" ");
    let texts = [format!("you sent {all}\r\n\0 password={all}"), format!("{}{all}", "x".repeat(190))];
    let bodies = |text: String| {
        [
            json!({ "error": text, "error_description": text }).to_string(),
            json!({ "title": "no", "detail": text }).to_string(),
            json!({ "message": text }).to_string(),
            json!({ "detail": [text], "access_token": [text], text.clone(): text }).to_string(),
            text,
        ]
    };
    texts.into_iter().flat_map(bodies).collect()
}

const STATUSES: [u16; 6] = [200, 400, 401, 403, 429, 503];

#[tokio::test]
async fn no_answer_to_a_password_makes_it_known() {
    let double = Double::silent().await;
    for body in echoes(&SECRETS) {
        for status in STATUSES {
            let body = body.clone();
            double.change_to(move |request| {
                (request.line() == PASSWORD)
                    .then(|| Answer::new(status, "application/json", body.clone()).into())
            });
            let bench = bench(&double);
            assert_discreet(&shown(&bench.failure().await));
            assert_discreet(&shown(&bench.failure().await));
            assert_discreet(&bench.kept());
        }
    }
}

#[tokio::test]
async fn no_answer_to_a_refresh_makes_the_token_known() {
    let double = Double::silent().await;
    for body in echoes(&[REFRESH_TOKEN, REFRESH_ENCODED]) {
        for status in STATUSES {
            let body = body.clone();
            double.change_to(move |request| {
                Some(match (&*request.line(), status) {
                    // A refresh that is refused is followed by the password.
                    (PASSWORD, _) if request.body.starts_with(b"username") => long_pair(),
                    (REFRESH, _) => Answer::new(status, "application/json", body.clone()).into(),
                    _ => return None,
                })
            });
            let bench = bench(&double);
            bench.token().await.unwrap();
            bench.pass(3600);
            if let Err(error) = bench.token().await {
                assert_discreet(&shown(&error));
                assert_discreet(&shown(&bench.failure().await));
                let kept = bench.kept();
                let standing = kept.split("\"standing\"").nth(1).unwrap();
                assert_discreet(standing);
            }
        }
    }
}

#[tokio::test]
async fn no_target_that_refuses_makes_the_token_known() {
    let double = Double::silent().await;
    for body in echoes(&[ACCESS]) {
        double.change_to(move |request| {
            Some(match &*request.line() {
                PASSWORD | REFRESH => long_pair(),
                _ => Behaviour::text(401, &body),
            })
        });
        let error = bench(&double).get(&target(&double)).await.err().unwrap();
        assert!(matches!(error, CallError::RefusedAgain { .. }), "{error}");
        assert_discreet(&format!("{error} {error:?}"));
    }
}

#[tokio::test]
async fn a_redirect_is_never_followed() {
    let elsewhere = Double::silent().await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("{}/api/v1/auth/refresh", elsewhere.base_url());
        let redirect = Answer::html(status).with("Location", location);
        let double = Double::script([cold_start(), step(REFRESH, redirect)]).await;
        let bench = ready(&double).await;
        bench.pass(3600);
        let error = bench.failure().await;
        assert!(matches!(&error, AuthError::Redirect { status: found, .. } if *found == status), "{error}");
        assert!(error.to_string().contains("check base_url"), "{error}");
        assert_eq!(error.kind(), FailureKind::Configuration);
        assert!(bench.kept().contains("\"R1\""));
    }
    for status in [301, 307] {
        let redirect = Answer::html(status).with("Location", elsewhere.base_url());
        let double = Double::script([step(PASSWORD, redirect)]).await;
        let bench = bench(&double);
        for _ in 0..3 {
            let error = bench.failure().await;
            assert!(error.to_string().contains("redirect (status"), "{error}");
            bench.pass(3600);
        }
    }
}

/// Answers that no token can be read from, and whether the service may have been asked in vain.
fn unusable() -> Vec<Behaviour> {
    let page = Answer::new(200, "text/html", vec![b'x'; 64 << 10]);
    vec![
        Behaviour::html(200),
        Behaviour::text(200, ""),
        Behaviour::text(204, ""),
        Behaviour::text(200, "null"),
        Behaviour::text(200, "[]"),
        Behaviour::text(200, "{\"access_token\":7}"),
        Behaviour::text(200, "{\"access_token\":\"two words\",\"refresh_token\":\"R2\"}"),
        Behaviour::text(200, &format!("{{\"access_token\":\"{}\"}}", "x".repeat(70_000))),
        Behaviour::Endless(page.clone(), None),
        Behaviour::Endless(page, Some(1 << 40)),
        Answer::gzip_bomb(64 << 20).into(),
    ]
}

async fn refreshing(answer: &Behaviour) -> (Double, Bench) {
    let double = Double::script([cold_start(), step(REFRESH, answer.clone())]).await;
    let bench = ready(&double).await;
    bench.pass(3600);
    (double, bench)
}

#[tokio::test]
async fn an_answer_that_holds_no_pair_is_asked_for_no_second_time() {
    for answer in unusable() {
        let (double, bench) = refreshing(&answer).await;
        let error = bench.failure().await;
        assert_eq!(error.kind(), FailureKind::Protocol, "{error}");
        assert_discreet(&shown(&error));
        assert!(matches!(bench.failure().await, AuthError::Degraded { .. }));
        assert_eq!(bench.waits(), [] as [Duration; 0]);
        assert!(double.endless_bytes() < 64 << 20, "{}", double.endless_bytes());
        assert!(bench.kept().contains("\"R1\""));
    }
}

#[tokio::test]
async fn a_refusal_without_end_is_read_no_further_than_it_helps() {
    for status in [400, 401, 503] {
        let page = Answer::new(status, "text/html", vec![b'x'; 64 << 10]);
        let double = Double::handler(move |_| Some(Behaviour::Endless(page.clone(), None))).await;
        let error = bench(&double).failure().await;
        assert!(shown(&error).chars().count() < 1500, "{error}");
        assert!(double.endless_bytes() < 64 << 20, "{}", double.endless_bytes());
    }
}
