//! Asks the API of one account: within its budget, and with patience.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use reqwest::{Response, Url, header};
use secrecy::zeroize::Zeroizing;

use super::{
    budget::Budget,
    decode::{Owner, Unreadable, decode_owner, decode_page},
    error::InventoryError,
    listing::{Listing, ListingBuilder, NextStep},
    refusal::{Refusal, Verdict, judge},
    request::{cameras_url, me_url, next_mismatch},
    throttle::{Throttled, Throttling, named_wait},
};
use crate::{
    auth::{AccountSession, CallError, Reply, Token},
    config::{AccountSystem, AngelcamAccount},
    publication::Archive,
    wire::{
        BodyError, Endpoint, MAX_ERROR_BODY_BYTES, Patience, RetryPolicy, RetryReason, Timing, Trouble,
        Waited, read_at_most, read_whole, retry_after, status_words,
    },
};

/// A hundred cameras with all their streams take some hundreds of KiB; a body beyond this is refused while it arrives,
/// after decompression.
const MAX_BODY_BYTES: u64 = 16 << 20;

/// The header that selects the space whose cameras are listed.
const SPACE_HEADER: &str = "X-Space-Id";

/// How patiently a service that fails is asked again (section 7).
const RETRY: RetryPolicy = RetryPolicy::new(Duration::from_secs(2), Duration::from_mins(1), 5);

/// One run's conversation with the API of one account.
pub(super) struct Client<'a> {
    session: &'a AccountSession,
    angelcam: &'a AngelcamAccount,
    timing: &'a Timing,
    budget: Budget<'a>,
    throttling: Throttling,
}

/// How one attempt ended, other than well.
enum AttemptError {
    /// It may pass.
    Trouble(Trouble),
    /// The account asked too often; the service may have named a wait.
    Throttled(Option<Duration>),
    /// It will not pass.
    Final(InventoryError),
}

impl<'a> Client<'a> {
    pub(super) fn new(
        session: &'a AccountSession,
        archive: &Arc<Archive>,
        timing: &'a Timing,
    ) -> Result<Self, InventoryError> {
        let account = session.account();
        let AccountSystem::Angelcam(angelcam) = &account.system else {
            return Err(InventoryError::OtherSystem { account: account.name.clone() });
        };
        let budget = Budget::new(&account.name, archive, timing);
        Ok(Self { session, angelcam, timing, budget, throttling: Throttling::default() })
    }

    fn name(&self) -> String {
        self.session.account().name.clone()
    }

    /// Who the account is.
    pub(super) async fn owner(&mut self) -> Result<Owner, InventoryError> {
        self.get(&me_url(&self.angelcam.api_url), decode_owner).await
    }

    /// Every camera. A listing that does not add up is asked once more, and then taken as it is.
    pub(super) async fn cameras(&mut self) -> Result<Listing, InventoryError> {
        let account = self.name();
        let mut listing = self.walk_pages().await?;
        if !listing.adds_up() {
            tracing::warn!(account, "listing of cameras does not add up, asking once more");
            self.timing.traffic.repeats(RetryReason::Incomplete);
            listing = self.walk_pages().await?;
        }
        let (cameras, skipped, count) = (listing.cameras.len(), listing.skipped, listing.count);
        if !listing.adds_up() {
            tracing::warn!(account, cameras, skipped, count, "listing of cameras is incomplete");
        }
        if skipped > 0 {
            tracing::warn!(account, skipped, "cameras without a usable id were passed over");
        }
        Ok(listing)
    }

    async fn walk_pages(&mut self) -> Result<Listing, InventoryError> {
        let api_url = self.angelcam.api_url.clone();
        let (mut builder, mut step) = (ListingBuilder::default(), NextStep::Ask(0));
        let mut mismatch = None;
        while let NextStep::Ask(offset) = step {
            let page = self.get(&cameras_url(&api_url, offset), decode_page).await?;
            mismatch = mismatch.or(page.next.as_deref().and_then(|next| next_mismatch(&api_url, next)));
            step = builder.push(page).map_err(|error| self.protocol(error.to_string()))?;
        }
        if let Some(reason) = mismatch {
            let account = self.name();
            tracing::warn!(account, reason, "next ignored, pages are asked for at the configured address");
        }
        Ok(builder.finish())
    }

    /// Asks until there is an answer, or no hope of one.
    async fn get<T>(
        &mut self,
        url: &Url,
        decode: fn(&[u8]) -> Result<T, Unreadable>,
    ) -> Result<T, InventoryError> {
        let timing = self.timing;
        let mut patience = Patience::new(timing, RETRY);
        loop {
            self.budget.take_turn().await?;
            let error = match self.attempt(url, decode).await {
                Ok(answer) => {
                    self.throttling.end_row();
                    return Ok(answer);
                }
                Err(error) => error,
            };
            match error {
                AttemptError::Final(error) => return Err(error),
                AttemptError::Throttled(named) => self.sit_out(named).await?,
                AttemptError::Trouble(trouble) => {
                    self.throttling.end_row();
                    self.recover(&mut patience, trouble).await?;
                }
            }
        }
    }

    async fn sit_out(&mut self, named: Option<Duration>) -> Result<(), InventoryError> {
        let account = self.name();
        match self.throttling.judge(named) {
            Throttled::Defer(wait) => Err(InventoryError::Deferred { account, wait }),
            Throttled::Wait(wait) => {
                let wait_seconds = wait.as_secs_f64();
                tracing::info!(
                    account,
                    wait_seconds,
                    "the service says that it was asked too often, waiting"
                );
                (self.timing.sleep)(wait).await;
                self.timing.traffic.repeats(RetryReason::RateLimited);
                Ok(())
            }
        }
    }

    async fn recover(&self, patience: &mut Patience<'_>, trouble: Trouble) -> Result<(), InventoryError> {
        let account = self.name();
        match patience.wait(&account, trouble).await {
            Waited::TryAgain => Ok(()),
            Waited::GaveUp { attempts, message, .. } => {
                Err(InventoryError::Unavailable { account, attempts, message })
            }
            Waited::Postponed(wait) => Err(InventoryError::Deferred { account, wait }),
        }
    }

    async fn attempt<T>(
        &mut self,
        url: &Url,
        decode: fn(&[u8]) -> Result<T, Unreadable>,
    ) -> Result<T, AttemptError> {
        tracing::debug!(account = &*self.session.account().name, %url, "asking");
        let Reply { response, token } = self.send(url).await?;
        let status = response.status();
        if !status.is_success() {
            return Err(self.refusal(response, &token).await);
        }
        // It is wiped: what we drop of it is secret.
        let body = match read_whole(response, MAX_BODY_BYTES).await.map(Zeroizing::new) {
            Ok(body) => body,
            Err(BodyError::Trouble(trouble)) => return Err(AttemptError::Trouble(trouble)),
            Err(BodyError::TooLarge) => {
                let reason = format!("it is larger than {} MiB", MAX_BODY_BYTES >> 20);
                return Err(AttemptError::Final(self.protocol(reason)));
            }
        };
        decode(&body).map_err(|unreadable| match unreadable {
            Unreadable::NotJson => AttemptError::Trouble(Trouble::garbled()),
            Unreadable::OtherShape(reason) => AttemptError::Final(self.protocol(reason)),
        })
    }

    /// Sends one request, or two where the first one's token was refused.
    async fn send(&mut self, url: &Url) -> Result<Reply, AttemptError> {
        let requests = AtomicU32::new(0);
        let space = self.angelcam.space_id.as_deref();
        let sent = self.session.send(Endpoint::AngelcamApi, |http| {
            requests.fetch_add(1, Ordering::Relaxed);
            let request = http.get(url.clone()).header(header::ACCEPT, "application/json");
            space.iter().fold(request, |request, space| request.header(SPACE_HEADER, *space))
        });
        let sent = sent.await;
        let counted = self.budget.add(requests.into_inner().saturating_sub(1)).await;
        counted.map_err(|error| AttemptError::Final(error.into()))?;
        sent.map_err(|error| match error {
            CallError::Trouble(trouble) => AttemptError::Trouble(trouble),
            CallError::SignIn(error) => {
                AttemptError::Final(InventoryError::SignIn { account: self.name(), error })
            }
            CallError::RefusedAgain { message } => {
                AttemptError::Final(InventoryError::RefusedAgain { account: self.name(), message })
            }
        })
    }

    async fn refusal(&self, response: Response, token: &Token) -> AttemptError {
        let status = response.status();
        let retry_after = retry_after(&response, self.timing.clock.now());
        let body = read_at_most(response, MAX_ERROR_BODY_BYTES).await.unwrap_or_default();
        let refusal = Refusal::read(&body);
        let message = refusal.message();
        let message = message.unwrap_or_else(|| status_words(status));
        let message = token.discretion().shown(&message);
        let number = status.as_u16();
        match judge(number, refusal.title.as_deref()) {
            Verdict::Throttled => AttemptError::Throttled(named_wait(refusal.detail.as_deref(), retry_after)),
            Verdict::TryAgain => {
                let message = format!("status {number}: {message}");
                AttemptError::Trouble(Trouble::answered(number, message, retry_after))
            }
            Verdict::Redirect => {
                AttemptError::Final(InventoryError::Redirect { account: self.name(), status: number })
            }
            Verdict::Refused | Verdict::SignInAgain | Verdict::Usable => {
                AttemptError::Final(InventoryError::refused(self.session.account(), number, message))
            }
        }
    }

    fn protocol(&self, reason: String) -> InventoryError {
        InventoryError::Protocol { account: self.name(), reason }
    }
}
