//! The tables at the top of the module name what is there, and all of it.

use std::collections::BTreeSet;

use super::{gauges, openmetrics};
use crate::{
    failure::FailureKind,
    metrics::{Metrics, ending::Ending},
    wire::{Endpoint, RetryReason, Traffic},
};

const SOURCE: &str = include_str!("../mod.rs");

/// What stands in backticks in a cell.
fn ticked(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// The cells of every row of the tables.
fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    let rows = SOURCE.lines().filter_map(|line| line.strip_prefix("//! | "));
    rows.map(|row| row.trim_end_matches(" |").split(" | ").collect())
}

#[test]
fn every_metric_is_documented_with_its_type() {
    let text = Metrics::default().render(&Traffic::default(), None, &gauges());
    let suffixed = |(name, family): (String, openmetrics::Family)| {
        let suffix = match &*family.kind {
            "counter" => "_total",
            "info" => "_info",
            _ => "",
        };
        (name.replacen("audience_exporter_", "", 1) + suffix, family.kind)
    };
    let told: BTreeSet<(String, String)> = openmetrics::read(&text).into_iter().map(suffixed).collect();
    let kinds = ["counter", "gauge", "histogram", "info"];
    let documented = rows().filter(|row| kinds.contains(&row[1])).flat_map(|row| {
        let names = ticked(row[0]).into_iter().map(|name| name.split('{').next().unwrap_or_default());
        names.map(|name| (name.to_owned(), row[1].to_owned())).collect::<Vec<_>>()
    });
    assert_eq!(documented.collect::<BTreeSet<_>>(), told);
}

#[test]
fn closed_sets_are_documented_value_by_value() {
    let values = |label: &str| {
        let row = rows().find(|row| row[0] == label).unwrap_or_else(|| panic!("no {label}"));
        ticked(row[1])
    };
    assert_eq!(
        values("`outcome` of runs, deliveries and inventories"),
        Ending::ALL.map(Ending::as_str).to_vec()
    );
    assert_eq!(values("`reason` of failures"), FailureKind::ALL.map(FailureKind::as_str).to_vec());
    assert_eq!(values("`reason` of retries"), RetryReason::ALL.map(RetryReason::as_str).to_vec());
    assert_eq!(values("`endpoint`"), Endpoint::ALL.map(Endpoint::as_str).to_vec());
}
