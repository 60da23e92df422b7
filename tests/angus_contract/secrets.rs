//! No secret stands in any error, even where the service itself says it.

use audience_exporter::{angus::FetchError, failure::FailureKind};
use serde_json::{Value, json};

use crate::{
    bench::{ACCESS_TOKEN, Bench, T1, asks, good_page, signing_in, signs_in, with},
    double::{Behaviour, Double},
};

/// Whatever a message may show of `error`.
fn shown(error: &FetchError) -> String {
    format!("{error} {error:?}")
}

fn assert_discreet(error: &FetchError) {
    assert_hides(error, &[&T1[..10], ACCESS_TOKEN, "Bearer"]);
}

fn assert_hides(error: &FetchError, secrets: &[&str]) {
    let shown = shown(error);
    for secret in secrets {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    assert!(shown.chars().count() < 1_000, "{} characters", shown.chars().count());
    assert!(!error.to_string().contains(char::is_control), "{error:?}");
}

/// Texts of a service that tells what it was told.
fn echoes() -> Vec<String> {
    vec![
        format!("{T1} and {ACCESS_TOKEN}"),
        format!("{{\"password\":\"{ACCESS_TOKEN}\"}}"),
        format!("{ACCESS_TOKEN}\r\n{T1}\0"),
        format!("{}{T1}{ACCESS_TOKEN}", "x".repeat(190)),
        format!("{}{T1}{ACCESS_TOKEN}", "x".repeat(100_000)),
    ]
}

/// Refusals that hold `text` wherever something is read from them.
fn refusals(text: &str) -> Vec<Behaviour> {
    let bodies = [
        json!({ "code": text, "message": text }),
        json!({ "message": text }),
        json!({ "code": 7, "message": text }),
        json!({ "non_field_errors": [text], "client_id": text, text: [text] }),
        json!(text),
    ];
    let statuses = [400, 401, 403, 404, 429, 500, 503];
    let with_status = |body: &Value| statuses.map(|status| Behaviour::json(status, body));
    bodies.iter().flat_map(with_status).collect()
}

#[tokio::test]
async fn a_refused_page_tells_no_secret() {
    let double = Double::silent().await;
    let bench = Bench::new(&double);
    for refusal in echoes().iter().flat_map(|text| refusals(text)) {
        double.change_to(move |request| {
            Some(match &*request.method {
                "POST" => Behaviour::json(200, &json!({ "token": T1 })),
                _ => refusal.clone(),
            })
        });
        assert_discreet(&bench.failure().await);
    }
}

#[tokio::test]
async fn a_refused_sign_in_tells_no_secret() {
    let double = Double::silent().await;
    let bench = Bench::new(&double);
    for refusal in echoes().iter().flat_map(|text| refusals(text)) {
        double.change_to(move |request| (request.method == "POST").then(|| refusal.clone()));
        // A token there is none yet, so none can be told from any other text.
        assert_hides(&bench.failure().await, &[ACCESS_TOKEN]);
    }
}

#[tokio::test]
async fn a_page_of_another_shape_tells_no_secret() {
    for text in echoes() {
        let mut doubled = good_page();
        doubled["entities"][&text] = json!({ "passing_by": { "value": 1 } });
        for page in [
            json!(text),
            json!({ "entities": text }),
            json!({ "entities": { "2026-03-02T08:00:00Z": text } }),
            json!({ "entities": {}, "page": text }),
            json!({ "entities": {}, "total_results": text }),
            with(good_page(), "time", text.clone()),
            doubled,
        ] {
            let double = Double::script([signs_in(T1), asks(1, Behaviour::json(200, &page))]).await;
            let error = Bench::new(&double).failure().await;
            assert_eq!(error.kind(), FailureKind::Protocol);
            assert_discreet(&error);
        }
    }
}

#[tokio::test]
async fn a_label_may_be_as_long_as_it_likes_but_not_the_message() {
    let hour = format!("2026-03-02T08:00:00.{}Z", "0".repeat(1_000_000));
    let mut page = good_page();
    page["entities"][hour] = json!({ "passing_by": { "value": 1 } });
    let double = Double::script([signs_in(T1), asks(1, Behaviour::json(200, &page))]).await;
    assert_discreet(&Bench::new(&double).failure().await);
}

#[tokio::test]
async fn an_odd_answer_to_a_sign_in_tells_no_secret() {
    for text in echoes() {
        for body in
            [json!({ "token": { "is": text } }), json!({ "token": [text] }), json!({ "tokens": text })]
        {
            let double = Double::script([signing_in(Behaviour::json(200, &body))]).await;
            assert_discreet(&Bench::new(&double).failure().await);
        }
    }
}
