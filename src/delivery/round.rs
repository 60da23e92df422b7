//! One run of one delivery: what became of the files that were taken, then the files that are to be sent, in order.

use std::collections::HashSet;

use reqwest::Url;

use super::{
    Courier, DeliveryReport,
    contents::Contents,
    desk::Desk,
    import::Import,
    stop::Stop,
    target::{Inquiry, Refusal, Target, Upload},
};
use crate::{
    config::Delivery,
    failure::FailureKind,
    ledger::{OutboxEntry, SeriesKey},
};

/// After so many refusals in a row that speak of the target as a whole, nothing more is asked: a wrong url must not be
/// asked for every file that there is.
const MAX_REFUSALS_OF_TARGET: u32 = 3;

/// One run of one delivery, while nobody else sends for it.
pub(super) struct Round<'a> {
    courier: &'a Courier,
    delivery: &'a Delivery,
    desk: &'a Desk,
    target: Target<'a>,
    report: &'a mut DeliveryReport,
    refusals_in_a_row: u32,
    /// The ledger's numbers of series with a file that cannot be sent yet: later ones of the same series wait for it.
    waiting: HashSet<i64>,
}

impl<'a> Round<'a> {
    pub(super) fn new(
        courier: &'a Courier,
        delivery: &'a Delivery,
        desk: &'a Desk,
        target: Target<'a>,
        report: &'a mut DeliveryReport,
    ) -> Self {
        Self { courier, delivery, desk, target, report, refusals_in_a_row: 0, waiting: HashSet::new() }
    }

    /// Goes through everything once. That nobody tells what became of files holds no other file up.
    pub(super) async fn run(mut self) -> Result<(), Stop> {
        let inquiries = self.inquire().await.map_err(Stop::of_status);
        if inquiries.as_ref().is_err_and(Stop::ends_everything) {
            return inquiries;
        }
        self.send_pending().await?;
        inquiries
    }

    async fn inquire(&mut self) -> Result<(), Stop> {
        let mut refusals_in_a_row = 0;
        for entry in self.desk.awaiting().await? {
            self.check_shutdown()?;
            let Some(url) = status_url(self.delivery, &entry) else {
                // Nobody asks any more: what was taken is delivered.
                self.note_imported(&entry).await?;
                continue;
            };
            let refusal = match self.target.inquire(&entry, &url).await? {
                Inquiry::Known(import) => {
                    refusals_in_a_row = 0;
                    self.note_import(&entry, import).await?;
                    continue;
                }
                Inquiry::Refused(refusal) => refusal,
            };
            self.desk.note_attempt(&entry, refusal.message.clone()).await?;
            refusals_in_a_row += 1;
            if refusals_in_a_row == MAX_REFUSALS_OF_TARGET {
                return Err(Stop::StatusRefused { message: refusal.message });
            }
        }
        Ok(())
    }

    async fn note_import(&mut self, entry: &OutboxEntry, import: Import) -> Result<(), Stop> {
        match import {
            Import::UnderWay => Ok(()),
            Import::Succeeded => self.note_imported(entry).await,
            Import::Failed { message } => self.park(entry, FailureKind::Refused, message).await,
        }
    }

    async fn note_imported(&mut self, entry: &OutboxEntry) -> Result<(), Stop> {
        self.desk.note_imported(entry).await?;
        self.report.delivered += 1;
        let OutboxEntry { delivery, stream, path: file, .. } = entry;
        tracing::debug!(delivery, stream, file, "file imported");
        Ok(())
    }

    async fn send_pending(&mut self) -> Result<(), Stop> {
        let mut position = 0;
        loop {
            let batch = self.desk.pending(position).await?;
            let Some(last) = batch.last() else { return Ok(()) };
            position = last.position;
            for entry in &batch {
                self.check_shutdown()?;
                if !self.waiting.contains(&entry.series) {
                    self.send(entry).await?;
                }
            }
        }
    }

    async fn send(&mut self, entry: &OutboxEntry) -> Result<(), Stop> {
        let key = SeriesKey { job: entry.job.clone(), stream: entry.stream.clone() };
        let series = self.courier.series.get(&key).cloned();
        match self.desk.pack(series, self.delivery.content_type, entry).await? {
            Contents::NotThere(reason) => self.leave(entry, reason).await,
            Contents::Unsendable(reason) => self.park(entry, FailureKind::Configuration, reason).await,
            Contents::Ready(contents) => match self.target.upload(entry, &contents).await? {
                Upload::Taken { receipt } => self.note_taken(entry, receipt).await,
                Upload::Refused(refusal) => self.note_refusal(entry, refusal).await,
                Upload::Lost(trouble) => {
                    let message = format!(
                        "the answer was lost ({}); whether it arrived is unknown, and repeat_lost_posts does not allow \
                         to send it again",
                        trouble.message
                    );
                    self.park(entry, FailureKind::Unavailable, message).await?;
                    // The next one would fare the same, and be parked as well.
                    Err(Stop::AnswerLost { message: trouble.message })
                }
            },
        }
    }

    /// A file that is not there now is left where it stands, and so are those behind it of its series. Where a newer
    /// version was queued meanwhile, that one stands further back.
    async fn leave(&mut self, entry: &OutboxEntry, reason: &str) -> Result<(), Stop> {
        let OutboxEntry { delivery, stream, path: file, .. } = entry;
        tracing::debug!(delivery, stream, file, reason, "file not sent now");
        if self.desk.is_pending(entry).await? {
            self.waiting.insert(entry.series);
        }
        Ok(())
    }

    async fn note_taken(&mut self, entry: &OutboxEntry, receipt: Option<String>) -> Result<(), Stop> {
        self.refusals_in_a_row = 0;
        let is_awaited = receipt.is_some() && self.delivery.status_url.is_some();
        let OutboxEntry { delivery, stream, path: file, .. } = entry;
        tracing::debug!(delivery, stream, file, receipt = receipt.as_deref(), "file sent");
        self.desk.note_taken(entry, receipt, is_awaited).await?;
        self.report.delivered += u64::from(!is_awaited);
        Ok(())
    }

    async fn note_refusal(&mut self, entry: &OutboxEntry, refusal: Refusal) -> Result<(), Stop> {
        let Refusal { message, concerns_target } = refusal;
        self.park(entry, FailureKind::Refused, message.clone()).await?;
        self.refusals_in_a_row = if concerns_target { self.refusals_in_a_row + 1 } else { 0 };
        if self.refusals_in_a_row < MAX_REFUSALS_OF_TARGET {
            return Ok(());
        }
        Err(Stop::TargetRefused { files: self.refusals_in_a_row, message })
    }

    async fn park(&mut self, entry: &OutboxEntry, kind: FailureKind, message: String) -> Result<(), Stop> {
        let OutboxEntry { delivery, stream, path: file, .. } = entry;
        tracing::warn!(delivery, stream, file, reason = kind.as_str(), error = &*message, "file parked");
        self.report.parked += u64::from(self.desk.park(entry, kind, message).await?);
        Ok(())
    }

    fn check_shutdown(&self) -> Result<(), Stop> {
        if self.courier.shutdown.is_requested() { Err(Stop::Interrupted) } else { Ok(()) }
    }
}

/// Where to ask what became of an entry; `None` where nobody asks.
fn status_url(delivery: &Delivery, entry: &OutboxEntry) -> Option<Url> {
    let mut url = delivery.status_url.clone()?;
    let receipt = entry.receipt.as_deref()?;
    url.path_segments_mut().ok()?.pop_if_empty().push(receipt);
    Some(url)
}
