//! Connections, the one place that sends, and how a conversation tells the time.

use std::{error::Error, pin::Pin, sync::Arc, time::Duration};

use reqwest::{ClientBuilder, Method, RequestBuilder, Response, Url, redirect};
use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt;

use super::{
    retry::{Trouble, random_jitter},
    traffic::{Answer, Endpoint, Traffic},
    transport::{Transport, transport_trouble},
};
use crate::clock::Clock;

/// How long a connection may take to be made, where the whole request may take longer.
const LONGEST_CONNECT: Duration = Duration::from_secs(10);

/// Waits.
type Sleep = Arc<dyn Fn(Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// What every conversation shares: how it tells the time, waits and spreads its waits, and where it is counted. Tests put
/// their own in.
#[derive(Clone)]
pub struct Timing {
    /// The wall clock.
    pub clock: Clock,
    /// A number in `[0, 1)`.
    pub jitter: Arc<dyn Fn() -> f64 + Send + Sync>,
    /// Waits between attempts.
    pub sleep: Sleep,
    /// Counts requests and retries.
    pub traffic: Traffic,
}

impl Timing {
    /// Real waits, random jitter, and nothing counted yet.
    pub fn real(clock: Clock) -> Self {
        let sleep: Sleep = Arc::new(|wait| Box::pin(tokio::time::sleep(wait)));
        Self { clock, jitter: Arc::new(random_jitter), sleep, traffic: Traffic::default() }
    }
}

/// The HTTP client could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up HTTP: {}; are there trusted certificates, as of the package ca-certificates?", cause(.0.as_ref()))]
pub struct ClientSetupError(Box<dyn Error + Send + Sync>);

impl From<reqwest::Error> for ClientSetupError {
    fn from(error: reqwest::Error) -> Self {
        Self(error.into())
    }
}

impl From<rustls::Error> for ClientSetupError {
    fn from(error: rustls::Error) -> Self {
        Self(error.into())
    }
}

/// What lies at the bottom says what failed; what lies above it only that something did.
fn cause(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
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
    traffic: Traffic,
}

impl Http {
    /// Makes no connection yet. No redirect will be followed; `timeout` is the longest that one request may take.
    /// Requests count into `traffic`.
    pub(crate) fn new(timeout: Duration, traffic: &Traffic) -> Result<Self, ClientSetupError> {
        let tls = tls()?;
        Ok(Self {
            beyond: builder(timeout, &tls).build()?,
            loopback: builder(timeout, &tls).no_proxy().build()?,
            traffic: traffic.clone(),
        })
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

    /// Sends a request and counts how it ended: the head of an answer, whatever it says, or the way that the connection
    /// failed.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that sends, so that all of it is counted"
    )]
    pub(crate) async fn send(
        &self,
        endpoint: Endpoint,
        request: RequestBuilder,
    ) -> Result<Response, Trouble> {
        let (answer, sent) = match request.send().await {
            Ok(response) => (Answer::Status(response.status().as_u16()), Ok(response)),
            Err(error) => (Answer::Lacking(Transport::of(&error)), Err(transport_trouble(&error))),
        };
        self.traffic.ended(endpoint, answer);
        sent
    }
}

/// Trusts whom this machine trusts. Its certificates are read for it, which takes longer than all else before the first
/// request.
fn tls() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = config.with_platform_verifier()?.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn builder(timeout: Duration, tls: &ClientConfig) -> ClientBuilder {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls.clone())
        .user_agent(concat!("audience-exporter/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .timeout(timeout)
        .connect_timeout(timeout.min(LONGEST_CONNECT))
}
