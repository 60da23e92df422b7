//! The attempts at one request.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    client::Timing,
    retry::{Decision, RetryPolicy, Trouble},
    transport::Transport,
};

/// The attempts at one request so far.
pub struct Patience<'a> {
    timing: &'a Timing,
    policy: RetryPolicy,
    attempt: u32,
    began: Instant,
}

/// What came of waiting for the next attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waited {
    /// It is time for it.
    TryAgain,
    /// There is none: so many were made, and the last one ended like this.
    GaveUp {
        /// How often it was tried.
        attempts: u32,
        /// How the last attempt ended.
        message: String,
        /// Whether and how the connection itself failed.
        transport: Option<Transport>,
    },
    /// The service asks for more patience than one run has.
    Postponed(Duration),
}

impl<'a> Patience<'a> {
    /// No attempt yet.
    pub fn new(timing: &'a Timing, policy: RetryPolicy) -> Self {
        Self { timing, policy, attempt: 0, began: Instant::now() }
    }

    /// Waits after an attempt at `whom` that failed in a way that may pass, or says that there is no other.
    pub async fn wait(&mut self, whom: &str, trouble: Trouble) -> Waited {
        self.attempt += 1;
        let (elapsed, jitter) = (self.began.elapsed(), (self.timing.jitter)());
        match self.policy.decide(trouble.retry_after, self.attempt, elapsed, jitter) {
            Decision::Wait(wait) => {
                let (attempt, wait_seconds) = (self.attempt, wait.as_secs_f64());
                tracing::info!(whom, attempt, wait_seconds, reason = trouble.message, "trying again");
                (self.timing.sleep)(wait).await;
                self.timing.traffic.repeats(trouble.reason);
                Waited::TryAgain
            }
            Decision::Postpone(wait) => Waited::Postponed(wait),
            Decision::GiveUp => {
                let transport = trouble.transport();
                Waited::GaveUp { attempts: self.attempt, message: trouble.message, transport }
            }
        }
    }
}
