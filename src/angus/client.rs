//! Asking the Data API for complete listings, with patience and within the shared budget.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use chrono::TimeDelta;
use reqwest::{Response, Url};
use tokio::sync::Semaphore;

use super::{
    error::FetchError,
    listing::{Listing, Query},
    pace::Pace,
    retry::policy,
    sign_in::StreamSignIn,
    walk::Walk,
};
use crate::{
    auth::{Fetcher, Holder, Renewals, System, Token, TokenManager, Vault},
    config::{AngusSettings, Stream},
    metric::MetricSet,
    secret::Secret,
    wire::{ClientSetupError, Discretion, Http, RetryPolicy, RetryReason, Timing, server_time},
};

/// One stream as the client sees it: its tokens, and how many of its requests may be in flight.
pub struct StreamSession {
    pub(super) stream: Arc<Stream>,
    pub(super) tokens: TokenManager,
    pub(super) in_flight: Arc<Semaphore>,
    concurrency: usize,
}

impl StreamSession {
    /// The stream.
    pub fn stream(&self) -> &Arc<Stream> {
        &self.stream
    }

    /// What keeps its tokens.
    pub fn tokens(&self) -> &TokenManager {
        &self.tokens
    }

    /// How many windows of it may be asked for side by side.
    pub fn concurrency(&self) -> usize {
        self.concurrency
    }

    /// What no message about a request with `token` may show.
    pub(super) fn discretion(&self, token: &Token) -> Discretion {
        let access_token = self.stream.access_token.resolve().ok();
        Discretion::new(access_token.into_iter().chain([Secret::clone(token.text())]))
    }
}

/// Told whenever an attempt at a request begins, or a wait for the next one: signs that the asking goes on.
pub type AskingListener<'a> = &'a (dyn Fn() + Send + Sync);

/// Talks to the console and the Data API for all streams, under one budget.
pub struct AngusClient {
    pub(super) http: Http,
    console_url: Url,
    pub(super) data_url: Url,
    pub(super) pace: Arc<Pace>,
    /// Requests of one stream in flight.
    per_stream: usize,
    pub(super) retry: RetryPolicy,
    pub(super) timing: Timing,
    /// Seconds by which the service's clock is ahead of ours, as the last answer told.
    clock_skew_seconds: AtomicI64,
}

/// No answer told its time yet.
const SKEW_UNKNOWN: i64 = i64::MIN;

impl AngusClient {
    /// Sets up connections, but makes none.
    pub fn new(settings: &AngusSettings, timing: Timing) -> Result<Self, ClientSetupError> {
        Ok(Self {
            http: Http::new(settings.timeout, &timing.traffic)?,
            console_url: settings.console_url.clone(),
            data_url: settings.data_url.clone(),
            pace: Arc::new(Pace::new(settings.concurrency.get(), settings.requests_per_second)),
            per_stream: settings.per_stream_concurrency.get(),
            retry: policy(settings.max_attempts),
            timing,
            clock_skew_seconds: AtomicI64::new(SKEW_UNKNOWN),
        })
    }

    /// A session for one stream, whose token is kept in `vault` over restarts, or else nowhere.
    pub fn session(&self, stream: &Arc<Stream>, vault: Option<&Arc<Vault>>) -> StreamSession {
        let in_flight = Arc::new(Semaphore::new(self.per_stream));
        let sign_in = StreamSignIn {
            http: self.http.clone(),
            console_url: self.console_url.clone(),
            pace: Arc::clone(&self.pace),
            clock: self.timing.clock.clone(),
            stream: Arc::clone(stream),
            in_flight: Arc::clone(&in_flight),
        };
        let holder = Holder::of_stream(stream, &self.console_url, vault);
        let system = System::Angus { retry: self.retry };
        let tokens = TokenManager::new(
            holder,
            system,
            Fetcher::Angus(sign_in),
            self.timing.clone(),
            Renewals::default(),
        );
        StreamSession { stream: Arc::clone(stream), tokens, in_flight, concurrency: self.per_stream }
    }

    /// A complete listing, or the reason why there is none. A listing that does not add up is asked once more.
    pub async fn list(
        &self,
        session: &StreamSession,
        metrics: &MetricSet,
        query: Query,
        asking: AskingListener<'_>,
    ) -> Result<Listing, FetchError> {
        let walk = Walk { client: self, session, metrics, query, asking };
        match walk.listing().await {
            Err(FetchError::Incomplete(incomplete)) => {
                let stream = &*session.stream.name;
                tracing::warn!(stream, reason = %incomplete, "listing does not add up, asking once more");
                self.timing.traffic.repeats(RetryReason::Incomplete);
                walk.listing().await
            }
            outcome => outcome,
        }
    }

    /// A token for `session`, from its cache or by signing in.
    pub async fn token(&self, session: &StreamSession) -> Result<Token, FetchError> {
        Ok(session.tokens.token(None).await?)
    }

    /// By how much the service's clock is ahead of ours, as the `Date` of its last answer told.
    pub fn clock_skew(&self) -> Option<TimeDelta> {
        let seconds = self.clock_skew_seconds.load(Ordering::Relaxed);
        TimeDelta::try_seconds(seconds).filter(|_| seconds != SKEW_UNKNOWN)
    }

    pub(super) fn note_clock(&self, response: &Response) {
        if let Some(served_at) = server_time(response) {
            let skew = served_at - self.timing.clock.now();
            self.clock_skew_seconds.store(skew.num_seconds(), Ordering::Relaxed);
        }
    }
}
