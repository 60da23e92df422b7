//! When to ask again: within a run, and from run to run. Pure.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::Urgency;
use crate::{
    failure::FailureKind,
    ledger::OutboxStatus,
    wire::{Decision, RetryPolicy, Trouble},
};

/// How patiently one request is tried in a run.
const RETRY: RetryPolicy = RetryPolicy {
    longest_struggle: Duration::from_mins(1),
    ..RetryPolicy::new(Duration::from_secs(1), Duration::from_secs(30), 4)
};

/// How long a target that failed is left alone; it doubles with every failure in a row.
const LEAST_PAUSE: TimeDelta = TimeDelta::minutes(1);

/// It never grows beyond this.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(1);

/// A service that asks to be left alone for longer is asked again after this: a mistake in one header must not end a
/// delivery.
const LONGEST_POSTPONEMENT: TimeDelta = TimeDelta::days(7);

/// The ledger keeps whole seconds.
const ROUNDING: TimeDelta = TimeDelta::seconds(1);

/// When a delivery that failed is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Retry {
    /// At the next run.
    NextRun,
    /// After a pause of our own choice.
    Paused,
    /// When the service says so.
    Asked(Duration),
}

/// How long to wait after attempt number `attempt` (from 1), `elapsed` after the first one began; `None` where there is
/// no other in this run.
pub(super) fn wait_before_next(
    trouble: &Trouble,
    attempt: u32,
    elapsed: Duration,
    jitter: f64,
) -> Option<Duration> {
    match RETRY.decide(trouble.retry_after, attempt, elapsed, jitter) {
        Decision::Wait(wait) => Some(wait),
        Decision::GiveUp | Decision::Postpone(_) => None,
    }
}

/// Before when nothing is sent after the next failure; `failures` came before it. What the service says is neither
/// undercut nor exceeded, but for the least pause.
pub(super) fn retry_at(retry: Retry, failures: u64, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let pause = match retry {
        Retry::NextRun => return None,
        Retry::Paused => {
            let doublings = u32::try_from(failures).unwrap_or(u32::MAX).min(6);
            (LEAST_PAUSE * 2_i32.pow(doublings)).min(LONGEST_PAUSE)
        }
        Retry::Asked(wait) => TimeDelta::from_std(wait)
            .map_or(LONGEST_POSTPONEMENT, |wait| wait.min(LONGEST_POSTPONEMENT))
            .max(LEAST_PAUSE),
    };
    Some(now + pause)
}

/// Until when nothing may be sent, and whether the service said so; `None` where it may. A person is held back only by
/// the service. What lies further off than was ever written was written by a clock that has been set back since.
pub(super) fn held_until(
    status: &OutboxStatus,
    urgency: Urgency,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let until = status.retry_at.filter(|until| now < *until)?;
    let asked =
        status.last_error.as_ref().is_some_and(|error| error.kind == FailureKind::RateLimited.as_str());
    let longest = if asked { LONGEST_POSTPONEMENT } else { LONGEST_PAUSE };
    let is_believable = until - now <= longest + ROUNDING;
    (is_believable && (asked || urgency == Urgency::WhenDue)).then_some(until)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::LastError;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn wait(retry_after: Option<u64>, attempt: u32, elapsed: u64, jitter: f64) -> Option<u64> {
        let retry_after = retry_after.map(Duration::from_secs);
        let trouble = Trouble::answered(503, "", retry_after);
        wait_before_next(&trouble, attempt, Duration::from_secs(elapsed), jitter).map(|wait| wait.as_secs())
    }

    #[test]
    fn four_attempts_are_made_and_none_begins_after_a_minute() {
        assert_eq!(
            [1, 2, 3, 4].map(|attempt| wait(None, attempt, 0, 0.0)),
            [Some(1), Some(2), Some(4), None]
        );
        assert_eq!(
            [1, 2, 3, 4].map(|attempt| wait(None, attempt, 0, 1.0)),
            [Some(2), Some(4), Some(8), None]
        );
        assert_eq!(wait(None, 2, 58, 0.0), Some(2));
        assert_eq!(wait(None, 2, 59, 0.0), None);
        assert_eq!(wait(Some(7), 1, 0, 0.0), Some(7));
        assert_eq!(wait(Some(60), 1, 0, 0.0), Some(60));
        assert_eq!(wait(Some(61), 1, 0, 0.0), None);
        assert_eq!(wait(Some(40), 2, 30, 0.0), None);
        assert_eq!(wait(Some(u64::MAX), 1, 0, 0.0), None);
    }

    #[test]
    fn a_pause_doubles_from_a_minute_to_an_hour() {
        let minutes = |failures| (retry_at(Retry::Paused, failures, NOW).unwrap() - NOW).num_minutes();
        assert_eq!([0, 1, 2, 5, 6, 7, 1000, u64::MAX].map(minutes), [1, 2, 4, 32, 60, 60, 60, 60]);
        assert_eq!(retry_at(Retry::NextRun, 3, NOW), None);
    }

    #[test]
    fn what_the_service_asks_for_is_kept_however_often_it_failed() {
        let seconds = |wait| (retry_at(Retry::Asked(wait), 9, NOW).unwrap() - NOW).num_seconds();
        assert_eq!(seconds(Duration::from_secs(7)), 60);
        assert_eq!(seconds(Duration::from_secs(301)), 301);
        assert_eq!(seconds(Duration::from_hours(24)), 86_400);
        assert_eq!(seconds(Duration::MAX), 7 * 86_400);
    }

    fn held(seconds: i64, kind: FailureKind, urgency: Urgency) -> bool {
        let error = LastError { at: NOW, kind: kind.as_str().to_owned(), message: String::new() };
        let retry_at = Some(NOW + TimeDelta::seconds(seconds));
        let status = OutboxStatus { retry_at, last_error: Some(error), ..OutboxStatus::default() };
        held_until(&status, urgency, NOW).is_some()
    }

    #[test]
    fn a_person_is_held_back_by_the_service_and_not_by_us() {
        use FailureKind::{RateLimited, Unavailable};
        assert!(held(60, Unavailable, Urgency::WhenDue));
        assert!(!held(60, Unavailable, Urgency::Now));
        assert!(held(60, RateLimited, Urgency::WhenDue));
        assert!(held(60, RateLimited, Urgency::Now));
        assert!(!held(0, RateLimited, Urgency::WhenDue));
        assert_eq!(held_until(&OutboxStatus::default(), Urgency::WhenDue, NOW), None);
    }

    #[test]
    fn a_clock_that_was_ahead_holds_nothing_up_for_long() {
        use FailureKind::{RateLimited, Unavailable};
        assert!(held(3601, Unavailable, Urgency::WhenDue));
        assert!(!held(3602, Unavailable, Urgency::WhenDue));
        assert!(held(7 * 86_400, RateLimited, Urgency::Now));
        assert!(!held(8 * 86_400, RateLimited, Urgency::Now));
    }
}
