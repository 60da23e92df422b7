//! How everything is, as the ledger and the token files tell it: nobody is asked. The command line, the daemon's HTTP
//! address, its metrics and its alerts all tell this.

mod json;

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    auth::AccountView,
    config::{Config, Delivery, Inventory},
    daemon,
    inventory::{due_at, is_due},
    ledger::{
        InventoryRecord, LastError, Ledger, LedgerError, OutboxEntry, OutboxStatus, SeriesOverview,
        SeriesStatus,
    },
    locks::Lock,
    series::Series,
    suspicion::Suspicion,
    time::TimeRange,
};

pub use json::{AccountJson, ErrandsJson, ErrorJson, SuspectJson};

/// Parked files of one delivery that are told one by one; of more the number is told.
const MAX_PARKED_TOLD: u32 = 10;

/// A run of zeros that is over is told for so long.
const RECENT: TimeDelta = TimeDelta::weeks(2);

/// How everything was at one moment.
pub struct Snapshot {
    /// The moment.
    pub at: DateTime<Utc>,
    /// The daemon that works on the state folder, as it names itself; `None` where there is none.
    pub daemon: Option<String>,
    /// By job and stream.
    pub series: Vec<SeriesView>,
    /// In the order of the configuration.
    pub deliveries: Vec<DeliveryView>,
    /// In the order of the configuration.
    pub inventories: Vec<InventoryView>,
    /// By name.
    pub accounts: Vec<AccountView>,
    /// The tokens of streams, in the order of the configuration.
    pub streams: Vec<AccountView>,
}

/// How one job on one stream is.
pub struct SeriesView {
    /// Which one.
    pub series: Series,
    /// What the ledger knows of it; `None` where it was never run.
    pub exported: Option<Exported>,
    /// When its job is to run next, by its schedule.
    pub next_run: Option<DateTime<Utc>>,
}

/// How a series is, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeriesState {
    /// Its last run did not end well.
    Failed,
    /// It ends with zeros that are unlike it.
    Suspect,
    /// Its last run ended well.
    Ok,
    /// No run of it has ended.
    NeverRun,
}

/// What the ledger knows of a series.
pub struct Exported {
    /// What is exported, and how its last run ended.
    pub status: SeriesStatus,
    /// What is not exported although later time is.
    pub gaps: Vec<TimeRange>,
    /// Where the buckets begin that complete listings lacked at the end of what is exported, if there are any.
    pub silent_since: Option<DateTime<Utc>>,
    /// Zeros at the end of what is exported that are unlike the camera.
    pub suspicions: Vec<Suspicion>,
}

/// How a delivery is.
pub struct DeliveryView {
    /// Which one.
    pub delivery: Arc<Delivery>,
    /// Its queue.
    pub status: OutboxStatus,
    /// The first few files that were refused for good, and why.
    pub parked: Vec<(OutboxEntry, LastError)>,
}

/// How an inventory is.
pub struct InventoryView {
    /// Which one.
    pub inventory: Arc<Inventory>,
    /// What the ledger knows of it; `None` where it was never taken.
    pub known: Option<InventoryRecord>,
    /// When it is to be taken next: not in the past.
    pub next_run: Option<DateTime<Utc>>,
}

/// How the tokens are that nobody but the token files knows of.
pub struct TokenViews {
    /// Of accounts.
    pub accounts: Vec<AccountView>,
    /// Of streams.
    pub streams: Vec<AccountView>,
}

impl Snapshot {
    /// Reads how everything is at `now`. Blocks; without a ledger, nothing was ever run.
    pub fn read(
        config: &Config,
        ledger: Option<&Ledger>,
        tokens: TokenViews,
        now: DateTime<Utc>,
    ) -> Result<Self, LedgerError> {
        let mut series = series_views(config, ledger, now)?;
        series.sort_by_cached_key(|view| view.series.key());
        let deliveries = config.deliveries.iter().map(|delivery| DeliveryView::read(ledger, delivery));
        let inventories =
            config.inventories.iter().map(|inventory| InventoryView::read(config, ledger, inventory, now));
        Ok(Self {
            at: now,
            daemon: Lock::holder(&config.state_dir, daemon::LOCK_NAME),
            series,
            deliveries: deliveries.collect::<Result<_, _>>()?,
            inventories: inventories.collect::<Result<_, _>>()?,
            accounts: tokens.accounts,
            streams: tokens.streams,
        })
    }
}

/// Every series that is configured.
fn series_views(
    config: &Config,
    ledger: Option<&Ledger>,
    now: DateTime<Utc>,
) -> Result<Vec<SeriesView>, LedgerError> {
    let mut known = ledger.map(Ledger::overview).transpose()?.unwrap_or_default();
    let next_runs = config.jobs.iter().map(|job| (&*job.name, job.schedule.next_after(now, config.timezone)));
    let next_runs: HashMap<&str, _> = next_runs.collect();
    let view = |series: Series| {
        let exported = match (ledger, known.remove(&series.key())) {
            (Some(ledger), Some(known)) => Some(Exported::new(ledger, &series, known, now)?),
            _ => None,
        };
        let next_run = next_runs.get(&*series.job.name).copied().flatten();
        Ok(SeriesView { series, exported, next_run })
    };
    Series::all(config, None, None).into_iter().map(view).collect()
}

impl Exported {
    fn new(
        ledger: &Ledger,
        series: &Series,
        known: SeriesOverview,
        now: DateTime<Utc>,
    ) -> Result<Self, LedgerError> {
        let SeriesOverview { series: found, status, last_missing, mut suspicions } = known;
        let gaps = series.rules.gaps(series.start(found.first_run), &status.coverage);
        let grid = &series.rules.grid;
        // Only where the last bucket that is missing may be the last one of all, the others are looked at.
        let tail = status.coverage.tail();
        let tail = tail.filter(|tail| last_missing.is_some_and(|last| grid.bucket_end(last) >= tail.end()));
        let silent_since = match tail {
            Some(tail) => ledger.silent_since(found.id, grid, tail)?,
            None => None,
        };
        suspicions.retain(|suspicion| !suspicion.is_over || now - suspicion.until < RECENT);
        Ok(Self { status, gaps, silent_since, suspicions })
    }
}

impl SeriesView {
    /// The end of what is exported.
    pub fn exported_until(&self) -> Option<DateTime<Utc>> {
        self.exported.as_ref()?.status.coverage.exported_until()
    }

    /// Runs of zeros that are unlike it: the one at the end of what is exported, and those of the last two weeks.
    pub fn suspicions(&self) -> impl Iterator<Item = &Suspicion> {
        self.exported.iter().flat_map(|exported| &exported.suspicions)
    }

    /// The run of zeros that it ends with, where they are unlike it.
    pub fn suspicion(&self) -> Option<&Suspicion> {
        self.suspicions().find(|found| !found.is_over)
    }

    /// How it is: the first that is true.
    pub fn state(&self) -> SeriesState {
        if self.last_error().is_some() {
            SeriesState::Failed
        } else if self.suspicion().is_some() {
            SeriesState::Suspect
        } else if self.last_success().is_some() {
            SeriesState::Ok
        } else {
            SeriesState::NeverRun
        }
    }

    /// When a run of it last ended well.
    pub fn last_success(&self) -> Option<DateTime<Utc>> {
        self.exported.as_ref()?.status.last_success
    }

    /// Why its last run did not end well.
    pub fn last_error(&self) -> Option<&LastError> {
        self.exported.as_ref()?.status.last_error.as_ref()
    }
}

impl DeliveryView {
    fn read(ledger: Option<&Ledger>, delivery: &Arc<Delivery>) -> Result<Self, LedgerError> {
        let (status, parked) = match ledger {
            Some(ledger) => {
                let name = &delivery.name;
                (ledger.outbox_status(name)?, ledger.outbox_parked(name, MAX_PARKED_TOLD)?)
            }
            None => Default::default(),
        };
        Ok(Self { delivery: Arc::clone(delivery), status, parked })
    }
}

impl InventoryView {
    fn read(
        config: &Config,
        ledger: Option<&Ledger>,
        inventory: &Arc<Inventory>,
        now: DateTime<Utc>,
    ) -> Result<Self, LedgerError> {
        let known = ledger.map(|ledger| ledger.inventory(&inventory.name)).transpose()?.flatten();
        let last_success = known.as_ref().and_then(|known| known.last_success);
        let next_run = if is_due(inventory, config.timezone, last_success, now) {
            Some(now)
        } else {
            due_at(inventory, config.timezone, last_success)
        };
        Ok(Self { inventory: Arc::clone(inventory), known, next_run })
    }

    /// When it was last taken.
    pub fn last_success(&self) -> Option<DateTime<Utc>> {
        self.known.as_ref()?.last_success
    }

    /// Why it could not be taken since.
    pub fn last_error(&self) -> Option<&LastError> {
        self.known.as_ref()?.last_error.as_ref()
    }
}
