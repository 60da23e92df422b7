//! What holds of the rows of every file, whatever its format.

use std::ops::Range;

use chrono::{DateTime, Utc};

use super::{MAX_ROWS, PassedBy, RowError};
use crate::row::{Mean, NotInOrder, Row};

/// Seconds of the years 1 to 9998, which are written with four digits. The years at both ends are left out because the
/// wall clock of a zone may already show the next year, or still the one before.
const WRITABLE_SECONDS: Range<i64> = -62_135_596_800..253_370_764_800;

/// Checks the rows of one file. It runs before writing and after reading, so that what was written is read.
pub(super) fn check(rows: &[Row]) -> Result<(), RowError> {
    check_each(rows, |row| row.start, check_row)
}

/// Checks the same of buckets that were read without the rest of their rows.
pub(super) fn check_buckets(buckets: &[PassedBy]) -> Result<(), RowError> {
    check_each(buckets, |bucket| bucket.start, |bucket| check_bucket(bucket.start, bucket.end))
}

/// That rows are out of order comes before what is wrong in one of them.
fn check_each<T>(
    rows: &[T],
    start: impl Fn(&T) -> DateTime<Utc>,
    check: impl Fn(&T) -> Result<(), RowError>,
) -> Result<(), RowError> {
    if rows.len() > MAX_ROWS {
        return Err(RowError::TooMany(rows.len()));
    }
    let (mut previous, mut checked) = (None, Ok(()));
    for row in rows {
        if previous >= Some(start(row)) {
            return Err(NotInOrder(start(row)).into());
        }
        previous = Some(start(row));
        if checked.is_ok() {
            checked = check(row);
        }
    }
    checked
}

fn check_row(row: &Row) -> Result<(), RowError> {
    check_bucket(row.start, row.end)?;
    let not_finite = |mean: &Mean| row.mean(*mean).is_some_and(|seconds| !seconds.is_finite());
    match Mean::ALL.into_iter().find(not_finite) {
        Some(mean) => Err(RowError::NotFinite { column: mean.column_name(), start: row.start }),
        None => Ok(()),
    }
}

fn check_bucket(start: DateTime<Utc>, end: DateTime<Utc>) -> Result<(), RowError> {
    if let Some(instant) = [start, end].into_iter().find(|instant| !is_writable(*instant)) {
        return Err(RowError::Unwritable(instant));
    }
    if end <= start { Err(RowError::EmptyBucket { start, end }) } else { Ok(()) }
}

fn is_writable(instant: DateTime<Utc>) -> bool {
    instant.timestamp_subsec_nanos() == 0 && WRITABLE_SECONDS.contains(&instant.timestamp())
}

#[cfg(test)]
mod tests {
    use chrono::Datelike;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn years_of_four_digits_are_written(
            seconds in prop_oneof![
                -70_000_000_000..260_000_000_000_i64,
                prop::sample::select(vec![
                    WRITABLE_SECONDS.start - 1,
                    WRITABLE_SECONDS.start,
                    WRITABLE_SECONDS.end - 1,
                    WRITABLE_SECONDS.end,
                ]),
            ],
        ) {
            let instant = DateTime::from_timestamp(seconds, 0).unwrap();
            prop_assert_eq!(is_writable(instant), (1..9999).contains(&instant.year()));
        }
    }
}
