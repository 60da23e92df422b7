mod laws;
mod simulated;
mod table;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::{Counted, Suspicion};
use crate::{
    row::{Count, Row},
    time::{BucketGrid, BucketSize, TimeRange, parse_label},
};

const PARIS: Tz = Tz::Europe__Paris;

fn hours_of(zone: Tz) -> BucketGrid {
    BucketGrid::new(BucketSize::Hour, zone)
}

fn at(label: &str) -> DateTime<Utc> {
    parse_label(label).unwrap()
}

/// What is suspect of these rows.
fn suspicions(rows: &[Row], grid: BucketGrid, range: TimeRange) -> Vec<Suspicion> {
    let counted: Vec<Counted> = rows.iter().filter_map(|row| Counted::of(row, grid)).collect();
    super::suspicions(&counted, grid.size(), range)
}

/// Everything that there may be.
fn ever() -> TimeRange {
    TimeRange::new(at("1970-01-01T00:00:00Z"), at("2199-01-01T00:00:00Z")).unwrap()
}

/// The suspicion that the newest bucket is part of: nobody was counted since.
fn silence(rows: &[Row], grid: BucketGrid) -> Option<Suspicion> {
    suspicions(rows, grid, ever()).pop().filter(|last| !last.is_over)
}

/// The run of zeros at the end of `rows`, from its first bucket to the end of its last; unknown buckets do not count.
fn trailing_zeros(rows: &[Row]) -> Option<TimeRange> {
    let known = rows.iter().rev().filter_map(|row| Some((row, row.count(Count::PassingBy)?)));
    let mut zeros = known.take_while(|(_, people)| *people == 0).map(|(row, _)| row);
    let last = zeros.next()?;
    TimeRange::new(zeros.last().unwrap_or(last).start, last.end)
}

fn row(start: DateTime<Utc>, grid: BucketGrid, people: Option<i64>) -> Row {
    let mut row = Row::new(start, grid.bucket_end(start));
    row.set_count(Count::PassingBy, people);
    row
}

/// The rows of `weeks` weeks from `start`; no row where `people` says `None`.
fn rows(grid: BucketGrid, start: &str, weeks: i64, people: impl Fn(DateTime<Tz>) -> Option<i64>) -> Vec<Row> {
    let range = TimeRange::new(at(start), at(start) + TimeDelta::weeks(weeks)).unwrap();
    let local = |start: &DateTime<Utc>| start.with_timezone(&grid.zone());
    let counted = grid.bucket_starts(range).filter_map(|start| Some((start, people(local(&start))?)));
    counted.map(|(start, people)| row(start, grid, Some(people))).collect()
}
