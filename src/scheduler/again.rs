//! How soon a run that failed is tried again, where its next time is far off: pure.

use std::time::Duration;

use crate::failure::FailureKind;

const LEAST_WAIT: Duration = Duration::from_mins(1);
const LONGEST_WAIT: Duration = Duration::from_mins(30);

/// A service that asks for more patience than one run has is left alone for at least so long.
const RATE_LIMITED_WAIT: Duration = Duration::from_mins(5);

/// How soon after the `failures`-th failure in a row (from 1) what failed with `kinds` is tried again: after a minute,
/// then twice as long each time, up to half an hour. `None` where it waits for its next time: a person must act first,
/// or nothing failed.
pub fn retry_after(kinds: &[FailureKind], failures: u32) -> Option<Duration> {
    let passing: Vec<FailureKind> = kinds.iter().copied().filter(|kind| may_pass(*kind)).collect();
    if passing.is_empty() {
        return None;
    }
    let doubled = LEAST_WAIT.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST_WAIT);
    let is_rate_limited = passing.contains(&FailureKind::RateLimited);
    Some(if is_rate_limited { doubled.max(RATE_LIMITED_WAIT) } else { doubled })
}

/// Whether what failed so may go well next time though nobody acted.
pub(crate) fn may_pass(kind: FailureKind) -> bool {
    match kind {
        FailureKind::Unavailable
        | FailureKind::RateLimited
        | FailureKind::Incomplete
        | FailureKind::Protocol
        | FailureKind::Storage
        | FailureKind::Busy => true,
        FailureKind::Credentials
        | FailureKind::Refused
        | FailureKind::Configuration
        | FailureKind::Interrupted => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_half_an_hour() {
        let minutes = |failures| retry_after(&[FailureKind::Unavailable], failures).unwrap().as_secs() / 60;
        assert_eq!([1, 2, 3, 4, 5, 6, 7, u32::MAX].map(minutes), [1, 2, 4, 8, 16, 30, 30, 30]);
    }

    #[test]
    fn what_needs_a_person_waits_for_its_next_time() {
        use FailureKind::{Configuration, Credentials, Interrupted, RateLimited, Refused, Unavailable};
        assert_eq!(retry_after(&[], 1), None);
        assert_eq!(retry_after(&[Credentials, Refused, Configuration, Interrupted], 1), None);
        assert_eq!(retry_after(&[Credentials, Unavailable], 1), Some(LEAST_WAIT));
        assert_eq!(retry_after(&[RateLimited, Unavailable], 1), Some(RATE_LIMITED_WAIT));
    }
}
