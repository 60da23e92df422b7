//! From page to page of one listing: each asked for until it is there, several ahead where the stream may have several
//! requests in flight.

use futures_util::{StreamExt, stream::FuturesOrdered};
use reqwest::{Url, header};

use super::{
    answer::{AttemptError, Refusal, read_body, trouble},
    client::{AngusClient, AskingListener, StreamSession},
    error::{FetchError, Incomplete, ProtocolError},
    listing::{Listing, ListingBuilder, NextStep, Query},
    page::{Page, decode_page},
    request::{first_page_url, next_page_mismatch, page_url},
    retry::{Verdict, judge_data_answer},
};
use crate::{
    auth::{Refusals, Token},
    blocking::blocking,
    metric::MetricSet,
    wire::{Endpoint, Patience, RetryReason, Trouble, Waited, retry_after},
};

/// Decoding a page takes some tens of microseconds. One that is larger than any real page is decoded where that holds up
/// nobody's requests.
const LARGE_PAGE_BYTES: usize = 1 << 20;

/// One listing that is being asked for.
pub(super) struct Walk<'a> {
    pub(super) client: &'a AngusClient,
    pub(super) session: &'a StreamSession,
    pub(super) metrics: &'a MetricSet,
    pub(super) query: Query,
    pub(super) asking: AskingListener<'a>,
}

/// A page, and the token that it was asked with.
struct Arrived {
    page: Page,
    token: Token,
}

impl Walk<'_> {
    /// The whole listing. Its pages are taken in their order, whichever arrives first.
    pub(super) async fn listing(&self) -> Result<Listing, FetchError> {
        let Query { range, grid } = self.query;
        let first = first_page_url(&self.client.data_url, self.metrics, range, grid.size());
        let mut builder = ListingBuilder::new(self.query);
        let mut ahead = FuturesOrdered::new();
        let mut step = NextStep::Ask(builder.next_page());
        let mut asked = 0;
        while let NextStep::Ask(next) = step {
            // How many there are is known after the first one.
            let known = builder.number_of_pages().max(next);
            while asked < known && ahead.len() < self.session.concurrency() {
                asked += 1;
                ahead.push_back(self.page(&first, asked));
            }
            let Some(page) = ahead.next().await else { break };
            step = self.take(page?, &mut builder)?;
        }
        Ok(builder.finish()?)
    }

    fn take(
        &self,
        Arrived { page, token }: Arrived,
        builder: &mut ListingBuilder,
    ) -> Result<NextStep, FetchError> {
        let named = page.next_page().map(str::to_owned);
        let shown = |text: &str| self.session.discretion(&token).shown(text);
        let step = builder.push(page).map_err(|error| error.with_texts(shown))?;
        if let (NextStep::Ask(next), Some(named)) = (step, named)
            && let Some(reason) = next_page_mismatch(&self.client.data_url, &named, next)
        {
            let stream = &*self.session.stream.name;
            tracing::warn!(
                stream,
                reason,
                "next_page ignored, the page is asked for at the configured address"
            );
        }
        Ok(step)
    }

    /// Asks for a page of the listing that begins at `first` until it arrives or there is no hope.
    async fn page(&self, first: &Url, number: u64) -> Result<Arrived, FetchError> {
        let Self { client, session, asking, .. } = self;
        let url = page_url(first, number);
        let mut patience = Patience::new(&client.timing, client.retry);
        let mut refusals = Refusals::begin(client.timing.clock.now());
        loop {
            asking();
            // The token is taken inside each attempt: a long wait must not outlive it.
            let token = session.tokens.token(refusals.last()).await?;
            let attempt = async { self.decoded(&token, self.get(&token, &url).await?).await };
            match attempt.await {
                Ok(page) => return Ok(Arrived { page, token }),
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
                    client.timing.traffic.repeats(RetryReason::TokenRefused);
                }
            }
        }
    }

    async fn get(&self, token: &Token, url: &Url) -> Result<Vec<u8>, AttemptError> {
        let Self { client, session, .. } = self;
        let _place = session.in_flight.acquire().await;
        let _permit = client.pace.turn().await;
        tracing::debug!(stream = &*session.stream.name, %url, "asking for a page");
        let request = client
            .http
            .get(url.clone())
            .header(header::ACCEPT, "application/json")
            .header(header::AUTHORIZATION, token.header().map_err(|_| ProtocolError::NoToken)?);
        let response =
            client.http.send(Endpoint::AngusEntities, request).await.map_err(AttemptError::Trouble)?;
        client.note_clock(&response);
        let status = response.status().as_u16();
        if response.status().is_success() {
            return read_body(response).await;
        }
        let retry_after = retry_after(&response, client.timing.clock.now());
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

    async fn decoded(&self, token: &Token, body: Vec<u8>) -> Result<Page, AttemptError> {
        let page = if body.len() > LARGE_PAGE_BYTES {
            blocking(move || decode_page(&body)).await
        } else {
            decode_page(&body)
        };
        page.map_err(|error| {
            if error.is_data() {
                let discretion = self.session.discretion(token);
                ProtocolError::OtherShape(discretion.shown(&error.to_string())).into()
            } else {
                // Passing (section 7).
                AttemptError::Trouble(Trouble::garbled())
            }
        })
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
