//! What is wrong now, for those who look by themselves.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};

use super::{desk::Desk, judge, roster::Roster, trouble::Trouble};
use crate::{config::Config, disk::Disks, status::Snapshot};

/// Remembers since when trouble is seen, and tells nobody: so a page shows the troubles that a webhook would be told of where
/// there is none, and does not wait for one that is slow.
#[derive(Debug, Default)]
pub struct Lookout(Mutex<Desk>);

impl Lookout {
    /// What is wrong and lasts long enough to be worth telling, in the order in which a person should look at it. To be
    /// called every few minutes: trouble that nobody saw before counts from now.
    pub fn look(
        &self,
        snapshot: &Snapshot,
        disks: &Disks,
        config: &Config,
        now: DateTime<Utc>,
    ) -> Vec<Trouble> {
        let mut desk = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = judge::troubles(snapshot, disks, &config.alerts, config.timezone, &desk, now);
        desk.update(found.clone(), &Roster::of(snapshot), now);
        found.retain(|trouble| trouble.tell_at <= now);
        found.sort_by(|one, other| {
            let order = |trouble: &Trouble| (trouble.key.kind, trouble.since);
            order(one).cmp(&order(other)).then_with(|| one.key.cmp(&other.key))
        });
        found
    }
}
