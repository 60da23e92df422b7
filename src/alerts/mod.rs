//! Telling a person of trouble, once when it begins and once when it is over. `judge` says what is wrong, `desk` what of
//! it is to be told and when, and `text` in which words, all of them pure; this module keeps the desk in the ledger and
//! sends its messages. It needs the daemon: nobody else looks often enough.
//!
//! A message counts as told when the webhook took it. Around a crash one may be sent twice, and none is lost.

pub mod desk;
mod heartbeat;
pub mod judge;
mod lookout;
mod patience;
pub mod roster;
mod text;
pub mod trouble;
mod webhook;

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, SubsecRound, Utc};
use chrono_tz::Tz;
use tokio::sync::Mutex;

pub use heartbeat::Heartbeat;
pub use lookout::Lookout;

use crate::{
    blocking::blocking,
    config::{AlertSettings, Config},
    disk::Disks,
    ledger::{AlertBook, LedgerError},
    publication::Archive,
    status::Snapshot,
    wire::{ClientSetupError, Timing},
};
use desk::{Desk, Grouping, Notice};
use patience::Patience;
use roster::Roster;
use webhook::{NotTaken, Webhook};

/// Tells people of trouble.
pub struct Alerts {
    settings: AlertSettings,
    zone: Tz,
    archive: Arc<Archive>,
    timing: Timing,
    webhook: Option<Webhook>,
    /// Held for the whole of a check.
    state: Mutex<State>,
}

/// What is known between two checks.
#[derive(Default)]
struct State {
    /// What is to be told, and was; `None` before it was read. Kept here too: a full disk is worth telling.
    desk: Option<Desk>,
    /// What the ledger holds of it.
    kept: AlertBook,
    patience: Patience,
}

impl Alerts {
    /// Reads nothing and sends nothing yet. Without a webhook nobody is told anything.
    pub fn new(config: &Config, archive: Arc<Archive>, timing: Timing) -> Result<Self, ClientSetupError> {
        Self::with_timeout(config, archive, timing, webhook::TIMEOUT)
    }

    /// As [`Self::new`], with another bound for how long one message may take than ten seconds.
    pub fn with_timeout(
        config: &Config,
        archive: Arc<Archive>,
        timing: Timing,
        timeout: Duration,
    ) -> Result<Self, ClientSetupError> {
        let settings = config.alerts.clone();
        let webhook = settings.webhook.clone();
        let webhook = webhook.map(|address| Webhook::new(address, timing.clone(), timeout)).transpose()?;
        let (zone, state) = (config.timezone, Mutex::default());
        Ok(Self { settings, zone, archive, timing, webhook, state })
    }

    /// Judges how everything is, and sends what is due. To be called about twice a minute; ends within the bound of one
    /// message beyond those that are taken. Whatever goes wrong is logged and tried again at the next check.
    pub async fn check(&self, snapshot: &Snapshot, disks: &Disks) {
        let Some(webhook) = &self.webhook else { return };
        let mut state = self.state.lock().await;
        let State { desk, kept, patience } = &mut *state;
        // The ledger keeps whole seconds.
        let now = self.timing.clock.now().trunc_subsecs(0);
        if desk.is_none() {
            match self.read().await {
                Ok(book) => (*desk, *kept) = (Some(Desk::restored(&book)), book),
                Err(error) => return complain(&error, "cannot read what was told of trouble"),
            }
        }
        let Some(desk) = desk else { return };
        let roster = Roster::of(snapshot);
        let found = judge::troubles(snapshot, disks, &self.settings, self.zone, desk, now);
        desk.update(found, &roster, now);
        self.keep(desk, kept).await;
        for notice in desk.due(self.grouping(), now) {
            if !patience.allows(now) {
                return;
            }
            desk.attempt(&notice, now);
            self.keep(desk, kept).await;
            let text = text::text(&notice, &roster, self.zone, now);
            let outcome = webhook.post(&text).await;
            match &outcome {
                Ok(()) => desk.acknowledge(&notice, now),
                Err(error) if error.may_have_arrived() => {}
                Err(_) => desk.withdraw(&notice),
            }
            self.keep(desk, kept).await;
            self.heed(patience, &notice, &outcome, now);
        }
    }

    fn grouping(&self) -> Grouping {
        Grouping { wait: self.settings.group_wait, interval: self.settings.group_interval }
    }

    /// Takes in and logs what became of a message.
    fn heed(
        &self,
        patience: &mut Patience,
        notice: &Notice,
        outcome: &Result<(), NotTaken>,
        now: DateTime<Utc>,
    ) {
        let (kind, begun, over) = (notice.kind.as_str(), notice.begun.len(), notice.over.len());
        match outcome {
            Ok(()) => {
                if patience.succeeded() {
                    tracing::info!("alerts.webhook takes messages again");
                }
                tracing::info!(kind, begun, over, "alert sent");
            }
            Err(error) => {
                let reason = error.to_string();
                if patience.failed(reason.clone(), error.retry_after(), (self.timing.jitter)(), now) {
                    tracing::error!(
                        kind,
                        error = reason,
                        "alerts.webhook took no message, it is tried again"
                    );
                }
            }
        }
    }

    async fn read(&self) -> Result<AlertBook, LedgerError> {
        let archive = Arc::clone(&self.archive);
        blocking(move || archive.ledger.alert_book()).await
    }

    /// Keeps what changed. Where the ledger cannot be written, the next check keeps it as well.
    async fn keep(&self, desk: &Desk, kept: &mut AlertBook) {
        let to = desk.book();
        if *kept == to {
            return;
        }
        let (archive, from) = (Arc::clone(&self.archive), kept.clone());
        let done = blocking(move || archive.ledger.keep_alert_book(&from, &to).map(|()| to)).await;
        match done {
            Ok(book) => *kept = book,
            Err(error) => complain(&error, "cannot keep what was told of trouble"),
        }
    }
}

fn complain(error: &LedgerError, what: &'static str) {
    tracing::error!(error = &*error.to_string(), "{what}");
}
