//! The simulated services: the streams, which have outages, and a partner with accounts, which remembers what it got.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use audience_exporter::{
    clock::Clock,
    simulator::{
        AccountOptions, Accounts, Believable, Faults, RequestCounts, Simulator, SimulatorOptions, Source,
    },
};
use chrono::TimeDelta;
use tokio::runtime::Runtime;

use super::{
    options::Options,
    settings::{STREAMS, ZONE},
    site::wait_until,
};

/// How far the service of the streams is behind when the story begins: its hours arrive so late.
const LAG: TimeDelta = TimeDelta::hours(9);

/// When the story is over, it knows all there is to know of every hour that is over.
const LEAD: TimeDelta = TimeDelta::hours(4);

/// What an outage looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outage {
    /// Connections are cut and refused.
    Refusing,
    /// Connections are cut, and new ones are taken by nobody who answers.
    Silent,
}

/// What listens at the address of the streams.
enum Front {
    Up(Box<Simulated>),
    Refusing,
    Silent { _listener: TcpListener },
}

/// A simulator with threads of its own, so that it can end at once and leave every answer unfinished.
struct Simulated {
    simulator: Simulator,
    runtime: Runtime,
}

pub(crate) struct Services {
    front: Front,
    address: SocketAddr,
    options: SimulatorOptions,
    /// The clock of the streams runs so many seconds ahead.
    lead_seconds: Arc<AtomicI64>,
    is_calm: bool,
    partner: Simulated,
    /// Of simulators that ended in outages.
    before: RequestCounts,
}

impl Simulated {
    /// Where the address was taken a moment ago, its end may not have come to the system yet.
    fn start(address: SocketAddr, options: &SimulatorOptions, clock: &Clock) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.unwrap();
        let mut simulator = None;
        wait_until("the simulator has its address", || {
            let start = Simulator::start(address, options.clone(), clock.clone());
            simulator = runtime.block_on(start).ok();
            simulator.is_some()
        });
        Self { simulator: simulator.unwrap(), runtime }
    }

    fn end(self) -> RequestCounts {
        let requests = self.simulator.requests();
        self.runtime.shutdown_timeout(Duration::from_secs(30));
        requests
    }
}

impl Services {
    /// Both up, and calm.
    pub(crate) fn start(options: &Options) -> Self {
        let partner_options = partner_options(options);
        let partner = Simulated::start(own_loopback(), &partner_options, &Clock::system());
        let lead_seconds = Arc::new(AtomicI64::new(-LAG.num_seconds()));
        let options = stream_options(options);
        let front = Simulated::start(own_loopback(), &options, &clock(&lead_seconds));
        let address = front.simulator.address();
        let front = Front::Up(Box::new(front));
        let before = RequestCounts::default();
        let services = Self { front, address, options, lead_seconds, is_calm: true, partner, before };
        services.set_calm();
        services
    }

    pub(crate) fn streams_url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn partner_url(&self) -> String {
        self.partner.simulator.base_url()
    }

    pub(crate) fn accounts(&self) -> Accounts {
        self.partner.simulator.accounts()
    }

    pub(crate) fn is_up(&self) -> bool {
        matches!(self.front, Front::Up(_))
    }

    pub(crate) fn go_down(&mut self, outage: Outage) {
        if let Front::Up(simulated) = std::mem::replace(&mut self.front, Front::Refusing) {
            add(&mut self.before, simulated.end());
        }
        if outage == Outage::Silent {
            let mut listener = None;
            wait_until("the address is free", || {
                listener = TcpListener::bind(self.address).ok();
                listener.is_some()
            });
            self.front = Front::Silent { _listener: listener.unwrap() };
        }
    }

    pub(crate) fn come_up(&mut self) {
        self.front = Front::Refusing;
        let simulated = Simulated::start(self.address, &self.options, &clock(&self.lead_seconds));
        self.front = Front::Up(Box::new(simulated));
        self.set_calm();
    }

    /// From now on things go wrong.
    pub(crate) fn storm(&mut self) {
        self.is_calm = false;
        self.set_calm();
    }

    /// From now on nothing does, and what is known of an hour does not change.
    pub(crate) fn calm_down(&mut self) {
        if !self.is_up() {
            self.come_up();
        }
        self.is_calm = true;
        self.set_calm();
        self.lead_seconds.store(LEAD.num_seconds(), Ordering::SeqCst);
    }

    /// The story has come so far, from 0 to 1: what lags behind catches up.
    pub(crate) fn catch_up(&self, progress: f64) {
        let lag = LAG.to_std().unwrap().mul_f64(1.0 - progress.clamp(0.0, 1.0));
        self.lead_seconds.store(-i64::try_from(lag.as_secs()).unwrap(), Ordering::SeqCst);
    }

    fn set_calm(&self) {
        if let Front::Up(simulated) = &self.front {
            simulated.simulator.set_calm(self.is_calm);
        }
        self.partner.simulator.set_calm(self.is_calm);
    }

    /// What the streams and the partner were asked so far.
    pub(crate) fn requests(&self) -> [RequestCounts; 2] {
        let mut streams = self.before;
        if let Front::Up(simulated) = &self.front {
            add(&mut streams, simulated.simulator.requests());
        }
        [streams, self.partner.simulator.requests()]
    }
}

/// An address of this machine that no other process takes a port of while there is an outage: outgoing connections
/// begin at another one.
fn own_loopback() -> SocketAddr {
    let [.., high, low] = std::process::id().to_be_bytes();
    SocketAddr::from((Ipv4Addr::new(127, 200, high, low), 0))
}

fn clock(lead_seconds: &Arc<AtomicI64>) -> Clock {
    let (real, lead_seconds) = (Clock::system(), Arc::clone(lead_seconds));
    Clock::from_fn(move || real.now() + TimeDelta::seconds(lead_seconds.load(Ordering::SeqCst)))
}

fn add(sum: &mut RequestCounts, more: RequestCounts) {
    sum.tokens += more.tokens;
    sum.entities += more.entities;
    sum.faults += more.faults;
}

fn stream_options(options: &Options) -> SimulatorOptions {
    let faults = Faults {
        error_rate: 0.04,
        throttle_rate: 0.01,
        truncate_rate: 0.03,
        garbage_rate: 0.03,
        expire_rate: 0.03,
        slow_rate: 0.03,
        lost_rate: 0.03,
        stall: Duration::from_millis(400),
        late_data: true,
        ..Faults::default()
    };
    SimulatorOptions {
        source: Source::Believable(Believable::of_fleet(STREAMS, ZONE)),
        page_size: 60,
        token_life: Duration::from_secs(4),
        faults,
        seed: options.seed,
        ..SimulatorOptions::default()
    }
}

/// A renewal whose answer is lost costs a password, and one of those is allowed every five minutes: a short story has no
/// time for that, so that its tokens outlive it.
fn partner_options(options: &Options) -> SimulatorOptions {
    let is_long = options.is_long();
    let faults = Faults {
        error_rate: 0.03,
        throttle_rate: 0.01,
        truncate_rate: 0.02,
        expire_rate: if is_long { 0.01 } else { 0.0 },
        slow_rate: 0.02,
        lost_rate: 0.03,
        stall: Duration::from_millis(400),
        ..Faults::default()
    };
    let life = if is_long { Duration::from_secs(20) } else { Duration::from_hours(1) };
    let accounts = AccountOptions { simacan_token_life: life, cameras: 30, ..AccountOptions::default() };
    SimulatorOptions { accounts, faults, seed: options.seed, ..SimulatorOptions::default() }
}
