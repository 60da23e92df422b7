//! What is told, word for word; what is documented; and that no figure is told wrongly however many there are.

mod documented;
mod laws;
mod openmetrics;
mod stage;

use std::time::Duration;

use self::stage::{config, gauges, in_use, report, untouched};
use super::Metrics;
use crate::{
    delivery::DeliveryReport,
    errands::ErrandReports,
    failure::FailureKind,
    inventory::InventoryReport,
    report::Failure,
    status::Snapshot,
    wire::{Answer, Endpoint, RetryReason, Traffic, Transport},
};

fn traffic() -> Traffic {
    let traffic = Traffic::default();
    for answer in [Answer::Status(200), Answer::Status(503), Answer::Status(200)] {
        traffic.ended(Endpoint::AngusEntities, answer);
    }
    traffic.ended(Endpoint::Delivery, Answer::Lacking(Transport::Timeout));
    traffic.repeats(RetryReason::ServerError);
    traffic.repeats(RetryReason::Transport(Transport::Timeout));
    traffic
}

/// Some runs of one job on two streams, and errands.
fn busy_day() -> (Metrics, Snapshot) {
    let (config, metrics) = (config(&["hourly"], 2), Metrics::default());
    metrics.expect(&config);
    metrics.run_began("hourly");
    let done = report("hourly", &[("s1", 24, None), ("s2", 0, Some(FailureKind::Unavailable))]);
    metrics.run_ended("hourly", &done, Duration::from_millis(2500));
    metrics.run_overlapped("hourly");
    metrics.run_began("hourly");
    let delivery = "partner-hourly".to_owned();
    let deliveries = vec![DeliveryReport { delivery, delivered: 3, parked: 1, ..DeliveryReport::default() }];
    let inventories = vec![InventoryReport { inventory: "cameras".to_owned(), ..InventoryReport::default() }];
    metrics.errands_ended(&ErrandReports { deliveries, inventories });
    metrics.reloaded(false);
    (metrics, in_use(&config))
}

#[test]
fn a_busy_day_is_told_word_for_word() {
    let (metrics, snapshot) = busy_day();
    let text = metrics.render(&traffic(), Some(&snapshot), &gauges());
    openmetrics::read(&text);
    let version = format!("version=\"{}\"", env!("CARGO_PKG_VERSION"));
    assert_eq!(text.replace(&version, "version=\"X\""), include_str!("busy_day.txt"));
}

#[test]
fn what_is_not_known_has_no_sample() {
    let config = config(&["hourly"], 2);
    let snapshot = untouched(&config);
    let mut gauges = gauges();
    (gauges.output_disk, gauges.state_disk) = (None, None);
    let text = Metrics::default().render(&Traffic::default(), Some(&snapshot), &gauges);
    let families = openmetrics::read(&text);
    for name in [
        "last_success_timestamp_seconds",
        "data_until_timestamp_seconds",
        "missing_buckets",
        "last_run_failed",
        "token_expiry_timestamp_seconds",
        "outbox_oldest_pending_timestamp_seconds",
        "inventory_last_success_timestamp_seconds",
        "output_free_bytes",
        "state_size_bytes",
    ] {
        assert_eq!(families[&format!("audience_exporter_{name}")].samples.len(), 0, "{name}");
    }
    assert_eq!(families["audience_exporter_outbox_pending"].samples.len(), 1);
    let without = Metrics::default().render(&Traffic::default(), None, &gauges);
    let without = openmetrics::read(&without);
    assert!(without.keys().eq(families.keys()), "names come and go");
    assert_eq!(without["audience_exporter_outbox_pending"].samples.len(), 0);
}

#[test]
fn a_stop_that_was_asked_for_is_no_incomplete_run_and_one_that_cannot_begin_is_told() {
    let metrics = Metrics::default();
    let took = Duration::from_secs(1);
    let stopped = report("hourly", &[("s1", 24, None), ("s2", 0, Some(FailureKind::Interrupted))]);
    metrics.run_began("hourly");
    metrics.run_ended("hourly", &stopped, took);
    metrics.run_failed("hourly", &Failure::new(FailureKind::Storage, ""), took);
    metrics.run_failed("hourly", &Failure::new(FailureKind::Busy, ""), took);
    let text = metrics.render(&Traffic::default(), None, &gauges());
    for line in [
        "audience_exporter_runs_total{job=\"hourly\",outcome=\"interrupted\"} 1\n",
        "audience_exporter_runs_total{job=\"hourly\",outcome=\"failed\"} 1\n",
        "audience_exporter_runs_total{job=\"hourly\",outcome=\"busy\"} 1\n",
        "audience_exporter_failures_total{reason=\"interrupted\"} 1\n",
        "audience_exporter_failures_total{reason=\"storage\"} 1\n",
        "audience_exporter_run_in_progress{job=\"hourly\"} 0\n",
        "audience_exporter_run_duration_seconds_count{job=\"hourly\"} 3\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
    assert!(!text.contains("incomplete\"} 1"), "{text}");
}

#[test]
fn an_errand_that_another_process_does_is_busy() {
    let metrics = Metrics::default();
    let delivery = "partner-hourly".to_owned();
    let deliveries = vec![DeliveryReport { delivery, is_busy: true, ..DeliveryReport::default() }];
    metrics.errands_ended(&ErrandReports { deliveries, inventories: Vec::new() });
    let text = metrics.render(&Traffic::default(), None, &gauges());
    let line = "audience_exporter_deliveries_total{delivery=\"partner-hourly\",outcome=\"busy\"} 1\n";
    assert!(text.contains(line), "{text}");
}

#[test]
fn a_reload_that_is_applied_makes_good_for_one_that_was_not() {
    let metrics = Metrics::default();
    let told = || {
        let text = metrics.render(&Traffic::default(), None, &gauges());
        let lines = text.lines().filter(|line| line.contains("_config_") && !line.starts_with('#'));
        let values = lines.filter_map(|line| line.split(' ').next_back()).collect::<Vec<_>>();
        values.join(" ")
    };
    assert_eq!(told(), "0 0 1");
    metrics.reloaded(false);
    assert_eq!(told(), "0 1 0");
    metrics.reloaded(true);
    assert_eq!(told(), "1 1 1");
}
