//! When pages are a listing, when they are asked again, and when they are refused (sections 4 and 6).

use audience_exporter::{failure::FailureKind, row::Count, time::BucketSize};
use serde_json::{Value, json};

use crate::{
    bench::{
        Bench, T1, asks, brings, good_page, hours, one_figure, page, passing_by, query, signs_in, two_hours,
        with, without,
    },
    double::{Answer, Double},
};

const GLOBAL: &str = "/api/1/entities?metrics=passing_by&from_date=2026-03-02T08%3A00%3A00%2B00%3A00&to_date=2026-03-02T10%3A00%3A00%2B00%3A00&time=global";

/// These pages, from the first on, are refused for good.
async fn assert_broken(pages: &[Value], message: &str) {
    let steps = pages.iter().zip(1..).map(|(page, number)| brings(number, page));
    let double = Double::script([signs_in(T1)].into_iter().chain(steps)).await;
    let bench = Bench::new(&double);
    let error = bench.failure().await;
    assert_eq!(error.kind(), FailureKind::Protocol, "{error}");
    assert!(error.to_string().contains(message), "{message} in {error}");
    assert_eq!(bench.waits(), []);
}

/// This page alone is a listing with 9 people at 8 and 2 at 9.
async fn assert_fine(only: Value) {
    let double = Double::script([signs_in(T1), brings(1, &only)]).await;
    assert_eq!(Bench::new(&double).passing_by().await.unwrap(), hours([("08", 9), ("09", 2)]), "{only}");
}

/// [`good_page`] with its second bucket labelled like this.
fn labelled(label: &str) -> Value {
    let mut page = page(1, 1, 2, &[("08", 9)]);
    page["entities"][label] = json!({ "passing_by": { "value": 2 } });
    page
}

/// [`good_page`], and a third member of `entities`, which may have the name of another.
fn with_member(label: &str, people: u64) -> String {
    let member = format!(r#""{label}":{{"passing_by":{{"value":{people}}}}},"#);
    good_page().to_string().replacen(r#""entities":{"#, &format!(r#""entities":{{{member}"#), 1)
}

#[tokio::test]
async fn compressed_answers_are_read() {
    let double = Double::script([signs_in(T1), asks(1, Answer::json(200, &good_page()).gzipped())]).await;
    let bench = Bench::new(&double);
    assert_eq!(bench.passing_by().await.unwrap(), hours([("08", 9), ("09", 2)]));
    assert_eq!(double.requests()[1].header("accept-encoding"), Some("gzip"));
}

#[tokio::test]
async fn a_bucket_that_comes_twice_with_the_same_figures_counts_once() {
    let (first, last) = (page(1, 2, 2, &[("08", 9)]), page(2, 2, 2, &[("08", 9), ("09", 2)]));
    let double = Double::script([signs_in(T1), brings(1, &first), brings(2, &last)]).await;
    assert_eq!(Bench::new(&double).passing_by().await.unwrap(), hours([("08", 9), ("09", 2)]));
    for label in ["2026-03-02T09:00:00+00:00", "2026-03-02T09:00:00Z", "2026-03-02T10:00:00+0100"] {
        let double =
            Double::script([signs_in(T1), asks(1, Answer::new(200, "", with_member(label, 2)))]).await;
        assert_eq!(Bench::new(&double).passing_by().await.unwrap(), hours([("08", 9), ("09", 2)]), "{label}");
    }
}

#[tokio::test]
async fn a_bucket_that_comes_twice_with_other_figures_is_refused() {
    let twice = [page(1, 2, 2, &[("08", 9)]), page(2, 2, 2, &[("08", 8), ("09", 2)])];
    assert_broken(&twice, "twice with different figures").await;
    let double = Double::script([
        signs_in(T1),
        asks(1, Answer::new(200, "", with_member("2026-03-02T09:00:00+00:00", 3))),
    ])
    .await;
    assert_eq!(Bench::new(&double).failure().await.kind(), FailureKind::Protocol);
}

#[tokio::test]
async fn labels_are_read_as_instants() {
    for label in [
        "2026-03-02T09:00:00Z",
        "2026-03-02T09:00:00+0000",
        "2026-03-02T09:00:00.000+00:00",
        "2026-03-02T11:00:00+02:00",
        "2026-03-02T03:30:00-0530",
    ] {
        assert_fine(labelled(label)).await;
    }
}

#[tokio::test]
async fn labels_that_are_no_hours_are_refused() {
    for label in ["2026-03-02T09:00:00", "2026-03-02T09:30:00Z", "2026-03-02T09:00:01Z", "global", "", "9"] {
        assert_broken(&[labelled(label)], "is no label").await;
    }
}

#[tokio::test]
async fn buckets_outside_the_window_are_dropped() {
    for label in
        ["2026-03-02T07:00:00Z", "2026-03-02T10:00:00Z", "2026-03-03T09:00:00Z", "1026-03-02T09:00:00Z"]
    {
        let mut only = with(labelled(label), "total_results", 3);
        only["entities"]["2026-03-02T09:00:00Z"] = json!({ "passing_by": { "value": 2 } });
        assert_fine(only).await;
    }
}

#[tokio::test]
async fn a_total_that_shrinks_between_pages_starts_the_listing_again_once() {
    let shrinking = || [brings(1, &page(1, 2, 3, &[("08", 9)])), brings(2, &page(2, 2, 2, &[("09", 2)]))];
    let double = Double::script([signs_in(T1)].into_iter().chain(shrinking()).chain(shrinking())).await;
    let error = Bench::new(&double).failure().await;
    assert_eq!(error.kind(), FailureKind::Incomplete, "{error}");
    assert!(error.to_string().contains("from 3 to 2"), "{error}");
    let then_good = [signs_in(T1)].into_iter().chain(shrinking()).chain([brings(1, &good_page())]);
    let double = Double::script(then_good).await;
    assert_eq!(Bench::new(&double).passing_by().await.unwrap(), hours([("08", 9), ("09", 2)]));
}

#[tokio::test]
async fn more_pages_are_asked_where_only_their_number_tells_of_them() {
    for nothing in [json!(""), Value::Null] {
        let first = with(page(1, 2, 2, &[("08", 9)]), "next_page", nothing);
        let last = page(2, 2, 2, &[("09", 2)]);
        let double = Double::script([signs_in(T1), brings(1, &first), brings(2, &last)]).await;
        assert_eq!(Bench::new(&double).passing_by().await.unwrap(), hours([("08", 9), ("09", 2)]));
    }
}

#[tokio::test]
async fn pages_that_lead_in_a_circle_are_refused() {
    let first = page(1, 2, 2, &[("08", 9)]);
    assert_broken(&[first.clone(), first.clone()], "the answer is page 1").await;
    let unnumbered = without(first, "page");
    assert_broken(&[unnumbered.clone(), unnumbered], "brings nothing new").await;
    let endless = |number| page(number, 1_000_000, 2, &[("08", 9)]);
    assert_broken(&[endless(1), endless(2)], "brings nothing new").await;
}

#[tokio::test]
async fn a_page_other_than_the_one_asked_for_is_refused() {
    assert_broken(&[with(good_page(), "page", 2)], "asked for page 1, the answer is page 2").await;
    assert_broken(&[with(good_page(), "page", 0)], "page 0").await;
    let skipping = [page(1, 3, 3, &[("08", 9)]), with(page(2, 3, 3, &[("09", 2)]), "page", 3)];
    assert_broken(&skipping, "asked for page 2, the answer is page 3").await;
}

#[tokio::test]
async fn buckets_of_another_size_are_refused() {
    assert_broken(&[with(good_page(), "time", "by_day")], "by_day").await;
    assert_broken(&[with(good_page(), "time", "global")], "global").await;
    assert_broken(&[without(good_page(), "time")], "nothing").await;
}

#[tokio::test]
async fn another_range_is_refused_and_the_same_in_another_offset_is_not() {
    assert_broken(&[with(good_page(), "from_date", "2026-03-01T08:00:00+00:00")], "2026-03-01T08:00:00Z")
        .await;
    assert_broken(&[with(good_page(), "to_date", "2026-03-02T10:00:00+02:00")], "2026-03-02T08:00:00Z").await;
    let shifted = with(good_page(), "from_date", "2026-03-02T10:00:00+02:00");
    assert_fine(with(shifted, "to_date", "2026-03-02T05:00:00.000-0500")).await;
    assert_fine(without(without(good_page(), "from_date"), "to_date")).await;
}

#[tokio::test]
async fn a_listing_by_hour_must_tell_its_total_and_a_global_one_need_not() {
    assert_broken(&[without(good_page(), "total_results")], "total_results").await;
    let second = without(page(2, 2, 2, &[("09", 2)]), "total_results");
    assert_broken(&[page(1, 2, 2, &[("08", 9)]), second], "total_results").await;
    let global = with(without(good_page(), "total_results"), "time", "global");
    let global = with(global, "entities", json!({ "global": { "passing_by": { "value": 11 } } }));
    for page in [global.clone(), with(global, "total_results", 0)] {
        let double =
            Double::script([signs_in(T1), (format!("GET {GLOBAL}"), Answer::json(200, &page).into())]).await;
        let rows = Bench::new(&double).list(one_figure()).await.unwrap().rows;
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].count(Count::PassingBy), Some(11));
        assert_eq!((rows[0].start, rows[0].end), (two_hours().range.start(), two_hours().range.end()));
    }
}

#[tokio::test]
async fn a_global_listing_knows_no_other_label() {
    for label in ["2026-03-02T08:00:00+00:00", "Global", "total"] {
        let mut page = with(good_page(), "time", "global");
        page["entities"] = json!({ "global": {}, label: {} });
        let double =
            Double::script([signs_in(T1), (format!("GET {GLOBAL}"), Answer::json(200, &page).into())]).await;
        let error = Bench::new(&double).list(one_figure()).await.unwrap_err();
        assert_eq!(error.kind(), FailureKind::Protocol, "{label}: {error}");
    }
}

#[tokio::test]
async fn an_empty_listing_is_a_listing() {
    for (pages, next_page) in [(0, json!("")), (1, Value::Null)] {
        let empty = with(page(1, pages, 0, &[]), "next_page", next_page);
        let double = Double::script([signs_in(T1), brings(1, &empty)]).await;
        assert_eq!(Bench::new(&double).passing_by().await.unwrap(), hours([]));
    }
}

#[tokio::test]
async fn far_more_buckets_than_the_window_has_are_refused() {
    let mut page = with(good_page(), "total_results", 5_000);
    for day in 1..=28 {
        for (month, hour) in (1..=12).flat_map(|month| (0..24).map(move |hour| (month, hour))) {
            page["entities"][format!("2020-{month:02}-{day:02}T{hour:02}:00:00Z")] = json!({});
        }
    }
    assert_broken(&[page], "far more buckets").await;
}

#[tokio::test]
async fn one_page_may_hold_a_whole_month() {
    let mut page = with(good_page(), "from_date", "2026-03-01T00:00:00Z");
    page["to_date"] = json!("2026-04-01T00:00:00Z");
    page["total_results"] = json!(31 * 24);
    for (day, hour) in (1..=31).flat_map(|day| (0..24).map(move |hour| (day, hour))) {
        page["entities"][format!("2026-03-{day:02}T{hour:02}:00:00+00:00")] =
            json!({ "passing_by": { "value": hour } });
    }
    let target = "GET /api/1/entities?metrics=passing_by&from_date=2026-03-01T00%3A00%3A00%2B00%3A00&to_date=2026-04-01T00%3A00%3A00%2B00%3A00&time=by_hour";
    let double = Double::script([signs_in(T1), (target.to_owned(), Answer::json(200, &page).into())]).await;
    let month = query(BucketSize::Hour, "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z");
    let rows = Bench::new(&double).list(month).await.unwrap().rows;
    assert_eq!(rows.len(), 31 * 24);
    assert!(rows.is_sorted_by_key(|row| row.start));
    assert_eq!(passing_by(&rows).len(), 24);
}
