//! What is due, and what is recorded.

use audience_exporter::time::PartitionSize;
use divan::{Bencher, counter::ItemsCount};

use crate::desk::{DAY, Desk, MONTH, PARQUET, exported, first, now};

/// Stretches of a coverage with many holes: one every other day for some years.
const STRETCHES: usize = 500;

/// Everything exported until an hour ago, but for nothing, or for a day every other day.
#[divan::bench(args = ["whole", "with holes"])]
fn plan_what_is_due(bencher: Bencher, name: &str) {
    let rules = Desk::new(PARQUET, PartitionSize::Month).series.rules;
    let begin = first(DAY).start();
    let coverage = if name == "whole" { exported(STRETCHES * 2, 1) } else { exported(1, STRETCHES) };
    let due = || rules.due(begin, &coverage, &[], now());
    assert!(!due().is_empty());
    bencher.bench(due);
}

/// Both transactions of a window: one file by month, 31 by day.
#[divan::bench(args = ["month", "day"], sample_size = 1)]
fn tell_the_ledger(bencher: Bencher, name: &str) {
    let partition = if name == "day" { PartitionSize::Day } else { PartitionSize::Month };
    let desk = Desk::new(PARQUET, partition);
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| desk.record(first(MONTH)));
}
