//! The vectors of section 8 that concern tokens. Every double fails on a request too many and on one too few.

use std::time::Duration;

use audience_exporter::{
    auth::{AuthError, CallError},
    wire::{Endpoint, Http},
};
use futures_util::future::join_all;
use reqwest::{Method, Url};
use serde_json::json;

use crate::{
    bench::{assert_form, get, session, shown, step},
    double::{Answer, Behaviour, Double, Gate, Request},
    simacan::{
        PASSWORD, PASSWORD_BODY, REFRESH, REFRESH_BODY, bench, bench_with, cold_start, is_rejected, pair,
        ready, refusal, target, target_says,
    },
};

#[tokio::test]
async fn simacan_vector_01_a_cold_start_is_one_password_call() {
    let double = Double::script([cold_start()]).await;
    let bench = bench(&double);
    let token = bench.token().await.unwrap();
    assert_eq!(token.text().expose(), "A1");
    assert_eq!(token.header().unwrap().as_bytes(), b"Bearer A1");
    assert_form(&double.requests()[0], PASSWORD_BODY);
    for _ in 0..10 {
        bench.token().await.unwrap();
    }
    assert!(!bench.kept().contains("p&w=1"), "{}", bench.kept());
}

#[tokio::test]
async fn simacan_vector_02_the_target_sees_the_token_as_bearer() {
    let double = Double::script([cold_start(), target_says(204)]).await;
    let reply = bench(&double).get(&target(&double)).await.ok().unwrap();
    assert_eq!(reply.response.status(), 204);
    assert_eq!(shown(&double.requests()), ["Bearer A1"]);
}

#[tokio::test]
async fn simacan_vector_03_an_early_expiry_is_one_refresh_and_one_repeat_of_the_same_request() {
    let upload = "PUT /trips/insertOrUpdate?source=lobby";
    let double = Double::script([
        cold_start(),
        step(upload, Behaviour::text(401, "")),
        step(REFRESH, pair(2)),
        step(upload, Behaviour::text(200, "")),
    ])
    .await;
    let bench = ready(&double).await;
    let url = format!("{}/trips/insertOrUpdate?source=lobby", double.base_url());
    let put = |http: &Http| {
        let url = Url::parse(&url).unwrap();
        http.request(Method::PUT, url).header("Idempotency-Key", "k1").body("a,b\n1,2\n")
    };
    let reply = bench.session().send(Endpoint::Delivery, put).await.ok().unwrap();
    assert_eq!(reply.token.text().expose(), "A2");
    let requests = double.requests();
    assert_form(&requests[2], REFRESH_BODY);
    let without_token = |index: usize| {
        let request = requests[index].clone();
        let headers: Vec<String> =
            request.headers.into_iter().filter(|line| !line.contains("Bearer")).collect();
        (headers, request.body)
    };
    assert_eq!(without_token(1), without_token(3));
    assert_eq!(shown(&requests), ["Bearer A1", "Bearer A2"]);
    let kept = bench.kept();
    assert!(kept.contains("\"A2\"") && kept.contains("\"R2\""), "{kept}");
    assert!(!kept.contains("\"A1\"") && !kept.contains("\"R1\""), "{kept}");
}

#[tokio::test]
async fn simacan_vector_04_a_second_401_is_the_targets_own_refusal() {
    let double =
        Double::script([cold_start(), target_says(401), step(REFRESH, pair(2)), target_says(401)]).await;
    let bench = ready(&double).await;
    let error = bench.get(&target(&double)).await.err().unwrap();
    assert!(matches!(error, CallError::RefusedAgain { .. }), "{error}");
    double.verify();
    // The tokens are kept: another target may take them.
    assert!(bench.kept().contains("\"R2\""));
    assert_eq!(bench.token().await.unwrap().text().expose(), "A2");
}

#[tokio::test]
async fn simacan_vector_05_a_refused_refresh_allows_the_password_once() {
    let double = Double::script([
        cold_start(),
        target_says(401),
        step(REFRESH, refusal(401, "invalid_token")),
        step(PASSWORD, pair(3)),
        target_says(200),
    ])
    .await;
    let bench = ready(&double).await;
    bench.get(&target(&double)).await.ok().unwrap();
    let requests = double.requests();
    assert_form(&requests[2], REFRESH_BODY);
    assert_form(&requests[3], PASSWORD_BODY);
    assert_eq!(shown(&requests), ["Bearer A1", "Bearer A3"]);
}

#[tokio::test]
async fn simacan_vector_06_after_a_refused_password_nothing_is_sent() {
    let double = Double::script([
        cold_start(),
        target_says(401),
        step(REFRESH, refusal(401, "invalid_token")),
        step(PASSWORD, refusal(401, "invalid_credentials")),
    ])
    .await;
    let mut bench = ready(&double).await;
    let url = target(&double);
    assert!(bench.get(&url).await.is_err_and(|error| is_rejected(&error)));
    // The target may be asked with what is left; the addresses of tokens may not.
    double.change_to(|request| (request.method == "GET").then(|| Behaviour::text(401, "")));
    for request in 0..100 {
        let error = bench.get(&url).await.err().unwrap();
        assert!(is_rejected(&error), "{request}: {error}");
        bench.pass(60);
        if request % 10 == 0 {
            bench.restart();
        }
    }
    assert_eq!(double.count("POST"), 3);
}

#[tokio::test]
async fn simacan_vector_07_a_failing_refresh_is_tried_again_with_growing_patience() {
    let failing = || step(REFRESH, Behaviour::html(503));
    let double = Double::script([
        cold_start(),
        target_says(401),
        failing(),
        failing(),
        failing(),
        step(REFRESH, pair(2)),
        target_says(200),
    ])
    .await;
    let bench = ready(&double).await;
    bench.get(&target(&double)).await.ok().unwrap();
    assert_eq!(bench.waits(), [1, 2, 4].map(Duration::from_secs));
    for request in &double.requests()[2..6] {
        assert_form(request, REFRESH_BODY);
    }
}

#[tokio::test]
async fn simacan_vector_08_an_invalid_grant_is_no_reason_for_the_password() {
    let double =
        Double::script([cold_start(), target_says(401), step(REFRESH, refusal(400, "invalid_grant"))]).await;
    let bench = ready(&double).await;
    let error = bench.get(&target(&double)).await.err().unwrap();
    assert!(matches!(error, CallError::SignIn(AuthError::OddRefusal { status: 400, .. })), "{error}");
    let token = bench.token().await.unwrap();
    let degraded = bench.session().token(Some(&token)).await.err().unwrap();
    assert!(matches!(degraded, AuthError::Degraded { .. }), "{degraded}");
    assert!(bench.kept().contains("\"R1\""));
}

#[tokio::test]
async fn simacan_vector_08_the_configuration_may_allow_it() {
    let double =
        Double::script([cold_start(), step(REFRESH, refusal(400, "invalid_grant")), step(PASSWORD, pair(3))])
            .await;
    let bench = bench_with(&double, "password_after_invalid_grant = true");
    bench.token().await.unwrap();
    bench.pass(3600);
    assert_eq!(bench.token().await.unwrap().text().expose(), "A3");
}

#[tokio::test]
async fn simacan_vector_09_ten_parallel_401s_are_one_refresh_and_a_late_one_is_none() {
    let (gate, late_gate) = (Gate::closed(), Gate::closed());
    let (early, late) = (gate.clone(), late_gate.clone());
    let double = Double::handler(move |request| {
        let gate = if request.target == "/late" { &late } else { &early };
        Some(match (&*request.line(), request.header("authorization")) {
            (PASSWORD, None) => pair(1),
            (REFRESH, None) => pair(2),
            (_, Some("Bearer A1")) => Behaviour::Held(gate.clone(), Answer::new(401, "text/plain", "")),
            (_, Some("Bearer A2")) => Behaviour::text(200, ""),
            _ => return None,
        })
    })
    .await;
    let bench = ready(&double).await;
    let (url, late_url) = (target(&double), format!("{}/late", double.base_url()));
    let ten = join_all((0..10).map(|_| bench.get(&url)));
    let opened = async {
        double.received(1 + 11).await;
        (0..10).for_each(|_| gate.open());
        // Ten repeats and the refresh come before the last 401.
        double.received(1 + 11 + 11).await;
        late_gate.open();
    };
    let (ten, late, ()) = tokio::join!(ten, bench.get(&late_url), opened);
    assert!(
        ten.iter()
            .chain([&late])
            .all(|reply| reply.as_ref().is_ok_and(|reply| reply.token.text().expose() == "A2"))
    );
    let lines: Vec<String> = double.requests().iter().map(Request::line).collect();
    assert_eq!(lines.iter().filter(|line| *line == REFRESH).count(), 1);
    assert_eq!(lines.iter().filter(|line| *line == PASSWORD).count(), 1);
    assert_eq!(lines.len(), 2 + 2 * 11);
}

#[tokio::test]
async fn simacan_vector_10_a_lost_answer_is_asked_once_more_and_then_the_password() {
    let truncated = Behaviour::Truncated(Answer::json(200, &json!({ "access_token": "A2" })));
    for lost in [Behaviour::Close, Behaviour::Reset, truncated] {
        let double = Double::script([
            cold_start(),
            step(REFRESH, lost.clone()),
            step(REFRESH, refusal(401, "invalid_token")),
            step(PASSWORD, pair(3)),
        ])
        .await;
        let bench = ready(&double).await;
        bench.pass(3600);
        assert_eq!(bench.token().await.unwrap().text().expose(), "A3", "{lost:?}");
        assert_form(&double.requests()[2], REFRESH_BODY);
    }
}

#[tokio::test]
async fn simacan_vector_11_a_restart_refreshes_and_does_not_send_the_password() {
    let double = Double::script([cold_start(), step(REFRESH, pair(2)), step(REFRESH, pair(3))]).await;
    let mut bench = ready(&double).await;
    bench.pass(3600);
    bench.token().await.unwrap();
    bench.restart();
    // A token that still lives survives the restart.
    assert_eq!(bench.token().await.unwrap().text().expose(), "A2");
    bench.pass(3600);
    bench.restart();
    assert_eq!(bench.token().await.unwrap().text().expose(), "A3");
    assert_form(&double.requests()[2], "refresh_token=R2");
}

#[tokio::test]
async fn simacan_vector_11_a_crash_loop_sends_the_password_once_in_five_minutes() {
    for failing in [Behaviour::html(503), Behaviour::Close] {
        let double =
            Double::script([step(PASSWORD, failing.clone()), step(PASSWORD, failing), cold_start()]).await;
        let mut bench = bench(&double);
        for calls in [1, 2] {
            for _ in 0..20 {
                bench.failure().await;
                assert_eq!(double.requests().len(), calls);
                bench.restart();
                bench.pass(3);
            }
            let error = bench.failure().await;
            assert!(matches!(error, AuthError::PasswordHeld { .. }), "{error}");
            bench.pass(300 - 60);
        }
        assert_eq!(bench.token().await.unwrap().text().expose(), "A1");
    }
}

#[tokio::test]
async fn simacan_vector_11_a_crash_loop_with_a_wrong_password_sends_it_once_ever() {
    let double = Double::script([step(PASSWORD, refusal(401, "invalid_credentials")), cold_start()]).await;
    let mut bench = bench(&double);
    for restart in 0..20 {
        let error = bench.failure().await;
        assert!(matches!(error, AuthError::Rejected { .. }), "{restart}: {error}");
        bench.restart();
        bench.pass(if restart < 10 { 3 } else { 3600 });
    }
    assert_eq!(double.requests().len(), 1);
    bench.session().tokens().unwrap().clear_refusal().await.unwrap();
    assert_eq!(bench.token().await.unwrap().text().expose(), "A1");
}

#[tokio::test]
async fn simacan_vector_12_no_other_status_of_the_target_concerns_the_token() {
    let body = json!({ "detail": "bad field" });
    for status in [204, 301, 400, 403, 404, 413, 415, 422, 429, 500, 503] {
        let double = Double::script([cold_start(), step("GET /trips", Behaviour::json(status, &body))]).await;
        let reply = ready(&double).await.get(&target(&double)).await.ok().unwrap();
        assert_eq!(reply.response.status(), status);
    }
}

#[tokio::test]
async fn simacan_vector_13_a_pair_without_a_refresh_token_is_used_to_its_end_and_then_the_password_once() {
    let lacking = json!({ "access_token": "A1", "token_type": "Bearer", "expires_in": "3600" });
    let double =
        Double::script([step(PASSWORD, Behaviour::json(200, &lacking)), step(PASSWORD, pair(2))]).await;
    let mut bench = bench(&double);
    for seconds in [0, 3539, 60] {
        bench.pass(seconds);
        assert_eq!(bench.token().await.unwrap().text().expose(), "A1");
        bench.restart();
    }
    bench.pass(1);
    assert_eq!(bench.token().await.unwrap().text().expose(), "A2");
}

#[tokio::test]
async fn two_processes_never_spend_one_refresh_token_twice() {
    let double = Double::script([cold_start(), step(REFRESH, pair(2)), step(REFRESH, pair(3))]).await;
    let bench = ready(&double).await;
    let other = bench.beside();
    for (seconds, expected) in [(0, "A1"), (2400, "A2"), (3600, "A3")] {
        bench.pass(seconds);
        let (ours, theirs) = tokio::join!(bench.token(), session(&other).token(None));
        assert_eq!(ours.unwrap().text().expose(), expected);
        assert_eq!(theirs.unwrap().text().expose(), expected);
    }
    assert_form(&double.requests()[2], "refresh_token=R2");
}

#[tokio::test]
async fn a_401_for_a_token_that_another_process_brought_long_ago_is_its_first() {
    let double = Double::script([
        cold_start(),
        step(REFRESH, pair(2)),
        // Our request knows A1 only; on the disk lies A2, which has ended early as well.
        target_says(401),
        target_says(401),
        step(REFRESH, pair(3)),
        target_says(200),
    ])
    .await;
    let bench = bench(&double);
    let old = bench.token().await.unwrap();
    let other = bench.beside();
    session(&other).token(Some(&old)).await.unwrap();
    bench.pass(20 * 60);
    get(bench.session(), &target(&double)).await.ok().unwrap();
    assert_eq!(shown(&double.requests()), ["Bearer A1", "Bearer A2", "Bearer A3"]);
}
