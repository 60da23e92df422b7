//! Whether local days, weeks or months consist of whole buckets.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::{RollupPeriod, RollupSize};
use crate::time::{BucketGrid, BucketSize, TimeRange, to_display, utc_offset};

/// A local midnight inside a bucket: what the bucket counted cannot be shared out between the days on both sides.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} buckets cannot be cut at the midnights of {zone}, one of which is {} (UTC{}); for exact local days, export \
     with a job of time = \"global\"",
    .time.as_str(), to_display(*.midnight), utc_offset(*.midnight, *.zone)
)]
pub struct Misfit {
    time: BucketSize,
    zone: Tz,
    midnight: DateTime<Utc>,
}

/// Refuses periods that share an instant with `span` and do not begin and end where buckets do.
pub fn check_alignment(grid: BucketGrid, size: RollupSize, span: TimeRange) -> Result<(), Misfit> {
    let zone = grid.zone();
    let bounds =
        RollupPeriod::overlapping(span, size, zone).flat_map(|period| [period.start(zone), period.end(zone)]);
    match bounds.into_iter().find(|bound| grid.floor(*bound) != *bound) {
        Some(midnight) => Err(Misfit { time: grid.size(), zone, midnight }),
        None => Ok(()),
    }
}
