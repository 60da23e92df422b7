//! Vectors 6 to 11 and 14: what pages make of buckets.

use audience_exporter::{
    angus::FetchError,
    failure::FailureKind,
    metric::Metric,
    row::{Count, Mean, Row, Totals},
    time::{BucketSize, TimeRange, to_display},
};
use serde_json::{Value, json};

use crate::{
    bench::{
        Bench, T1, TWO_HOURS, asks, at, brings, good_page, hours, page, passing_by, query, refuses, signs_in,
        tokens_used, two_hours, with, without,
    },
    double::{Behaviour, Double},
};

const ALL: &str = "passing_by,interested,stop_time,attention_time,category,gender";

/// Section 4, as printed.
const HOURLY: &str = r#"{"entities":{
 "2026-03-02T09:00:00+00:00":{"passing_by":{"value":2},"interested":{"value":0},"stop_time":{"value":null},"attention_time":{"value":null},"gender":{"?":0,"female":0,"male":0},"category":{"senior_female":0,"senior_male":0,"young_female":0,"young_male":0}},
 "2026-03-02T08:00:00+00:00":{"passing_by":{"value":9},"interested":{"value":4},"stop_time":{"value":12.5},"attention_time":{"value":6.0},"gender":{"?":1,"female":1,"male":2},"category":{"senior_female":0,"senior_male":1,"young_female":1,"young_male":1}},
 "2026-03-02T10:00:00+00:00":{"passing_by":{"value":14},"interested":{"value":6},"stop_time":{"value":20.0},"attention_time":{"value":3.5},"gender":{"?":0,"female":3,"male":3},"category":{"senior_female":1,"senior_male":1,"young_female":2,"young_male":1}}},
 "from_date":"2026-03-02T08:30:00+00:00","to_date":"2026-03-02T10:15:00+00:00","time":"by_hour","total_results":3,"nb_of_pages":1,"page":1,"next_page":""}"#;

/// Section 4, as printed.
const GLOBAL: &str = r#"{"entities":{"global":{"passing_by":{"value":25},"interested":{"value":10},"stop_time":{"value":17.0},"attention_time":{"value":4.5},"gender":{"?":1,"female":4,"male":5},"category":{"senior_female":1,"senior_male":2,"young_female":3,"young_male":2}}},
 "from_date":"2026-03-02T08:30:00+00:00","to_date":"2026-03-02T10:15:00+00:00","time":"global","total_results":1,"nb_of_pages":1,"page":1,"next_page":""}"#;

/// Section 4, as printed.
const DAILY: &str = r#"{"entities":{"2026-03-01T00:00:00+00:00":{"passing_by":{"value":40}},"2026-03-02T00:00:00+00:00":{"passing_by":{"value":0}},"2026-03-03T00:00:00+00:00":{"passing_by":{"value":17}}},
 "from_date":"2026-03-01T05:45:00+02:00","to_date":"2026-03-03T16:00:00+02:00","time":"by_day","total_results":3,"nb_of_pages":1,"page":1,"next_page":""}"#;

const COUNTS: [Count; 9] = [
    Count::PassingBy,
    Count::Interested,
    Count::CategorySeniorFemale,
    Count::CategorySeniorMale,
    Count::CategoryYoungFemale,
    Count::CategoryYoungMale,
    Count::GenderFemale,
    Count::GenderMale,
    Count::GenderUnknown,
];

/// The answer is `body`, byte for byte.
fn printed(metrics: &str, range: &str, time: &str, body: &str) -> (String, Behaviour) {
    (format!("GET /api/1/entities?metrics={metrics}&{range}&time={time}"), Behaviour::text(200, body))
}

fn partial(rows: &[Row], asked: TimeRange) -> Vec<(String, bool)> {
    let long_after = at("2026-04-01T00:00:00Z");
    rows.iter().map(|row| (to_display(row.start), row.is_partial(asked, long_after))).collect()
}

#[tokio::test]
async fn angus_vector_06_hours_are_sorted_marked_partial_and_add_up_to_the_global_figure() {
    let range = "from_date=2026-03-02T08%3A30%3A00%2B00%3A00&to_date=2026-03-02T10%3A15%3A00%2B00%3A00";
    let steps = [signs_in(T1), printed(ALL, range, "by_hour", HOURLY), printed(ALL, range, "global", GLOBAL)];
    let double = Double::script(steps).await;
    let bench =
        Bench::new(&double).asking(Metric::ALL.into_iter().filter(|metric| *metric != Metric::Satisfaction));
    let (start, end) = ("2026-03-02T08:30:00Z", "2026-03-02T10:15:00Z");
    let by_hour = query(BucketSize::Hour, start, end);
    let listing = bench.list(by_hour).await.unwrap();
    let expected = [
        ("2026-03-02T08:00:00Z".to_owned(), true),
        ("2026-03-02T09:00:00Z".to_owned(), false),
        ("2026-03-02T10:00:00Z".to_owned(), true),
    ];
    assert_eq!(partial(&listing.rows, by_hour.range), expected);
    assert!(listing.oddities.is_empty());
    let totals = Totals::of(&listing.rows);
    assert!(!totals.is_incomplete);
    assert_eq!(totals.count(Count::PassingBy), Some(25));
    assert_eq!(totals.count(Count::Interested), Some(10));
    assert_eq!(totals.mean(Mean::StopTime), Some(17.0));
    assert_eq!(totals.mean(Mean::AttentionTime), Some(4.5));
    let global = bench.list(query(BucketSize::Global, start, end)).await.unwrap().rows;
    assert_eq!(global.len(), 1);
    assert_eq!((global[0].start, global[0].end), (at(start), at(end)));
    assert_eq!(COUNTS.map(|count| totals.count(count)), COUNTS.map(|count| global[0].count(count)));
    for mean in [Mean::StopTime, Mean::AttentionTime] {
        assert_eq!(totals.mean(mean), global[0].mean(mean));
    }
}

#[tokio::test]
async fn angus_vector_07_days_are_utc_the_cut_ones_are_partial_and_zero_is_zero() {
    let range = "from_date=2026-03-01T03%3A45%3A00%2B00%3A00&to_date=2026-03-03T14%3A00%3A00%2B00%3A00";
    let double = Double::script([signs_in(T1), printed("passing_by", range, "by_day", DAILY)]).await;
    let by_day = query(BucketSize::Day, "2026-03-01T05:45:00+02:00", "2026-03-03T16:00:00+02:00");
    let rows = Bench::new(&double).list(by_day).await.unwrap().rows;
    let expected = [
        ("2026-03-01T00:00:00Z".to_owned(), true),
        ("2026-03-02T00:00:00Z".to_owned(), false),
        ("2026-03-03T00:00:00Z".to_owned(), true),
    ];
    assert_eq!(partial(&rows, by_day.range), expected);
    let people: Vec<_> = rows.iter().map(|row| row.count(Count::PassingBy)).collect();
    assert_eq!(people, [Some(40), Some(0), Some(17)]);
    assert_eq!(Totals::of(&rows).count(Count::PassingBy), Some(57));
    assert_eq!(Totals::of(&rows).count(Count::Interested), None);
}

#[tokio::test]
async fn angus_vector_08_two_pages_make_one_listing_however_the_second_is_named() {
    let (first, last) = (page(1, 2, 2, &[("08", 9)]), page(2, 2, 2, &[("09", 2)]));
    let vendors = format!("https://data.angus.ai{TWO_HOURS}&page=2");
    for (first, last) in [
        (with(first.clone(), "next_page", vendors), last.clone()),
        (first.clone(), last.clone()),
        (first.clone(), with(last.clone(), "next_page", Value::Null)),
        (first.clone(), without(last.clone(), "next_page")),
        (without(first, "nb_of_pages"), without(last, "nb_of_pages")),
    ] {
        let double = Double::script([signs_in(T1), brings(1, &first), brings(2, &last)]).await;
        let bench = Bench::new(&double);
        assert_eq!(bench.passing_by().await.unwrap(), hours([("08", 9), ("09", 2)]), "{first} {last}");
        assert_eq!(tokens_used(&double), [T1, T1]);
    }
}

#[tokio::test]
async fn angus_vector_09_a_page_on_another_host_is_fetched_from_ours() {
    let evil = Double::silent().await;
    let own_host = evil.base_url().replace("127.0.0.1", "127.0.0.2");
    for elsewhere in [
        "https://evil.example.com/api/1/entities?page=2".to_owned(),
        format!("{}/api/1/entities?page=2", evil.base_url()),
        format!("{}{TWO_HOURS}&page=2", evil.base_url()),
        format!("{}/api/1/entities?page=2", evil.base_url().replace("http:", "")),
        format!("{own_host}/api/1/entities?page=2"),
        "/api/1/elsewhere?page=2".to_owned(),
        format!("{TWO_HOURS}&page=7"),
        "http://".to_owned(),
        "not an address".to_owned(),
    ] {
        let first = with(page(1, 2, 2, &[("08", 9)]), "next_page", elsewhere.clone());
        let last = page(2, 2, 2, &[("09", 2)]);
        let double = Double::script([signs_in(T1), brings(1, &first), brings(2, &last)]).await;
        let bench = Bench::new(&double);
        assert_eq!(bench.passing_by().await.unwrap(), hours([("08", 9), ("09", 2)]), "{elsewhere}");
    }
    assert_eq!(evil.requests(), []);
}

#[tokio::test]
async fn angus_vector_10_a_bucket_at_the_very_end_is_dropped_whether_it_is_counted_or_not() {
    for total in [2, 3] {
        let only = page(1, 1, total, &[("08", 9), ("09", 2), ("10", 5)]);
        let double = Double::script([signs_in(T1), brings(1, &only)]).await;
        assert_eq!(Bench::new(&double).passing_by().await.unwrap(), hours([("08", 9), ("09", 2)]));
    }
}

#[tokio::test]
async fn angus_vector_10_a_listing_that_lacks_buckets_is_asked_once_more_and_then_incomplete() {
    let lacking = page(1, 1, 2, &[("08", 9)]);
    let double = Double::script([signs_in(T1), brings(1, &lacking), brings(1, &lacking)]).await;
    let bench = Bench::new(&double);
    let error = bench.failure().await;
    assert!(matches!(error, FetchError::Incomplete(_)), "{error}");
    assert_eq!(error.kind(), FailureKind::Incomplete);
    assert_eq!(bench.waits(), []);
}

#[tokio::test]
async fn angus_vector_10_a_listing_that_is_complete_the_second_time_is_taken() {
    let lacking = page(1, 1, 2, &[("08", 9)]);
    let double = Double::script([signs_in(T1), brings(1, &lacking), brings(1, &good_page())]).await;
    assert_eq!(Bench::new(&double).passing_by().await.unwrap(), hours([("08", 9), ("09", 2)]));
}

#[tokio::test]
async fn angus_vector_11_satisfaction_is_kept_raw_whatever_it_is() {
    for (sent, kept) in [
        (json!({ "value": 0.4 }), Some(r#"{"value":0.4}"#)),
        (json!({ "happy": [1, 2] }), Some(r#"{"happy":[1,2]}"#)),
        (json!("good"), Some(r#""good""#)),
        (Value::Null, None),
    ] {
        let mut only = good_page();
        only["entities"]["2026-03-02T08:00:00+00:00"]["satisfaction"] = sent;
        let double = Double::script([signs_in(T1), brings(1, &only)]).await;
        let rows = Bench::new(&double).list(two_hours()).await.unwrap().rows;
        assert_eq!(passing_by(&rows), hours([("08", 9), ("09", 2)]));
        assert_eq!(rows[0].satisfaction.as_deref(), kept);
        assert_eq!((rows[1].satisfaction.as_deref(), rows[0].extras.as_deref()), (None, None));
    }
}

#[tokio::test]
async fn angus_vector_14_a_listing_that_shrank_is_started_again_once_and_then_fails() {
    let pages = [page(1, 3, 2, &[("08", 9)]), page(2, 3, 2, &[("09", 2)])];
    for status in [400, 404, 500] {
        let walk =
            || [brings(1, &pages[0]), brings(2, &pages[1]), asks(3, refuses(status, "page_not_existing"))];
        let steps = [signs_in(T1)].into_iter().chain(walk()).chain(walk());
        let double = Double::script(steps).await;
        let bench = Bench::new(&double);
        let error = bench.failure().await;
        assert_eq!(error.kind(), FailureKind::Incomplete, "{error}");
        assert!(error.to_string().contains("page_not_existing"), "{error}");
        assert_eq!(bench.waits(), []);
    }
}

#[tokio::test]
async fn angus_vector_14_a_listing_that_shrank_and_is_then_whole_is_taken() {
    let double = Double::script([
        signs_in(T1),
        brings(1, &page(1, 2, 2, &[("08", 9)])),
        asks(2, refuses(404, "page_not_existing")),
        brings(1, &good_page()),
    ])
    .await;
    assert_eq!(Bench::new(&double).passing_by().await.unwrap(), hours([("08", 9), ("09", 2)]));
    assert_eq!(tokens_used(&double), [T1; 3]);
}
