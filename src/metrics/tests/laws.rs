//! What holds whatever happens.

use std::time::Duration;

use proptest::prelude::*;

use super::{
    openmetrics::{Family, read},
    stage::{config, gauges, in_use, report},
};
use crate::{
    failure::FailureKind,
    metrics::{MAX_SERIES, Metrics},
    report::Failure,
    wire::{Answer, Endpoint, RetryReason, Traffic},
};

/// Something that happens to a daemon.
#[derive(Debug, Clone, Copy)]
enum Event {
    Ran {
        job: &'static str,
        stream: &'static str,
        rows: u64,
        failure: Option<FailureKind>,
    },
    Failed(FailureKind),
    Overlapped,
    /// Another configuration, with so many streams.
    Applied(usize),
    Rejected,
    Asked(Endpoint, u16),
    Repeated(RetryReason),
}

fn event() -> impl Strategy<Value = Event> {
    let kind = || prop::sample::select(FailureKind::ALL.to_vec());
    prop_oneof![
        (
            prop::sample::select(vec!["hourly", "daily"]),
            prop::sample::select(vec!["s1", "s2", "s3"]),
            0_u64..100,
            prop::option::of(kind())
        )
            .prop_map(|(job, stream, rows, failure)| Event::Ran { job, stream, rows, failure }),
        kind().prop_map(Event::Failed),
        Just(Event::Overlapped),
        (1_usize..4).prop_map(Event::Applied),
        Just(Event::Rejected),
        (prop::sample::select(Endpoint::ALL.to_vec()), 100_u16..600)
            .prop_map(|(endpoint, status)| Event::Asked(endpoint, status)),
        prop::sample::select(RetryReason::ALL.to_vec()).prop_map(Event::Repeated),
    ]
}

fn happens(event: Event, metrics: &Metrics, traffic: &Traffic) {
    match event {
        Event::Ran { job, stream, rows, failure } => {
            metrics.run_began(job);
            metrics.run_ended(job, &report(job, &[(stream, rows, failure)]), Duration::from_secs(rows));
        }
        Event::Failed(kind) => metrics.run_failed("hourly", &Failure::new(kind, ""), Duration::ZERO),
        Event::Overlapped => metrics.run_overlapped("daily"),
        Event::Applied(streams) => {
            metrics.expect(&config(&["hourly", "daily"], streams));
            metrics.reloaded(true);
        }
        Event::Rejected => metrics.reloaded(false),
        Event::Asked(endpoint, status) => traffic.ended(endpoint, Answer::Status(status)),
        Event::Repeated(reason) => traffic.repeats(reason),
    }
}

/// No sample of `before` is larger than the same one of `after`, where that still exists.
fn assert_grown(before: &Family, after: &Family) {
    if matches!(&*before.kind, "counter" | "histogram") {
        for (key, value) in &before.samples {
            assert!(
                after.samples.get(key).is_none_or(|later| later >= value),
                "{key:?} went down from {value}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_answer_can_be_read_and_no_count_ever_goes_down(events in prop::collection::vec(event(), 1..30)) {
        let (metrics, traffic) = (Metrics::default(), Traffic::default());
        let told = || read(&metrics.render(&traffic, None, &gauges()));
        let mut before = told();
        for event in events {
            happens(event, &metrics, &traffic);
            let after = told();
            prop_assert!(before.keys().eq(after.keys()));
            for (name, family) in &before {
                assert_grown(family, &after[name]);
            }
            before = after;
        }
    }

    #[test]
    fn any_name_can_be_told_and_is_read_as_it_was(job in "\\PC*|[\"\\\\\n{},=# ]{1,9}") {
        let metrics = Metrics::default();
        metrics.run_overlapped(&job);
        let families = read(&metrics.render(&Traffic::default(), None, &gauges()));
        let key = ("audience_exporter_runs_overlapped_total".to_owned(), vec![("job".to_owned(), job)]);
        prop_assert_eq!(families["audience_exporter_runs_overlapped"].samples.get(&key), Some(&1.0));
    }
}

/// All that a fleet of this size tells, with its snapshot.
fn told(jobs: &[&str], streams: usize) -> std::collections::BTreeMap<String, Family> {
    let (config, metrics) = (config(jobs, streams), Metrics::default());
    metrics.expect(&config);
    for job in jobs {
        metrics.run_ended(job, &report(job, &[("s1", 10, None), ("s2", 5, None)]), Duration::ZERO);
    }
    let text = metrics.render(&Traffic::default(), Some(&in_use(&config)), &gauges());
    read(&text)
}

fn sample(family: &Family, labels: &[(&str, &str)]) -> Option<f64> {
    let is_it = |found: &[(String, String)]| {
        found.iter().map(|(label, value)| (&**label, &**value)).eq(labels.iter().copied())
    };
    family.samples.iter().find(|((_, found), _)| is_it(found)).map(|(_, value)| *value)
}

const OF_STREAMS: [&str; 6] = [
    "rows_exported",
    "last_success_timestamp_seconds",
    "data_until_timestamp_seconds",
    "missing_buckets",
    "last_run_failed",
    "token_expiry_timestamp_seconds",
];

#[test]
fn the_largest_fleet_that_is_told_stream_by_stream_is_as_large_as_the_cap() {
    let families = told(&["hourly"], MAX_SERIES);
    for name in OF_STREAMS {
        assert_eq!(families[&format!("audience_exporter_{name}")].samples.len(), MAX_SERIES, "{name}");
    }
    assert_eq!(sample(&families["audience_exporter_series_aggregated"], &[]), Some(0.0));
}

#[test]
fn a_larger_fleet_is_told_job_by_job() {
    let families = told(&["daily", "hourly"], MAX_SERIES / 2 + 1);
    let figure = |name: &str, labels: &[(&str, &str)]| {
        let family = &families[&format!("audience_exporter_{name}")];
        let jobs = usize::from(labels.len() == 2) + 1;
        assert_eq!(family.samples.len(), jobs, "{name}");
        sample(family, labels)
    };
    let (daily, hourly) = ([("job", "daily"), ("stream", "*")], [("job", "hourly"), ("stream", "*")]);
    assert_eq!(figure("rows_exported", &daily), Some(15.0));
    assert_eq!(figure("missing_buckets", &daily), Some(3003.0));
    assert_eq!(figure("data_until_timestamp_seconds", &daily), Some(7200.0), "the earliest of all");
    assert_eq!(figure("data_until_timestamp_seconds", &hourly), Some(8201.0), "the earliest of all");
    assert_eq!(figure("last_success_timestamp_seconds", &hourly), Some(11801.0));
    assert_eq!(figure("last_run_failed", &daily), Some(1.0));
    assert_eq!(figure("last_run_failed", &hourly), Some(0.0));
    assert_eq!(figure("token_expiry_timestamp_seconds", &[("stream", "*")]), Some(18000.0));
    assert_eq!(sample(&families["audience_exporter_series_aggregated"], &[]), Some(1.0));
}
