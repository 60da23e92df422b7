//! Vectors 1 to 5, 12, 13 and 15: signing in, asking, and being refused.

use std::time::Duration;

use audience_exporter::{
    angus::FetchError, auth::AuthError, failure::FailureKind, metric::Metric, time::BucketSize,
};
use serde_json::{Value, json};

use crate::{
    bench::{
        ACCESS_TOKEN, BACKOFF, BEGIN, Bench, T1, T2, asks, brings, good_page, hours, query, refuses,
        signing_in, signs_in, tokens_used,
    },
    double::{Answer, Behaviour, Double},
};

#[tokio::test]
async fn angus_vector_01_three_fields_make_a_token_that_tells_its_end() {
    let double = Double::script([signs_in(T1)]).await;
    let bench = Bench::new(&double);
    let token = bench.token().await.unwrap();
    assert_eq!(token.text().expose(), T1);
    assert_eq!(token.expires_at().unwrap().timestamp(), 1_700_018_000);
    let known = bench.session.tokens().peek().unwrap().access.unwrap();
    assert_eq!(known.life.renew_at.timestamp(), 1_700_017_700);
    let sent = &double.requests()[0];
    assert_eq!(
        sent.json(),
        json!({
            "username": "ops@example.com",
            "client_id": "11111111-2222-3333-4444-555555555555",
            "access_token": ACCESS_TOKEN,
        })
    );
    assert_eq!(sent.header("content-type"), Some("application/json"));
    assert_eq!(sent.header("authorization"), None);
}

#[tokio::test]
async fn angus_vector_02_a_token_that_cannot_be_read_is_used_and_lives_five_hours() {
    let double = Double::script([signs_in("not.a%%jwt.x"), brings(1, &good_page())]).await;
    let bench = Bench::new(&double);
    assert_eq!(bench.token().await.unwrap().expires_at().unwrap().timestamp(), BEGIN + 18_000);
    bench.passing_by().await.unwrap();
    assert_eq!(tokens_used(&double), ["not.a%%jwt.x"]);
}

#[tokio::test]
async fn angus_vector_02_an_answer_without_a_token_is_a_protocol_error_and_is_not_asked_again() {
    for body in
        [json!({}), json!({ "token": "" }), json!({ "token": null }), json!({ "token": 7 }), json!([])]
    {
        let double = Double::script([signing_in(Behaviour::json(200, &body))]).await;
        let bench = Bench::new(&double);
        let error = bench.failure().await;
        assert_eq!(error.kind(), FailureKind::Protocol, "{body}: {error}");
        assert_eq!(bench.waits(), []);
    }
}

#[tokio::test]
async fn angus_vector_02_any_status_of_success_may_bring_a_token() {
    for status in [200, 201, 202] {
        let answer = Behaviour::json(status, &json!({ "token": T1, "more": [1] }));
        let double = Double::script([signing_in(answer)]).await;
        assert_eq!(Bench::new(&double).token().await.unwrap().text().expose(), T1);
    }
}

#[tokio::test]
async fn angus_vector_03_refused_credentials_keep_their_message_and_are_not_sent_again() {
    for (body, message) in [
        (json!({ "non_field_errors": ["Bad credentials"] }), "Bad credentials"),
        (json!({ "client_id": ["Required"] }), "client_id: Required"),
        (json!({ "client_id": "Required" }), "client_id: Required"),
    ] {
        let double = Double::script([signing_in(Behaviour::json(400, &body))]).await;
        let bench = Bench::new(&double);
        match bench.failure().await {
            FetchError::SignIn { error: AuthError::Refused { message: found } } => assert_eq!(found, message),
            other => panic!("{other}"),
        }
        assert_eq!(bench.waits(), []);
    }
}

#[tokio::test]
async fn angus_vector_04_a_redirected_sign_in_is_not_followed_and_is_a_configuration_error() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = Double::silent().await;
        let location = format!("{}/api-token-authstream/", elsewhere.base_url());
        let redirect = Answer::html(status).with("Location", location);
        let double = Double::script([signing_in(redirect)]).await;
        let bench = Bench::new(&double);
        let error = bench.failure().await;
        assert_eq!(error.kind(), FailureKind::Configuration, "{status}: {error}");
        assert!(error.to_string().contains("console_url"), "{error}");
        assert_eq!(bench.waits(), []);
        assert_eq!(elsewhere.requests(), []);
    }
}

#[tokio::test]
async fn angus_vector_05_the_request_is_written_as_documented() {
    let target = "/api/1/entities?metrics=passing_by,interested&from_date=2026-03-02T08%3A00%3A00%2B00%3A00&to_date=2026-03-02T11%3A00%3A00%2B00%3A00&time=by_hour";
    let empty = json!({ "entities": {}, "time": "by_hour", "total_results": 0, "nb_of_pages": 0, "page": 1 });
    let get = (format!("GET {target}"), Behaviour::json(200, &empty));
    let double = Double::script([signs_in(T1), get]).await;
    let bench = Bench::new(&double).asking([Metric::Interested, Metric::PassingBy]);
    let three_hours = query(BucketSize::Hour, "2026-03-02T08:00:00Z", "2026-03-02T11:00:00Z");
    assert_eq!(bench.list(three_hours).await.unwrap().rows, []);
    let sent = &double.requests()[1];
    assert!(sent.headers.contains(&format!("authorization: Bearer {T1}")), "{sent:?}");
    assert_eq!(sent.body, b"");
}

/// The status, and the body of a refusal of which the token is the cause.
fn refused_tokens() -> Vec<(u16, Value)> {
    vec![
        (401, json!({ "code": "expired_jwt", "message": "x" })),
        (400, json!({ "code": "expired_jwt", "message": "x" })),
        (400, json!({ "code": "expired_jwt", "message": { "en": "x" } })),
        (403, json!({ "code": "expired_jwt" })),
        (401, json!({ "code": "something_else", "message": "x" })),
        (401, json!("unparseable")),
    ]
}

#[tokio::test]
async fn angus_vector_12_a_refused_token_is_renewed_once_and_the_request_repeated_once() {
    for (status, body) in refused_tokens() {
        let refusal = Behaviour::json(status, &body);
        let double =
            Double::script([signs_in(T1), asks(1, refusal), signs_in(T2), brings(1, &good_page())]).await;
        let bench = Bench::new(&double);
        assert_eq!(bench.passing_by().await.unwrap(), hours([("08", 9), ("09", 2)]), "{status} {body}");
        assert_eq!(tokens_used(&double), [T1, T2]);
        assert_eq!(bench.waits(), []);
    }
}

#[tokio::test]
async fn angus_vector_12_a_renewed_token_that_is_refused_as_well_ends_it() {
    for (status, body) in refused_tokens() {
        let refusal = || Behaviour::json(status, &body);
        let double =
            Double::script([signs_in(T1), asks(1, refusal()), signs_in(T2), asks(1, refusal())]).await;
        let bench = Bench::new(&double);
        let error = bench.failure().await;
        assert_eq!(error.kind(), FailureKind::Credentials, "{status} {body}: {error}");
        assert_eq!(tokens_used(&double), [T1, T2]);
        assert_eq!(bench.waits(), []);
    }
}

#[tokio::test]
async fn angus_vector_13_what_would_be_refused_again_is_not_asked_again() {
    for (status, code) in [
        (400, "unexisting_metric"),
        (400, "unexisting_time"),
        (400, "missing_mandatory_param"),
        (400, "something_else"),
        (403, "something_else"),
        (404, "something_else"),
        (401, "authorization_header_missing"),
    ] {
        let double = Double::script([signs_in(T1), asks(1, refuses(status, code))]).await;
        let bench = Bench::new(&double);
        let error = bench.failure().await;
        assert_eq!(error.kind(), FailureKind::Refused, "{status} {code}: {error}");
        for shown in [code, ": x", &status.to_string()] {
            assert!(error.to_string().contains(shown), "{shown} in {error}");
        }
        assert_eq!(bench.waits(), []);
    }
}

#[tokio::test]
async fn angus_vector_15_a_bad_gateway_with_html_is_asked_again_after_a_backoff() {
    let double = Double::script([signs_in(T1), asks(1, Behaviour::html(502)), brings(1, &good_page())]).await;
    let bench = Bench::new(&double);
    assert_eq!(bench.passing_by().await.unwrap(), hours([("08", 9), ("09", 2)]));
    assert_eq!(bench.waits(), BACKOFF[..1]);
}

#[tokio::test]
async fn angus_vector_15_a_retry_after_is_waited_for() {
    let date = httpdate::fmt_http_date(std::time::UNIX_EPOCH + Duration::from_secs(1_700_000_007));
    for retry_after in ["7", &date] {
        let busy = || Answer::html(429).with("Retry-After", retry_after);
        let double = Double::script([
            signing_in(busy()),
            signs_in(T1),
            asks(1, busy().with("Date", "Tue, 14 Nov 2023 22:13:20 GMT")),
            brings(1, &good_page()),
        ]);
        let double = double.await;
        let bench = Bench::new(&double);
        bench.token().await.unwrap();
        assert_eq!(bench.waits(), [Duration::from_secs(7)], "{retry_after}");
        bench.set_time(BEGIN);
        bench.passing_by().await.unwrap();
        assert_eq!(bench.waits(), [Duration::from_secs(7); 2], "{retry_after}");
    }
}
