//! A suspicion in words.

use chrono::{DateTime, TimeDelta, TimeZone, Utc};

use super::Suspicion;
use crate::time::{BucketGrid, BucketSize};

/// So long a weekday alone says which day is meant.
const ONE_WEEK: TimeDelta = TimeDelta::days(6);

impl Suspicion {
    /// `silent since Tue 14:00, usually 38 people/h`, in the grid's zone; with the date where that was a week or more
    /// before `now`, and without a time of day where buckets are days; `from … to …` where it is over.
    pub fn sentence(&self, grid: BucketGrid, now: DateTime<Utc>) -> String {
        let is_recent = now - self.since < ONE_WEEK;
        let pattern = match (grid.size(), is_recent) {
            (BucketSize::Hour, true) => "%a %H:%M",
            (BucketSize::Hour, false) => "%a %Y-%m-%d %H:%M",
            (BucketSize::Day | BucketSize::Global, true) => "%a",
            (BucketSize::Day | BucketSize::Global, false) => "%a %Y-%m-%d",
        };
        let shown = |instant: DateTime<Utc>| match grid.size() {
            BucketSize::Day => instant.format(pattern).to_string(),
            BucketSize::Hour | BucketSize::Global => {
                grid.zone().from_utc_datetime(&instant.naive_utc()).format(pattern).to_string()
            }
        };
        let time = match (self.is_over, grid.size()) {
            (false, _) => format!("since {}", shown(self.since)),
            (true, BucketSize::Hour) => format!("from {} to {}", shown(self.since), shown(self.until)),
            // The last day, not the one after it.
            (true, _) => {
                format!("from {} to {}", shown(self.since), shown(self.until - TimeDelta::seconds(1)))
            }
        };
        format!("silent {time}, usually {} people/{}", people(self.usual), unit(grid))
    }
}

/// What `usual` is counted by: `h` or `day`.
pub fn unit(grid: BucketGrid) -> &'static str {
    if grid.size() == BucketSize::Hour { "h" } else { "day" }
}

/// Whole people; with a decimal where there are fewer than ten.
fn people(usual: f64) -> String {
    if usual < 10.0 { format!("{usual:.1}") } else { format!("{usual:.0}") }
}
