//! Pages that are asked for ahead: how many, when, and that the rules of a listing stay as they are.

use std::collections::BTreeMap;

use audience_exporter::{angus::Query, failure::FailureKind, time::BucketSize};
use serde_json::{Value, json};

use crate::{
    bench::{Bench, T1, passing_by, query, with},
    double::{Answer, Behaviour, Double, Gate, Request},
};

const PAGES: u64 = 9;

/// Eighteen hours, two a page.
fn window() -> Query {
    query(BucketSize::Hour, "2026-03-02T00:00:00Z", "2026-03-02T18:00:00Z")
}

fn page(number: u64) -> Value {
    let bucket = |hour: u64| {
        (format!("2026-03-02T{hour:02}:00:00+00:00"), json!({ "passing_by": { "value": 100 + hour } }))
    };
    let entities: serde_json::Map<_, _> = [2 * number - 2, 2 * number - 1].map(bucket).into_iter().collect();
    json!({
        "entities": entities,
        "time": "by_hour",
        "total_results": 2 * PAGES,
        "nb_of_pages": PAGES,
        "page": number,
        "next_page": if number < PAGES { format!("/api/1/entities?page={}", number + 1) } else { String::new() },
    })
}

fn all_hours() -> BTreeMap<String, i64> {
    (0..18).map(|hour| (format!("{hour:02}"), 100 + hour)).collect()
}

fn number_of(request: &Request) -> u64 {
    request.parameter("page").map_or(1, |page| page.parse().unwrap())
}

/// Answers a request for a page with `answer`, given its number.
async fn pages(mut answer: impl FnMut(u64) -> Behaviour + Send + 'static) -> Double {
    Double::handler(move |request| {
        Some(match &*request.method {
            "POST" => Behaviour::json(200, &json!({ "token": T1 })),
            _ => answer(number_of(request)),
        })
    })
    .await
}

/// The pages that were asked for, in the order of arrival.
fn asked(double: &Double) -> Vec<u64> {
    double.requests().iter().filter(|request| request.method == "GET").map(number_of).collect()
}

#[tokio::test]
async fn as_many_pages_as_allowed_are_asked_for_once_their_number_is_known() {
    for allowed in [1, 4, 16] {
        let gate = Gate::closed();
        let held = gate.clone();
        let answer = move |number| Behaviour::Held(held.clone(), Answer::json(200, &page(number)));
        let double = pages(answer).await;
        let bench = Bench::side_by_side(&double, allowed);
        let ahead = allowed.min(usize::try_from(PAGES).unwrap() - 1);
        let open = async {
            // The token, and the first page, alone.
            double.received(2).await;
            double.settle().await;
            assert_eq!(asked(&double), [1]);
            gate.open();
            double.received(2 + ahead).await;
            double.settle().await;
            assert_eq!(asked(&double).len(), 1 + ahead);
            (1..PAGES).for_each(|_| gate.open());
        };
        let (listing, ()) = tokio::join!(bench.list(window()), open);
        assert_eq!(passing_by(&listing.unwrap().rows), all_hours());
        assert_eq!(double.most_in_flight(), ahead);
        let mut all = asked(&double);
        all.sort_unstable();
        assert_eq!(all, (1..=PAGES).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn pages_that_arrive_in_any_order_are_the_same_listing() {
    let first = Gate::closed();
    let held = first.clone();
    let answer = move |number| match number {
        2 => Behaviour::Held(held.clone(), Answer::json(200, &page(2))),
        number => Behaviour::json(200, &page(number)),
    };
    let double = pages(answer).await;
    let bench = Bench::side_by_side(&double, 16);
    let open = async {
        double.received(1 + usize::try_from(PAGES).unwrap()).await;
        double.settle().await;
        first.open();
    };
    let (listing, ()) = tokio::join!(bench.list(window()), open);
    assert_eq!(passing_by(&listing.unwrap().rows), all_hours());
}

#[tokio::test]
async fn a_page_that_fails_for_a_while_is_asked_again_and_the_others_are_not() {
    let mut failures = 2;
    let answer = move |number| {
        if number == 5 && failures > 0 {
            failures -= 1;
            return Behaviour::html(503);
        }
        Behaviour::json(200, &page(number))
    };
    let double = pages(answer).await;
    let listing = Bench::side_by_side(&double, 3).list(window()).await.unwrap();
    assert_eq!(passing_by(&listing.rows), all_hours());
    let mut all = asked(&double);
    all.sort_unstable();
    assert_eq!(all, [1, 2, 3, 4, 5, 5, 5, 6, 7, 8, 9]);
}

#[tokio::test]
async fn a_listing_whose_total_changes_on_the_way_is_no_listing() {
    let answer = |number| match number {
        7 => Behaviour::json(200, &with(page(7), "total_results", 2 * PAGES + 1)),
        number => Behaviour::json(200, &page(number)),
    };
    let double = pages(answer).await;
    let error = Bench::side_by_side(&double, 16).list(window()).await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Incomplete, "{error}");
    // It is asked once more, from its first page on.
    assert_eq!(asked(&double).iter().filter(|number| **number == 1).count(), 2);
}
