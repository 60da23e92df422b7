//! Merging what a listing brought into what a partition already holds.

use chrono::{DateTime, Utc};

use super::{Restated, Row, restated};
use crate::time::{TimeRange, to_display};

/// The rows of a partition after a listing was merged into it.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// Sorted by bucket start, one row a bucket.
    pub rows: Vec<Row>,
    /// Buckets that the file had, that lie in the window, and that the listing lacked. Their rows were kept.
    pub vanished: Vec<DateTime<Utc>>,
    /// What of the rows that the file had the listing changed.
    pub restated: Vec<Restated>,
}

/// Rows that are not strictly ascending by bucket start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("bucket {} does not come after the one before it", to_display(*.0))]
pub struct NotInOrder(pub DateTime<Utc>);

/// Replaces the rows of `existing` that lie in `window` by `listed`. A bucket that was exported once and that the
/// listing lacks keeps its row. Both inputs are in order; every row of `listed` lies in `window`.
pub fn merge(existing: Vec<Row>, window: &TimeRange, listed: Vec<Row>) -> Result<Merged, NotInOrder> {
    check_order(&existing)?;
    check_order(&listed)?;
    let mut rows = Vec::with_capacity(existing.len().max(listed.len()));
    let (mut vanished, mut changed) = (Vec::new(), Vec::new());
    let mut listed = listed.into_iter().peekable();
    for old in existing {
        while let Some(new) = listed.next_if(|new| new.start < old.start) {
            rows.push(new);
        }
        if let Some(new) = listed.next_if(|new| new.start == old.start) {
            changed.extend(restated(&old, &new));
            rows.push(new);
            continue;
        }
        if window.contains(old.start) {
            vanished.push(old.start);
        }
        rows.push(old);
    }
    rows.extend(listed);
    Ok(Merged { rows, vanished, restated: changed })
}

fn check_order(rows: &[Row]) -> Result<(), NotInOrder> {
    match rows.windows(2).find(|pair| pair[0].start >= pair[1].start) {
        Some(pair) => Err(NotInOrder(pair[1].start)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::row::Count;

    fn hour(index: i64, people: i64) -> Row {
        let start = DateTime::from_timestamp(index * 3600, 0).unwrap();
        let mut row = Row::new(start, start + TimeDelta::hours(1));
        row.set_count(Count::PassingBy, Some(people));
        row
    }

    fn hours(from: i64, to: i64) -> TimeRange {
        TimeRange::new(hour(from, 0).start, hour(to, 0).start).unwrap()
    }

    #[test]
    fn rows_inside_the_window_are_replaced_and_those_outside_kept() {
        let existing = vec![hour(0, 1), hour(1, 1), hour(3, 1)];
        let merged = merge(existing, &hours(1, 3), vec![hour(1, 2), hour(2, 2)]).unwrap();
        assert_eq!(merged.rows, vec![hour(0, 1), hour(1, 2), hour(2, 2), hour(3, 1)]);
        assert!(merged.vanished.is_empty());
        let changed: Vec<_> = merged.restated.iter().map(|one| (one.start, one.column)).collect();
        assert_eq!(changed, vec![(hour(1, 0).start, "passing_by")]);
    }

    #[test]
    fn a_bucket_that_a_later_listing_lacks_keeps_its_row_and_is_reported() {
        let merged = merge(vec![hour(0, 1), hour(1, 7)], &hours(0, 2), vec![hour(0, 2)]).unwrap();
        assert_eq!(merged.rows, vec![hour(0, 2), hour(1, 7)]);
        assert_eq!(merged.vanished, vec![hour(1, 0).start]);
    }

    #[test]
    fn doubled_or_unsorted_rows_are_refused() {
        assert!(merge(vec![hour(1, 1), hour(1, 2)], &hours(0, 2), vec![]).is_err());
        assert!(merge(vec![], &hours(0, 2), vec![hour(1, 1), hour(0, 2)]).is_err());
    }
}
