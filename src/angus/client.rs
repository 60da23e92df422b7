//! Asking the Angus systems: one listing at a time, page by page, with patience and within the shared budget.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{Response, Url, header, redirect};
use tokio::{sync::Mutex, time::Instant};

use super::{
    answer::{AttemptError, Refusal, not_json, read_body, transport_trouble, trouble},
    discretion::Discretion,
    error::{FetchError, Incomplete, ProtocolError},
    listing::{Listing, ListingBuilder, NextStep, Query},
    pace::Pace,
    page::decode_page,
    request::{TOKEN_PATH, entities_url, join, next_page_mismatch},
    retry::{
        Decision, RetryPolicy, Trouble, Verdict, judge_data_answer, judge_token_answer, parse_retry_after,
        random_jitter,
    },
    token::{StreamToken, TokenRequest},
};
use crate::{
    auth::TokenCache,
    clock::Clock,
    config::{AngusSettings, Stream},
    metric::MetricSet,
    secret::Secret,
};

type Sleep = Arc<dyn Fn(Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// How the client tells the time, waits and spreads its waits; tests put their own in.
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

/// One stream as the client sees it: its account, its token, and the rule of one request at a time.
pub struct StreamSession {
    stream: Arc<Stream>,
    tokens: TokenCache,
    one_at_a_time: Mutex<()>,
}

impl StreamSession {
    /// Not signed in yet.
    pub fn new(stream: Arc<Stream>) -> Self {
        Self { stream, tokens: TokenCache::default(), one_at_a_time: Mutex::new(()) }
    }

    /// The stream.
    pub fn stream(&self) -> &Arc<Stream> {
        &self.stream
    }

    /// What no message about a request with `token` may show.
    fn discretion(&self, token: &StreamToken) -> Discretion {
        let access_token = self.stream.access_token.resolve().ok();
        Discretion::new(access_token.into_iter().chain([token.text().clone()]))
    }
}

/// Talks to the console and the Data API for all streams, under one budget.
pub struct AngusClient {
    http: reqwest::Client,
    console_url: Url,
    data_url: Url,
    pace: Pace,
    retry: RetryPolicy,
    timing: Timing,
    /// Seconds by which the service's clock is ahead of ours, as the last answer told.
    clock_skew_seconds: AtomicI64,
}

/// No answer told its time yet.
const SKEW_UNKNOWN: i64 = i64::MIN;

/// The HTTP client could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up HTTP: {0}")]
pub struct ClientSetupError(#[from] reqwest::Error);

impl AngusClient {
    /// Sets up connections, but makes none.
    pub fn new(settings: &AngusSettings, timing: Timing) -> Result<Self, ClientSetupError> {
        // A second call in one process finds a provider installed, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("audience-exporter/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .timeout(settings.timeout)
            .connect_timeout(settings.timeout.min(Duration::from_secs(10)));
        if [&settings.console_url, &settings.data_url].into_iter().all(crate::config::is_loopback) {
            http = http.no_proxy();
        }
        Ok(Self {
            http: http.build()?,
            console_url: settings.console_url.clone(),
            data_url: settings.data_url.clone(),
            pace: Pace::new(settings.concurrency.get(), settings.requests_per_second),
            retry: RetryPolicy { max_attempts: settings.max_attempts.get() },
            timing,
            clock_skew_seconds: AtomicI64::new(SKEW_UNKNOWN),
        })
    }

    /// A complete listing, or the reason why there is none. A listing that does not add up is asked once more.
    pub async fn list(
        &self,
        session: &StreamSession,
        metrics: &MetricSet,
        query: Query,
    ) -> Result<Listing, FetchError> {
        match self.walk_pages(session, metrics, query).await {
            Err(FetchError::Incomplete(incomplete)) => {
                let stream = &*session.stream.name;
                tracing::warn!(stream, reason = %incomplete, "listing does not add up, asking once more");
                self.walk_pages(session, metrics, query).await
            }
            outcome => outcome,
        }
    }

    /// A token for `session`, from its cache or by signing in.
    pub async fn token(&self, session: &StreamSession) -> Result<StreamToken, FetchError> {
        session.tokens.get(&self.timing.clock, async || self.sign_in(session).await).await
    }

    /// By how much the service's clock is ahead of ours, as the `Date` of its last answer told.
    pub fn clock_skew(&self) -> Option<TimeDelta> {
        let seconds = self.clock_skew_seconds.load(Ordering::Relaxed);
        TimeDelta::try_seconds(seconds).filter(|_| seconds != SKEW_UNKNOWN)
    }

    fn note_clock(&self, response: &Response) {
        let date = response.headers().get(header::DATE).and_then(|date| date.to_str().ok());
        if let Some(date) = date.and_then(|date| httpdate::parse_http_date(date).ok()) {
            let skew = DateTime::<Utc>::from(date) - self.timing.clock.now();
            self.clock_skew_seconds.store(skew.num_seconds(), Ordering::Relaxed);
        }
    }

    async fn walk_pages(
        &self,
        session: &StreamSession,
        metrics: &MetricSet,
        query: Query,
    ) -> Result<Listing, FetchError> {
        let mut builder = ListingBuilder::new(query);
        while let NextStep::Ask(_) = self.next_page(session, metrics, &mut builder).await? {}
        Ok(builder.finish()?)
    }

    /// Asks for the next page until it arrives or there is no hope, and hands it to `builder`.
    async fn next_page(
        &self,
        session: &StreamSession,
        metrics: &MetricSet,
        builder: &mut ListingBuilder,
    ) -> Result<NextStep, FetchError> {
        let query = builder.query();
        let url = entities_url(&self.data_url, metrics, query.range, query.grid.size(), builder.next_page());
        let mut patience = Patience::new(self);
        let mut signed_in_again = false;
        loop {
            // The token is taken inside each attempt: a long wait must not outlive it.
            let token = self.token(session).await?;
            let attempt = async {
                let body = self.get_page(session, &token, &url).await?;
                self.read_page(session, &token, &body, builder)
            };
            match attempt.await {
                Ok(step) => return Ok(step),
                Err(AttemptError::Final(error)) => return Err(error),
                Err(AttemptError::Trouble(trouble)) => patience.wait(&session.stream.name, trouble).await?,
                Err(AttemptError::TokenRefused { message }) if signed_in_again => {
                    return Err(FetchError::TokenRefused { message });
                }
                Err(AttemptError::TokenRefused { .. }) => {
                    session.tokens.invalidate(&token).await;
                    signed_in_again = true;
                }
            }
        }
    }

    async fn get_page(
        &self,
        session: &StreamSession,
        token: &StreamToken,
        url: &Url,
    ) -> Result<Vec<u8>, AttemptError> {
        let _alone = session.one_at_a_time.lock().await;
        let _permit = self.pace.turn().await;
        tracing::debug!(stream = &*session.stream.name, %url, "asking for a page");
        let request = self
            .http
            .get(url.clone())
            .header(header::ACCEPT, "application/json")
            .bearer_auth(token.text().expose());
        let response =
            request.send().await.map_err(|error| AttemptError::Trouble(transport_trouble(&error)))?;
        self.note_clock(&response);
        let status = response.status().as_u16();
        if response.status().is_success() {
            return read_body(response).await;
        }
        let retry_after = self.retry_after(&response);
        let refusal = Refusal::read(response, &session.discretion(token)).await;
        Err(match judge_data_answer(status, refusal.code.as_deref()) {
            Verdict::SignInAgain => AttemptError::TokenRefused { message: refusal.message },
            Verdict::RestartListing => FetchError::from(Incomplete::Shrank).into(),
            Verdict::Redirect => ProtocolError::Redirect { status }.into(),
            Verdict::Usable | Verdict::Refused => {
                FetchError::Refused { status, message: refusal.message }.into()
            }
            Verdict::TryAgain => trouble(status, retry_after, &refusal.message),
        })
    }

    fn read_page(
        &self,
        session: &StreamSession,
        token: &StreamToken,
        body: &[u8],
        builder: &mut ListingBuilder,
    ) -> Result<NextStep, AttemptError> {
        let shown = |text: &str| session.discretion(token).shown(text);
        let page = decode_page(body).map_err(|error| {
            if error.is_data() {
                ProtocolError::OtherShape(shown(&error.to_string())).into()
            } else {
                // An HTML page of some proxy, or a body that was cut short: passing (section 7).
                AttemptError::Trouble(not_json())
            }
        })?;
        let next_page = page.next_page.as_deref().map(str::to_owned).filter(|next| !next.is_empty());
        let step = builder.push(page).map_err(|error| FetchError::from(error.with_texts(shown)))?;
        if let (NextStep::Ask(next), Some(named)) = (step, next_page)
            && let Some(reason) = next_page_mismatch(&self.data_url, &named, next)
        {
            let stream = &*session.stream.name;
            tracing::warn!(
                stream,
                reason,
                "next_page ignored, the page is asked for at the configured address"
            );
        }
        Ok(step)
    }

    /// A new token from the console. Whatever it refuses is refused for good; only failures that may pass are tried
    /// again.
    async fn sign_in(&self, session: &StreamSession) -> Result<StreamToken, FetchError> {
        let stream = &session.stream;
        let access_token = stream.access_token.resolve()?;
        let url = join(&self.console_url, TOKEN_PATH);
        let mut patience = Patience::new(self);
        loop {
            match self.post_credentials(session, &access_token, &url).await {
                Ok(token) => {
                    let expires_at = crate::time::to_display(token.expires_at());
                    tracing::debug!(stream = &*stream.name, expires_at, "signed in");
                    return Ok(token);
                }
                Err(AttemptError::Final(error)) => return Err(error),
                Err(AttemptError::TokenRefused { message }) => {
                    return Err(FetchError::CredentialsRefused { message });
                }
                Err(AttemptError::Trouble(trouble)) => patience.wait(&stream.name, trouble).await?,
            }
        }
    }

    async fn post_credentials(
        &self,
        session: &StreamSession,
        access_token: &Secret,
        url: &Url,
    ) -> Result<StreamToken, AttemptError> {
        let Stream { username, client_id, .. } = &*session.stream;
        let body = TokenRequest { username, client_id, access_token: access_token.expose() };
        let body = serde_json::to_vec(&body).map_err(|_| ProtocolError::NoToken)?;
        let _alone = session.one_at_a_time.lock().await;
        let _permit = self.pace.turn().await;
        let request = self.http.post(url.clone()).header(header::CONTENT_TYPE, "application/json").body(body);
        let response =
            request.send().await.map_err(|error| AttemptError::Trouble(transport_trouble(&error)))?;
        let status = response.status().as_u16();
        if response.status().is_success() {
            let body = read_body(response).await?;
            if serde_json::from_slice::<serde::de::IgnoredAny>(&body).is_err() {
                return Err(AttemptError::Trouble(not_json()));
            }
            return Ok(StreamToken::from_answer(&body, self.timing.clock.now())?);
        }
        let retry_after = self.retry_after(&response);
        let refusal = Refusal::read(response, &Discretion::new([access_token.clone()])).await;
        Err(match judge_token_answer(status) {
            Verdict::TryAgain => trouble(status, retry_after, &refusal.message),
            Verdict::Redirect => ProtocolError::Redirect { status }.into(),
            _ if matches!(status, 400 | 401 | 403) => {
                FetchError::CredentialsRefused { message: refusal.message }.into()
            }
            _ => FetchError::Refused { status, message: refusal.message }.into(),
        })
    }

    fn retry_after(&self, response: &Response) -> Option<Duration> {
        let value = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
        parse_retry_after(value, self.timing.clock.now())
    }
}

/// The attempts at one request so far.
struct Patience<'a> {
    client: &'a AngusClient,
    attempt: u32,
    began: Instant,
}

impl<'a> Patience<'a> {
    fn new(client: &'a AngusClient) -> Self {
        Self { client, attempt: 0, began: Instant::now() }
    }

    /// Waits before the next attempt, or says that there is none.
    async fn wait(&mut self, stream: &str, trouble: Trouble) -> Result<(), FetchError> {
        self.attempt += 1;
        let timing = &self.client.timing;
        match self.client.retry.decide(&trouble, self.attempt, self.began.elapsed(), (timing.jitter)()) {
            Decision::Wait(wait) => {
                let (attempt, wait_seconds) = (self.attempt, wait.as_secs_f64());
                tracing::info!(stream, attempt, wait_seconds, reason = trouble.message, "trying again");
                (timing.sleep)(wait).await;
                Ok(())
            }
            Decision::Postpone(wait) => Err(FetchError::RateLimited { wait }),
            Decision::GiveUp => {
                let Trouble { transport, message, .. } = trouble;
                Err(FetchError::Unavailable { attempts: self.attempt, message, transport })
            }
        }
    }
}
