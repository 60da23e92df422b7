//! Hours counted from 1970-01-01T00:00Z, which is how the simulator finds its way through time.

use chrono::{DateTime, Utc};

/// The first instant of an hour.
pub(super) fn instant(hour: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(hour.saturating_mul(3600), 0).unwrap_or_default()
}

/// The hour that holds `instant`.
pub(super) fn containing(instant: DateTime<Utc>) -> i64 {
    instant.timestamp().div_euclid(3600)
}
