//! Connections, and how a conversation tells the time.

use std::{pin::Pin, sync::Arc, time::Duration};

use reqwest::{ClientBuilder, Method, RequestBuilder, Url, redirect};

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
#[error("cannot set up HTTP: {}; are there trusted certificates, as of the package ca-certificates?", cause(.0))]
pub struct ClientSetupError(#[from] reqwest::Error);

/// What lies at the bottom says what failed; what lies above it only that something did.
fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(below) = cause.source() {
        cause = below;
    }
    cause.to_string()
}

/// Connections, beyond this machine through the proxy that the environment names, and on it never: what is sent to
/// loopback in the clear must not leave it. Cheap to clone.
#[derive(Clone)]
pub struct Http {
    beyond: reqwest::Client,
    loopback: reqwest::Client,
}

impl Http {
    /// Makes no connection yet. No redirect will be followed; `timeout` is the longest that one request may take.
    pub(crate) fn new(timeout: Duration) -> Result<Self, ClientSetupError> {
        // A second call in one process finds a provider installed, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Self { beyond: builder(timeout).build()?, loopback: builder(timeout).no_proxy().build()? })
    }

    /// A request.
    pub fn request(&self, method: Method, url: Url) -> RequestBuilder {
        let client = if crate::config::is_loopback(&url) { &self.loopback } else { &self.beyond };
        client.request(method, url)
    }

    /// A request that reads from this machine itself, by whichever of its addresses: no proxy sees it.
    pub(crate) fn get_here(&self, url: Url) -> RequestBuilder {
        self.loopback.get(url)
    }

    /// A request that reads.
    pub fn get(&self, url: Url) -> RequestBuilder {
        self.request(Method::GET, url)
    }

    /// A request with a body.
    pub fn post(&self, url: Url) -> RequestBuilder {
        self.request(Method::POST, url)
    }
}

fn builder(timeout: Duration) -> ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("audience-exporter/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .timeout(timeout)
        .connect_timeout(timeout.min(LONGEST_CONNECT))
}
