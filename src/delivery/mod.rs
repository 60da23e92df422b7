//! Sending published files on (Simacan contract, sections 4 and 6). What is to be sent stands in the outbox of the
//! ledger, and stays there until the target has it: at least once, each series in order, each version of a file under
//! its own `Idempotency-Key`.
//!
//! Read [`Courier::deliver`] first, then `round`, which is one run of one delivery. What an answer means, how long to
//! wait and what a body says are pure: `verdict`, `backoff`, `said` and `import`. `contents` makes of a file what is
//! sent, `target` sends it, `desk` is the ledger's side of it.

mod backoff;
mod contents;
mod desk;
mod import;
mod round;
mod said;
mod stop;
mod target;
mod verdict;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use futures_util::future::join_all;

use self::{backoff::held_until, desk::Desk, round::Round, stop::Stop, target::Target};
use crate::{
    auth::Accounts,
    blocking::blocking,
    config::{Config, Delivery},
    failure::FailureKind,
    ledger::SeriesKey,
    locks::{Lock, LockError, Patience},
    publication::Archive,
    report::Failure,
    series::Series,
    shutdown::Shutdown,
    time::to_display,
    wire::Timing,
};

/// Everything that deliveries need. The ledger must know them: see
/// [`Ledger::enroll_deliveries`](crate::ledger::Ledger::enroll_deliveries).
pub struct Courier {
    /// Keeps files and ledger.
    pub archive: Arc<Archive>,
    /// Keeps tokens.
    pub accounts: Arc<Accounts>,
    /// Every series that is configured.
    pub series: HashMap<SeriesKey, Series>,
    /// Tells the time, and waits.
    pub timing: Timing,
    /// Tells when to stop.
    pub shutdown: Shutdown,
}

/// Who wants files to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// A run: a target that failed is left alone for a while.
    WhenDue,
    /// A person: only what the service itself asked for is waited for.
    Now,
}

/// How one delivery fared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryReport {
    /// Which one.
    pub delivery: String,
    /// Files that were delivered by this run, or that it learned were imported.
    pub delivered: u64,
    /// Files that this run parked: they are not sent again before they are published anew, or somebody asks for it.
    pub parked: u64,
    /// Files that are to be sent still, after this run.
    pub still_pending: u64,
    /// Files that the target took and has not imported yet, after this run.
    pub awaiting: u64,
    /// Why the run ended early.
    pub failure: Option<Failure>,
    /// Another process sends for it, or for its account; nothing was done here.
    pub is_busy: bool,
}

impl Courier {
    /// For every series of the configuration.
    pub fn new(
        config: &Config,
        archive: Arc<Archive>,
        accounts: Arc<Accounts>,
        timing: Timing,
        shutdown: Shutdown,
    ) -> Self {
        let series = Series::all(config, None, None).into_iter().map(|series| (series.key(), series));
        Self { archive, accounts, series: series.collect(), timing, shutdown }
    }

    /// Sends what is to be sent, and asks what became of what was taken. Deliveries of one account go one after the
    /// other (Simacan contract, section 6: one upload at a time), different accounts side by side; one delivery's
    /// failure never stops another. Reports come in the order of `deliveries`.
    pub async fn deliver(&self, deliveries: &[Arc<Delivery>], urgency: Urgency) -> Vec<DeliveryReport> {
        let mut by_account: BTreeMap<&str, Vec<(usize, &Arc<Delivery>)>> = BTreeMap::new();
        for (index, delivery) in deliveries.iter().enumerate() {
            by_account.entry(&delivery.account.name).or_default().push((index, delivery));
        }
        let of_accounts =
            by_account.into_values().map(|deliveries| self.deliver_in_turn(deliveries, urgency));
        let reports = join_all(of_accounts).await;
        let mut reports: Vec<_> = reports.into_iter().flatten().collect();
        reports.sort_by_key(|(index, _)| *index);
        reports.into_iter().map(|(_, report)| report).collect()
    }

    async fn deliver_in_turn(
        &self,
        deliveries: Vec<(usize, &Arc<Delivery>)>,
        urgency: Urgency,
    ) -> Vec<(usize, DeliveryReport)> {
        let mut reports = Vec::new();
        for (index, delivery) in deliveries {
            reports.push((index, self.deliver_one(delivery, urgency).await));
        }
        reports
    }

    async fn deliver_one(&self, delivery: &Delivery, urgency: Urgency) -> DeliveryReport {
        let mut report = DeliveryReport { delivery: delivery.name.clone(), ..DeliveryReport::default() };
        let desk = Desk {
            archive: Arc::clone(&self.archive),
            clock: self.timing.clock.clone(),
            delivery: delivery.name.as_str().into(),
        };
        match self.lock(delivery).await {
            Ok(_locks) => {
                let outcome = self.go(delivery, urgency, &desk, &mut report).await;
                if let Err(stop) = outcome {
                    self.note_stop(&desk, &stop, &mut report).await;
                }
            }
            Err(LockError::Held { .. }) => report.is_busy = true,
            Err(LockError::File(error)) => report.failure = Some(Stop::from(error).failure()),
        }
        match desk.status().await {
            Ok(status) => (report.still_pending, report.awaiting) = (status.pending, status.awaiting),
            Err(error) => report.failure = report.failure.or(Some(error.into())),
        }
        tell(&report);
        report
    }

    /// Two locks: nobody else sends for this delivery, nor uploads with its account.
    async fn lock(&self, delivery: &Delivery) -> Result<[Lock; 2], LockError> {
        let state_dir = self.archive.state_dir.clone();
        let names = [format!("deliver.{}", delivery.name), format!("upload.{}", delivery.account.name)];
        blocking(move || {
            let [delivery, account] = names.map(|name| Lock::acquire(&state_dir, &name, Patience::None));
            Ok([delivery?, account?])
        })
        .await
    }

    async fn go(
        &self,
        delivery: &Delivery,
        urgency: Urgency,
        desk: &Desk,
        report: &mut DeliveryReport,
    ) -> Result<(), Stop> {
        let status = desk.status().await?;
        if status.pending + status.awaiting == 0 {
            return Ok(());
        }
        if let Some(until) = held_until(&status, urgency, self.timing.clock.now()) {
            let (delivery, until_shown) = (&*delivery.name, to_display(until));
            tracing::debug!(delivery, until = until_shown, "target left alone for now");
            return match urgency {
                Urgency::WhenDue => Ok(()),
                Urgency::Now => Err(Stop::Held { until }),
            };
        }
        let account = &delivery.account.name;
        let session =
            self.accounts.get(account).ok_or_else(|| Stop::NoAccount { account: account.clone() })?;
        let target = Target { delivery, session, timing: &self.timing, shutdown: &self.shutdown, desk };
        Round::new(self, delivery, desk, target, report).run().await
    }

    async fn note_stop(&self, desk: &Desk, stop: &Stop, report: &mut DeliveryReport) {
        let failure = stop.failure();
        let delivery = &*report.delivery;
        if failure.kind != FailureKind::Interrupted {
            let (reason, error) = (failure.kind.as_str(), &*failure.message);
            tracing::error!(delivery, reason, error, "delivery ended early");
        }
        if let Some(retry) = stop.retry()
            && let Err(error) = desk.note_failure(&failure, retry).await
        {
            tracing::error!(delivery, error = &*error.to_string(), "cannot note how a delivery ended");
        }
        report.failure = Some(failure);
    }
}

fn tell(report: &DeliveryReport) {
    let DeliveryReport { delivery, delivered, parked, still_pending, awaiting, is_busy, .. } = report;
    let delivery = &**delivery;
    if *is_busy {
        tracing::info!(delivery, "another process sends for this delivery or its account");
    } else if delivered + parked + still_pending + awaiting > 0 {
        tracing::info!(delivery, delivered, parked, still_pending, awaiting, "delivery ended");
    }
}
