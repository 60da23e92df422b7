//! One delivery's side of the ledger, and of the folder of published files, off the threads that drive requests.

use std::sync::Arc;

use super::{
    backoff::{Retry, retry_at},
    contents::{Contents, pack},
    stop::Stop,
};
use crate::{
    blocking::blocking,
    clock::Clock,
    config::ContentType,
    failure::FailureKind,
    ledger::{LastError, Ledger, LedgerError, OutboxEntry, OutboxStatus},
    publication::Archive,
    report::Failure,
    series::Series,
};

/// Entries that are held in memory at the same time.
const BATCH: u32 = 100;

/// Where one delivery finds what is to be sent, and notes what became of it.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) archive: Arc<Archive>,
    pub(super) clock: Clock,
    pub(super) delivery: Arc<str>,
}

impl Desk {
    /// What there is to tell of the delivery.
    pub(super) async fn status(&self) -> Result<OutboxStatus, LedgerError> {
        self.ask(|ledger, desk| ledger.outbox_status(&desk.delivery)).await
    }

    /// Some entries that are to be sent, behind this position, in order.
    pub(super) async fn pending(&self, after_position: i64) -> Result<Vec<OutboxEntry>, LedgerError> {
        self.ask(move |ledger, desk| ledger.outbox_pending(&desk.delivery, after_position, BATCH)).await
    }

    /// Whether this very version is still to be sent: another one may have been published meanwhile.
    pub(super) async fn is_pending(&self, entry: &OutboxEntry) -> Result<bool, LedgerError> {
        let position = entry.position;
        let first =
            self.ask(move |ledger, desk| ledger.outbox_pending(&desk.delivery, position - 1, 1)).await?;
        Ok(first.first().is_some_and(|first| first.position == position))
    }

    /// Every entry that the target took and has not imported yet.
    pub(super) async fn awaiting(&self) -> Result<Vec<OutboxEntry>, LedgerError> {
        self.ask(|ledger, desk| ledger.outbox_awaiting(&desk.delivery)).await
    }

    /// Reads what is to be sent of an entry.
    pub(super) async fn pack(
        &self,
        series: Option<Series>,
        content_type: ContentType,
        entry: &OutboxEntry,
    ) -> Result<Contents, Stop> {
        let (archive, entry) = (Arc::clone(&self.archive), entry.clone());
        blocking(move || pack(&archive, series.as_ref(), content_type, &entry)).await
    }

    /// Notes that the target took an entry, and gave this receipt. `is_awaited`: it will be asked what became of it.
    pub(super) async fn note_taken(
        &self,
        entry: &OutboxEntry,
        receipt: Option<String>,
        is_awaited: bool,
    ) -> Result<(), LedgerError> {
        let entry = entry.clone();
        self.ask(move |ledger, desk| {
            let now = desk.clock.now();
            match &receipt {
                Some(receipt) if is_awaited => ledger.outbox_await(&entry, now, receipt)?,
                receipt => ledger.outbox_delivered(&entry, now, receipt.as_deref())?,
            };
            ledger.delivery_succeeded(&desk.delivery, now)
        })
        .await
    }

    /// Notes that the target imported an entry.
    pub(super) async fn note_imported(&self, entry: &OutboxEntry) -> Result<(), LedgerError> {
        let entry = entry.clone();
        self.ask(move |ledger, desk| ledger.outbox_delivered(&entry, desk.clock.now(), None)).await?;
        Ok(())
    }

    /// Notes that an entry is not to be sent again. Says whether this version was still asked for.
    pub(super) async fn park(
        &self,
        entry: &OutboxEntry,
        kind: FailureKind,
        message: String,
    ) -> Result<bool, LedgerError> {
        let entry = entry.clone();
        let park = move |ledger: &Ledger, desk: &Self| {
            ledger.outbox_park(&entry, desk.clock.now(), kind.as_str(), &message)
        };
        self.ask(park).await
    }

    /// Notes that a request about an entry failed, which changes nothing else.
    pub(super) async fn note_attempt(&self, entry: &OutboxEntry, message: String) -> Result<(), LedgerError> {
        let entry = entry.clone();
        self.ask(move |ledger, desk| ledger.outbox_attempted(&entry, desk.clock.now(), &message)).await
    }

    /// Notes why the delivery ended early, and when to try again.
    pub(super) async fn note_failure(&self, failure: &Failure, retry: Retry) -> Result<(), LedgerError> {
        let (kind, message) = (failure.kind.as_str().to_owned(), failure.message.clone());
        self.ask(move |ledger, desk| {
            let failures = ledger.outbox_status(&desk.delivery)?.failures;
            let at = desk.clock.now();
            let error = LastError { at, kind, message };
            ledger.delivery_failed(&desk.delivery, &error, retry_at(retry, failures, at))
        })
        .await
    }

    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Ledger, &Self) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let desk = self.clone();
        blocking(move || work(&desk.archive.ledger, &desk)).await
    }
}
