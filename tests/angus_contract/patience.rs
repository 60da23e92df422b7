//! Failures that may pass are tried again, at most so often; others are not (sections 6 and 7).

use std::{net::Ipv4Addr, time::Duration};

use audience_exporter::{angus::FetchError, auth::AuthError, failure::FailureKind, wire::Transport};
use serde_json::json;
use tokio::net::TcpSocket;

use crate::{
    bench::{
        BACKOFF, Bench, MAX_ATTEMPTS, T1, asks, brings, good_page, hours, page, signing_in, signs_in,
        tokens_used,
    },
    double::{Answer, Behaviour, Double},
};

fn good() -> Answer {
    Answer::json(200, &good_page())
}

/// Everything that may pass.
fn passing_failures() -> Vec<Behaviour> {
    vec![
        Behaviour::html(500),
        Behaviour::html(502),
        Behaviour::json(503, &json!({ "code": "overloaded", "message": "x" })),
        Behaviour::text(504, ""),
        Behaviour::html(429),
        Behaviour::html(200),
        Behaviour::text(200, ""),
        Behaviour::text(204, ""),
        good().halved().into(),
        good().gzipped().halved().into(),
        good().with("Content-Encoding", "gzip").into(),
        Behaviour::text(200, "\u{FEFF}\0\u{1}"),
        Behaviour::Close,
        Behaviour::Reset,
        Behaviour::Truncated(good()),
        Behaviour::Truncated(good().gzipped()),
        Behaviour::Truncated(Answer::html(500)),
    ]
}

#[tokio::test]
async fn a_page_that_may_come_the_next_time_is_asked_for_again() {
    for failure in passing_failures() {
        let double = Double::script([signs_in(T1), asks(1, failure.clone()), brings(1, &good_page())]).await;
        let bench = Bench::new(&double);
        let listed = bench.passing_by().await;
        assert_eq!(listed.unwrap(), hours([("08", 9), ("09", 2)]), "{failure:?}");
        assert_eq!(bench.waits(), BACKOFF[..1], "{failure:?}");
        assert_eq!(tokens_used(&double), [T1, T1], "{failure:?}");
    }
}

#[tokio::test]
async fn a_token_that_may_come_the_next_time_is_asked_for_again() {
    for failure in passing_failures() {
        let double = Double::script([signing_in(failure.clone()), signs_in(T1)]).await;
        let bench = Bench::new(&double);
        assert_eq!(bench.token().await.unwrap().text().expose(), T1, "{failure:?}");
        assert_eq!(bench.waits(), BACKOFF[..1], "{failure:?}");
    }
}

#[tokio::test]
async fn a_silent_service_is_given_up_and_asked_again() {
    let steps =
        [signing_in(Behaviour::Stall), signs_in(T1), asks(1, Behaviour::Stall), brings(1, &good_page())];
    let double = Double::script(steps).await;
    let bench = Bench::at(double.base_url(), Duration::from_secs(1));
    assert_eq!(bench.passing_by().await.unwrap(), hours([("08", 9), ("09", 2)]));
    assert_eq!(bench.waits(), [BACKOFF[0]; 2]);
}

#[tokio::test]
async fn every_page_has_patience_of_its_own() {
    let (first, last) = (page(1, 2, 2, &[("08", 9)]), page(2, 2, 2, &[("09", 2)]));
    let double = Double::script([
        signs_in(T1),
        asks(1, Behaviour::html(500)),
        asks(1, Behaviour::html(500)),
        brings(1, &first),
        asks(2, Behaviour::html(500)),
        brings(2, &last),
    ])
    .await;
    let bench = Bench::new(&double);
    bench.passing_by().await.unwrap();
    assert_eq!(bench.waits(), [BACKOFF[0], BACKOFF[1], BACKOFF[0]]);
}

#[tokio::test]
async fn a_service_that_keeps_failing_is_given_up_after_so_many_attempts() {
    for (failure, expected, said) in [
        (Behaviour::html(503), None, "status 503"),
        (Behaviour::Close, Some(Transport::Interrupted), "connection broke"),
        (Behaviour::Reset, Some(Transport::Interrupted), "connection broke"),
        (Behaviour::html(200), None, "not JSON"),
    ] {
        let asked = (0..MAX_ATTEMPTS).map(|_| asks(1, failure.clone()));
        let double = Double::script([signs_in(T1)].into_iter().chain(asked)).await;
        let bench = Bench::new(&double);
        let error = bench.failure().await;
        match &error {
            FetchError::Unavailable { attempts, message, transport } => {
                assert_eq!((*attempts, *transport), (MAX_ATTEMPTS, expected));
                assert!(message.contains(said), "{message}");
            }
            other => panic!("{failure:?}: {other}"),
        }
        assert_eq!(bench.waits(), BACKOFF);
        let signing = (0..MAX_ATTEMPTS).map(|_| signing_in(failure.clone()));
        let double = Double::script(signing).await;
        let bench = Bench::new(&double);
        assert_eq!(bench.failure().await.kind(), FailureKind::Unavailable);
        assert_eq!(bench.waits(), BACKOFF);
    }
}

#[tokio::test]
async fn nobody_who_listens_is_a_failure_that_may_pass() {
    // Bound, so that nobody else gets the port, but nobody listens.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let bench = Bench::at(&format!("http://{}", socket.local_addr().unwrap()), Duration::from_secs(30));
    match bench.failure().await {
        FetchError::SignIn {
            error: AuthError::Unavailable { attempts: MAX_ATTEMPTS, transport: Some(Transport::Connect), .. },
        } => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_service_that_asks_for_more_patience_than_a_run_has_is_left_alone() {
    let date = httpdate::fmt_http_date(std::time::UNIX_EPOCH + Duration::from_secs(1_700_086_400));
    for retry_after in ["301", "99999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT", &date] {
        for status in [429, 503] {
            let busy = Answer::html(status).with("Retry-After", retry_after);
            let double = Double::script([signs_in(T1), asks(1, busy.clone())]).await;
            let bench = Bench::new(&double);
            assert_eq!(bench.failure().await.kind(), FailureKind::RateLimited, "{retry_after}");
            assert_eq!(bench.waits(), []);
            let double = Double::script([signing_in(busy)]).await;
            let bench = Bench::new(&double);
            assert_eq!(bench.failure().await.kind(), FailureKind::RateLimited, "{retry_after}");
        }
    }
}

#[tokio::test]
async fn a_retry_after_that_says_nothing_leaves_the_backoff() {
    for retry_after in ["0", "Tue, 14 Nov 2023 22:00:00 GMT", "soon", "-7", "7.5", "", "7, 9"] {
        let busy = Answer::html(503).with("Retry-After", retry_after);
        let double = Double::script([signs_in(T1), asks(1, busy), brings(1, &good_page())]).await;
        let bench = Bench::new(&double);
        bench.passing_by().await.unwrap();
        assert_eq!(bench.waits(), BACKOFF[..1], "{retry_after:?}");
    }
}

#[tokio::test]
async fn json_of_another_shape_is_a_protocol_error_and_is_not_asked_again() {
    let deep = "[".repeat(100_000);
    let bucket =
        format!(r#"{{"entities":{{"2026-03-02T08:00:00Z":{{"x":{deep}{}}}}}}}"#, "]".repeat(100_000));
    for body in [
        "{}",
        "[]",
        "null",
        "7",
        r#""text""#,
        r#"{"entities":null}"#,
        r#"{"entities":[]}"#,
        r#"{"entities":{"2026-03-02T08:00:00Z":[]}}"#,
        r#"{"entities":{},"time":7}"#,
        r#"{"entities":{},"page":"1"}"#,
        r#"{"entities":{},"total_results":-1}"#,
        r#"{"entities":{},"total_results":1e99}"#,
        r#"{"entities":{},"entities":{}}"#,
        &bucket,
    ] {
        let double = Double::script([signs_in(T1), asks(1, Behaviour::text(200, body))]).await;
        let bench = Bench::new(&double);
        let error = bench.failure().await;
        assert_eq!(error.kind(), FailureKind::Protocol, "{body:.80}: {error}");
        assert!(error.to_string().chars().count() < 300, "{error}");
        assert_eq!(bench.waits(), []);
    }
}

#[tokio::test]
async fn a_redirect_of_a_page_is_not_followed() {
    for status in [301, 302, 303, 304, 307, 308] {
        let elsewhere = Double::silent().await;
        let redirect = Answer::html(status).with("Location", elsewhere.base_url());
        let double = Double::script([signs_in(T1), asks(1, redirect)]).await;
        let bench = Bench::new(&double);
        let error = bench.failure().await;
        assert_eq!(error.kind(), FailureKind::Configuration, "{status}: {error}");
        assert_eq!(bench.waits(), []);
    }
}

#[tokio::test]
async fn no_body_is_read_beyond_what_a_page_can_be() {
    let spaces = Answer::new(200, "application/json", vec![b' '; 1 << 20]);
    for endless in [
        Behaviour::Endless(spaces.clone(), None),
        Behaviour::Endless(spaces.clone(), Some(2 << 30)),
        Answer::gzip_bomb(64 << 20).into(),
    ] {
        let double = Double::script([signs_in(T1), asks(1, endless.clone())]).await;
        let bench = Bench::new(&double);
        let error = bench.failure().await;
        assert_eq!(error.kind(), FailureKind::Protocol, "{error}");
        assert!(error.to_string().contains("larger than 16 MiB"), "{error}");
        assert_eq!(bench.waits(), []);
        assert!(double.endless_bytes() < 64 << 20, "{} bytes were taken", double.endless_bytes());
        let double = Double::script([signing_in(endless)]).await;
        assert_eq!(Bench::new(&double).failure().await.kind(), FailureKind::Protocol);
    }
}

#[tokio::test]
async fn an_endless_refusal_is_still_a_refusal() {
    let words = Answer::new(400, "text/plain", vec![b'x'; 1 << 20]);
    let double = Double::script([signs_in(T1), asks(1, Behaviour::Endless(words, None))]).await;
    let error = Bench::new(&double).failure().await;
    assert_eq!(error.kind(), FailureKind::Refused, "{error}");
    assert!(double.endless_bytes() < 64 << 20, "{} bytes were taken", double.endless_bytes());
}
