//! Whether to ask again, and when: pure.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use chrono::{DateTime, Utc};
use reqwest::{Response, header};

use super::{reason::RetryReason, transport::Transport};

/// A service that asks us to wait longer than this is asked again at the next run instead.
const LONGEST_RETRY_AFTER: Duration = Duration::from_mins(5);

/// No request is tried for longer than this, unless its policy says otherwise.
const LONGEST_STRUGGLE: Duration = Duration::from_mins(15);

/// An attempt that failed in a way that may pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The reason, for decisions and for counting.
    pub reason: RetryReason,
    /// How long the service asks us to wait.
    pub retry_after: Option<Duration>,
    /// What happened, for people; holds no secret.
    pub message: String,
}

impl Trouble {
    /// Of an answer with this status that may be another one next time.
    pub(crate) fn answered(status: u16, message: impl Into<String>, retry_after: Option<Duration>) -> Self {
        Self { reason: RetryReason::of_status(status), retry_after, message: message.into() }
    }

    /// Of an answer that should be JSON: the page of some proxy, or a body that was cut short.
    pub(crate) fn garbled() -> Self {
        let message = "the answer is not JSON, or was cut short".to_owned();
        Self { reason: RetryReason::Garbled, retry_after: None, message }
    }

    /// How the connection failed, where it did.
    pub fn transport(&self) -> Option<Transport> {
        match self.reason {
            RetryReason::Transport(transport) => Some(transport),
            _ => None,
        }
    }
}

/// What to do after an attempt that failed in a way that may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Wait this long, then try again.
    Wait(Duration),
    /// That was the last attempt.
    GiveUp,
    /// The service wants more patience than one run has.
    Postpone(Duration),
}

/// How often and how patiently one request is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The least wait before the second attempt; it doubles from there.
    pub least_backoff: Duration,
    /// The least wait never grows beyond this.
    pub longest_backoff: Duration,
    /// How often at the most, the first time included.
    pub max_attempts: u32,
    /// No attempt begins later than this after the first one, whatever their number.
    pub longest_struggle: Duration,
}

impl RetryPolicy {
    /// For a quarter of an hour at the longest.
    pub const fn new(least_backoff: Duration, longest_backoff: Duration, max_attempts: u32) -> Self {
        Self { least_backoff, longest_backoff, max_attempts, longest_struggle: LONGEST_STRUGGLE }
    }

    /// Decides after attempt number `attempt` (from 1), `elapsed` after the first one began. `retry_after` is how long
    /// the service asks us to wait, which is never undercut. `jitter` in `[0, 1)` lengthens the wait, up to its double,
    /// so that many clients do not come back together.
    pub fn decide(
        &self,
        retry_after: Option<Duration>,
        attempt: u32,
        elapsed: Duration,
        jitter: f64,
    ) -> Decision {
        let asked = retry_after.unwrap_or_default();
        if asked > LONGEST_RETRY_AFTER {
            return Decision::Postpone(asked);
        }
        let doubled = self.least_backoff.saturating_mul(1 << (attempt.saturating_sub(1)).min(16));
        let backoff = doubled.min(self.longest_backoff).mul_f64(1.0 + jitter.clamp(0.0, 1.0));
        let wait = backoff.max(asked);
        if attempt >= self.max_attempts || elapsed + wait > self.longest_struggle {
            Decision::GiveUp
        } else {
            Decision::Wait(wait)
        }
    }
}

/// Reads a `Retry-After` header: seconds or an HTTP date (RFC 9110, section 10.2.3). A date in the past is 0; anything
/// else that cannot be read is as if it were not there.
fn parse_retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(value.parse().map_or(Duration::MAX, Duration::from_secs));
    }
    let date = DateTime::<Utc>::from(httpdate::parse_http_date(value).ok()?);
    Some((date - now).to_std().unwrap_or_default())
}

/// How long the service asks us to wait.
pub(crate) fn retry_after(response: &Response, now: DateTime<Utc>) -> Option<Duration> {
    parse_retry_after(response.headers().get(header::RETRY_AFTER)?.to_str().ok()?, now)
}

/// A number in `[0, 1)` from the operating system.
pub(super) fn random_jitter() -> f64 {
    let random = RandomState::new().hash_one(0_u8);
    (random >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::parse_label;

    fn policy(max_attempts: u32) -> RetryPolicy {
        RetryPolicy::new(Duration::from_millis(250), Duration::from_secs(30), max_attempts)
    }

    fn decide(retry_after: Option<u64>, attempt: u32, jitter: f64) -> Decision {
        policy(6).decide(retry_after.map(Duration::from_secs), attempt, Duration::ZERO, jitter)
    }

    #[test]
    fn backoff_doubles_and_jitter_lengthens_it() {
        let millis = |attempt, jitter| match decide(None, attempt, jitter) {
            Decision::Wait(wait) => wait.as_millis(),
            other => panic!("{other:?}"),
        };
        assert_eq!([1, 2, 3, 4, 5].map(|attempt| millis(attempt, 1.0)), [500, 1000, 2000, 4000, 8000]);
        assert_eq!([1, 2, 3, 4, 5].map(|attempt| millis(attempt, 0.0)), [250, 500, 1000, 2000, 4000]);
        assert_eq!(decide(None, 6, 0.5), Decision::GiveUp);
        let patient = policy(20);
        assert_eq!(patient.decide(None, 19, Duration::ZERO, 1.0), Decision::Wait(Duration::from_mins(1)));
    }

    #[test]
    fn angus_vector_15_a_retry_after_is_never_undercut() {
        assert_eq!(decide(Some(7), 1, 0.0), Decision::Wait(Duration::from_secs(7)));
        assert_eq!(decide(Some(0), 1, 0.0), Decision::Wait(Duration::from_millis(250)));
        assert_eq!(decide(Some(300), 1, 0.0), Decision::Wait(Duration::from_mins(5)));
        assert_eq!(decide(Some(301), 1, 0.0), Decision::Postpone(Duration::from_secs(301)));
        assert_eq!(decide(Some(7), 6, 0.0), Decision::GiveUp);
    }

    #[test]
    fn nothing_is_tried_for_ever() {
        let policy = policy(20);
        let elapsed = LONGEST_STRUGGLE.checked_sub(Duration::from_secs(6)).unwrap();
        assert_eq!(policy.decide(Some(Duration::from_secs(7)), 2, elapsed, 0.0), Decision::GiveUp);
    }

    #[test]
    fn retry_after_is_read_in_seconds_and_as_a_date() {
        let now = parse_label("1994-11-06T08:49:30Z").unwrap();
        let read = |value| parse_retry_after(value, now);
        assert_eq!(read("7"), Some(Duration::from_secs(7)));
        assert_eq!(read(" 0 "), Some(Duration::ZERO));
        assert_eq!(read("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::from_secs(7)));
        assert_eq!(read("Sunday, 06-Nov-94 08:49:37 GMT"), Some(Duration::from_secs(7)));
        assert_eq!(read("Sun, 06 Nov 1994 08:49:00 GMT"), Some(Duration::ZERO));
        assert_eq!(read("99999999999999999999999"), Some(Duration::MAX));
        for unreadable in ["", "-1", "7.5", "soon", "1e3"] {
            assert_eq!(read(unreadable), None, "{unreadable}");
        }
    }

    #[test]
    fn jitter_stays_in_its_range() {
        assert!((0..1000).map(|_| random_jitter()).all(|jitter| (0.0..1.0).contains(&jitter)));
    }
}
