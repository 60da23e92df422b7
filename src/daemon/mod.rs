//! The daemon: `run`. It waits for beats of the scheduler and for signals, and gives hints to lanes, one for each job,
//! inventory and account that files are sent with. What is done in a lane is what `pull` does, by the same functions.
//!
//! Read [`Daemon::run`] first. A `Crew` is one configuration at work; a reload replaces it as a whole.

mod crew;
mod error;
mod lane;
mod manager;
mod ping;
mod running;
mod signals;
mod station;
mod watch;
mod work;
mod workshop;

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::SubsecRound;
use tokio::time::sleep;

use self::{
    crew::Receivers,
    manager::ServiceManager,
    running::Running,
    signals::{Order, Signals},
    workshop::Workshop,
};
use crate::{
    blocking::blocking,
    config::{Config, ConfigError},
    http::{self, Listening},
    locks::{Lock, LockError, Patience},
    logging,
    metrics::Metrics,
    scheduler::Heartbeat,
    time::to_display,
    wire::Timing,
};

pub use crew::Crew;
pub use error::StartError;
pub use lane::{Duty, Ended, Hint, Lane, Offer};
pub use station::Station;

/// The lock of a state folder that one daemon holds.
pub const LOCK_NAME: &str = "daemon";

/// Somebody may look who holds the lock, which takes it for a moment.
const LOCK_PATIENCE: Patience = Patience::Wait(Duration::from_secs(1));

/// As a shell tells the end by Ctrl-C.
const EXIT_AT_ONCE: i32 = 130;

/// A daemon with everything that it needs.
pub struct Daemon {
    path: PathBuf,
    timing: Timing,
    station: Arc<Station>,
    running: Running,
    workshop: Workshop,
    listening: Option<Listening>,
    manager: ServiceManager,
    signals: Signals,
    hung: Vec<String>,
    lock: Lock,
}

/// A changed configuration that can be put to work.
struct Prepared {
    crew: Arc<Crew>,
    receivers: Receivers,
    /// Set where it lies in another state folder than before.
    lock: Option<Lock>,
    listening: NewListening,
}

/// What a configuration means for the address that is listened on.
enum NewListening {
    /// The same as before.
    Kept,
    /// Another one, or none.
    Changed(Option<http::Bound>),
}

/// How lanes came to their end.
struct Drained {
    in_time: bool,
    /// Somebody asked meanwhile that the daemon ends.
    stop_requested: bool,
    /// Somebody asked meanwhile that the configuration is read again.
    reload_requested: bool,
}

impl Daemon {
    /// Opens what `config` names, takes the lock of its state folder, listens and puts the lanes to work.
    pub async fn start(config: Config, timing: Timing) -> Result<Self, StartError> {
        let signals = Signals::catch()?;
        let path = config.path.clone();
        let lock = take_lock(&config, &timing)?;
        let bound = bind(&config).await?;
        let metrics = Arc::new(Metrics::default());
        let (crew, receivers) = open(config, &timing, &metrics).await?;
        metrics.expect(&crew.config);
        let station = Arc::new(Station::new(Arc::clone(&crew), metrics, timing.clone()));
        let listening = bound.map(|bound| bound.serve(&station));
        let workshop = Workshop::open().map_err(StartError::Threads)?;
        let running = Running::start(crew, receivers, &workshop);
        let manager = ServiceManager::of_this_process();
        let hung = Vec::new();
        Ok(Self { path, timing, station, running, workshop, listening, manager, signals, hung, lock })
    }

    /// Works until it is told to end. Returns whether all work came to a safe point in time.
    pub async fn run(mut self) -> bool {
        let mut heartbeat = Heartbeat::new();
        ServiceManager::ready();
        self.tell_start();
        loop {
            let bell = self.running.crew.bell.clone();
            let order = tokio::select! {
                () = heartbeat.beat(&bell) => {
                    self.beat(&mut heartbeat);
                    continue;
                }
                order = self.signals.next() => order,
            };
            if order == Order::Reload && self.reload(&mut heartbeat).await {
                continue;
            }
            let in_time = self.stop(&mut heartbeat).await;
            // From here on another daemon may begin.
            drop(self.lock);
            return in_time;
        }
    }

    fn tell_start(&self) {
        let config = &self.running.crew.config;
        let (jobs, streams) = (config.jobs.len(), config.streams.len());
        let (version, path) = (env!("CARGO_PKG_VERSION"), self.path.display());
        self.tell_address();
        tracing::info!(version, config = %path, jobs, streams, "daemon started");
    }

    fn tell_address(&self) {
        if let Some(listening) = &self.listening {
            tracing::info!(address = %listening.address, "listening for http");
        }
    }

    /// Hints for lanes, and a sign of life for the service manager unless a lane hangs; then rests until there is
    /// something to look at again.
    fn beat(&mut self, heartbeat: &mut Heartbeat) {
        let (now, at) = (self.timing.clock.now(), Instant::now());
        self.station.beat(at);
        self.running.beat(now, at);
        let hung = self.running.crew.hung(at);
        if hung.is_empty() {
            self.manager.alive(at);
        }
        for lane in hung.iter().filter(|lane| !self.hung.contains(lane)) {
            let hang_after_seconds = self.running.crew.config.daemon.hang_after.as_secs();
            tracing::error!(
                lane = &**lane,
                hang_after_seconds,
                "a run shows no sign of life; the watchdog is told nothing more"
            );
        }
        self.hung = hung;
        self.manager.status(&self.running.sentence());
        let patience = self.manager.patience(at).filter(|_| self.hung.is_empty());
        heartbeat.rest(at, self.running.rest(now, at).min(patience.unwrap_or(Duration::MAX)));
    }

    /// Reads the configuration again, and applies it whole or not at all; once more where that was asked for meanwhile.
    /// `false` where it was asked to end meanwhile.
    async fn reload(&mut self, heartbeat: &mut Heartbeat) -> bool {
        ServiceManager::reloading();
        let is_to_go_on = loop {
            let drained = match self.prepare_again(heartbeat).await {
                Ok(prepared) => self.replace(prepared, heartbeat).await,
                Err(error) => {
                    tell_rejection(&error);
                    break true;
                }
            };
            if drained.stop_requested || !drained.reload_requested {
                break !drained.stop_requested;
            }
        };
        ServiceManager::ready();
        is_to_go_on
    }

    /// A large ledger takes a while to be opened: all that runs goes on meanwhile.
    async fn prepare_again(&mut self, heartbeat: &mut Heartbeat) -> Result<Prepared, StartError> {
        let before = Arc::clone(&self.running.crew);
        let (path, timing, metrics) =
            (self.path.clone(), self.timing.clone(), Arc::clone(&self.station.metrics));
        let preparing = async move {
            let config = Config::load(&path)?;
            logging::tell_warnings(&config);
            prepare(config, &timing, &metrics, &before.config).await
        };
        tokio::pin!(preparing);
        let bell = self.running.crew.bell.clone();
        let prepared = loop {
            tokio::select! {
                prepared = &mut preparing => break prepared,
                () = heartbeat.beat(&bell) => self.beat(heartbeat),
            }
        };
        self.station.metrics.reloaded(prepared.is_ok());
        prepared
    }

    async fn replace(&mut self, prepared: Prepared, heartbeat: &mut Heartbeat) -> Drained {
        self.manager.status("applying a changed configuration");
        let drained = self.drain(heartbeat).await;
        let Prepared { crew, receivers, lock, listening } = prepared;
        self.station.replace(Arc::clone(&crew));
        self.station.metrics.expect(&crew.config);
        self.running = Running::start(crew, receivers, &self.workshop);
        // What was set is the time of the crew before.
        heartbeat.rest(Instant::now(), Duration::ZERO);
        if let Some(lock) = lock {
            self.lock = lock;
        }
        if let NewListening::Changed(bound) = listening {
            self.listening = bound.map(|bound| bound.serve(&self.station));
            self.tell_address();
        }
        let config = &self.running.crew.config;
        tracing::info!(jobs = config.jobs.len(), streams = config.streams.len(), "configuration applied");
        drained
    }

    /// Ends all work at its next safe point, or when the time for that is up. Returns whether it was the former.
    async fn stop(&mut self, heartbeat: &mut Heartbeat) -> bool {
        ServiceManager::stopping();
        self.manager.status("stopping at the next safe point");
        self.station.stop();
        tracing::info!("stopping at the next safe point; one more signal stops at once");
        let in_time = self.drain(heartbeat).await.in_time;
        if in_time {
            tracing::info!("daemon ended");
        }
        in_time
    }

    async fn drain(&mut self, heartbeat: &mut Heartbeat) -> Drained {
        let timeout = self.running.crew.config.daemon.drain_timeout;
        self.running.request_stop();
        let deadline = sleep(timeout);
        tokio::pin!(deadline);
        let bell = self.running.crew.bell.clone();
        let (mut stop_requested, mut reload_requested) = (false, false);
        loop {
            tokio::select! {
                () = self.running.ended() => {
                    return Drained { in_time: true, stop_requested, reload_requested };
                }
                () = &mut deadline => break,
                () = heartbeat.beat(&bell) => {
                    let now = Instant::now();
                    self.station.beat(now);
                    self.manager.alive(now);
                    heartbeat.rest(now, self.manager.patience(now).unwrap_or(Duration::MAX));
                }
                order = self.signals.next() => {
                    let is_second = stop_requested || self.station.is_stopping();
                    if order == Order::Stop && is_second {
                        tracing::warn!("stopping at once; what was under way is done again by the next run");
                        std::process::exit(EXIT_AT_ONCE);
                    }
                    stop_requested |= order == Order::Stop;
                    reload_requested |= order == Order::Reload;
                }
            }
        }
        self.running.abandon();
        let timeout_seconds = timeout.as_secs();
        tracing::error!(
            timeout_seconds,
            "work did not come to a safe point in time, and was abandoned; the next run does it again"
        );
        Drained { in_time: false, stop_requested, reload_requested }
    }
}

/// Opens what `config` names and changes nothing of what runs, so that it can be rejected as a whole. `before` is the
/// configuration at work.
async fn prepare(
    config: Config,
    timing: &Timing,
    metrics: &Arc<Metrics>,
    before: &Config,
) -> Result<Prepared, StartError> {
    let is_elsewhere = config.state_dir != before.state_dir;
    let lock = if is_elsewhere { Some(take_lock(&config, timing)?) } else { None };
    let address = |config: &Config| config.http.as_ref().map(|http| http.listen);
    let listening = if address(&config) == address(before) {
        NewListening::Kept
    } else {
        NewListening::Changed(bind(&config).await?)
    };
    let (crew, receivers) = open(config, timing, metrics).await?;
    Ok(Prepared { crew, receivers, lock, listening })
}

async fn bind(config: &Config) -> Result<Option<http::Bound>, StartError> {
    Ok(match &config.http {
        Some(http) => Some(http::Bound::to(http.listen).await?),
        None => None,
    })
}

async fn open(
    config: Config,
    timing: &Timing,
    metrics: &Arc<Metrics>,
) -> Result<(Arc<Crew>, Receivers), StartError> {
    let (timing, metrics) = (timing.clone(), Arc::clone(metrics));
    blocking(move || Crew::open(config, timing, metrics)).await
}

fn take_lock(config: &Config, timing: &Timing) -> Result<Lock, StartError> {
    let state_dir = &config.state_dir;
    let mut lock = Lock::acquire(state_dir, LOCK_NAME, LOCK_PATIENCE).map_err(|error| match error {
        LockError::Held { holder, .. } => StartError::Taken {
            state_dir: state_dir.display().to_string(),
            holder: holder.unwrap_or_else(|| "a process that has not said its name yet".to_owned()),
        },
        LockError::File(error) => StartError::Lock(error.into()),
    })?;
    let (process, since) = (std::process::id(), to_display(timing.clock.now().trunc_subsecs(0)));
    let signature = format!("process {process}, running since {since} with {}", config.path.display());
    lock.sign(&signature).map_err(|error| StartError::Lock(error.into()))?;
    Ok(lock)
}

fn tell_rejection(error: &StartError) {
    if let StartError::Config(ConfigError::Invalid(problems)) = error {
        for problem in problems.iter() {
            tracing::error!(problem = &*problem.to_string(), "configuration problem");
        }
    }
    tracing::error!(
        error = &*error.to_string(),
        "the changed configuration is rejected as a whole; the one of before stays in force"
    );
}
