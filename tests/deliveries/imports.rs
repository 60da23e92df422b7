//! What becomes of files that the target took.

use audience_exporter::failure::FailureKind;
use chrono::TimeDelta;
use serde_json::json;

use crate::{
    bench::{Bench, POST, Setup, assert_failed, assert_went_well, counts, empty, keys, signs_in},
    double::{Answer, Behaviour, Double},
};

const RECEIPTS: [&str; 3] = [
    "00000000-2f0a-4f0b-9a51-0c3b7f6f1a11",
    "11111111-2f0a-4f0b-9a51-0c3b7f6f1a11",
    "22222222-2f0a-4f0b-9a51-0c3b7f6f1a11",
];

fn setup() -> Setup {
    Setup::delivery("status_url = \"BASE/attempts/\"")
}

fn takes(receipt: usize) -> (String, Behaviour) {
    (POST.to_owned(), Behaviour::json(202, &json!({ "planning": { "id": RECEIPTS[receipt] } })))
}

fn asks(receipt: usize, behaviour: Behaviour) -> (String, Behaviour) {
    (format!("GET /attempts/{}", RECEIPTS[receipt]), behaviour)
}

fn says(status: &str) -> Behaviour {
    Behaviour::json(200, &json!({ "importAttempt": { "status": status }, "steps": [] }))
}

fn sign_in() -> (String, Behaviour) {
    let (line, behaviour) = signs_in();
    (line.to_owned(), behaviour)
}

/// A bench with as many files that the target took.
async fn awaiting(double: &Double, files: u32) -> Bench {
    let bench = Bench::with(double, &setup());
    for day in 1..=files {
        bench.publish("lobby", day, 10);
    }
    assert_went_well(&bench.deliver().await, [0, 0, 0, u64::from(files)]);
    bench
}

#[tokio::test]
async fn each_import_is_asked_about_before_anything_is_sent() {
    let double = Double::script([
        sign_in(),
        takes(0),
        takes(1),
        asks(0, says("Succeeded")),
        asks(1, says("SomethingNew")),
        takes(2),
        asks(1, Behaviour::json(200, &json!({ "status": "Succeeded", "tags": { "version": "3" } }))),
        asks(2, says("ShouldStart")),
    ])
    .await;
    let bench = awaiting(&double, 2).await;
    bench.publish("lobby", 3, 10);
    assert_went_well(&bench.deliver().await, [1, 0, 0, 2]);
    assert_went_well(&bench.deliver().await, [1, 0, 0, 1]);
}

#[tokio::test]
async fn a_file_that_is_published_anew_while_it_is_imported_is_sent_anew() {
    let double = Double::script([sign_in(), takes(0), takes(1), asks(1, says("Succeeded"))]).await;
    let bench = awaiting(&double, 1).await;
    let new = bench.publish("lobby", 1, 20);
    assert_went_well(&bench.deliver().await, [0, 0, 0, 1]);
    assert_went_well(&bench.deliver().await, [1, 0, 0, 0]);
    assert_eq!(keys(&double)[1], new.key);
}

#[tokio::test]
async fn a_file_without_a_receipt_is_delivered() {
    let double = Double::script([sign_in(), (POST.to_owned(), Behaviour::text(200, "thank you"))]).await;
    let bench = Bench::with(&double, &setup());
    bench.publish("lobby", 1, 10);
    assert_went_well(&bench.deliver().await, [1, 0, 0, 0]);
}

#[tokio::test]
async fn a_status_service_that_is_down_holds_no_upload_up() {
    let down = (0..4).map(|_| asks(0, empty(503)));
    let steps = [sign_in(), takes(0), takes(1)].into_iter().chain(down).chain([takes(2)]);
    let double = Double::script(steps).await;
    let bench = awaiting(&double, 2).await;
    bench.publish("lobby", 3, 10);
    let report = bench.deliver().await;
    assert_eq!(counts(&report), [0, 0, 0, 3]);
    assert_failed(&report, FailureKind::Unavailable, "what became of files cannot be asked");
    assert_eq!(bench.status().retry_at, None);
    double.change_to(|_| Some(says("Succeeded")));
    assert_went_well(&bench.deliver().await, [3, 0, 0, 0]);
}

#[tokio::test]
async fn a_status_service_that_asks_to_wait_is_left_alone() {
    let busy = Answer::new(429, "text/plain", "").with("Retry-After", "600").into();
    let double = Double::script([sign_in(), takes(0), asks(0, busy), asks(0, says("Succeeded"))]).await;
    let bench = awaiting(&double, 1).await;
    assert_failed(&bench.deliver().await, FailureKind::RateLimited, "10m");
    bench.pass(TimeDelta::minutes(9));
    assert_went_well(&bench.deliver().await, [0, 0, 0, 1]);
    bench.pass(TimeDelta::minutes(1));
    assert_went_well(&bench.deliver().await, [1, 0, 0, 0]);
}

#[tokio::test]
async fn a_receipt_that_is_not_known_stays_awaited_and_three_of_them_are_enough() {
    let unknown = [0, 1, 2].map(|receipt| asks(receipt, empty(404)));
    let steps = [sign_in(), takes(0), takes(1), takes(2), takes(0)].into_iter().chain(unknown);
    let double = Double::script(steps).await;
    let bench = awaiting(&double, 4).await;
    let report = bench.deliver().await;
    assert_eq!(counts(&report), [0, 0, 0, 4]);
    assert_failed(&report, FailureKind::Refused, "status 404");
}

#[tokio::test]
async fn where_nobody_asks_any_more_what_was_taken_is_delivered() {
    let double = Double::script([sign_in(), takes(0)]).await;
    let bench = awaiting(&double, 1).await.restarted();
    assert_went_well(&bench.deliver().await, [1, 0, 0, 0]);
    assert_eq!(bench.status().delivered, 1);
}
