//! What exporting, delivering and taking inventories share: where things are put, who signs in, and who tells the time.

use std::sync::Arc;

use crate::{
    angus::AngusClient,
    auth::{Accounts, Vault},
    config::Config,
    delivery::Courier,
    exporter::{Exporter, SetupError},
    inventory::Inventories,
    ledger::{Ledger, LedgerError},
    publication::Archive,
    shutdown::Shutdown,
    wire::Timing,
};

/// The folders of one configuration, open, and its accounts.
pub struct Workplace {
    /// Keeps files and ledger.
    pub archive: Arc<Archive>,
    /// Keeps tokens over restarts.
    pub vault: Arc<Vault>,
    /// Everybody who signs in, but for streams.
    pub accounts: Arc<Accounts>,
    /// Tells the time, waits, and counts what is asked.
    pub timing: Timing,
    /// Tells when to stop.
    pub shutdown: Shutdown,
}

impl Workplace {
    /// Opens the ledger and sets up connections; asks for nothing yet.
    pub fn open(config: &Config, timing: Timing, shutdown: Shutdown) -> Result<Self, SetupError> {
        let vault = Arc::new(Vault::new(&config.state_dir, config.token_key.as_ref())?);
        let accounts = Arc::new(Accounts::new(config, &vault, &timing)?);
        accounts.stop_on(&shutdown);
        let ledger = Ledger::open(&config.state_dir)?.with_clock(timing.clock.clone());
        let archive = Arc::new(Archive::configured(config, ledger));
        Ok(Self { archive, vault, accounts, timing, shutdown })
    }

    /// Tells the ledger which deliveries there are: what is published from now on is queued for them, and what was
    /// published before. Only for what publishes or sends: it forgets what other deliveries had yet to send.
    pub fn enroll_deliveries(&self, config: &Config) -> Result<(), LedgerError> {
        let deliveries = config.deliveries.iter().map(|delivery| (&*delivery.name, &*delivery.job.name));
        self.archive.ledger.enroll_deliveries(&deliveries.collect::<Vec<_>>(), self.timing.clock.now())
    }

    /// Exports series, whose files are queued for the deliveries of `config` from now on.
    pub fn exporter(&self, config: &Config) -> Result<Exporter, SetupError> {
        let client = AngusClient::new(&config.angus, self.timing.clone())?;
        self.enroll_deliveries(config)?;
        Ok(Exporter::new(config, self, client))
    }

    /// Sends published files on.
    pub fn courier(&self, config: &Config) -> Courier {
        let (archive, accounts) = (Arc::clone(&self.archive), Arc::clone(&self.accounts));
        Courier::new(config, archive, accounts, self.timing.clone(), self.shutdown.clone())
    }

    /// Takes inventories.
    pub fn inventories(&self) -> Inventories {
        Inventories {
            archive: Arc::clone(&self.archive),
            accounts: Arc::clone(&self.accounts),
            timing: self.timing.clone(),
            shutdown: self.shutdown.clone(),
        }
    }
}
