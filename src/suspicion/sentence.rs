//! A suspicion in words.

use chrono::{DateTime, TimeDelta, TimeZone, Utc};

use super::Suspicion;
use crate::time::{BucketGrid, BucketSize};

/// So long a weekday alone says which day is meant.
const ONE_WEEK: TimeDelta = TimeDelta::days(6);

impl Suspicion {
    /// `silent since Tue 14:00, usually 38 people/h`, in the grid's zone; with the date where that was a week or more
    /// before `now`, and without a time of day where buckets are days.
    pub fn sentence(&self, grid: BucketGrid, now: DateTime<Utc>) -> String {
        let is_recent = now - self.since < ONE_WEEK;
        let pattern = match (grid.size(), is_recent) {
            (BucketSize::Hour, true) => "%a %H:%M",
            (BucketSize::Hour, false) => "%a %Y-%m-%d %H:%M",
            (BucketSize::Day | BucketSize::Global, true) => "%a",
            (BucketSize::Day | BucketSize::Global, false) => "%a %Y-%m-%d",
        };
        let since = match grid.size() {
            BucketSize::Day => self.since.format(pattern).to_string(),
            BucketSize::Hour | BucketSize::Global => {
                grid.zone().from_utc_datetime(&self.since.naive_utc()).format(pattern).to_string()
            }
        };
        let unit = if grid.size() == BucketSize::Hour { "h" } else { "day" };
        format!("silent since {since}, usually {} people/{unit}", people(self.usual))
    }
}

/// Whole people; with a decimal where there are fewer than ten.
fn people(usual: f64) -> String {
    if usual < 10.0 { format!("{usual:.1}") } else { format!("{usual:.0}") }
}
