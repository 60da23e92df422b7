//! Asking the target: one request at a time, with patience, and an answer that is read as far as it helps.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use reqwest::{Method, Response, Url, header};

use super::{
    backoff::wait_before_next,
    desk::Desk,
    import::{Import, read_import},
    said::{first_uuid, refusal},
    stop::Stop,
    verdict::{Verdict, judge},
};
use crate::{
    auth::{AccountSession, CallError, Reply},
    config::{Delivery, DeliveryMethod},
    crash_point::{self, Step},
    hex::hex,
    ledger::OutboxEntry,
    shutdown::Shutdown,
    wire::{Endpoint, MAX_ERROR_BODY_BYTES, Timing, Transport, Trouble, read_at_most, retry_after},
};

/// What names a version of a file, so that the target can tell a repetition.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The largest answer about an import that is read.
const MAX_STATUS_BODY_BYTES: u64 = 4 << 20;

/// Where the files of one delivery go.
pub(super) struct Target<'a> {
    pub(super) delivery: &'a Delivery,
    pub(super) session: &'a AccountSession,
    pub(super) timing: &'a Timing,
    pub(super) shutdown: &'a Shutdown,
    pub(super) desk: &'a Desk,
}

/// What came of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Upload {
    Taken {
        receipt: Option<String>,
    },
    Refused(Refusal),
    /// Whether it arrived is unknown, and the operator does not allow to send it again.
    Lost(Trouble),
}

/// What came of asking what became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Inquiry {
    Known(Import),
    Refused(Refusal),
}

/// An answer that says no, and would say it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) message: String,
    /// Whether it speaks of the target as a whole, so that any other request would fare the same.
    pub(super) concerns_target: bool,
}

/// How one attempt ended, other than with an answer that counts.
enum AttemptError {
    /// It may pass.
    Trouble(Trouble),
    /// It will not pass, for no request.
    Final(Stop),
}

impl From<CallError> for AttemptError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Trouble(trouble) => Self::Trouble(trouble),
            CallError::SignIn(error) => Self::Final(error.into()),
            CallError::RefusedAgain { message } => Self::Final(Stop::TokenRefused { message }),
        }
    }
}

impl Target<'_> {
    /// Sends the contents of an entry until there is an answer that counts, or the patience of a run is at its end.
    pub(super) async fn upload(&self, entry: &OutboxEntry, contents: &Bytes) -> Result<Upload, Stop> {
        let mut attempts = Attempts::new(self, entry);
        loop {
            match self.upload_once(entry, contents).await {
                Ok(upload) => return Ok(upload),
                Err(error) => attempts.failed(error).await?,
            }
        }
    }

    /// Asks what became of an entry that the target took.
    pub(super) async fn inquire(&self, entry: &OutboxEntry, url: &Url) -> Result<Inquiry, Stop> {
        let mut attempts = Attempts::new(self, entry);
        loop {
            match self.inquire_once(url).await {
                Ok(inquiry) => return Ok(inquiry),
                Err(error) => attempts.failed(error).await?,
            }
        }
    }

    async fn upload_once(&self, entry: &OutboxEntry, contents: &Bytes) -> Result<Upload, AttemptError> {
        let Delivery { method, url, content_type, .. } = self.delivery;
        let key = hex(&entry.hash);
        let sent = self.session.send(Endpoint::Delivery, |http| {
            http.request(on_the_wire(*method), url.clone())
                .header(header::CONTENT_TYPE, content_type.as_str())
                .header(IDEMPOTENCY_KEY, &key)
                .timeout(upload_timeout(contents.len()))
                .body(contents.clone())
        });
        let reply = match sent.await {
            Ok(reply) => reply,
            Err(CallError::Trouble(trouble)) if self.is_lost(&trouble) => return Ok(Upload::Lost(trouble)),
            Err(error) => return Err(error.into()),
        };
        let outcome = match self.judge(reply, MAX_ERROR_BODY_BYTES).await? {
            Ok(body) => Upload::Taken { receipt: first_uuid(&body) },
            Err(refusal) => Upload::Refused(refusal),
        };
        crash_point::passed(Step::DeliveryAnswer);
        Ok(outcome)
    }

    async fn inquire_once(&self, url: &Url) -> Result<Inquiry, AttemptError> {
        let reply = self.session.send(Endpoint::DeliveryStatus, |http| http.get(url.clone())).await?;
        let discretion = reply.token.discretion();
        Ok(match self.judge(reply, MAX_STATUS_BODY_BYTES).await? {
            Ok(body) => Inquiry::Known(read_import(&body, &discretion)),
            Err(refusal) => Inquiry::Refused(refusal),
        })
    }

    /// A PUT can always be repeated; a POST only where the operator allows it (Simacan contract, section 6).
    fn is_lost(&self, trouble: &Trouble) -> bool {
        let may_repeat = self.delivery.method == DeliveryMethod::Put || self.delivery.repeat_lost_posts;
        !may_repeat && trouble.transport().is_some_and(Transport::may_have_arrived)
    }

    /// The body of an answer that accepts, or what a refusal says.
    async fn judge(&self, reply: Reply, limit: u64) -> Result<Result<Vec<u8>, Refusal>, AttemptError> {
        let (status, discretion) = (reply.response.status().as_u16(), reply.token.discretion());
        let verdict = judge(status);
        if verdict == Verdict::Accepted {
            // It was accepted, whatever becomes of the rest of the answer.
            return Ok(Ok(body(reply.response, limit).await));
        }
        let retry_after = retry_after(&reply.response, self.timing.clock.now());
        let message = refusal(status, &body(reply.response, MAX_ERROR_BODY_BYTES).await, &discretion);
        if verdict == Verdict::TryAgain {
            return Err(AttemptError::Trouble(Trouble::answered(status, message, retry_after)));
        }
        Ok(Err(Refusal { message, concerns_target: verdict == Verdict::TargetRefused }))
    }
}

/// The attempts at one request so far.
struct Attempts<'a> {
    target: &'a Target<'a>,
    entry: &'a OutboxEntry,
    began: DateTime<Utc>,
    made: u32,
}

impl<'a> Attempts<'a> {
    fn new(target: &'a Target<'a>, entry: &'a OutboxEntry) -> Self {
        Self { target, entry, began: target.timing.clock.now(), made: 0 }
    }

    /// Notes that one more failed, and waits until it is time for the next one.
    async fn failed(&mut self, error: AttemptError) -> Result<(), Stop> {
        let trouble = match error {
            AttemptError::Trouble(trouble) => trouble,
            AttemptError::Final(stop) => return Err(stop),
        };
        self.made += 1;
        let Target { timing, desk, .. } = self.target;
        desk.note_attempt(self.entry, trouble.message.clone()).await?;
        let elapsed = (timing.clock.now() - self.began).to_std().unwrap_or_default();
        match wait_before_next(&trouble, self.made, elapsed, (timing.jitter)()) {
            Some(wait) => self.wait(wait, &trouble).await,
            None => Err(Stop::Trouble { attempts: self.made, trouble }),
        }
    }

    async fn wait(&self, wait: Duration, trouble: &Trouble) -> Result<(), Stop> {
        let OutboxEntry { delivery, stream, path: file, .. } = self.entry;
        let (attempt, wait_seconds, reason) = (self.made, wait.as_secs_f64(), &*trouble.message);
        tracing::info!(delivery, stream, file, attempt, wait_seconds, reason, "trying again");
        tokio::select! {
            biased;
            () = self.target.shutdown.requested() => Err(Stop::Interrupted),
            () = (self.target.timing.sleep)(wait) => {
                self.target.timing.traffic.repeats(trouble.reason);
                Ok(())
            }
        }
    }
}

fn on_the_wire(method: DeliveryMethod) -> Method {
    match method {
        DeliveryMethod::Post => Method::POST,
        DeliveryMethod::Put => Method::PUT,
    }
}

/// A request may take half a minute, and as long as its body takes on a line of half a megabit a second.
fn upload_timeout(bytes: usize) -> Duration {
    Duration::from_secs(30 + (bytes >> 16) as u64)
}

/// As much of a body as there is, up to its limit.
async fn body(response: Response, limit: u64) -> Vec<u8> {
    read_at_most(response, limit).await.unwrap_or_default()
}
