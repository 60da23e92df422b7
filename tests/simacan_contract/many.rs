//! Many workers on several threads, over real connections.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use audience_exporter::auth::CallError;
use futures_util::future::join_all;

use crate::{
    bench::get,
    double::{Answer, Behaviour, Double, Gate},
    simacan::{PASSWORD, REFRESH, bench, pair, target},
};

/// A target that takes the token of this number, and the addresses of tokens.
async fn service(good: usize) -> (Double, Arc<AtomicUsize>) {
    let made = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&made);
    let double = Double::handler(move |request| {
        if [PASSWORD, REFRESH].contains(&&*request.line()) {
            let number = counted.fetch_add(1, Ordering::SeqCst) + 1;
            return Some(pair(u32::try_from(number).unwrap()));
        }
        let is_good = request.header("authorization") == Some(&*format!("Bearer A{good}"));
        Some(Behaviour::text(if is_good { 200 } else { 401 }, ""))
    })
    .await;
    (double, made)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_workers_whose_token_is_refused_bring_one_refresh() {
    let (double, made) = service(2).await;
    let bench = bench(&double);
    bench.token().await.unwrap();
    let url = target(&double);
    let workers = (0..100).map(|_| {
        let (session, url) = (Arc::clone(bench.session()), url.clone());
        tokio::spawn(async move { get(&session, &url).await.ok().map(|reply| reply.response.status()) })
    });
    let statuses = join_all(workers).await;
    assert!(statuses.into_iter().all(|status| status.unwrap().is_some_and(|status| status == 200)));
    assert_eq!(made.load(Ordering::SeqCst), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_refuses_everybody_costs_a_storm_one_refresh() {
    let gate = Gate::closed();
    let held = gate.clone();
    let double = Double::handler(move |request| {
        Some(match (&*request.line(), request.header("authorization")) {
            (PASSWORD, _) => pair(1),
            (REFRESH, _) => pair(2),
            (_, Some("Bearer A1")) => Behaviour::Held(held.clone(), Answer::new(401, "text/plain", "")),
            _ => Behaviour::text(401, ""),
        })
    })
    .await;
    let bench = bench(&double);
    bench.token().await.unwrap();
    let url = target(&double);
    let workers: Vec<_> = (0..100)
        .map(|_| {
            let (session, url) = (Arc::clone(bench.session()), url.clone());
            tokio::spawn(async move { get(&session, &url).await.err() })
        })
        .collect();
    double.received(1 + 100).await;
    (0..100).for_each(|_| gate.open());
    let is_final = |error: Option<CallError>| matches!(error, Some(CallError::RefusedAgain { .. }));
    assert!(join_all(workers).await.into_iter().all(|error| is_final(error.unwrap())));
    assert_eq!((double.count("POST"), double.count("GET")), (2, 200));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_workers_of_a_cold_start_send_the_password_once() {
    let (double, made) = service(1).await;
    let bench = bench(&double);
    let url = target(&double);
    let workers = (0..100).map(|_| {
        let (session, url) = (Arc::clone(bench.session()), url.clone());
        tokio::spawn(async move { get(&session, &url).await.is_ok() })
    });
    assert!(join_all(workers).await.into_iter().all(|served| served.unwrap()));
    assert_eq!(made.load(Ordering::SeqCst), 1);
}
