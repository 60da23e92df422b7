//! Inventories: the cameras that an Angelcam account sees, as a small table.
//!
//! ```text
//! me/, cameras/ → Listing → merged with what is known → data.csv or data.parquet → Ledger
//! ```
//!
//! `request`, `decode`, `listing`, `refusal`, `throttle`, `vanish`, `table` and `due` are pure; `client` asks, within the
//! `budget` of the account, and `publishing` writes. One process takes an inventory at a time.

mod budget;
mod client;
mod decode;
mod due;
mod error;
mod listing;
mod publishing;
mod refusal;
mod request;
mod table;
mod throttle;
mod vanish;

use std::sync::Arc;

use chrono::{DateTime, Utc};

use self::{client::Client, publishing::Publication, vanish::Merged};
pub use self::{
    decode::Owner,
    due::{due_at, is_due},
    error::InventoryError,
    listing::Listing,
};
use crate::{
    auth::{AccountSession, Accounts},
    blocking::blocking,
    config::{Account, AccountSystem, Inventory},
    failure::FailureKind,
    ledger::LastError,
    locks::{Lock, Patience},
    publication::{Archive, PublishError},
    report::Failure,
    shutdown::Shutdown,
    wire::Timing,
};

/// Takes inventories.
pub struct Inventories {
    /// Keeps files and ledger.
    pub archive: Arc<Archive>,
    /// Who asks.
    pub accounts: Arc<Accounts>,
    /// Tells the time, and waits.
    pub timing: Timing,
    /// Tells when to stop.
    pub shutdown: Shutdown,
}

/// What an account sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Whose cameras these are.
    pub owner: Owner,
    /// The cameras.
    pub listing: Listing,
}

/// How one inventory fared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InventoryReport {
    /// Which one.
    pub inventory: String,
    /// Rows of the table.
    pub cameras: u64,
    /// Those among them that were not listed this time.
    pub kept_absent: u64,
    /// Cameras that are in the table no longer.
    pub vanished: u64,
    /// Entries of the listing that are no cameras.
    pub skipped: u64,
    /// Whether the file was made or replaced; otherwise it held the same bytes already.
    pub file_written: bool,
    /// Why it was not taken. Nothing was published then.
    pub failure: Option<Failure>,
    /// Whether that is because another process takes it right now.
    pub is_busy: bool,
}

impl Inventories {
    /// Lists the cameras and publishes the table; the ledger learns how it went. The listing may be given up at any time;
    /// once publishing has begun it is seen through.
    pub async fn take(&self, inventory: &Inventory) -> InventoryReport {
        let name = &*inventory.name;
        let mut report = InventoryReport { inventory: name.to_owned(), ..InventoryReport::default() };
        match self.list_and_publish(inventory, &mut report).await {
            Ok(()) => {
                let InventoryReport { cameras, kept_absent, vanished, skipped, file_written, .. } = report;
                tracing::info!(
                    inventory = name,
                    cameras,
                    kept_absent,
                    vanished,
                    skipped,
                    file_written,
                    "inventory taken"
                );
            }
            Err(error) => {
                report.is_busy = error.is_busy();
                let failure = Failure::new(error.kind(), &error);
                self.note_failure(name, &failure, report.is_busy).await;
                report.failure = Some(failure);
            }
        }
        report
    }

    /// Asks, and publishes and records nothing but what it asked of the account's budget.
    pub async fn look(&self, inventory: &Inventory) -> Result<Seen, InventoryError> {
        let unknown = || InventoryError::OtherSystem { account: inventory.account.name.clone() };
        let session = self.accounts.get(&inventory.account.name).ok_or_else(unknown)?;
        let mut client = Client::new(session, &self.archive, &self.timing)?;
        self.unless_stopped(async {
            Ok(Seen { owner: client.owner().await?, listing: client.cameras().await? })
        })
        .await
    }

    /// Asks an account who it is, and nothing else.
    pub async fn try_account(&self, account: &AccountSession) -> Result<Owner, InventoryError> {
        let mut client = Client::new(account, &self.archive, &self.timing)?;
        self.unless_stopped(client.owner()).await
    }

    async fn list_and_publish(
        &self,
        inventory: &Inventory,
        report: &mut InventoryReport,
    ) -> Result<(), InventoryError> {
        let (archive, name) = (Arc::clone(&self.archive), inventory.name.clone());
        let lock =
            blocking(move || Lock::acquire(&archive.state_dir, &format!("inventory.{name}"), Patience::None));
        let _alone = lock.await.map_err(PublishError::from)?;
        // Before the first request: what is asked from here on is at least as young as this.
        let asked_at = self.timing.clock.now();
        let seen = self.look(inventory).await?;
        report.skipped = seen.listing.skipped;
        let (Merged { cameras, kept_absent, vanished }, file_written) =
            self.publish(inventory, seen, asked_at).await?;
        report.cameras = cameras.len() as u64;
        report.kept_absent = kept_absent;
        report.vanished = vanished;
        report.file_written = file_written;
        Ok(())
    }

    async fn publish(
        &self,
        inventory: &Inventory,
        seen: Seen,
        asked_at: DateTime<Utc>,
    ) -> Result<(Merged, bool), PublishError> {
        let (archive, name, format) = (Arc::clone(&self.archive), inventory.name.clone(), inventory.format);
        let source = source(&inventory.account, &seen.owner);
        blocking(move || {
            let (archive, name, source) = (&*archive, &*name, &*source);
            Publication { archive, name, format, source, asked_at }.publish(&seen)
        })
        .await
    }

    /// Requests and waits end when somebody asks us to stop.
    async fn unless_stopped<T>(
        &self,
        work: impl Future<Output = Result<T, InventoryError>>,
    ) -> Result<T, InventoryError> {
        tokio::select! {
            biased;
            () = self.shutdown.requested() => Err(InventoryError::Interrupted),
            outcome = work => outcome,
        }
    }

    /// Remembers in the ledger why it failed, for `status`. The process that holds the lock notes how it fares itself.
    async fn note_failure(&self, inventory: &str, failure: &Failure, is_busy: bool) {
        let (kind, error) = (failure.kind, &*failure.message);
        if is_busy {
            tracing::info!(inventory, error, "inventory left to another process");
            return;
        }
        if kind != FailureKind::Interrupted {
            tracing::error!(inventory, reason = kind.as_str(), error, "inventory failed");
        }
        let (archive, name, at) = (Arc::clone(&self.archive), inventory.to_owned(), self.timing.clock.now());
        let last = LastError { at, kind: kind.as_str().to_owned(), message: failure.message.clone() };
        let noted = blocking(move || archive.ledger.note_inventory_failure(&name, &last));
        if let Err(error) = noted.await {
            tracing::error!(inventory, error = &*error.to_string(), "cannot note why the inventory failed");
        }
    }
}

/// Which account, space and person cameras are listed for; the space is as it is configured.
fn source(account: &Account, owner: &Owner) -> String {
    let space = match &account.system {
        AccountSystem::Angelcam(angelcam) => angelcam.space_id.as_deref(),
        AccountSystem::Simacan(_) => None,
    };
    let space = space.map(|space| format!("space {space}, ")).unwrap_or_default();
    format!("account {}, {space}owner {}", account.name, owner.id)
}
