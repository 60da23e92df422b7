//! Refresh tokens that are good for one use (section 4), and what 401s mean (section 7).

use std::time::Duration;

use audience_exporter::auth::{AuthError, CallError};
use futures_util::future::join_all;
use serde_json::json;

use crate::{
    angelcam::{
        CAMERAS, REFRESH_BODY, TOKEN, begins, cameras, not_authenticated, pair, pair_that_lives, refuses,
        signed_in,
    },
    bench::{assert_form, get, session, shown, step},
    double::{Answer, Behaviour, Double, Gate},
};

fn lists() -> (String, Behaviour) {
    step(CAMERAS, Behaviour::text(200, "{}"))
}

#[tokio::test]
async fn angelcam_vector_06_a_401_is_one_refresh_and_one_repeat() {
    let double = Double::script([
        begins(),
        step(CAMERAS, not_authenticated()),
        step(TOKEN, pair(2)),
        lists(),
        lists(),
    ])
    .await;
    let mut bench = signed_in(&double, "").await;
    bench.get(&cameras(&double)).await.ok().unwrap();
    bench.restart();
    bench.get(&cameras(&double)).await.ok().unwrap();
    assert_form(&double.requests()[2], REFRESH_BODY);
    assert_eq!(shown(&double.requests()), ["Bearer A1", "Bearer A2", "Bearer A2"]);
    let kept = bench.kept();
    assert!(kept.contains("\"A2\"") && !kept.contains("\"A1\"") && !kept.contains("\"R1\""), "{kept}");
}

#[tokio::test]
async fn angelcam_vector_07_a_refused_refresh_needs_a_person_and_sends_nothing_more() {
    for status in [400, 401] {
        let double = Double::script([begins(), refuses(status)]).await;
        let mut bench = signed_in(&double, "").await;
        bench.pass(36_000);
        for _ in 0..20 {
            let error = bench.failure().await;
            assert!(matches!(error, AuthError::NeedsAuthorization { .. }), "{error}");
            assert!(error.to_string().contains("invalid_grant"), "{error}");
            bench.pass(3600);
            bench.restart();
        }
        assert!(!bench.kept().contains("R1"), "{}", bench.kept());
    }
}

#[tokio::test]
async fn angelcam_vector_07_a_failing_refresh_changes_nothing() {
    let failing = || step(TOKEN, Behaviour::html(503));
    let steps = [begins(), failing(), failing(), failing(), failing(), failing(), step(TOKEN, pair(2))];
    let double = Double::script(steps).await;
    let bench = signed_in(&double, "").await;
    bench.pass(36_000 - 300);
    assert_eq!(bench.token().await.unwrap().text().expose(), "A1");
    assert_eq!(bench.waits(), [2, 4, 8, 16].map(Duration::from_secs));
    // 30 s were spent with waiting; it lives, and is left alone for five minutes.
    bench.pass(269);
    assert_eq!(bench.token().await.unwrap().text().expose(), "A1");
    bench.pass(31);
    assert_eq!(bench.token().await.unwrap().text().expose(), "A2");
    assert!(double.requests()[1..].iter().all(|request| request.body == REFRESH_BODY.as_bytes()));
}

#[tokio::test]
async fn angelcam_vector_08_five_parallel_401s_are_one_refresh_and_five_repeats() {
    let gate = Gate::closed();
    let held = gate.clone();
    let mut made = 0;
    let double = Double::handler(move |request| {
        Some(match (&*request.line(), request.header("authorization")) {
            (TOKEN, None) => {
                made += 1;
                pair(made)
            }
            (CAMERAS, Some("Bearer A1")) => {
                Behaviour::Held(held.clone(), Answer::json(401, &json!({ "title": "not_authenticated" })))
            }
            (CAMERAS, Some("Bearer A2")) => Behaviour::text(200, "{}"),
            _ => return None,
        })
    })
    .await;
    let bench = signed_in(&double, "").await;
    let url = cameras(&double);
    let (five, ()) = tokio::join!(join_all((0..5).map(|_| bench.get(&url))), async {
        double.received(1 + 5).await;
        (0..5).for_each(|_| gate.open());
    });
    assert!(five.iter().all(|reply| reply.as_ref().is_ok_and(|reply| reply.response.status() == 200)));
    assert_eq!((double.count("POST"), double.count("GET")), (2, 10));
}

#[tokio::test]
async fn a_second_401_needs_a_person() {
    let double = Double::script([
        begins(),
        step(CAMERAS, not_authenticated()),
        step(TOKEN, pair(2)),
        step(CAMERAS, not_authenticated()),
    ])
    .await;
    let bench = signed_in(&double, "").await;
    for _ in 0..3 {
        let error = bench.get(&cameras(&double)).await.err().unwrap();
        let CallError::SignIn(AuthError::NeedsAuthorization { reason, .. }) = &error else {
            panic!("{error}")
        };
        assert!(reason.contains("Authentication credentials were not provided"), "{reason}");
    }
    assert!(!bench.kept().contains("R2"), "{}", bench.kept());
}

#[tokio::test]
async fn a_401_for_a_token_of_another_process_ends_no_session() {
    // Another process renews twice while our request is on its way: A1 and A2 are invalid, A3 is good.
    let double = Double::script([
        begins(),
        step(TOKEN, pair(2)),
        step(CAMERAS, not_authenticated()),
        step(CAMERAS, not_authenticated()),
        step(TOKEN, pair(3)),
        lists(),
    ])
    .await;
    let bench = signed_in(&double, "").await;
    let first = bench.token().await.unwrap();
    let other = bench.beside();
    session(&other).token(Some(&first)).await.unwrap();
    bench.pass(600);
    get(bench.session(), &cameras(&double)).await.ok().unwrap();
    assert_eq!(shown(&double.requests()), ["Bearer A1", "Bearer A2", "Bearer A3"]);
}

#[tokio::test]
async fn a_lost_answer_is_asked_once_more() {
    for (answer, is_renewed) in [(step(TOKEN, pair(2)), true), (refuses(400), false)] {
        let double = Double::script([begins(), step(TOKEN, Behaviour::Close), answer]).await;
        let bench = signed_in(&double, "").await;
        bench.pass(36_000);
        let outcome = bench.token().await;
        match outcome {
            Ok(token) => assert_eq!((token.text().expose(), is_renewed), ("A2", true)),
            Err(error) => {
                assert!(matches!(error, AuthError::NeedsAuthorization { .. }) && !is_renewed, "{error}");
            }
        }
        assert_form(&double.requests()[2], REFRESH_BODY);
    }
}

#[tokio::test]
async fn a_token_is_renewed_300_seconds_before_its_end() {
    let double = Double::script([begins(), step(TOKEN, pair(2))]).await;
    let bench = signed_in(&double, "").await;
    for (seconds, expected) in [(0, "A1"), (35_699, "A1"), (1, "A2"), (1, "A2")] {
        bench.pass(seconds);
        assert_eq!(bench.token().await.unwrap().text().expose(), expected);
    }
}

#[tokio::test]
async fn a_pair_is_renewed_after_seven_days_however_long_its_life() {
    let double = Double::script([step(TOKEN, pair_that_lives(1, 60 * 86_400)), step(TOKEN, pair(2))]).await;
    let bench = signed_in(&double, "").await;
    for (seconds, expected) in [(7 * 86_400 - 1, "A1"), (1, "A2")] {
        bench.pass(seconds);
        assert_eq!(bench.token().await.unwrap().text().expose(), expected);
    }
}

#[tokio::test]
async fn a_missing_permission_is_no_matter_of_tokens() {
    let refusal = json!({ "title": "permission_denied", "status": 403, "detail": "no" });
    let double = Double::script([begins(), step(CAMERAS, Behaviour::json(403, &refusal))]).await;
    let reply = signed_in(&double, "").await.get(&cameras(&double)).await.ok().unwrap();
    assert_eq!(reply.response.status(), 403);
}
