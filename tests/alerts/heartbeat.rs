//! The dead man's switch.

use std::{sync::Arc, time::Duration};

use crate::{
    bench::{Bench, SECRET, assert_discreet, log},
    double::{Answer, Behaviour, Double, Gate},
};

fn ok() -> Behaviour {
    Behaviour::text(200, "OK")
}

fn get(path: &str) -> String {
    format!("GET /heartbeat/{SECRET}{path}?key={SECRET}")
}

fn post(path: &str) -> String {
    get(path).replace("GET", "POST")
}

#[tokio::test]
async fn a_run_is_told_at_its_start_and_its_end() {
    let double = Double::script([
        (get("/start"), ok()),
        (get(""), ok()),
        (get("/start"), ok()),
        (post("/fail"), ok()),
    ])
    .await;
    let bench = Bench::new(&double);
    let heartbeat = bench.heartbeat();
    heartbeat.start().await;
    heartbeat.success().await;
    heartbeat.start().await;
    heartbeat.fail("3 of 20 windows failed\nmore than one line").await;
    assert_eq!(double.requests()[3].body, b"3 of 20 windows failed");
    assert_discreet();
}

#[tokio::test]
async fn what_is_not_heard_is_told_once_more_and_then_left() {
    let refused = || Answer::new(500, "text/plain", "no").into();
    let double = Double::script([
        (get(""), refused()),
        (get(""), ok()),
        (get(""), refused()),
        (get(""), Behaviour::Close),
    ])
    .await;
    let bench = Bench::new(&double);
    let heartbeat = bench.heartbeat();
    heartbeat.success().await;
    heartbeat.success().await;
    assert_eq!(bench.waits(), [Duration::from_secs(1); 2]);
    assert!(log().contains("alerts.heartbeat is not heard"));
    assert_discreet();
}

#[tokio::test]
async fn a_start_that_hangs_is_given_up_when_the_run_ends() {
    let gate = Gate::closed();
    let held = Behaviour::Held(gate, Answer::new(200, "text/plain", "OK"));
    let double = Double::script([(get("/start"), held), (get(""), ok())]).await;
    let bench = Bench::new(&double);
    let heartbeat = Arc::new(bench.heartbeat());
    let starting = Arc::clone(&heartbeat);
    let start = tokio::spawn(async move { starting.start().await });
    double.received(1).await;
    heartbeat.success().await;
    start.await.unwrap();
    double.verify();
}

#[tokio::test]
async fn without_an_address_nobody_is_told() {
    let double = Double::silent().await;
    let mut bench = Bench::new(&double);
    bench.config.alerts.heartbeat = None;
    let heartbeat = bench.heartbeat();
    heartbeat.start().await;
    heartbeat.fail("").await;
}
