//! Asking the Data API: one listing at a time, page by page, with patience and within the shared budget.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use chrono::TimeDelta;
use reqwest::{Response, Url, header};
use tokio::sync::Mutex;

use super::{
    answer::{AttemptError, Refusal, read_body, trouble},
    error::{FetchError, Incomplete, ProtocolError},
    listing::{Listing, ListingBuilder, NextStep, Query},
    pace::Pace,
    page::decode_page,
    request::{entities_url, next_page_mismatch},
    retry::{Verdict, judge_data_answer, policy},
    sign_in::StreamSignIn,
};
use crate::{
    auth::{Fetcher, Holder, Refusals, Renewals, System, Token, TokenManager, Vault},
    config::{AngusSettings, Stream},
    metric::MetricSet,
    secret::Secret,
    wire::{
        ClientSetupError, Discretion, Endpoint, Http, Patience, RetryPolicy, RetryReason, Timing, Trouble,
        Waited, retry_after, server_time,
    },
};

/// One stream as the client sees it: its tokens, and the rule of one request at a time.
pub struct StreamSession {
    stream: Arc<Stream>,
    tokens: TokenManager,
    one_at_a_time: Arc<Mutex<()>>,
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

    /// What no message about a request with `token` may show.
    fn discretion(&self, token: &Token) -> Discretion {
        let access_token = self.stream.access_token.resolve().ok();
        Discretion::new(access_token.into_iter().chain([Secret::clone(token.text())]))
    }
}

/// Told whenever an attempt at a request begins, or a wait for the next one: signs that the asking goes on.
pub type AskingListener<'a> = &'a (dyn Fn() + Send + Sync);

/// Talks to the console and the Data API for all streams, under one budget.
pub struct AngusClient {
    http: Http,
    console_url: Url,
    data_url: Url,
    pace: Arc<Pace>,
    retry: RetryPolicy,
    timing: Timing,
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
            retry: policy(settings.max_attempts),
            timing,
            clock_skew_seconds: AtomicI64::new(SKEW_UNKNOWN),
        })
    }

    /// A session for one stream, whose token is kept in `vault` over restarts, or else nowhere.
    pub fn session(&self, stream: &Arc<Stream>, vault: Option<&Arc<Vault>>) -> StreamSession {
        let one_at_a_time = Arc::new(Mutex::new(()));
        let sign_in = StreamSignIn {
            http: self.http.clone(),
            console_url: self.console_url.clone(),
            pace: Arc::clone(&self.pace),
            clock: self.timing.clock.clone(),
            stream: Arc::clone(stream),
            one_at_a_time: Arc::clone(&one_at_a_time),
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
        StreamSession { stream: Arc::clone(stream), tokens, one_at_a_time }
    }

    /// A complete listing, or the reason why there is none. A listing that does not add up is asked once more.
    pub async fn list(
        &self,
        session: &StreamSession,
        metrics: &MetricSet,
        query: Query,
        asking: AskingListener<'_>,
    ) -> Result<Listing, FetchError> {
        match self.walk_pages(session, metrics, query, asking).await {
            Err(FetchError::Incomplete(incomplete)) => {
                let stream = &*session.stream.name;
                tracing::warn!(stream, reason = %incomplete, "listing does not add up, asking once more");
                self.timing.traffic.repeats(RetryReason::Incomplete);
                self.walk_pages(session, metrics, query, asking).await
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

    fn note_clock(&self, response: &Response) {
        if let Some(served_at) = server_time(response) {
            let skew = served_at - self.timing.clock.now();
            self.clock_skew_seconds.store(skew.num_seconds(), Ordering::Relaxed);
        }
    }

    async fn walk_pages(
        &self,
        session: &StreamSession,
        metrics: &MetricSet,
        query: Query,
        asking: AskingListener<'_>,
    ) -> Result<Listing, FetchError> {
        let mut builder = ListingBuilder::new(query);
        while let NextStep::Ask(_) = self.next_page(session, metrics, &mut builder, asking).await? {}
        Ok(builder.finish()?)
    }

    /// Asks for the next page until it arrives or there is no hope, and hands it to `builder`.
    async fn next_page(
        &self,
        session: &StreamSession,
        metrics: &MetricSet,
        builder: &mut ListingBuilder,
        asking: AskingListener<'_>,
    ) -> Result<NextStep, FetchError> {
        let query = builder.query();
        let url = entities_url(&self.data_url, metrics, query.range, query.grid.size(), builder.next_page());
        let mut patience = Patience::new(&self.timing, self.retry);
        let mut refusals = Refusals::begin(self.timing.clock.now());
        loop {
            asking();
            // The token is taken inside each attempt: a long wait must not outlive it.
            let token = session.tokens.token(refusals.last()).await?;
            let attempt = async {
                let body = self.get_page(session, &token, &url).await?;
                self.read_page(session, &token, &body, builder)
            };
            match attempt.await {
                Ok(step) => return Ok(step),
                Err(AttemptError::Final(error)) => return Err(error),
                Err(AttemptError::Trouble(trouble)) => {
                    asking();
                    wait(&mut patience, &session.stream.name, trouble).await?;
                }
                Err(AttemptError::TokenRefused { message }) if refusals.is_last(&token) => {
                    return Err(FetchError::TokenRefused { message });
                }
                Err(AttemptError::TokenRefused { .. }) => {
                    refusals.add(token);
                    self.timing.traffic.repeats(RetryReason::TokenRefused);
                }
            }
        }
    }

    async fn get_page(
        &self,
        session: &StreamSession,
        token: &Token,
        url: &Url,
    ) -> Result<Vec<u8>, AttemptError> {
        let _alone = session.one_at_a_time.lock().await;
        let _permit = self.pace.turn().await;
        tracing::debug!(stream = &*session.stream.name, %url, "asking for a page");
        let request = self
            .http
            .get(url.clone())
            .header(header::ACCEPT, "application/json")
            .header(header::AUTHORIZATION, token.header().map_err(|_| ProtocolError::NoToken)?);
        let response =
            self.http.send(Endpoint::AngusEntities, request).await.map_err(AttemptError::Trouble)?;
        self.note_clock(&response);
        let status = response.status().as_u16();
        if response.status().is_success() {
            return read_body(response).await;
        }
        let retry_after = retry_after(&response, self.timing.clock.now());
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
        token: &Token,
        body: &[u8],
        builder: &mut ListingBuilder,
    ) -> Result<NextStep, AttemptError> {
        let shown = |text: &str| session.discretion(token).shown(text);
        let page = decode_page(body).map_err(|error| {
            if error.is_data() {
                ProtocolError::OtherShape(shown(&error.to_string())).into()
            } else {
                // Passing (section 7).
                AttemptError::Trouble(Trouble::garbled())
            }
        })?;
        let next_page = page.next_page().map(str::to_owned);
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
}

/// Waits before the next attempt, or says that there is none.
async fn wait(patience: &mut Patience<'_>, stream: &str, trouble: Trouble) -> Result<(), FetchError> {
    match patience.wait(stream, trouble).await {
        Waited::TryAgain => Ok(()),
        Waited::Postponed(wait) => Err(FetchError::RateLimited { wait }),
        Waited::GaveUp { attempts, message, transport } => {
            Err(FetchError::Unavailable { attempts, message, transport })
        }
    }
}
