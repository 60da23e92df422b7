//! The dead man's switch: a service that is told of every run, and raises the alarm where it hears nothing. The convention
//! is that of healthchecks.io.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use reqwest::{RequestBuilder, Url};
use tokio::sync::watch;

use crate::{
    blocking::blocking,
    config::{AlertSettings, SecretSource},
    wire::{ClientSetupError, Endpoint, Http, Timing, Transport, below},
};

/// The longest that one attempt may take. With the pause, two of them stay below ten seconds.
const TIMEOUT: Duration = Duration::from_secs(4);

/// Between the two attempts.
const PAUSE: Duration = Duration::from_secs(1);

/// Of a summary, more is not told.
const MAX_SUMMARY_CHARS: usize = 300;

/// Tells a service how runs go. Nothing it does fails a run; whoever calls it need not wait for it.
pub struct Heartbeat {
    /// The address, and what asks it; `None` where nothing is told.
    to: Option<(SecretSource, Http)>,
    timing: Timing,
    /// How many runs ended. Whatever is still being told of an earlier one is of no use any more.
    ended: watch::Sender<u64>,
    /// Why the last one was not heard, for saying so once.
    trouble: Mutex<Option<String>>,
}

impl Heartbeat {
    /// Asks nothing yet. Without an address nothing is told.
    pub fn new(settings: &AlertSettings, timing: Timing) -> Result<Self, ClientSetupError> {
        let address = settings.heartbeat.clone();
        let to = address.map(|address| Http::new(TIMEOUT, &timing.traffic).map(|http| (address, http)));
        let to = to.transpose()?;
        Ok(Self { to, timing, ended: watch::Sender::new(0), trouble: Mutex::default() })
    }

    /// A run begins.
    pub async fn start(&self) {
        let ended = self.ended.subscribe();
        self.tell(ended, |http, url| http.get(below(url, "/start"))).await;
    }

    /// A run ended well.
    pub async fn success(&self) {
        let ended = self.end();
        self.tell(ended, |http, url| http.get(url.clone())).await;
    }

    /// A run did not end well. The first line of `summary` is told; it holds no secret.
    pub async fn fail(&self, summary: &str) {
        self.end();
        let line = summary.lines().next().unwrap_or_default();
        let line: String = line.chars().filter(|it| !it.is_control()).take(MAX_SUMMARY_CHARS).collect();
        // Whatever ends meanwhile, a failure is news.
        self.tell_twice(|http, url| http.post(below(url, "/fail")).body(line.clone())).await;
    }

    fn end(&self) -> watch::Receiver<u64> {
        self.ended.send_modify(|ended| *ended += 1);
        self.ended.subscribe()
    }

    /// As [`tell_twice`](Self::tell_twice), unless another run ends meanwhile.
    async fn tell(&self, mut ended: watch::Receiver<u64>, build: impl Fn(&Http, &Url) -> RequestBuilder) {
        tokio::select! {
            () = self.tell_twice(build) => {}
            _ = ended.changed() => {}
        }
    }

    /// Tells it, and once more where it was not heard.
    async fn tell_twice(&self, build: impl Fn(&Http, &Url) -> RequestBuilder) {
        let Some((address, http)) = &self.to else { return };
        let mut outcome = try_once(address, http, &build).await;
        if outcome.is_err() {
            (self.timing.sleep)(PAUSE).await;
            outcome = try_once(address, http, &build).await;
        }
        self.log(outcome.err());
    }

    fn log(&self, trouble: Option<String>) {
        let mut known = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match (&trouble, &*known) {
            (Some(now), before) if before.as_ref() != Some(now) => {
                tracing::warn!(error = now, "alerts.heartbeat is not heard");
            }
            (None, Some(_)) => tracing::info!("alerts.heartbeat is heard again"),
            _ => {}
        }
        *known = trouble;
    }
}

async fn try_once(
    address: &SecretSource,
    http: &Http,
    build: impl Fn(&Http, &Url) -> RequestBuilder,
) -> Result<(), String> {
    let address = address.clone();
    let url = blocking(move || address.resolve_url()).await.map_err(|error| error.to_string())?;
    let sent = http.send(Endpoint::AlertHeartbeat, build(http, &url)).await;
    let response = sent.map_err(|trouble| {
        // Of the address nothing is told.
        trouble.transport().unwrap_or(Transport::Interrupted).words().to_owned()
    })?;
    let status = response.status();
    if status.is_success() { Ok(()) } else { Err(format!("status {}", status.as_u16())) }
}
