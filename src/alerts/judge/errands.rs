//! Accounts, deliveries, inventories and disks.

use chrono::TimeDelta;

use super::Judge;
use crate::{
    alerts::{
        roster::stream_as_account,
        trouble::{Key, Trouble, TroubleKind},
    },
    auth::{AccountState, AccountView},
    disk::{DiskSpace, Disks},
    ledger::{LastError, OutboxEntry},
    status::{DeliveryView, InventoryView, Snapshot},
};

impl Judge<'_> {
    /// Accounts that wait for a person; of streams only those whose tokens cannot be read: one whose credentials are
    /// refused is refused.
    pub(super) fn of_accounts(&self, snapshot: &Snapshot) -> Vec<Trouble> {
        let accounts = snapshot.accounts.iter().filter(|view| view.state.needs_a_person());
        let accounts = accounts.map(|view| (view.name.clone(), view));
        let streams = snapshot.streams.iter().filter(|view| view.state == AccountState::Unreadable);
        let streams = streams.map(|view| (stream_as_account(&view.name), view));
        let trouble = |(subject, view): (String, &AccountView)| {
            let message = view.message.clone().unwrap_or_else(|| view.state.as_str().to_owned());
            self.lasting(Key::new(TroubleKind::SignInNeeded, subject), TimeDelta::zero(), message)
        };
        accounts.chain(streams).map(trouble).collect()
    }

    pub(super) fn of_deliveries(&self, snapshot: &Snapshot) -> Vec<Trouble> {
        let failing = snapshot.deliveries.iter().filter_map(|view| self.failing_delivery(snapshot, view));
        let parked = snapshot.deliveries.iter().filter_map(|view| self.parked(view));
        failing.chain(parked).collect()
    }

    fn failing_delivery(&self, snapshot: &Snapshot, view: &DeliveryView) -> Option<Trouble> {
        let error = view.status.last_error.as_ref()?;
        let key = Key::new(TroubleKind::DeliveryFailing, &view.delivery.name);
        let waiting = view.status.pending + view.status.awaiting;
        if waiting == 0 || self.is_for_a_person(snapshot, &view.delivery.account.name, &key) {
            return None;
        }
        let message = format!("{}; {waiting} {} waiting", error.message, files(waiting));
        Some(self.lasting(key, self.settings.stale_after, message))
    }

    fn parked(&self, view: &DeliveryView) -> Option<Trouble> {
        let (count, name) = (view.status.parked, &view.delivery.name);
        if count == 0 {
            return None;
        }
        let first = if count == 1 { "" } else { ", the first one" };
        let why = match view.parked.first() {
            Some((OutboxEntry { path, .. }, LastError { message, .. })) => {
                format!("{first}: {path}: {message}")
            }
            None => String::new(),
        };
        let message = format!(
            "the target refused {count} {} for good{why}; once that is put right, run: audience-exporter deliver \
             --delivery {name} --retry",
            files(count)
        );
        let trouble = self.lasting(Key::new(TroubleKind::Parked, name), TimeDelta::zero(), message);
        let since = view.parked.iter().map(|(_, error)| error.at).min();
        Some(Trouble { since: since.unwrap_or(trouble.since), ..trouble })
    }

    pub(super) fn of_inventories(&self, snapshot: &Snapshot) -> Vec<Trouble> {
        let trouble = |view: &InventoryView| {
            let key = Key::new(TroubleKind::InventoryFailing, &view.inventory.name);
            let error = view.last_error()?;
            if self.is_for_a_person(snapshot, &view.inventory.account.name, &key) {
                return None;
            }
            Some(self.lasting(key, self.settings.stale_after, &error.message))
        };
        snapshot.inventories.iter().filter_map(trouble).collect()
    }

    /// Whether the account that this trouble comes from waits for a person, which is told instead.
    fn is_for_a_person(&self, snapshot: &Snapshot, account: &str, key: &Key) -> bool {
        let needs_a_person =
            snapshot.accounts.iter().any(|view| view.name == account && view.state.needs_a_person());
        needs_a_person && !self.desk.is_told(key)
    }

    /// One file system is one trouble.
    pub(super) fn of_disks(&self, disks: &Disks) -> Vec<Trouble> {
        let state_dir = disks.state_dir.filter(|_| !disks.are_one);
        let also = if disks.are_one { ", where state_dir lies too" } else { "" };
        let disks = [("output_dir", also, disks.output_dir), ("state_dir", "", state_dir)];
        let trouble = |(setting, also, space): (&str, &str, Option<DiskSpace>)| {
            let space = space.filter(|space| space.is_nearly_full(self.settings.disk_free_percent))?;
            let (free, size) = (bytes(space.free_bytes), bytes(space.size_bytes));
            let message = format!("{free} of {size} are free on its disk{also}; make room there");
            Some(self.lasting(Key::new(TroubleKind::Disk, setting), TimeDelta::zero(), message))
        };
        disks.into_iter().filter_map(trouble).collect()
    }
}

fn files(count: u64) -> &'static str {
    if count == 1 { "file" } else { "files" }
}

/// `2.1 GB`
fn bytes(count: u64) -> String {
    let units = ["bytes", "kB", "MB", "GB", "TB"];
    let mut figure = count as f64;
    let mut unit = 0;
    while figure >= 1000.0 && unit + 1 < units.len() {
        figure /= 1000.0;
        unit += 1;
    }
    let digits = usize::from(unit > 0);
    format!("{figure:.digits$} {}", units[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_in_the_unit_that_fits() {
        let cases =
            [(0, "0 bytes"), (999, "999 bytes"), (2_100_000_000, "2.1 GB"), (u64::MAX, "18446744.1 TB")];
        for (count, expected) in cases {
            assert_eq!(bytes(count), expected);
        }
    }
}
