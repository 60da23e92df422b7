//! What is wrong: a pure function of a snapshot, the disks, the bounds of the configuration, and what is known already.
//!
//! One cause is one trouble. A stream that is refused is not told as stale as well, a delivery whose account waits for a
//! person not as failing; but what was told as one trouble stays that one until it is over, whatever joins it.

mod errands;
mod series;
#[cfg(test)]
mod tests;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::{
    desk::Desk,
    trouble::{Key, Trouble},
};
use crate::{config::AlertSettings, disk::Disks, status::Snapshot};

/// Everything that is wrong at `now`. `zone` is that of schedules, and `desk` tells what is known already: what lasts
/// only when it was seen for a while cannot be judged by one look.
pub fn troubles(
    snapshot: &Snapshot,
    disks: &Disks,
    settings: &AlertSettings,
    zone: Tz,
    desk: &Desk,
    now: DateTime<Utc>,
) -> Vec<Trouble> {
    let judge = Judge { settings, zone, desk, now };
    let mut troubles = judge.of_accounts(snapshot);
    troubles.extend(judge.of_streams(snapshot));
    troubles.extend(judge.of_deliveries(snapshot));
    troubles.extend(judge.of_inventories(snapshot));
    troubles.extend(judge.of_disks(disks));
    troubles
}

struct Judge<'a> {
    settings: &'a AlertSettings,
    zone: Tz,
    desk: &'a Desk,
    now: DateTime<Utc>,
}

impl Judge<'_> {
    /// Since when a trouble is known; now where it is new.
    fn seen_at(&self, key: &Key) -> DateTime<Utc> {
        self.desk.seen_at(key).map_or(self.now, |seen_at| seen_at.min(self.now))
    }

    /// On the wall clock of the configuration's zone.
    fn local(&self, instant: DateTime<Utc>) -> String {
        instant.with_timezone(&self.zone).format("%Y-%m-%d %H:%M %Z").to_string()
    }

    fn is_known(&self, key: &Key) -> bool {
        self.desk.seen_at(key).is_some()
    }

    /// Trouble since it is known, and worth telling when it was seen for `bearable`.
    fn lasting(&self, key: Key, bearable: TimeDelta, message: impl Into<String>) -> Trouble {
        let since = self.seen_at(&key);
        Trouble { key, since, tell_at: since + bearable, message: message.into() }
    }
}
