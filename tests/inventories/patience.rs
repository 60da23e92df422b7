//! How long is waited, how often is asked, and what is left for another day.

use audience_exporter::{failure::FailureKind, inventory::InventoryError, ledger::Limit};
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::{
    bench::{
        Bench, CAMERAS, ME, SignIn, TOKEN, asks, camera, grants, lists, owner, page, refuses, tells_owner,
        throttles, unauthenticated, vendor,
    },
    double::{Answer, Behaviour, Double, Request},
};

#[tokio::test]
async fn angelcam_vector_09_the_service_names_the_wait_in_words() {
    for (wait, seconds) in [("7 seconds", 8), ("1 second", 2), ("42.0 seconds", 43)] {
        let throttled = throttles(&format!("Request was throttled. Expected available in {wait}."));
        let double = Double::script([tells_owner(), asks(CAMERAS, throttled), lists(&[])]).await;
        let bench = Bench::new(&double).await;
        bench.taken().await;
        assert_eq!(bench.waits(), [seconds]);
    }
}

#[tokio::test]
async fn angelcam_vector_10_the_service_names_the_wait_in_a_header_or_not_at_all() {
    let body = json!({ "title": "rate_limited", "status": 429, "detail": "The rate limit has been reached" });
    let limited = Answer::json(429, &body);
    for (answer, seconds) in [(limited.clone().with("Retry-After", "30"), 30), (limited, 60)] {
        let double = Double::script([asks(ME, answer), tells_owner(), lists(&[])]).await;
        let bench = Bench::new(&double).await;
        bench.taken().await;
        assert_eq!(bench.waits(), [seconds]);
    }
}

#[tokio::test]
async fn angelcam_vector_10_a_quota_of_a_day_defers_the_inventory_and_writes_nothing() {
    let quota = || throttles("Expected available in 40000 seconds.");
    let double = Double::script([
        tells_owner(),
        lists(&[camera(7, "Hall")]),
        tells_owner(),
        asks(CAMERAS, page(200, Some("more"), &[camera(8, "Door")])),
        asks(format!("{CAMERAS}&offset=1"), quota()),
    ])
    .await;
    let bench = Bench::new(&double).await;
    bench.taken().await;
    let (table, record) = (bench.table_identity(), bench.record().unwrap());
    bench.pass(TimeDelta::hours(5));
    let failure = bench.failure().await;
    assert_eq!(failure.kind, FailureKind::RateLimited);
    assert!(failure.message.starts_with("account angelcam: deferred, "), "{}", failure.message);
    assert!(bench.waits().is_empty());
    assert_eq!(bench.table_identity(), table);
    let after = bench.record().unwrap();
    assert_eq!(after.last_error.as_ref().map(|error| &*error.kind), Some("rate_limited"));
    assert_eq!((after.cameras, after.last_success), (record.cameras, record.last_success));
}

#[tokio::test]
async fn a_service_that_throttles_without_end_is_left_after_a_quarter_of_an_hour() {
    let double = Double::handler(|_| Some(throttles("Request was throttled."))).await;
    let bench = Bench::new(&double).await;
    assert_eq!(bench.failure().await.kind, FailureKind::RateLimited);
    assert_eq!(bench.waits(), [60, 120, 240, 480]);
    assert_eq!(double.count("GET"), 5);
}

#[tokio::test]
async fn two_hundred_and_fifty_cameras_arrive_over_three_pages_whatever_is_throttled() {
    let mut vendor = vendor((1..=250).map(|id| camera(id, "Gate")).collect());
    let mut requests = 0;
    let double = Double::handler(move |request| {
        requests += 1;
        if requests % 2 == 1 { Some(throttles("Expected available in 2 seconds.")) } else { vendor(request) }
    })
    .await;
    let bench = Bench::new(&double).await;
    assert_eq!(bench.taken().await.cameras, 250);
    assert_eq!(bench.ids(), (1..=250).collect::<Vec<_>>());
    assert_eq!(bench.waits(), [3; 4]);
    let asked: Vec<_> = double.requests().iter().skip(1).step_by(2).map(Request::line).collect();
    let pages = ["", "&offset=100", "&offset=200"].map(|offset| format!("{CAMERAS}{offset}"));
    assert_eq!(asked, [&[ME.to_owned()], &pages[..]].concat());
}

#[tokio::test]
async fn what_fails_is_asked_five_times() {
    let failures: [Behaviour; 6] = [
        refuses(503, "bad_gateway", "x"),
        refuses(502, "bad_gateway", "x"),
        Behaviour::html(500),
        Behaviour::Reset,
        Behaviour::Truncated(Answer::json(200, &json!({ "id": 42 }))),
        Behaviour::html(200),
    ];
    for failure in failures {
        let passing = (0..4).map(|_| asks(ME, failure.clone())).chain([tells_owner(), lists(&[])]);
        let double = Double::script(passing).await;
        let bench = Bench::new(&double).await;
        bench.taken().await;
        assert_eq!(bench.waits(), [2, 4, 8, 16], "{failure:?}");
        let double = Double::script((0..5).map(|_| asks(ME, failure.clone()))).await;
        let failed = Bench::new(&double).await.failure().await;
        assert_eq!(failed.kind, FailureKind::Unavailable, "{failure:?}");
        assert!(
            failed.message.starts_with("account angelcam: no usable answer after 5 attempts: "),
            "{failed:?}"
        );
    }
}

#[tokio::test]
async fn json_of_another_shape_is_a_protocol_error_and_is_not_asked_again() {
    for body in ["{}", "[]", "7", r#"{"count":1,"results":7}"#, r#"{"count":-1,"results":[]}"#] {
        let double = Double::script([tells_owner(), asks(CAMERAS, Behaviour::text(200, body))]).await;
        let bench = Bench::new(&double).await;
        assert_eq!(bench.failure().await.kind, FailureKind::Protocol, "{body}");
        assert!(bench.waits().is_empty());
    }
}

#[tokio::test]
async fn no_body_is_read_beyond_what_a_page_can_be() {
    let spaces = Answer::new(200, "application/json", vec![b' '; 1 << 20]);
    for endless in [Behaviour::Endless(spaces, None), Answer::gzip_bomb(64 << 20).into()] {
        let double = Double::script([asks(ME, endless)]).await;
        let failure = Bench::new(&double).await.failure().await;
        assert_eq!(failure.kind, FailureKind::Protocol);
        assert!(failure.message.contains("larger than 16 MiB"), "{failure:?}");
        assert!(double.endless_bytes() < 64 << 20, "{} bytes were taken", double.endless_bytes());
    }
}

#[tokio::test]
async fn no_more_than_fifteen_requests_a_minute_are_made_by_all_processes_together() {
    let double = Double::handler(|_| Some(owner(42))).await;
    let bench = Bench::new(&double).await;
    for _ in 0..15 {
        bench.try_account().await;
    }
    assert!(bench.waits().is_empty());
    bench.beside(&double, "csv").try_account().await;
    assert_eq!(bench.waits(), [60]);
    assert_eq!(double.count("GET"), 16);
}

#[tokio::test]
async fn a_day_without_requests_left_defers_the_inventory_and_asks_nothing() {
    let double = Double::silent().await;
    let bench = Bench::with(&double, SignIn::Personal, "csv", "").await;
    let now = bench.inventories.timing.clock.now();
    let unlimited = [Limit { window: TimeDelta::days(1), requests: 1000 }];
    for _ in 0..500 {
        assert_eq!(bench.ledger().take_request("angelcam", &unlimited, now).unwrap(), None);
    }
    assert_eq!(bench.failure().await.kind, FailureKind::RateLimited);
    bench.pass(TimeDelta::hours(23) + TimeDelta::minutes(46));
    double.change_to(vendor(Vec::new()));
    bench.taken().await;
    assert_eq!(bench.waits(), [14 * 60]);
}

#[tokio::test]
async fn a_request_that_is_repeated_with_a_new_token_counts_twice() {
    let double = Double::script([
        tells_owner(),
        asks(CAMERAS, unauthenticated()),
        asks(TOKEN, grants("A2", "R2")),
        lists(&[camera(7, "Hall")]),
    ])
    .await;
    let bench = Bench::new(&double).await;
    bench.taken().await;
    let now = bench.inventories.timing.clock.now();
    let has_room = |requests| {
        let limits = [Limit { window: TimeDelta::days(1), requests }];
        bench.ledger().take_request("angelcam", &limits, now).unwrap().is_none()
    };
    assert!(!has_room(3));
    assert!(has_room(4));
}

#[tokio::test]
async fn a_wait_ends_when_somebody_asks_us_to_stop() {
    let double = Double::script([asks(ME, throttles("Expected available in 600 seconds."))]).await;
    let bench = Bench::new(&double).await;
    bench.stop_time();
    let stopping = async {
        while bench.waits().is_empty() {
            tokio::task::yield_now().await;
        }
        bench.inventories.shutdown.request();
    };
    let (report, ()) = tokio::join!(bench.take(), stopping);
    assert_eq!(report.failure.unwrap().kind, FailureKind::Interrupted);
    let nothing = bench.inventories.look(bench.inventory()).await;
    assert!(matches!(nothing, Err(InventoryError::Interrupted)), "{nothing:?}");
    assert!(!bench.table_path().exists());
}

#[tokio::test]
async fn a_listing_that_does_not_add_up_is_asked_once_more_and_then_taken_as_it_is() {
    let lacking: Vec<Value> = vec![camera(7, "Hall")];
    let short = || asks(CAMERAS, page(2, None, &lacking));
    let double = Double::script([
        tells_owner(),
        short(),
        lists(&[camera(7, "Hall"), camera(8, "Door")]),
        tells_owner(),
        short(),
        short(),
        tells_owner(),
        short(),
        short(),
        tells_owner(),
        short(),
        short(),
    ])
    .await;
    let bench = Bench::new(&double).await;
    assert_eq!(bench.taken().await.cameras, 2);
    for _ in 0..3 {
        let report = bench.taken().await;
        assert_eq!((report.cameras, report.kept_absent, report.vanished), (2, 1, 0));
        assert_eq!(bench.ids(), [7, 8]);
    }
}
