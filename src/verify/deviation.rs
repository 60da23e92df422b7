//! The rows of files against a listing of the same time, bucket by bucket. Pure.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::{
    row::{Count, NotInOrder, Row, merge},
    time::TimeRange,
};

/// How a bucket differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Divergence {
    /// Both have it, with other figures.
    Restated,
    /// Only the files have it.
    Vanished,
    /// Only the service has it.
    New,
}

impl Divergence {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Restated, Self::Vanished, Self::New];

    /// The word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Restated => "restated",
            Self::Vanished => "vanished",
            Self::New => "new",
        }
    }
}

/// A cell, or a whole bucket, of which files and service tell something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deviation {
    /// The bucket.
    pub bucket_start: DateTime<Utc>,
    /// How it differs.
    pub divergence: Divergence,
    /// The column; of a whole bucket the first one that is known.
    pub column: &'static str,
    /// The files' value, as CSV shows it.
    pub file: Option<String>,
    /// The service's.
    pub service: Option<String>,
    /// Whether the next runs ask for this bucket again anyway, since late counts may still change it.
    pub is_recent: bool,
}

/// Everything that differs in `window`, in order. `rows`: what files have of it; `listed`: a complete listing of it;
/// `vanished`: what is known to have vanished, which is nothing new; `recent_from`: from here on buckets are asked again.
pub fn deviations(
    rows: Vec<Row>,
    window: &TimeRange,
    listed: Vec<Row>,
    vanished: &BTreeMap<DateTime<Utc>, DateTime<Utc>>,
    recent_from: DateTime<Utc>,
) -> Result<Vec<Deviation>, NotInOrder> {
    let start_of = |row: &Row| row.start;
    let lacks = |rows: &[Row], start| rows.binary_search_by_key(&start, start_of).is_err();
    let whole = |divergence, row: &Row| {
        let (column, value) = telling(row);
        let (file, service) = if divergence == Divergence::New { (None, value) } else { (value, None) };
        Deviation { bucket_start: row.start, divergence, column, file, service, is_recent: false }
    };
    let mut found: Vec<Deviation> = Vec::new();
    let gone = |row: &&Row| lacks(&listed, row.start) && !vanished.contains_key(&row.start);
    found.extend(rows.iter().filter(gone).map(|row| whole(Divergence::Vanished, row)));
    found.extend(listed.iter().filter(|row| lacks(&rows, row.start)).map(|row| whole(Divergence::New, row)));
    for cell in merge(rows, window, listed)?.restated {
        let (bucket_start, column, is_recent) = (cell.start, cell.column, false);
        let (divergence, file, service) = (Divergence::Restated, cell.old, cell.new);
        found.push(Deviation { bucket_start, divergence, column, file, service, is_recent });
    }
    for deviation in &mut found {
        deviation.is_recent = recent_from <= deviation.bucket_start;
    }
    found.sort_by_key(|deviation| deviation.bucket_start);
    Ok(found)
}

/// A count that shows what a whole bucket is about.
fn telling(row: &Row) -> (&'static str, Option<String>) {
    let known = Count::ALL.into_iter().find_map(|count| Some((count.column_name(), row.count(count)?)));
    let (column, people) = known.unzip();
    (column.unwrap_or(Count::PassingBy.column_name()), people.map(|people| people.to_string()))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn hour(index: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(index * 3600, 0).unwrap()
    }

    fn row(index: i64, people: i64) -> Row {
        let mut row = Row::new(hour(index), hour(index) + TimeDelta::hours(1));
        row.set_count(Count::PassingBy, Some(people));
        row
    }

    #[test]
    fn every_bucket_that_differs_is_told_with_both_numbers() {
        let window = TimeRange::new(hour(0), hour(9)).unwrap();
        let rows = vec![row(0, 5), row(1, 7), row(2, 9), row(3, 1), row(6, 4)];
        let listed = vec![row(0, 5), row(1, 8), row(4, 3), row(6, 5)];
        let known = BTreeMap::from([(hour(3), hour(8))]);
        let found = deviations(rows, &window, listed, &known, hour(6)).unwrap();
        let shown: Vec<_> = found
            .iter()
            .map(|one| {
                let (file, service) = (one.file.as_deref(), one.service.as_deref());
                (one.bucket_start, one.divergence, file, service, one.is_recent)
            })
            .collect();
        let expected = [
            (hour(1), Divergence::Restated, Some("7"), Some("8"), false),
            (hour(2), Divergence::Vanished, Some("9"), None, false),
            (hour(4), Divergence::New, None, Some("3"), false),
            (hour(6), Divergence::Restated, Some("4"), Some("5"), true),
        ];
        assert_eq!(shown, expected);
        assert!(found.iter().all(|one| one.column == "passing_by"));
    }
}
