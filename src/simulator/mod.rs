//! The simulated systems on one address: Angus with believable or replayed audiences, Simacan below `/simacan`, Angelcam
//! below `/angelcam`, and faults on request. The commands `demo` and `simulate` serve them, and the tests ask them.
//!
//! Angus follows its contract; the modules of the other two say how they follow theirs. Where that says UNKNOWN, it is strict in what it takes and picks, of what may come,
//! the case that asks more of a client:
//!
//! - keys of a page are not sorted, and buckets that reach out of the window are cut at its ends;
//! - a bucket of which no hour was measured is absent, a day and a global one too;
//! - an empty window is refused (`malformed_param`), and so is a date without an offset; a window in the future has no
//!   buckets and one empty page; a page that does not exist is 404;
//! - a token that was not made here is 401 with `invalid_jwt`;
//! - `satisfaction` is `{"value": 0.4}`, from 0 to 1 with two decimals, and absent where nobody was interested.

mod account_configuration;
mod accounts;
mod angelcam;
mod answer;
mod ask;
mod audience;
mod camera;
mod chance;
mod character;
mod configuration;
pub mod credentials;
mod faults;
mod figures;
mod fleet;
mod hours;
mod listing;
mod outage;
mod page;
mod refusal;
mod replay;
mod series;
mod server;
mod signer;
mod simacan;
mod tokens;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::serve::ListenerExt;
use chrono::{DateTime, Utc};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

pub use account_configuration::account_configuration;
pub use accounts::{AccountOptions, Accounts, Asked, Endpoint, System};
pub use angelcam::planted;
pub use audience::Believable;
pub use camera::Source;
#[cfg(test)]
pub(crate) use chance::Dice;
pub use configuration::{ConfigurationOptions, configuration};
pub use faults::Faults;
pub use figures::Figures;
pub use fleet::{SimulatedStream, access_token, fleet};
pub use replay::{Replay, ReplayError};
pub use simacan::Received;

use self::{camera::Camera, server::Server};
use crate::clock::Clock;

/// What a simulator serves, and how.
#[derive(Debug, Clone)]
pub struct SimulatorOptions {
    /// Which streams there are, and what their cameras count.
    pub source: Source,
    /// The most buckets on a page; 0 counts as 1.
    pub page_size: usize,
    /// How long every answer takes.
    pub latency: Duration,
    /// How long a token of a stream is valid.
    pub token_life: Duration,
    /// How the accounts at Simacan and Angelcam behave.
    pub accounts: AccountOptions,
    /// What goes wrong on purpose.
    pub faults: Faults,
    /// Believable figures, faults and the key of tokens follow from it.
    pub seed: u64,
}

impl Default for SimulatorOptions {
    /// Believable audiences, pages of 50 buckets, tokens of five hours, no latency and no faults.
    fn default() -> Self {
        Self {
            source: Source::Believable(Believable::default()),
            page_size: 50,
            latency: Duration::ZERO,
            token_life: Duration::from_hours(5),
            accounts: AccountOptions::default(),
            faults: Faults::default(),
            seed: 0,
        }
    }
}

impl SimulatorOptions {
    /// What the camera of `client_id` counts in the hour that holds `instant`, once it is over and all data has
    /// arrived; `None` where the hour was not measured or there is no such stream. The same for the same options, ever.
    pub fn hour(&self, client_id: &str, instant: DateTime<Utc>) -> Option<Figures> {
        self.camera(client_id)?.hour(hours::containing(instant))
    }

    /// The camera of `client_id`; `None` where there is no such stream.
    fn camera(&self, client_id: &str) -> Option<Camera<'_>> {
        self.source.camera(client_id, self.seed)
    }
}

/// How many requests a simulator received at Angus, refused ones included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RequestCounts {
    /// Requests for a token.
    pub tokens: u64,
    /// Requests for entities.
    pub entities: u64,
    /// Requests of both kinds, and to the other systems, that met a fault.
    pub faults: u64,
}

/// A running simulator. It stops when it is dropped.
pub struct Simulator {
    address: SocketAddr,
    server: Arc<Server>,
    serving: JoinHandle<io::Result<()>>,
    /// The server stops when this goes.
    keep_running: oneshot::Sender<()>,
}

impl Simulator {
    /// Listens on `listen`, where port 0 takes a free one, and serves in the background. Fails where the address cannot
    /// be had.
    pub async fn start(listen: SocketAddr, options: SimulatorOptions, clock: Clock) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let server = Arc::new(Server::new(options, clock, address));
        let (keep_running, stopped) = oneshot::channel::<()>();
        // Answers are written at once; waiting for more to send would cost 40 ms a page. Where it cannot be had, only
        // speed is lost.
        let listener = listener.tap_io(|connection| _ = connection.set_nodelay(true));
        let serving = axum::serve(listener, Arc::clone(&server).into_router())
            .with_graceful_shutdown(async move { _ = stopped.await });
        let serving = tokio::spawn(serving.into_future());
        Ok(Self { address, server, serving, keep_running })
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of both systems of Angus, and where the paths of the others begin: `http://127.0.0.1:8080`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The accounts at Simacan and Angelcam: what they received, and what is forced on them.
    pub fn accounts(&self) -> Accounts {
        Accounts::new(&self.server)
    }

    /// What it was asked so far.
    pub fn requests(&self) -> RequestCounts {
        self.server.requests()
    }

    /// While it is calm, none of its faults happens; data that is late stays late.
    pub fn set_calm(&self, is_calm: bool) {
        self.server.set_calm(is_calm);
    }

    /// Finishes the requests in flight and stops.
    pub async fn stop(self) {
        let Self { mut serving, keep_running, .. } = self;
        drop(keep_running);
        end_of(&mut serving).await;
    }

    /// Waits until the server ends, which it does only where it is stopped or fails.
    pub async fn finished(&mut self) {
        end_of(&mut self.serving).await;
    }
}

async fn end_of(serving: &mut JoinHandle<io::Result<()>>) {
    // A task that was waited for to its end must not be asked again.
    if !serving.is_finished() {
        // Neither a panic nor an error is of use to the one who waits: the server is gone either way.
        _ = serving.await;
    }
}
