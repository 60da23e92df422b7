//! How deliveries, inventories and accounts are, for people.

use chrono::{DateTime, Utc};

use crate::{
    commands::output::{self, COLUMNS, grouped, local, rough, shortened, wrapped},
    config::Config,
    ledger::LastError,
    status::{DeliveryView, InventoryView, Snapshot},
};

/// A table of each kind that there is, and below them what is wrong.
pub(super) fn shown(snapshot: &Snapshot, config: &Config) -> [Option<String>; 3] {
    let troubles =
        troubles(snapshot, config).iter().map(|line| wrapped(line, COLUMNS)).collect::<Vec<_>>().join("\n");
    [
        delivery_table(snapshot),
        inventory_table(snapshot, config),
        Some(troubles).filter(|troubles| !troubles.is_empty()),
    ]
}

fn delivery_table(snapshot: &Snapshot) -> Option<String> {
    let header = ["delivery", "pending", "importing", "parked", "delivered", "oldest", "state"];
    let rows = snapshot.deliveries.iter().map(|DeliveryView { delivery, status, .. }| {
        let state = match &status.last_error {
            Some(error) => error.kind.clone(),
            None if status.parked > 0 => "parked files".to_owned(),
            None => "ok".to_owned(),
        };
        vec![
            shortened(&delivery.name, 16),
            grouped(status.pending),
            grouped(status.awaiting),
            grouped(status.parked),
            grouped(status.delivered),
            status.oldest_pending.map_or_else(|| "-".to_owned(), |oldest| rough(snapshot.at - oldest)),
            state,
        ]
    });
    (!snapshot.deliveries.is_empty()).then(|| output::table(&header, &[1, 2, 3, 4, 5], rows))
}

fn inventory_table(snapshot: &Snapshot, config: &Config) -> Option<String> {
    let time = |at: Option<DateTime<Utc>>| at.map_or_else(|| "-".to_owned(), |at| local(at, config.timezone));
    let rows = snapshot.inventories.iter().map(|view| {
        let InventoryView { inventory, known, .. } = view;
        let state = match (view.last_error(), view.last_success()) {
            (Some(error), _) => error.kind.clone(),
            (None, Some(_)) => "ok".to_owned(),
            (None, None) => "never taken".to_owned(),
        };
        let cameras = known.as_ref().map_or(0, |known| known.cameras.len());
        vec![shortened(&inventory.name, 24), grouped(cameras as u64), time(view.last_success()), state]
    });
    let header = ["inventory", "cameras", "taken", "state"];
    (!snapshot.inventories.is_empty()).then(|| output::table(&header, &[1], rows))
}

fn troubles(snapshot: &Snapshot, config: &Config) -> Vec<String> {
    let at = |error: &LastError| local(error.at, config.timezone);
    let mut lines = Vec::new();
    for view in &snapshot.deliveries {
        let name = &view.delivery.name;
        let error = view.status.last_error.as_ref();
        lines.extend(error.map(|error| format!("delivery {name}, {}: {}", at(error), error.message)));
        lines.extend(parked_lines(view));
    }
    for view in &snapshot.inventories {
        let name = &view.inventory.name;
        lines.extend(
            view.last_error().map(|error| format!("inventory {name}, {}: {}", at(error), error.message)),
        );
    }
    // What an inventory or a delivery tells already is not told again.
    let told = lines.join("\n");
    lines.extend(snapshot.accounts.iter().filter_map(|view| {
        let message = view.message.as_ref()?;
        (!told.contains(&**message)).then(|| format!("account {}: {message}", view.name))
    }));
    lines
}

fn parked_lines(DeliveryView { delivery, status, parked }: &DeliveryView) -> Vec<String> {
    let name = &delivery.name;
    let told =
        parked.iter().map(|(entry, error)| format!("parked by {name}: {}: {}", entry.path, error.message));
    let more = status.parked.saturating_sub(parked.len() as u64);
    let more = (more > 0).then(|| format!("and {more} more parked by {name}"));
    let next_step = (status.parked > 0)
        .then(|| format!("to send them again: audience-exporter deliver --delivery {name} --retry"));
    told.chain(more).chain(next_step).collect()
}
