//! How deliveries, inventories and accounts are.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{ErrorJson, error_json};
use crate::{
    auth::AccountView,
    commands::{
        CommandError,
        auth::{self, AccountJson},
        output::{self, grouped, local, rough, shortened},
        session::Session,
    },
    config::Config,
    inventory::{due_at, is_due},
    ledger::{InventoryRecord, LastError, Ledger, OutboxEntry, OutboxStatus},
    time::to_display,
};

/// Parked files of one delivery that are spelled out; of more the number is told.
const MAX_PARKED_SHOWN: u32 = 10;

/// Files that were refused for good, and why.
type Parked = Vec<(OutboxEntry, LastError)>;

/// Everything besides series.
pub(super) struct Errands {
    deliveries: Vec<(String, OutboxStatus, Parked)>,
    inventories: Vec<(String, Option<InventoryRecord>, Option<DateTime<Utc>>)>,
    accounts: Vec<AccountView>,
}

#[derive(Serialize)]
pub(super) struct ErrandsJson {
    deliveries: Vec<DeliveryJson>,
    inventories: Vec<InventoryJson>,
    accounts: Vec<AccountJson>,
}

#[derive(Serialize)]
struct DeliveryJson {
    name: String,
    pending: u64,
    awaiting_import: u64,
    parked: u64,
    delivered: u64,
    oldest_pending: Option<String>,
    failures: u64,
    retry_at: Option<String>,
    last_success: Option<String>,
    last_error: Option<ErrorJson>,
    parked_files: Vec<ParkedJson>,
}

#[derive(Serialize)]
struct ParkedJson {
    file: String,
    error: ErrorJson,
}

#[derive(Serialize)]
struct InventoryJson {
    name: String,
    cameras: usize,
    last_success: Option<String>,
    last_error: Option<ErrorJson>,
    next_run: Option<String>,
}

impl Errands {
    /// Reads them; nobody is asked.
    pub(super) fn read(
        session: &Session,
        config: &Config,
        ledger: Option<&Ledger>,
        now: DateTime<Utc>,
    ) -> Result<Self, CommandError> {
        let mut deliveries = Vec::new();
        for delivery in &config.deliveries {
            let name = &delivery.name;
            let (status, parked) = match ledger {
                Some(ledger) => (ledger.outbox_status(name)?, ledger.outbox_parked(name, MAX_PARKED_SHOWN)?),
                None => Default::default(),
            };
            deliveries.push((name.clone(), status, parked));
        }
        let mut inventories = Vec::new();
        for inventory in &config.inventories {
            let known = ledger.map(|ledger| ledger.inventory(&inventory.name)).transpose()?.flatten();
            let last_success = known.as_ref().and_then(|known| known.last_success);
            let due = due_at(inventory, config.timezone, last_success);
            let is_due = is_due(inventory, config.timezone, last_success, now);
            let next_run = if is_due { Some(now) } else { due };
            inventories.push((inventory.name.clone(), known, next_run));
        }
        let accounts = auth::accounts(session, config)?.views(now);
        Ok(Self { deliveries, inventories, accounts })
    }

    /// For programs.
    pub(super) fn describe(&self, now: DateTime<Utc>) -> ErrandsJson {
        let deliveries = self.deliveries.iter().map(|(name, status, parked)| DeliveryJson {
            name: name.clone(),
            pending: status.pending,
            awaiting_import: status.awaiting,
            parked: status.parked,
            delivered: status.delivered,
            oldest_pending: status.oldest_pending.map(to_display),
            failures: status.failures,
            retry_at: status.retry_at.map(to_display),
            last_success: status.last_success.map(to_display),
            last_error: status.last_error.as_ref().map(error_json),
            parked_files: parked
                .iter()
                .map(|(entry, error)| ParkedJson { file: entry.path.clone(), error: error_json(error) })
                .collect(),
        });
        let inventories = self.inventories.iter().map(|(name, known, next_run)| InventoryJson {
            name: name.clone(),
            cameras: known.as_ref().map_or(0, |known| known.cameras.len()),
            last_success: known.as_ref().and_then(|known| known.last_success).map(to_display),
            last_error: known.as_ref().and_then(|known| known.last_error.as_ref()).map(error_json),
            next_run: next_run.map(to_display),
        });
        ErrandsJson {
            deliveries: deliveries.collect(),
            inventories: inventories.collect(),
            accounts: self.accounts.iter().map(|view| auth::describe(view, now)).collect(),
        }
    }

    /// For people: a table of each kind that there is, and below them what is wrong.
    pub(super) fn shown(&self, config: &Config, now: DateTime<Utc>) -> String {
        let tables = [self.delivery_table(now), self.inventory_table(config)];
        let troubles = Some(self.troubles(config).join("\n")).filter(|troubles| !troubles.is_empty());
        let parts = tables.into_iter().flatten().chain(troubles);
        parts.fold(String::new(), |text, part| text + "\n\n" + &part)
    }

    fn delivery_table(&self, now: DateTime<Utc>) -> Option<String> {
        let header = ["delivery", "pending", "importing", "parked", "delivered", "oldest", "state"];
        let rows = self.deliveries.iter().map(|(name, status, _)| {
            let state = match &status.last_error {
                Some(error) => error.kind.clone(),
                None if status.parked > 0 => "parked files".to_owned(),
                None => "ok".to_owned(),
            };
            vec![
                shortened(name, 24),
                grouped(status.pending),
                grouped(status.awaiting),
                grouped(status.parked),
                grouped(status.delivered),
                status.oldest_pending.map_or_else(|| "-".to_owned(), |oldest| rough(now - oldest)),
                state,
            ]
        });
        (!self.deliveries.is_empty()).then(|| output::table(&header, &[1, 2, 3, 4, 5], rows))
    }

    fn inventory_table(&self, config: &Config) -> Option<String> {
        let time =
            |at: Option<DateTime<Utc>>| at.map_or_else(|| "-".to_owned(), |at| local(at, config.timezone));
        let rows = self.inventories.iter().map(|(name, known, next_run)| {
            let last_error = known.as_ref().and_then(|known| known.last_error.as_ref());
            let last_success = known.as_ref().and_then(|known| known.last_success);
            let state = match (last_error, last_success) {
                (Some(error), _) => error.kind.clone(),
                (None, Some(_)) => "ok".to_owned(),
                (None, None) => "never taken".to_owned(),
            };
            let cameras = known.as_ref().map_or(0, |known| known.cameras.len());
            vec![shortened(name, 24), grouped(cameras as u64), time(last_success), time(*next_run), state]
        });
        let header = ["inventory", "cameras", "taken", "due", "state"];
        (!self.inventories.is_empty()).then(|| output::table(&header, &[1], rows))
    }

    fn troubles(&self, config: &Config) -> Vec<String> {
        let at = |error: &LastError| local(error.at, config.timezone);
        let mut lines = Vec::new();
        for (name, status, parked) in &self.deliveries {
            let error = status.last_error.as_ref();
            lines.extend(error.map(|error| format!("delivery {name}, {}: {}", at(error), error.message)));
            lines.extend(
                parked
                    .iter()
                    .map(|(entry, error)| format!("parked by {name}: {}: {}", entry.path, error.message)),
            );
            let more = status.parked.saturating_sub(parked.len() as u64);
            lines.extend((more > 0).then(|| format!("and {more} more parked by {name}")));
            lines.extend(
                (status.parked > 0).then(|| {
                    format!("to send them again: audience-exporter deliver --delivery {name} --retry")
                }),
            );
        }
        for (name, known, _) in &self.inventories {
            let error = known.as_ref().and_then(|known| known.last_error.as_ref());
            lines.extend(error.map(|error| format!("inventory {name}, {}: {}", at(error), error.message)));
        }
        // What an inventory or a delivery tells already is not told again.
        let told = lines.join("\n");
        lines.extend(self.accounts.iter().filter_map(|view| {
            let message = view.message.as_ref()?;
            (!told.contains(&**message)).then(|| format!("account {}: {message}", view.name))
        }));
        lines
    }
}
