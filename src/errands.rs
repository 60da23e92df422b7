//! What a run does besides exporting: files go on to partners, and cameras are listed. It comes after the export, which
//! it never holds up, and does whatever of it can be done.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join;

use crate::{
    config::{Config, Delivery, Inventory},
    delivery::{DeliveryReport, Urgency},
    failure::FailureKind,
    inventory::{InventoryReport, is_due},
    ledger::{LastError, LedgerError},
    report::{ErrandReport, Failure},
    workplace::Workplace,
};

/// How long a listing that failed is left alone: a service in trouble is not asked every minute, and each try takes from
/// the account's budget.
const PAUSE_AFTER_FAILURE: TimeDelta = TimeDelta::minutes(15);

/// What there is to do.
#[derive(Default)]
pub struct Errands {
    /// Deliveries whose queues are to be sent.
    pub deliveries: Vec<Arc<Delivery>>,
    /// Inventories to be taken.
    pub inventories: Vec<Arc<Inventory>>,
}

/// How all of it went.
#[derive(Debug, Clone, Default)]
pub struct ErrandReports {
    /// In the order of the configuration.
    pub deliveries: Vec<DeliveryReport>,
    /// In the order of the configuration.
    pub inventories: Vec<InventoryReport>,
}

impl Errands {
    /// What a run of these jobs brings with it.
    pub fn of_jobs(config: &Config, job: Option<&str>) -> Self {
        let concerns = |delivery: &&Arc<Delivery>| job.is_none_or(|job| delivery.job.name == job);
        let deliveries = config.deliveries.iter().filter(concerns).cloned().collect();
        Self { deliveries, inventories: Vec::new() }
    }

    /// The same, and every inventory whose time has come.
    pub fn with_due_inventories(self, config: &Config, workplace: &Workplace) -> Result<Self, LedgerError> {
        let mut inventories = Vec::new();
        for inventory in &config.inventories {
            if inventory_is_due(config, workplace, inventory)? {
                inventories.push(Arc::clone(inventory));
            }
        }
        Ok(Self { inventories, ..self })
    }

    /// Does all of it, deliveries and inventories side by side.
    pub async fn run(&self, config: &Config, workplace: &Workplace, urgency: Urgency) -> ErrandReports {
        let deliveries = async {
            if self.deliveries.is_empty() {
                return Vec::new();
            }
            workplace.courier(config).deliver(&self.deliveries, urgency).await
        };
        let inventories = async {
            let inventories = workplace.inventories();
            let mut reports = Vec::new();
            for inventory in &self.inventories {
                if workplace.shutdown.is_requested() {
                    break;
                }
                reports.push(inventories.take(inventory).await);
            }
            reports
        };
        let (deliveries, inventories) = join(deliveries, inventories).await;
        // A process that ends must not throw the answer to a renewal away.
        workplace.accounts.finish().await;
        ErrandReports { deliveries, inventories }
    }
}

/// Whether the time of an inventory has come, and it may be tried. Blocks.
pub(crate) fn inventory_is_due(
    config: &Config,
    workplace: &Workplace,
    inventory: &Inventory,
) -> Result<bool, LedgerError> {
    let now = workplace.timing.clock.now();
    let known = workplace.archive.ledger.inventory(&inventory.name)?;
    let (last_success, last_error) =
        known.map_or((None, None), |known| (known.last_success, known.last_error));
    let account = workplace.accounts.get(&inventory.account.name);
    let needs_a_person = account.is_some_and(|account| account.view(now).state.needs_a_person());
    let may_try = last_error.is_none_or(|error| has_rested(&error, needs_a_person, now));
    Ok(may_try && is_due(inventory, config.timezone, last_success, now))
}

/// Whether a listing that failed may be tried again: at once where nobody was asked, or where a person may have put it
/// right meanwhile, otherwise after a pause. An error from the future is one of a clock that was ahead.
fn has_rested(error: &LastError, needs_a_person: bool, now: DateTime<Utc>) -> bool {
    let asked_nobody = [FailureKind::Interrupted, FailureKind::Storage, FailureKind::Busy];
    let costs_nothing = needs_a_person || asked_nobody.iter().any(|kind| kind.as_str() == error.kind);
    costs_nothing || error.at > now || now - error.at >= PAUSE_AFTER_FAILURE
}

impl ErrandReports {
    /// As the report of a run counts them.
    pub fn to_reports(&self) -> Vec<ErrandReport> {
        let deliveries = self.deliveries.iter().map(of_delivery);
        deliveries.chain(self.inventories.iter().map(of_inventory)).collect()
    }
}

fn of_delivery(report: &DeliveryReport) -> ErrandReport {
    let parked = Failure {
        kind: FailureKind::Refused,
        message: format!(
            "{} parked, because it was refused for good; see: audience-exporter status",
            if report.parked == 1 {
                "1 file was".to_owned()
            } else {
                format!("{} files were", report.parked)
            }
        ),
    };
    ErrandReport {
        name: format!("delivery {}", report.delivery),
        has_done: report.delivered > 0,
        failure: report.failure.clone().or((report.parked > 0).then_some(parked)),
    }
}

fn of_inventory(report: &InventoryReport) -> ErrandReport {
    ErrandReport {
        name: format!("inventory {}", report.inventory),
        has_done: report.failure.is_none(),
        failure: report.failure.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_that_failed_is_left_alone_for_a_while_unless_that_helps_nobody() {
        let at = |minutes| DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes);
        let error = |kind: FailureKind, minutes| LastError {
            at: at(minutes),
            kind: kind.as_str().to_owned(),
            message: String::new(),
        };
        let now = at(100);
        for kind in [
            FailureKind::Unavailable,
            FailureKind::RateLimited,
            FailureKind::Refused,
            FailureKind::Credentials,
        ] {
            assert!(!has_rested(&error(kind, 99), false, now), "{kind:?}");
            assert!(has_rested(&error(kind, 85), false, now), "{kind:?}");
            assert!(has_rested(&error(kind, 99), true, now), "nobody is asked: {kind:?}");
            assert!(has_rested(&error(kind, 600_000), false, now), "a clock that was ahead: {kind:?}");
        }
        for kind in [FailureKind::Interrupted, FailureKind::Storage, FailureKind::Busy] {
            assert!(has_rested(&error(kind, 99), false, now), "{kind:?}");
        }
    }
}
