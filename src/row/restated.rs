//! What a later listing changed of a bucket that was published.

use chrono::{DateTime, Utc};

use super::{Count, Mean, Row};

/// A cell of a published file whose value changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restated {
    /// The bucket's first instant.
    pub start: DateTime<Utc>,
    /// The first instant after the bucket.
    pub end: DateTime<Utc>,
    /// The column's name in the files.
    pub column: &'static str,
    /// What was published, as a CSV file shows it; `None` where it was not known.
    pub old: Option<String>,
    /// What is published since.
    pub new: Option<String>,
}

/// Every cell that is not the same in two versions of one bucket, in the order of the columns.
pub fn restated(old: &Row, new: &Row) -> Vec<Restated> {
    if old == new {
        return Vec::new();
    }
    let changed = cells(old).into_iter().zip(cells(new)).filter(|(old, new)| old.1 != new.1);
    changed
        .map(|((column, old), (_, now))| Restated { start: new.start, end: new.end, column, old, new: now })
        .collect()
}

/// The cells that a listing can change, as a CSV file shows them.
fn cells(row: &Row) -> Vec<(&'static str, Option<String>)> {
    let count = |count: Count| (count.column_name(), row.count(count).map(|people| people.to_string()));
    // As in the files: always a point or an exponent, and the shortest decimal that reads back the same.
    let mean = |mean: Mean| (mean.column_name(), row.mean(mean).map(|seconds| format!("{seconds:?}")));
    let json = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
    let texts = [("satisfaction", json(&row.satisfaction)), ("extras", json(&row.extras))];
    Count::ALL.map(count).into_iter().chain(Mean::ALL.map(mean)).chain(texts).collect()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn every_cell_that_changed_is_told_and_no_other() {
        let start = DateTime::UNIX_EPOCH;
        let mut old = Row::new(start, start + TimeDelta::hours(1));
        old.set_count(Count::PassingBy, Some(9));
        old.set_count(Count::Interested, Some(4));
        old.set_mean(Mean::StopTime, Some(12.0));
        let mut new = old.clone();
        assert_eq!(restated(&old, &new), []);
        new.set_count(Count::Interested, Some(5));
        new.set_mean(Mean::StopTime, None);
        new.extras = Some("{\"a\":1}".into());
        let found = restated(&old, &new);
        let shown: Vec<_> =
            found.iter().map(|one| (one.column, one.old.as_deref(), one.new.as_deref())).collect();
        let expected = [
            ("interested", Some("4"), Some("5")),
            ("stop_time_seconds", Some("12.0"), None),
            ("extras", None, Some("{\"a\":1}")),
        ];
        assert_eq!(shown, expected);
        assert!(found.iter().all(|one| (one.start, one.end) == (old.start, old.end)));
    }
}
