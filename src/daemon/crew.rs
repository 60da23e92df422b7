//! One configuration at work: what its lanes share.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, SubsecRound, Utc};
use tokio::sync::Mutex;

use super::{
    error::StartError,
    lane::{Duty, Hint, Lane},
};
use crate::{
    alerts::{Alerts, Heartbeat, Lookout, trouble::Trouble},
    blocking::blocking,
    config::{Config, Job, SecretSource},
    disk::Disks,
    exporter::{Exporter, SetupError},
    ledger::LedgerError,
    metrics::Metrics,
    scheduler::Bell,
    secret::Secret,
    series::Series,
    shutdown::Shutdown,
    status::{Snapshot, TokenViews},
    wire::Timing,
    workplace::Workplace,
};

/// How old what is told of the ledger may be: whoever asks more often is told the same.
const FRESH: Duration = Duration::from_secs(2);

/// What the lanes of one configuration share.
pub struct Crew {
    /// What is configured.
    pub config: Config,
    /// Archive, accounts, time.
    pub workplace: Workplace,
    /// Exports every job, within one budget of requests.
    pub exporter: Exporter,
    /// Everything that is done, jobs first.
    pub lanes: Vec<Arc<Lane>>,
    /// Rung where a lane begins, ends or is to look again.
    pub(super) bell: Bell,
    /// Counts what is done.
    pub metrics: Arc<Metrics>,
    /// What askers over HTTP must send; `None` where anybody on this machine may ask.
    pub http_token: Option<Secret>,
    /// Tells people of trouble.
    pub alerts: Alerts,
    /// Sees trouble for those who look.
    lookout: Lookout,
    /// Tells a dead man's switch how runs go.
    pub heartbeat: Arc<Heartbeat>,
    snapshot: Mutex<Option<(Instant, Arc<Snapshot>)>>,
}

/// Who is to take hints, in the order of the lanes.
pub(super) type Receivers = Vec<tokio::sync::mpsc::Receiver<Hint>>;

impl Crew {
    /// Opens what the configuration names. Nothing is done yet, and nobody is asked.
    pub(super) fn open(
        config: Config,
        timing: Timing,
        metrics: Arc<Metrics>,
    ) -> Result<(Arc<Self>, Receivers), StartError> {
        let http_token = config.http.as_ref().and_then(|http| http.token.as_ref());
        let http_token = http_token.map(SecretSource::resolve).transpose()?;
        let workplace = Workplace::open(&config, timing, Shutdown::default())?;
        let setup = |error| StartError::Setup(SetupError::Client(error));
        let alerts = Alerts::new(&config, Arc::clone(&workplace.archive), workplace.timing.clone());
        let heartbeat = Heartbeat::new(&config.alerts, workplace.timing.clone());
        let (alerts, heartbeat) = (alerts.map_err(setup)?, Arc::new(heartbeat.map_err(setup)?));
        // Last: it tells the ledger which deliveries there are.
        let exporter = workplace.exporter(&config)?;
        let bell = Bell::default();
        let (lanes, receivers) =
            duties(&config).into_iter().map(|duty| Lane::new(duty, bell.clone())).unzip();
        let snapshot = Mutex::default();
        let crew = Self {
            config,
            workplace,
            exporter,
            lanes,
            bell,
            metrics,
            http_token,
            alerts,
            lookout: Lookout::default(),
            heartbeat,
            snapshot,
        };
        Ok((Arc::new(crew), receivers))
    }

    /// The wall clock.
    pub fn now(&self) -> DateTime<Utc> {
        self.workplace.timing.clock.now()
    }

    /// How everything is, as of a few seconds ago at the most.
    pub async fn snapshot(self: &Arc<Self>) -> Result<Arc<Snapshot>, LedgerError> {
        let mut last = self.snapshot.lock().await;
        if let Some((_, snapshot)) = last.as_ref().filter(|(read_at, _)| read_at.elapsed() < FRESH) {
            return Ok(Arc::clone(snapshot));
        }
        let crew = Arc::clone(self);
        let snapshot = Arc::new(blocking(move || crew.read_snapshot()).await?);
        *last = Some((Instant::now(), Arc::clone(&snapshot)));
        Ok(snapshot)
    }

    fn read_snapshot(&self) -> Result<Snapshot, LedgerError> {
        let now = self.now().trunc_subsecs(0);
        let accounts = self.workplace.accounts.views(now);
        let tokens = TokenViews { accounts, streams: self.exporter.stream_views(now) };
        Snapshot::read(&self.config, Some(&self.workplace.archive.ledger), tokens, now)
    }

    /// How full the disks are.
    pub async fn disks(self: &Arc<Self>) -> Disks {
        let crew = Arc::clone(self);
        blocking(move || Disks::of(&crew.config)).await
    }

    /// What is wrong in this snapshot and worth telling, in the order in which a person should look at it.
    pub fn troubles(&self, snapshot: &Snapshot, disks: &Disks) -> Vec<Trouble> {
        self.lookout.look(snapshot, disks, &self.config, self.now().trunc_subsecs(0))
    }

    /// Lanes with a run that shows no sign of life, by name.
    pub fn hung(&self, now: Instant) -> Vec<String> {
        let hangs = |lane: &&Arc<Lane>| lane.hangs(self.config.daemon.hang_after, now);
        self.lanes.iter().filter(hangs).map(|lane| lane.duty().name()).collect()
    }

    /// Whether anything of `job` is due although its time has not come: the ledger lacks something, or its time came
    /// while nobody looked. Blocks.
    pub(super) fn is_due(&self, job: &Job) -> Result<bool, LedgerError> {
        let (ledger, now) = (&self.workplace.archive.ledger, self.now());
        for series in Series::all(&self.config, Some(&job.name), None) {
            let Some(known) = ledger.find_series(&series.key())? else { return Ok(true) };
            let status = ledger.status(known.id)?;
            let was_well = status.last_success.filter(|at| *at <= now && status.last_error.is_none());
            let next = was_well.and_then(|at| job.schedule.next_after(at, self.config.timezone));
            let has_missed_its_time = was_well.is_none() || next.is_some_and(|next| next <= now);
            let windows = series.rules.due(series.start(known.first_run), &status.coverage, &[], now);
            if has_missed_its_time || windows.iter().any(|window| window.reason.only_if_lacking()) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// A lane for each job and inventory, one for each account that files are sent with, and one for idle tokens.
fn duties(config: &Config) -> Vec<Duty> {
    let jobs = config.jobs.iter().map(|job| Duty::Export(Arc::clone(job)));
    let mut duties: Vec<Duty> = jobs.collect();
    duties.extend(config.inventories.iter().map(|inventory| Duty::Inventory(Arc::clone(inventory))));
    for account in &config.accounts {
        let of_account = config.deliveries.iter().filter(|delivery| delivery.account.name == account.name);
        let of_account: Vec<_> = of_account.cloned().collect();
        if !of_account.is_empty() {
            duties.push(Duty::Deliver(of_account));
        }
    }
    if !config.accounts.is_empty() {
        duties.push(Duty::Upkeep);
    }
    duties
}
