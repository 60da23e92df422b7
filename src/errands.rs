//! What a run does besides exporting: files go on to partners, and cameras are listed. It comes after the export, which
//! it never holds up, and does whatever of it can be done.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use futures_util::future::join;

use crate::{
    config::{Config, Delivery, Inventory},
    delivery::{DeliveryReport, Urgency},
    failure::FailureKind,
    inventory::{InventoryReport, is_due},
    ledger::{LastError, Ledger, LedgerError},
    report::{ErrandReport, SeriesFailure},
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
    pub fn with_due_inventories(
        self,
        config: &Config,
        ledger: &Ledger,
        now: DateTime<Utc>,
    ) -> Result<Self, LedgerError> {
        let mut inventories = Vec::new();
        for inventory in &config.inventories {
            if is_inventory_due(inventory, config.timezone, ledger, now)? {
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

fn is_inventory_due(
    inventory: &Inventory,
    zone: Tz,
    ledger: &Ledger,
    now: DateTime<Utc>,
) -> Result<bool, LedgerError> {
    let known = ledger.inventory(&inventory.name)?;
    let (last_success, last_error) =
        known.map_or((None, None), |known| (known.last_success, known.last_error));
    let has_rested =
        last_error.is_none_or(|error| costs_nothing(&error) || now - error.at >= PAUSE_AFTER_FAILURE);
    Ok(has_rested && is_due(inventory, zone, last_success, now))
}

/// Whether trying again asks nobody: it is told at once that a person is needed.
fn costs_nothing(error: &LastError) -> bool {
    [FailureKind::Credentials, FailureKind::Configuration].iter().any(|kind| kind.as_str() == error.kind)
}

impl ErrandReports {
    /// As the report of a run counts them.
    pub fn to_reports(&self) -> Vec<ErrandReport> {
        let deliveries = self.deliveries.iter().map(of_delivery);
        deliveries.chain(self.inventories.iter().map(of_inventory)).collect()
    }
}

fn of_delivery(report: &DeliveryReport) -> ErrandReport {
    let parked = SeriesFailure {
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
