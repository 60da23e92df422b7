//! What an account may ask, all processes together, over restarts too.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};

use super::{error::InventoryError, throttle::MOST_PATIENCE};
use crate::{
    blocking::blocking,
    ledger::{LedgerError, Limit},
    publication::Archive,
    wire::Timing,
};

/// Stricter than what any source says, because other programs of the same person count too (Angelcam contract, section 7).
const LIMITS: [Limit; 2] = [
    Limit { window: TimeDelta::minutes(1), requests: 15 },
    Limit { window: TimeDelta::days(1), requests: 500 },
];

/// The requests of one account, counted in the ledger.
pub(super) struct Budget<'a> {
    account: &'a str,
    archive: Arc<Archive>,
    timing: &'a Timing,
    /// Requests that were made and are not counted yet.
    uncounted: u32,
}

impl<'a> Budget<'a> {
    pub(super) fn new(account: &'a str, archive: &Arc<Archive>, timing: &'a Timing) -> Self {
        Self { account, archive: Arc::clone(archive), timing, uncounted: 0 }
    }

    /// Waits until the account may be asked once more, and counts the request. What is not free in a quarter of an hour is
    /// left for another run.
    pub(super) async fn take_turn(&mut self) -> Result<(), InventoryError> {
        let mut waited = Duration::ZERO;
        while let Some(free_at) = self.busy_until().await? {
            let wait = (free_at - self.timing.clock.now()).to_std().unwrap_or_default();
            waited = waited.saturating_add(wait);
            if waited > MOST_PATIENCE {
                return Err(InventoryError::Deferred { account: self.account.to_owned(), wait });
            }
            let (account, wait_seconds) = (self.account, wait.as_secs_f64());
            tracing::info!(account, wait_seconds, "waiting until the account may be asked again");
            (self.timing.sleep)(wait).await;
        }
        Ok(())
    }

    /// Counts requests that were made beyond their turn, because a token was refused: now, or else before the next turn.
    pub(super) async fn add(&mut self, requests: u32) -> Result<(), LedgerError> {
        self.uncounted += requests;
        self.count_late().await.map(drop)
    }

    /// `None` where the account may be asked: that is counted.
    async fn busy_until(&mut self) -> Result<Option<DateTime<Utc>>, LedgerError> {
        match self.count_late().await? {
            None => self.count().await,
            busy => Ok(busy),
        }
    }

    /// `None` where nothing is left uncounted.
    async fn count_late(&mut self) -> Result<Option<DateTime<Utc>>, LedgerError> {
        while self.uncounted > 0 {
            if let Some(free_at) = self.count().await? {
                return Ok(Some(free_at));
            }
            self.uncounted -= 1;
        }
        Ok(None)
    }

    /// Counts one request, or tells when there is room for one.
    async fn count(&self) -> Result<Option<DateTime<Utc>>, LedgerError> {
        let (archive, account) = (Arc::clone(&self.archive), self.account.to_owned());
        let now = self.timing.clock.now();
        blocking(move || archive.ledger.take_request(&account, &LIMITS, now)).await
    }
}
