//! Answers that say no, and would say it again.

use audience_exporter::failure::FailureKind;
use chrono::TimeDelta;
use serde_json::json;

use crate::{
    bench::{Bench, POST, assert_failed, assert_went_well, counts, empty, keys, signs_in},
    double::{Answer, Behaviour, Double},
};

#[tokio::test]
async fn a_refusal_of_the_file_is_parked_with_its_words_and_the_next_file_is_sent() {
    let refusals = [
        Behaviour::json(400, &json!({ "detail": "bad field", "message": "x" })),
        Behaviour::json(409, &json!({ "message": "A1 says no\nto you." })),
        Behaviour::html(413),
        Behaviour::text(415, "only XML"),
        empty(422),
        empty(418),
    ];
    let count = refusals.len() as u64;
    let steps = refusals.map(|refusal| (POST, refusal));
    let double = Double::script([signs_in()].into_iter().chain(steps).chain([(POST, empty(200))])).await;
    let bench = Bench::new(&double);
    for day in 1..=7 {
        bench.publish("lobby", day, 10);
    }
    assert_went_well(&bench.deliver().await, [1, count, 0, 0]);
    let reasons: Vec<String> = bench.parked().into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(
        reasons,
        [
            "status 400: bad field",
            "status 409: [redacted] says noto you",
            "status 413: payload too large",
            "status 415: only XML",
            "status 422: unprocessable entity",
            "status 418: i'm a teapot",
        ]
    );
}

#[tokio::test]
async fn three_refusals_in_a_row_that_speak_of_the_target_stop_the_run() {
    for status in [403, 404, 405, 301, 307] {
        let steps = (0..3)
            .map(|_| (POST, Answer::new(status, "text/plain", "").with("Location", "/elsewhere").into()));
        let double = Double::script([signs_in()].into_iter().chain(steps)).await;
        let bench = Bench::new(&double);
        for day in 1..=20 {
            bench.publish("lobby", day, 10);
        }
        let report = bench.deliver().await;
        assert_eq!(counts(&report), [0, 3, 17, 0], "{status}");
        assert_failed(&report, FailureKind::Refused, "3 files in a row were refused");
        assert_failed(&report, FailureKind::Refused, &format!("status {status}"));
        // The next run does not come at once.
        assert_went_well(&bench.deliver().await, [0, 0, 17, 0]);
        assert_eq!(bench.status().retry_at, Some(bench.now() + TimeDelta::minutes(1)));
    }
}

#[tokio::test]
async fn refusals_of_the_target_that_are_not_in_a_row_stop_nothing() {
    let statuses = [404, 404, 200, 404, 404, 400, 404, 404, 200];
    let steps = statuses.map(|status| (POST, empty(status)));
    let double = Double::script([signs_in()].into_iter().chain(steps)).await;
    let bench = Bench::new(&double);
    for day in 1..=9 {
        bench.publish("lobby", day, 10);
    }
    assert_went_well(&bench.deliver().await, [2, 7, 0, 0]);
}

#[tokio::test]
async fn a_parked_file_is_sent_again_when_it_is_published_anew() {
    let double = Double::script([signs_in(), (POST, empty(400)), (POST, empty(200))]).await;
    let bench = Bench::new(&double);
    let old = bench.publish("lobby", 1, 10);
    assert_went_well(&bench.deliver().await, [0, 1, 0, 0]);
    let new = bench.publish("lobby", 1, 20);
    assert_went_well(&bench.deliver().await, [1, 0, 0, 0]);
    assert_eq!(keys(&double), [old.key, new.key]);
}
