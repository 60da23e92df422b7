//! Targets that are down, slow, or ask to be left alone.

use std::net::{Ipv4Addr, TcpListener};

use audience_exporter::{delivery::Urgency, failure::FailureKind};
use chrono::TimeDelta;

use crate::{
    bench::{
        Bench, PASSWORD, POST, PUT, Setup, assert_failed, assert_went_well, counts, empty, keys, pair,
        signs_in, uploads,
    },
    double::{Answer, Behaviour, Double, Gate},
};

fn busy(status: u16, retry_after: &str) -> Behaviour {
    Answer::new(status, "text/plain", "too busy").with("Retry-After", retry_after).into()
}

#[tokio::test]
async fn a_target_that_is_down_costs_its_own_patience_and_leaves_everything_pending() {
    let down = (0..4).map(|_| (POST, empty(503)));
    let double = Double::script([signs_in()].into_iter().chain(down)).await;
    let bench = Bench::new(&double);
    let first = bench.publish("lobby", 1, 10);
    bench.publish("mall", 1, 10);
    let report = bench.deliver().await;
    assert_eq!(counts(&report), [0, 0, 2, 0]);
    assert_failed(&report, FailureKind::Unavailable, "no usable answer after 4 attempts: status 503");
    assert_eq!(bench.waits(), [1, 2, 4]);
    assert_eq!(keys(&double), [(); 4].map(|()| first.key.clone()));
    let status = bench.status();
    assert_eq!((status.failures, status.retry_at), (1, Some(bench.now() + TimeDelta::minutes(1))));
    // Before that, a run asks nothing; it is no failure to be patient.
    bench.pass(TimeDelta::seconds(59));
    assert_went_well(&bench.deliver().await, [0, 0, 2, 0]);
}

#[tokio::test]
async fn the_pause_doubles_with_every_failure_until_the_target_takes_something() {
    let double =
        Double::handler(|request| Some(if request.target.contains("/auth/") { pair(1) } else { empty(500) }))
            .await;
    let bench = Bench::new(&double);
    bench.publish("lobby", 1, 10);
    for minutes in [1, 2, 4, 8, 16, 32, 60, 60] {
        bench.deliver().await;
        let pause = bench.status().retry_at.unwrap() - bench.now();
        assert_eq!(pause, TimeDelta::minutes(minutes));
        bench.pass(pause);
    }
    double.change_to(|request| Some(if request.target.contains("/auth/") { pair(2) } else { empty(200) }));
    assert_went_well(&bench.deliver().await, [1, 0, 0, 0]);
    let status = bench.status();
    assert_eq!((status.failures, status.retry_at, status.last_error), (0, None, None));
}

#[tokio::test]
async fn a_target_that_nobody_reaches_is_tried_again_without_parking_even_where_posts_may_not_be_repeated() {
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let double = Double::script([signs_in(), (POST, empty(200))]).await;
    let more = format!(
        "[[deliveries]]\nname = \"nowhere\"\njob = \"hourly\"\naccount = \"partner\"\nurl = \"http://{closed}/\"\n\
         repeat_lost_posts = false\n"
    );
    let bench = Bench::with(&double, &Setup { more, ..Setup::default() });
    bench.publish("lobby", 1, 10);
    let reports = bench.deliver_all(Urgency::WhenDue).await;
    assert_went_well(&reports[0], [1, 0, 0, 0]);
    assert_eq!(counts(&reports[1]), [0, 0, 1, 0]);
    assert_failed(&reports[1], FailureKind::Unavailable, "no connection could be made");
    assert_eq!(bench.waits(), [1, 2, 4]);
}

#[tokio::test]
async fn a_short_retry_after_is_waited_for() {
    let double = Double::script([
        signs_in(),
        (POST, busy(429, "7")),
        (POST, busy(503, "11")),
        (POST, empty(408)),
        (POST, empty(200)),
    ])
    .await;
    let bench = Bench::new(&double);
    bench.publish("lobby", 1, 10);
    assert_went_well(&bench.deliver().await, [1, 0, 0, 0]);
    assert_eq!(bench.waits(), [7, 11, 4]);
}

#[tokio::test]
async fn a_long_retry_after_postpones_the_delivery_and_holds_back_a_person_too() {
    let double = Double::script([signs_in(), (POST, busy(429, "1800")), (POST, empty(200))]).await;
    let bench = Bench::new(&double);
    bench.publish("lobby", 1, 10);
    let report = bench.deliver().await;
    assert_eq!(counts(&report), [0, 0, 1, 0]);
    assert_failed(&report, FailureKind::RateLimited, "the service asks to wait 30m (status 429: too busy)");
    assert_eq!(bench.waits(), [0; 0]);
    bench.pass(TimeDelta::minutes(29));
    assert_went_well(&bench.deliver().await, [0, 0, 1, 0]);
    let held = bench.deliver_now().await;
    assert_failed(&held, FailureKind::RateLimited, "asked to be left alone until 2026-05-01T00:30:00Z");
    bench.pass(TimeDelta::minutes(1));
    assert_went_well(&bench.deliver().await, [1, 0, 0, 0]);
}

#[tokio::test]
async fn a_person_need_not_wait_for_our_own_pause() {
    let steps =
        [signs_in()].into_iter().chain((0..4).map(|_| (POST, empty(500)))).chain([(POST, empty(200))]);
    let double = Double::script(steps).await;
    let bench = Bench::new(&double);
    bench.publish("lobby", 1, 10);
    assert_failed(&bench.deliver().await, FailureKind::Unavailable, "status 500");
    assert_went_well(&bench.deliver().await, [0, 0, 1, 0]);
    assert_went_well(&bench.deliver_now().await, [1, 0, 0, 0]);
}

#[tokio::test]
async fn no_attempt_begins_later_than_a_minute_after_the_first() {
    let double = Double::script([signs_in(), (POST, busy(503, "40")), (POST, busy(503, "40"))]).await;
    let bench = Bench::new(&double);
    bench.publish("lobby", 1, 10);
    assert_failed(&bench.deliver().await, FailureKind::RateLimited, "asks to wait 40s");
    assert_eq!(bench.waits(), [40]);
}

#[tokio::test]
async fn a_lost_answer_is_repeated_with_the_same_key() {
    for (method, line, lines) in [
        ("PUT", PUT, "method = \"PUT\"\nrepeat_lost_posts = false"),
        ("POST", POST, "repeat_lost_posts = true"),
    ] {
        let double = Double::script([
            signs_in(),
            (line, Behaviour::Close),
            (line, Behaviour::Reset),
            (line, empty(200)),
        ])
        .await;
        let bench = Bench::with(&double, &Setup::delivery(lines));
        let file = bench.publish("lobby", 1, 10);
        assert_went_well(&bench.deliver().await, [1, 0, 0, 0]);
        assert_eq!(keys(&double), [(); 3].map(|()| file.key.clone()), "{method}");
        assert!(uploads(&double).iter().all(|upload| upload.body == file.bytes), "{method}");
    }
}

#[tokio::test]
async fn a_lost_post_is_parked_where_it_may_not_be_repeated_and_the_rest_waits() {
    let double =
        Double::script([signs_in(), (POST, empty(503)), (POST, Behaviour::Close), (POST, empty(200))]).await;
    let bench = Bench::with(&double, &Setup::delivery("repeat_lost_posts = false"));
    bench.publish("lobby", 1, 10);
    let later = bench.publish("lobby", 2, 10);
    let report = bench.deliver().await;
    assert_eq!(counts(&report), [0, 1, 1, 0]);
    assert_failed(&report, FailureKind::Unavailable, "the connection broke");
    let reason = &bench.parked()[0].1;
    assert!(reason.starts_with("the answer was lost (the connection broke"), "{reason}");
    assert!(reason.contains("whether it arrived is unknown"), "{reason}");
    bench.pass(TimeDelta::minutes(2));
    assert_went_well(&bench.deliver().await, [1, 0, 0, 0]);
    assert_eq!(keys(&double).last(), Some(&later.key));
}

#[tokio::test]
async fn an_accepted_file_is_delivered_although_the_rest_of_the_answer_is_lost() {
    let cut = Behaviour::Truncated(Answer::new(200, "text/plain", "7b0c5c0e"));
    let double = Double::script([signs_in(), (POST, cut)]).await;
    let bench = Bench::with(&double, &Setup::delivery("status_url = \"BASE/attempts\""));
    bench.publish("lobby", 1, 10);
    assert_went_well(&bench.deliver().await, [1, 0, 0, 0]);
}

#[tokio::test]
async fn an_endless_answer_is_read_as_far_as_it_helps() {
    let endless = Behaviour::Endless(Answer::new(200, "text/plain", vec![b' '; 64 << 10]), None);
    let double = Double::script([signs_in(), (POST, endless)]).await;
    let bench = Bench::new(&double);
    bench.publish("lobby", 1, 10);
    assert_went_well(&bench.deliver().await, [1, 0, 0, 0]);
}

#[tokio::test]
async fn a_sign_in_that_fails_stops_the_run_with_its_reason() {
    for (answer, kind, words) in [
        (empty(401), FailureKind::Credentials, "sign-in refused"),
        (empty(500), FailureKind::Unavailable, "no usable answer"),
        (busy(429, "1800"), FailureKind::RateLimited, "the service asks to wait 30m"),
    ] {
        let double = Double::script([(PASSWORD, answer)]).await;
        let bench = Bench::new(&double);
        bench.publish("lobby", 1, 10);
        bench.publish("mall", 1, 10);
        let report = bench.deliver().await;
        assert_eq!(counts(&report), [0, 0, 2, 0]);
        assert_failed(&report, kind, words);
    }
}

#[tokio::test]
async fn a_service_that_asks_to_wait_before_a_sign_in_is_left_alone_until_then() {
    let double = Double::script([(PASSWORD, busy(429, "1800")), signs_in(), (POST, empty(200))]).await;
    let bench = Bench::new(&double);
    bench.publish("lobby", 1, 10);
    assert_failed(&bench.deliver().await, FailureKind::RateLimited, "30m");
    bench.pass(TimeDelta::minutes(29));
    assert_went_well(&bench.deliver().await, [0, 0, 1, 0]);
    bench.pass(TimeDelta::minutes(1));
    assert_went_well(&bench.deliver().await, [1, 0, 0, 0]);
}

#[tokio::test]
async fn a_request_under_way_is_seen_through_when_somebody_asks_to_stop() {
    let gate = Gate::closed();
    let held = Behaviour::Held(gate.clone(), Answer::new(200, "text/plain", ""));
    let double = Double::script([signs_in(), (POST, held)]).await;
    let bench = Bench::new(&double);
    bench.publish("lobby", 1, 10);
    bench.publish("lobby", 2, 10);
    let (report, ()) = tokio::join!(bench.deliver(), async {
        double.received(2).await;
        bench.shutdown.request();
        gate.open();
    });
    assert_eq!(counts(&report), [1, 0, 1, 0]);
    assert_failed(&report, FailureKind::Interrupted, "interrupted");
    let status = bench.status();
    assert_eq!((status.delivered, status.failures, status.last_error), (1, 0, None));
}

#[tokio::test]
async fn a_wait_ends_when_somebody_asks_to_stop() {
    let double = Double::script([signs_in(), (POST, empty(503))]).await;
    let bench = Bench::new(&double);
    bench.publish("lobby", 1, 10);
    bench.wait_for_ever();
    let (report, ()) = tokio::join!(bench.deliver(), async {
        while bench.waits().is_empty() {
            tokio::task::yield_now().await;
        }
        bench.shutdown.request();
    });
    assert_eq!(counts(&report), [0, 0, 1, 0]);
    assert_failed(&report, FailureKind::Interrupted, "interrupted");
}

#[tokio::test]
async fn nothing_to_do_is_nothing_to_interrupt() {
    let double = Double::silent().await;
    let bench = Bench::new(&double);
    bench.shutdown.request();
    assert_went_well(&bench.deliver().await, [0, 0, 0, 0]);
}
