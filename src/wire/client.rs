//! Connections, and how a conversation tells the time.

use std::{pin::Pin, sync::Arc, time::Duration};

use reqwest::{Url, redirect};

use super::retry::random_jitter;
use crate::clock::Clock;

/// How long a connection may take to be made, where the whole request may take longer.
const LONGEST_CONNECT: Duration = Duration::from_secs(10);

/// Waits.
type Sleep = Arc<dyn Fn(Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// How a client tells the time, waits and spreads its waits; tests put their own in.
#[derive(Clone)]
pub struct Timing {
    /// The wall clock.
    pub clock: Clock,
    /// A number in `[0, 1)`.
    pub jitter: Arc<dyn Fn() -> f64 + Send + Sync>,
    /// Waits between attempts.
    pub sleep: Sleep,
}

impl Timing {
    /// Real waits, random jitter.
    pub fn real(clock: Clock) -> Self {
        let sleep: Sleep = Arc::new(|wait| Box::pin(tokio::time::sleep(wait)));
        Self { clock, jitter: Arc::new(random_jitter), sleep }
    }
}

/// The HTTP client could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up HTTP: {0}")]
pub struct ClientSetupError(#[from] reqwest::Error);

/// A client for these addresses, which follows no redirect. It makes no connection yet.
pub(crate) fn http_client(
    timeout: Duration,
    addresses: &[&Url],
) -> Result<reqwest::Client, ClientSetupError> {
    // A second call in one process finds a provider installed, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut http = reqwest::Client::builder()
        .user_agent(concat!("audience-exporter/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .timeout(timeout)
        .connect_timeout(timeout.min(LONGEST_CONNECT));
    if addresses.iter().all(|address| crate::config::is_loopback(address)) {
        http = http.no_proxy();
    }
    Ok(http.build()?)
}
