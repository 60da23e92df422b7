//! The vectors of section 8 that concern targets, by their numbers.

use audience_exporter::failure::FailureKind;
use chrono::TimeDelta;
use serde_json::json;

use crate::{
    bench::{
        Bench, PASSWORD, POST, PUT, REFRESH, Setup, assert_failed, assert_went_well, counts, empty, keys,
        pair, signs_in, uploads,
    },
    double::{Behaviour, Double},
};

const EARLY: TimeDelta = TimeDelta::minutes(20);

#[tokio::test]
async fn simacan_vector_02_a_token_and_an_empty_answer_deliver_a_file() {
    let double = Double::script([signs_in(), (POST, empty(204))]).await;
    let bench = Bench::new(&double);
    let file = bench.publish("lobby", 1, 10);
    assert_went_well(&bench.deliver().await, [1, 0, 0, 0]);
    let sign_in = &double.requests()[0];
    assert_eq!(sign_in.body, b"username=ops%40example.com&password=p%26w%3D1+%25");
    let upload = &uploads(&double)[0];
    assert_eq!((&*upload.token, &upload.key, &*upload.content_type), ("A1", &file.key, "text/csv"));
    assert_eq!(upload.body, file.bytes);
    assert_eq!(bench.status().last_success, Some(bench.now()));
    assert_went_well(&bench.deliver().await, [0, 0, 0, 0]);
}

/// A bench that holds A1, 20 minutes after its sign-in, with one file to send.
async fn early_expiry(double: &Double) -> Bench {
    let bench = Bench::new(double);
    bench.publish("lobby", 1, 10);
    assert_went_well(&bench.deliver().await, [1, 0, 0, 0]);
    bench.pass(EARLY);
    bench.publish("lobby", 2, 10);
    bench
}

#[tokio::test]
async fn simacan_vector_03_an_early_401_refreshes_and_repeats_the_same_request_once() {
    let double = Double::script([
        signs_in(),
        (POST, empty(200)),
        (POST, empty(401)),
        (REFRESH, pair(2)),
        (POST, empty(200)),
        (POST, empty(200)),
    ])
    .await;
    let bench = early_expiry(&double).await;
    assert_went_well(&bench.deliver().await, [1, 0, 0, 0]);
    let [_, refused, repeated] = &uploads(&double)[..] else { panic!("{:?}", uploads(&double)) };
    assert_eq!((&*refused.token, &*repeated.token), ("A1", "A2"));
    assert_eq!((&refused.key, &refused.body), (&repeated.key, &repeated.body));
    assert_eq!(double.requests()[3].body, b"refresh_token=R1");
    let kept = bench.kept_tokens();
    assert!(kept.contains("A2") && kept.contains("R2"), "{kept}");
    assert!(!kept.contains("A1") && !kept.contains("R1"), "{kept}");
    let bench = bench.restarted();
    bench.publish("lobby", 3, 10);
    assert_went_well(&bench.deliver().await, [1, 0, 0, 0]);
    assert_eq!(uploads(&double)[3].token, "A2");
}

#[tokio::test]
async fn simacan_vector_04_a_second_401_stops_the_run_and_keeps_file_and_tokens() {
    let double = Double::script([
        signs_in(),
        (POST, empty(200)),
        (POST, empty(401)),
        (REFRESH, pair(2)),
        (POST, Behaviour::json(401, &json!({ "message": "A2 is not welcome" }))),
    ])
    .await;
    let bench = early_expiry(&double).await;
    bench.publish("mall", 2, 10);
    let report = bench.deliver().await;
    assert_eq!(counts(&report), [0, 0, 2, 0]);
    assert_failed(&report, FailureKind::Credentials, "a new token is refused as well (status 401");
    let status = bench.status();
    let error = status.last_error.unwrap();
    assert_eq!((status.parked, &*error.kind), (0, "credentials"));
    assert!(!error.message.contains("A2"), "{error:?}");
    assert!(bench.kept_tokens().contains("A2"));
    // Nothing is asked again before a pause.
    assert_went_well(&bench.deliver().await, [0, 0, 2, 0]);
}

#[tokio::test]
async fn simacan_vector_05_a_refused_refresh_token_brings_the_password_once() {
    let double = Double::script([
        signs_in(),
        (POST, empty(200)),
        (POST, empty(401)),
        (REFRESH, empty(401)),
        (PASSWORD, pair(3)),
        (POST, empty(200)),
    ])
    .await;
    let bench = early_expiry(&double).await;
    assert_went_well(&bench.deliver().await, [1, 0, 0, 0]);
    assert_eq!(uploads(&double)[2].token, "A3");
}

#[tokio::test]
async fn simacan_vector_06_refused_credentials_stop_every_later_run_without_a_request() {
    let double = Double::script([
        signs_in(),
        (POST, empty(200)),
        (POST, empty(401)),
        (REFRESH, empty(401)),
        (PASSWORD, empty(401)),
    ])
    .await;
    let mut bench = early_expiry(&double).await;
    for run in 0..20 {
        let report = bench.deliver().await;
        assert_eq!(counts(&report), [0, 0, 1, 0]);
        assert_failed(&report, FailureKind::Credentials, "auth login partner");
        bench.pass(TimeDelta::hours(1));
        if run == 10 {
            bench = bench.restarted();
        }
    }
}

#[tokio::test]
async fn simacan_vector_12_a_403_and_a_400_set_the_file_aside_without_asking_for_tokens() {
    let double = Double::script([
        signs_in(),
        (POST, Behaviour::text(403, "not yours")),
        (POST, Behaviour::json(400, &json!({ "detail": "bad field" }))),
    ])
    .await;
    let bench = Bench::new(&double);
    bench.publish("lobby", 1, 10);
    bench.publish("lobby", 2, 10);
    assert_went_well(&bench.deliver().await, [0, 2, 0, 0]);
    let reasons: Vec<String> = bench.parked().into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(reasons, ["status 403: not yours", "status 400: bad field"]);
    for _ in 0..3 {
        bench.pass(TimeDelta::hours(2));
        assert_went_well(&bench.deliver_now().await, [0, 0, 0, 0]);
    }
}

const RECEIPT: &str = "7b0c5c0e-2f0a-4f0b-9a51-0c3b7f6f1a11";
const ATTEMPT: &str = "GET /api/v4/attempts/7b0c5c0e-2f0a-4f0b-9a51-0c3b7f6f1a11";

#[tokio::test]
async fn simacan_vector_14_a_receipt_is_asked_about_until_the_import_is_over() {
    let running = json!({ "importAttempt": { "status": "Running" }, "steps": [], "items": [] });
    let failed = json!({
        "importAttempt": { "status": "Failed" },
        "steps": [{ "id": "1", "status": "Failed", "errors": [{ "id": "2", "message": "no such stop" }] }],
        "items": [],
    });
    let double = Double::script([
        signs_in(),
        (PUT, Behaviour::json(200, &json!(RECEIPT))),
        (ATTEMPT, Behaviour::json(200, &running)),
        (ATTEMPT, Behaviour::json(200, &failed)),
    ])
    .await;
    let setup = Setup::delivery("method = \"PUT\"\nstatus_url = \"BASE/api/v4/attempts\"");
    let bench = Bench::with(&double, &setup);
    let file = bench.publish("lobby", 1, 10);
    assert_went_well(&bench.deliver().await, [0, 0, 0, 1]);
    assert_eq!(keys(&double), [file.key]);
    let awaiting = bench.archive.ledger.outbox_awaiting("partner-hourly").unwrap();
    assert_eq!(awaiting[0].receipt.as_deref(), Some(RECEIPT));
    assert_went_well(&bench.deliver().await, [0, 0, 0, 1]);
    assert_went_well(&bench.deliver().await, [0, 1, 0, 0]);
    assert_eq!(bench.parked()[0].1, "the import failed: no such stop");
    assert_eq!(double.requests()[2].header("authorization"), Some("Bearer A1"));
    assert_went_well(&bench.deliver().await, [0, 0, 0, 0]);
}

#[tokio::test]
async fn simacan_vector_15_a_value_with_a_comma_is_refused_before_it_is_sent() {
    let double = Double::silent().await;
    let setup = Setup { lobby: "tags = { site = \"Main St, 4\" }".to_owned(), ..Setup::default() };
    let bench = Bench::with(&double, &setup);
    bench.publish("lobby", 1, 10);
    assert_went_well(&bench.deliver().await, [0, 1, 0, 0]);
    assert_eq!(
        bench.parked()[0].1,
        "row 1, tag_site: \"Main St, 4\" cannot be written without quotes, which the target does not read; take \
         commas, quotes and line breaks out of it, or set content_type = \"application/json\""
    );
}
