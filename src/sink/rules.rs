//! What holds of the rows of every file, whatever its format.

use chrono::{DateTime, Datelike, Timelike, Utc};

use super::{MAX_ROWS, RowError};
use crate::row::{Mean, NotInOrder, Row};

/// Checks the rows of one file. It runs before writing and after reading, so that what was written is read.
pub(super) fn check(rows: &[Row]) -> Result<(), RowError> {
    if rows.len() > MAX_ROWS {
        return Err(RowError::TooMany(rows.len()));
    }
    if let Some(pair) = rows.windows(2).find(|pair| pair[0].start >= pair[1].start) {
        return Err(NotInOrder(pair[1].start).into());
    }
    rows.iter().try_for_each(check_row)
}

fn check_row(row: &Row) -> Result<(), RowError> {
    if let Some(instant) = [row.start, row.end].into_iter().find(|instant| !is_writable(*instant)) {
        return Err(RowError::Unwritable(instant));
    }
    if row.end <= row.start {
        return Err(RowError::EmptyBucket { start: row.start, end: row.end });
    }
    let not_finite = |mean: &Mean| row.mean(*mean).is_some_and(|seconds| !seconds.is_finite());
    match [Mean::StopTime, Mean::AttentionTime].into_iter().find(not_finite) {
        Some(mean) => Err(RowError::NotFinite { column: mean.column_name(), start: row.start }),
        None => Ok(()),
    }
}

/// Whole seconds with a year of four digits. The years at both ends are left out because the wall clock of a zone
/// may already show the next year, or still the one before.
fn is_writable(instant: DateTime<Utc>) -> bool {
    instant.nanosecond() == 0 && (1..9999).contains(&instant.year())
}
