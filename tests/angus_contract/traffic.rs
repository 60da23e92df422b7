//! What is counted of a conversation is what the other side saw of it.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::{
    bench::{Bench, T1, T2, asks, brings, good_page, page, refuses, signing_in, signs_in, two_hours, with},
    double::{Answer, Behaviour, Double},
};

/// What was counted, with owned names, in order.
fn told(figures: &[(&str, u64)]) -> Vec<(String, u64)> {
    figures.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

#[tokio::test]
async fn every_answer_counts_by_its_endpoint_and_status_and_every_retry_by_its_reason() {
    let double = Double::script([
        signs_in(T1),
        brings(1, &page(1, 2, 2, &[("08", 9)])),
        asks(2, refuses(503, "x")),
        asks(2, refuses(401, "expired_jwt")),
        signing_in(Behaviour::text(429, "slower")),
        signs_in(T2),
        brings(2, &page(2, 2, 2, &[("09", 2)])),
    ])
    .await;
    let bench = Bench::new(&double);
    bench.passing_by().await.unwrap();
    let (requests, retries) = bench.counted();
    assert_eq!(
        requests,
        told(&[
            ("angus_token 200", 2),
            ("angus_token 429", 1),
            ("angus_entities 200", 2),
            ("angus_entities 401", 1),
            ("angus_entities 503", 1),
        ])
    );
    assert_eq!(retries, [("rate_limited", 1), ("server_error", 1), ("token_refused", 1)]);
    let total = requests.iter().map(|(_, count)| *count).sum::<u64>();
    assert_eq!(usize::try_from(total).unwrap(), double.requests().len());
}

#[tokio::test]
async fn an_answer_that_does_not_come_counts_by_the_way_in_which_the_connection_failed() {
    let whole = Answer::json(200, &good_page());
    let double = Double::script([
        signs_in(T1),
        asks(1, Behaviour::Close),
        asks(1, Behaviour::Truncated(whole.clone())),
        asks(1, Behaviour::html(200)),
        asks(1, whole),
    ])
    .await;
    let bench = Bench::new(&double);
    bench.passing_by().await.unwrap();
    let (requests, retries) = bench.counted();
    // The head of the truncated answer and of the page of a proxy said 200.
    assert_eq!(
        requests,
        told(&[("angus_token 200", 1), ("angus_entities 200", 3), ("angus_entities interrupted", 1)])
    );
    assert_eq!(retries, [("interrupted", 2), ("garbled", 1)]);
}

#[tokio::test]
async fn an_attempt_after_which_there_is_no_other_is_no_retry() {
    let double =
        Double::script([signs_in(T1), asks(1, Behaviour::Stall), asks(1, Behaviour::text(404, ""))]).await;
    let bench = Bench::at(double.base_url(), Duration::from_millis(300));
    bench.failure().await;
    assert_eq!(
        bench.counted(),
        (
            told(&[("angus_token 200", 1), ("angus_entities 404", 1), ("angus_entities timeout", 1)]),
            vec![("timeout", 1)]
        )
    );
}

#[tokio::test]
async fn a_service_that_is_not_there_counts_too() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let bench = Bench::at(&format!("http://{gone}"), Duration::from_secs(30));
    bench.failure().await;
    assert_eq!(bench.counted(), (told(&[("angus_token connect", 4)]), vec![("connect", 3)]));
}

#[tokio::test]
async fn a_listing_that_is_asked_for_again_as_a_whole_counts_once() {
    let lacking = with(good_page(), "total_results", 3);
    let double = Double::script([signs_in(T1), brings(1, &lacking), brings(1, &lacking)]).await;
    let bench = Bench::new(&double);
    bench.failure().await;
    assert_eq!(
        bench.counted(),
        (told(&[("angus_token 200", 1), ("angus_entities 200", 2)]), vec![("incomplete", 1)])
    );
}

#[tokio::test]
async fn whoever_watches_is_told_of_every_attempt_and_of_every_wait() {
    let double = Double::script([
        signs_in(T1),
        brings(1, &page(1, 2, 2, &[("08", 9)])),
        asks(2, refuses(503, "x")),
        brings(2, &page(2, 2, 2, &[("09", 2)])),
    ])
    .await;
    let (bench, told) = (Bench::new(&double), AtomicU64::new(0));
    let count = || _ = told.fetch_add(1, Ordering::SeqCst);
    bench.list_telling(two_hours(), &count).await.unwrap();
    assert_eq!(told.into_inner(), 4, "three attempts and a wait");
}
