//! How long a token is used, and what becomes of the requests around its renewal (section 2).

use std::time::Duration;

use audience_exporter::failure::FailureKind;
use futures_util::future::join_all;
use serde_json::json;

use crate::{
    bench::{
        BEGIN, Bench, MAX_ATTEMPTS, T1, T2, asks, brings, good_page, page, refuses, signing_in, signs_in,
        token_with, tokens_used,
    },
    double::{Answer, Behaviour, Double, Gate},
};

/// [`T1`] is due for renewal from here on.
const RENEWAL: i64 = BEGIN + 18_000 - 300;

fn failing_sign_ins() -> impl Iterator<Item = (String, Behaviour)> {
    (0..MAX_ATTEMPTS).map(|_| signing_in(Behaviour::html(500)))
}

#[tokio::test]
async fn a_token_is_renewed_300_seconds_before_its_end_and_not_earlier() {
    let double = Double::script([signs_in(T1), signs_in(T2)]).await;
    let bench = Bench::new(&double);
    for (time, expected) in [(BEGIN, T1), (RENEWAL - 1, T1), (RENEWAL, T2), (RENEWAL + 1, T2)] {
        bench.set_time(time);
        assert_eq!(bench.token().await.unwrap().text().expose(), expected, "{time}");
    }
}

#[tokio::test]
async fn fifty_who_need_a_token_at_once_sign_in_once() {
    let gate = Gate::closed();
    let held = Behaviour::Held(gate.clone(), Answer::json(200, &json!({ "token": T1 })));
    let double = Double::script([signing_in(held)]).await;
    let bench = Bench::new(&double);
    let everybody = join_all((0..50).map(|_| bench.token()));
    let (tokens, ()) = tokio::join!(everybody, async {
        double.received(1).await;
        double.settle().await;
        gate.open();
    });
    assert!(tokens.into_iter().all(|token| token.is_ok_and(|token| token.text().expose() == T1)));
}

#[tokio::test]
async fn a_token_that_still_lives_survives_a_renewal_that_fails() {
    let steps = [signs_in(T1)].into_iter().chain(failing_sign_ins()).chain([brings(1, &good_page())]);
    let double = Double::script(steps).await;
    let bench = Bench::new(&double);
    bench.token().await.unwrap();
    bench.set_time(RENEWAL);
    bench.passing_by().await.unwrap();
    assert_eq!(tokens_used(&double), [T1]);
}

#[tokio::test]
async fn a_token_that_ended_while_its_renewal_failed_is_not_used() {
    let patience = Answer::html(503).with("Retry-After", "20");
    let failing = (0..MAX_ATTEMPTS).map(|_| signing_in(patience.clone()));
    let double = Double::script([signs_in(T1)].into_iter().chain(failing)).await;
    let bench = Bench::new(&double);
    bench.token().await.unwrap();
    bench.set_time(BEGIN + 18_000 - 30);
    assert_eq!(bench.failure().await.kind(), FailureKind::Unavailable);
    assert_eq!(bench.waits(), [Duration::from_secs(20); 3]);
}

#[tokio::test]
async fn a_refused_token_does_not_survive_a_renewal_that_fails() {
    let steps = [signs_in(T1), asks(1, refuses(401, "expired_jwt"))].into_iter().chain(failing_sign_ins());
    let double = Double::script(steps).await;
    let bench = Bench::new(&double);
    assert_eq!(bench.failure().await.kind(), FailureKind::Unavailable);
    assert_eq!(tokens_used(&double), [T1]);
}

#[tokio::test]
async fn each_page_whose_token_is_refused_renews_it_once() {
    let (first, last) = (page(1, 2, 2, &[("08", 9)]), page(2, 2, 2, &[("09", 2)]));
    let double = Double::script([
        signs_in(T1),
        asks(1, refuses(401, "expired_jwt")),
        signs_in(T2),
        brings(1, &first),
        asks(2, refuses(401, "expired_jwt")),
        signs_in("third.token.x"),
        brings(2, &last),
    ])
    .await;
    Bench::new(&double).passing_by().await.unwrap();
    assert_eq!(tokens_used(&double), [T1, T2, T2, "third.token.x"]);
}

#[tokio::test]
async fn a_long_wait_between_attempts_does_not_outlive_the_token() {
    let busy = Answer::html(429).with("Retry-After", "120");
    let double = Double::script([signs_in(T1), asks(1, busy), signs_in(T2), brings(1, &good_page())]).await;
    let bench = Bench::new(&double);
    bench.token().await.unwrap();
    bench.set_time(RENEWAL - 60);
    bench.passing_by().await.unwrap();
    assert_eq!(tokens_used(&double), [T1, T2]);
}

#[tokio::test]
async fn a_stream_has_one_request_at_a_time_be_it_for_data_or_for_a_token() {
    let gate = Gate::closed();
    let held = Behaviour::Held(gate.clone(), Answer::json(200, &good_page()));
    let steps = [signs_in(T1), asks(1, held), signs_in(T2), brings(1, &good_page())];
    let double = Double::script(steps).await;
    let bench = Bench::new(&double);
    let late = async {
        double.received(2).await;
        bench.set_time(RENEWAL);
        let (listed, ()) = tokio::join!(bench.passing_by(), async {
            double.settle().await;
            gate.open();
        });
        listed
    };
    let (early, late) = tokio::join!(bench.passing_by(), late);
    assert_eq!(early.unwrap(), late.unwrap());
    assert_eq!(double.most_in_flight(), 1);
    assert_eq!(tokens_used(&double), [T1, T2]);
}

#[tokio::test]
async fn eight_listings_of_one_stream_at_once_ask_one_after_the_other() {
    let double = Double::handler(|request| {
        Some(match &*request.method {
            "POST" => Behaviour::json(200, &json!({ "token": T1 })),
            _ => Behaviour::json(200, &good_page()),
        })
    })
    .await;
    let bench = Bench::new(&double);
    let listings = join_all((0..8).map(|_| bench.passing_by())).await;
    assert!(listings.iter().all(Result::is_ok));
    assert_eq!((double.count("POST"), double.count("GET"), double.most_in_flight()), (1, 8, 1));
}

#[tokio::test]
async fn a_token_that_no_header_can_carry_is_a_protocol_error() {
    for token in ["two\nlines", "nul\0", "tab\t", "t\u{F6}ken", "two words", " "] {
        let double = Double::script([signs_in(token)]).await;
        let bench = Bench::new(&double);
        let error = bench.failure().await;
        assert_eq!(error.kind(), FailureKind::Protocol, "{token:?}: {error}");
        assert_eq!(bench.waits(), [], "{token:?}");
    }
}

#[tokio::test]
async fn absurd_claims_do_no_harm() {
    for (exp, orig_iat) in [
        (i64::MAX, 0),
        (i64::MIN, 0),
        (0, i64::MIN),
        (1000, -8_000_000_000_000_000),
        (8_000_000_000_000, -8_000_000_000_000),
        (BEGIN + 100, BEGIN + 200),
        (BEGIN - 100, BEGIN - 100),
    ] {
        let token = token_with(&json!({ "exp": exp, "orig_iat": orig_iat }));
        let double = Double::script([signs_in(&token), brings(1, &good_page())]).await;
        let bench = Bench::new(&double);
        bench.passing_by().await.unwrap();
        assert!(bench.token().await.unwrap().expires_at().unwrap().timestamp() > BEGIN, "{exp} {orig_iat}");
        assert_eq!(tokens_used(&double), [token]);
    }
}

#[tokio::test]
async fn a_clock_that_is_hours_ahead_does_not_sign_in_for_every_page() {
    for ahead in [17_000, 17_800, 18_000, 90_000] {
        let (first, last) = (page(1, 2, 2, &[("08", 9)]), page(2, 2, 2, &[("09", 2)]));
        let double = Double::script([signs_in(T1), brings(1, &first), brings(2, &last)]).await;
        let bench = Bench::new(&double);
        bench.set_time(BEGIN + ahead);
        bench.passing_by().await.unwrap();
        assert_eq!(double.count("POST"), 1, "{ahead}");
    }
}
