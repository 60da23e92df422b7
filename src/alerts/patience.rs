//! When a webhook that took nothing is tried again: pure.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::wire::{Decision, RetryPolicy};

/// For ever: trouble that nobody was told of stays to be told.
const RETRY: RetryPolicy = RetryPolicy {
    longest_struggle: Duration::MAX,
    ..RetryPolicy::new(Duration::from_secs(15), Duration::from_mins(5), u32::MAX)
};

/// However long the other side asks to wait, and whatever a clock did meanwhile, it is tried again after this.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(1);

/// What became of the last messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Patience {
    failures: u32,
    retry_at: Option<DateTime<Utc>>,
    reason: Option<String>,
}

impl Patience {
    /// Whether something may be sent at `now`.
    pub(super) fn allows(&self, now: DateTime<Utc>) -> bool {
        self.retry_at.is_none_or(|retry_at| retry_at <= now || retry_at - now > LONGEST_PAUSE)
    }

    /// Nothing was taken. Says whether that is news.
    pub(super) fn failed(
        &mut self,
        reason: String,
        retry_after: Option<Duration>,
        jitter: f64,
        now: DateTime<Utc>,
    ) -> bool {
        self.failures = self.failures.saturating_add(1);
        let pause = match RETRY.decide(retry_after, self.failures, Duration::ZERO, jitter) {
            Decision::Wait(wait) | Decision::Postpone(wait) => TimeDelta::from_std(wait).ok(),
            Decision::GiveUp => None,
        };
        self.retry_at = Some(now + pause.unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE));
        self.reason.replace(reason) != self.reason
    }

    /// A message was taken. Says whether that is news.
    pub(super) fn succeeded(&mut self) -> bool {
        std::mem::take(self).failures > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn pause(patience: &Patience) -> i64 {
        (patience.retry_at.unwrap() - NOW).num_seconds()
    }

    #[test]
    fn pauses_double_up_to_five_minutes_and_never_end() {
        let mut patience = Patience::default();
        for seconds in [15, 30, 60, 120, 240, 300, 300] {
            patience.failed("503".to_owned(), None, 0.0, NOW);
            assert_eq!(pause(&patience), seconds);
            assert!(!patience.allows(NOW + TimeDelta::seconds(seconds - 1)));
            assert!(patience.allows(NOW + TimeDelta::seconds(seconds)));
        }
        patience.failures = u32::MAX;
        patience.failed("503".to_owned(), None, 1.0, NOW);
        assert!(patience.allows(NOW + LONGEST_PAUSE));
        assert!(patience.succeeded() && patience.allows(NOW) && !patience.succeeded());
    }

    #[test]
    fn a_request_to_wait_is_heeded_within_reason_and_a_clock_set_back_blocks_nothing() {
        let mut patience = Patience::default();
        for (asked, seconds) in [(7, 15), (90, 90), (1800, 1800), (u64::MAX, 3600)] {
            patience = Patience::default();
            patience.failed("429".to_owned(), Some(Duration::from_secs(asked)), 0.0, NOW);
            assert_eq!(pause(&patience), seconds);
        }
        assert!(patience.allows(NOW - TimeDelta::days(1)));
    }

    #[test]
    fn a_reason_is_news_once() {
        let mut patience = Patience::default();
        let mut failed = |reason: &str| patience.failed(reason.to_owned(), None, 0.0, NOW);
        assert_eq!([failed("503"), failed("503"), failed("404"), failed("503")], [true, false, true, true]);
    }
}
