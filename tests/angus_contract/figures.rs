//! What is asked of a bucket, and what becomes of what it holds (section 5).

use audience_exporter::{
    metric::Metric,
    row::{Count, Mean, Row, Totals},
};
use serde_json::{Value, json};

use crate::{
    bench::{Bench, T1, TWO_HOURS, good_page, page, signs_in, two_hours},
    double::{Behaviour, Double},
};

/// The rows of [`two_hours`], of which the first hour holds `bucket`, where `metrics` are asked as `parameter`.
async fn rows_of(metrics: &[Metric], parameter: &str, bucket: Value) -> Vec<Row> {
    let mut only = page(1, 1, 2, &[("09", 2)]);
    only["entities"]["2026-03-02T08:00:00+00:00"] = bucket;
    let target = TWO_HOURS.replace("metrics=passing_by", &format!("metrics={parameter}"));
    let get = (format!("GET {target}"), Behaviour::json(200, &only));
    let double = Double::script([signs_in(T1), get]).await;
    let bench = Bench::new(&double).asking(metrics.iter().copied());
    bench.list(two_hours()).await.unwrap().rows
}

/// The first hour, where only people passing by are asked.
async fn first_hour(bucket: Value) -> Row {
    rows_of(&[Metric::PassingBy], "passing_by", bucket).await.swap_remove(0)
}

#[tokio::test]
async fn whoever_asks_for_a_mean_asks_for_its_weight() {
    for (metrics, parameter) in [
        (&[Metric::StopTime][..], "interested,stop_time"),
        (&[Metric::AttentionTime], "interested,attention_time"),
        (&[Metric::AttentionTime, Metric::PassingBy], "passing_by,interested,attention_time"),
        (&[Metric::StopTime, Metric::Interested], "interested,stop_time"),
        (&[Metric::Gender], "gender"),
    ] {
        assert_eq!(rows_of(metrics, parameter, json!({})).await.len(), 2);
    }
}

#[tokio::test]
async fn a_metric_that_is_absent_or_null_is_unknown_and_not_zero() {
    for bucket in [json!({}), json!({ "passing_by": null }), json!({ "passing_by": { "value": null } })] {
        let row = first_hour(bucket).await;
        assert_eq!((row.count(Count::PassingBy), row.extras), (None, None));
    }
}

#[tokio::test]
async fn counts_may_be_written_as_fractions_and_nonsense_is_kept_aside() {
    assert_eq!(first_hour(json!({ "passing_by": { "value": 3.0 } })).await.count(Count::PassingBy), Some(3));
    for (value, kept) in [
        (json!(-1), r#"{"passing_by":{"value":-1}}"#),
        (json!(2.5), r#"{"passing_by":{"value":2.5}}"#),
        (json!("9"), r#"{"passing_by":{"value":"9"}}"#),
        (json!([9]), r#"{"passing_by":{"value":[9]}}"#),
    ] {
        let row = first_hour(json!({ "passing_by": { "value": value } })).await;
        assert_eq!((row.count(Count::PassingBy), row.extras.as_deref()), (None, Some(kept)));
    }
}

#[tokio::test]
async fn metrics_and_fields_that_nobody_knows_do_no_harm() {
    let row = first_hour(json!({ "passing_by": { "value": 9 }, "dwell": { "b": [1], "a": 2 } })).await;
    assert_eq!(row.count(Count::PassingBy), Some(9));
    assert_eq!(row.extras.as_deref(), Some(r#"{"dwell":{"a":2,"b":[1]}}"#));
    let mut only = good_page();
    only["brand_new"] = json!({ "deep": [[[1]]] });
    let double = Double::script([signs_in(T1), crate::bench::brings(1, &only)]).await;
    assert_eq!(Bench::new(&double).list(two_hours()).await.unwrap().rows.len(), 2);
}

#[tokio::test]
async fn a_mean_of_nobody_is_dropped_and_an_unknown_mean_of_somebody_makes_totals_incomplete() {
    let metrics = [Metric::PassingBy, Metric::StopTime];
    let parameter = "passing_by,interested,stop_time";
    let bucket = |interested: u64, stop_time: Value| {
        json!({
            "passing_by": { "value": 9 },
            "interested": { "value": interested },
            "stop_time": { "value": stop_time },
        })
    };
    let rows = rows_of(&metrics, parameter, bucket(0, json!(4.0))).await;
    assert_eq!(rows[0].mean(Mean::StopTime), None);
    let rows = rows_of(&metrics, parameter, bucket(2, Value::Null)).await;
    assert_eq!(Totals::of(&rows).mean(Mean::StopTime), None);
    assert!(Totals::of(&rows).is_incomplete);
}
