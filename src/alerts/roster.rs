//! Everything that can be in trouble, by name.

use std::collections::BTreeSet;

use super::trouble::{Key, TroubleKind};
use crate::status::Snapshot;

/// Everything that can be in trouble. Of what is not in it any more, because the configuration was changed, nobody is
/// told that its trouble is over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    pub(super) series: BTreeSet<String>,
    streams: BTreeSet<String>,
    pub(super) deliveries: BTreeSet<String>,
    accounts: BTreeSet<String>,
    inventories: BTreeSet<String>,
}

/// The subject of a trouble of one job of a stream.
pub fn series_subject(job: &str, stream: &str) -> String {
    format!("{job}/{stream}")
}

/// Where a stream itself asks for a person, among accounts.
pub fn stream_as_account(stream: &str) -> String {
    format!("stream {stream}")
}

impl Roster {
    /// What the snapshot is about.
    pub fn of(snapshot: &Snapshot) -> Self {
        let series = snapshot.series.iter().map(|view| &view.series);
        let names = series.clone().map(|series| series.stream.name.clone());
        let streams: BTreeSet<String> =
            names.chain(snapshot.streams.iter().map(|view| view.name.clone())).collect();
        let accounts = snapshot.accounts.iter().map(|view| view.name.clone());
        Self {
            series: series.map(|series| series_subject(&series.job.name, &series.stream.name)).collect(),
            accounts: accounts.chain(streams.iter().map(|stream| stream_as_account(stream))).collect(),
            streams,
            deliveries: snapshot.deliveries.iter().map(|view| view.delivery.name.clone()).collect(),
            inventories: snapshot.inventories.iter().map(|view| view.inventory.name.clone()).collect(),
        }
    }

    /// Whether there still is what this trouble is about.
    pub fn knows(&self, Key { kind, subject }: &Key) -> bool {
        match kind {
            TroubleKind::SignInNeeded => self.accounts.contains(subject),
            TroubleKind::Refused => self.series.contains(subject) || self.streams.contains(subject),
            TroubleKind::Stale | TroubleKind::Failing | TroubleKind::Silent => self.series.contains(subject),
            TroubleKind::Parked | TroubleKind::DeliveryFailing => self.deliveries.contains(subject),
            TroubleKind::InventoryFailing => self.inventories.contains(subject),
            TroubleKind::Disk => true,
        }
    }

    /// How many there are of what this kind of trouble is about; of streams, not of their jobs. `None` where the number
    /// says nothing.
    pub fn total(&self, kind: TroubleKind) -> Option<usize> {
        match kind {
            TroubleKind::Refused | TroubleKind::Stale | TroubleKind::Failing | TroubleKind::Silent => {
                Some(self.streams.len())
            }
            TroubleKind::Parked | TroubleKind::DeliveryFailing => Some(self.deliveries.len()),
            TroubleKind::InventoryFailing => Some(self.inventories.len()),
            TroubleKind::SignInNeeded | TroubleKind::Disk => None,
        }
    }
}
