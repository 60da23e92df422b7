//! What an answer of the Angus systems means: pure functions, so that the whole table can be read and tested.

use std::{num::NonZeroU32, time::Duration};

use crate::wire::RetryPolicy;

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Read its body.
    Usable,
    /// The token is to blame: sign in once, repeat once.
    SignInAgain,
    /// The listing became shorter: start the window again, once.
    RestartListing,
    /// Asking again would bring the same.
    Refused,
    /// A redirect, which is never followed.
    Redirect,
    /// A passing failure of the service.
    TryAgain,
}

/// What an answer of the Data API means: by its `code` first, then by its status (section 7).
#[expect(clippy::match_same_arms, reason = "the order of the contract's table is the order of precedence")]
pub fn judge_data_answer(status: u16, code: Option<&str>) -> Verdict {
    match (code, status) {
        (_, 200..=299) => Verdict::Usable,
        (Some("expired_jwt"), _) => Verdict::SignInAgain,
        (Some("page_not_existing"), _) => Verdict::RestartListing,
        (
            Some(
                "authorization_header_missing"
                | "unexisting_metric"
                | "unexisting_time"
                | "missing_mandatory_param",
            ),
            _,
        ) => Verdict::Refused,
        (_, 401) => Verdict::SignInAgain,
        (_, 429) => Verdict::TryAgain,
        (_, 300..=399) => Verdict::Redirect,
        (_, 400..=499) => Verdict::Refused,
        (_, _) => Verdict::TryAgain,
    }
}

/// What an answer of the token address means (section 2). Every refusal is final: nothing about the same
/// credentials gets better by asking again.
pub fn judge_token_answer(status: u16) -> Verdict {
    match status {
        200..=299 => Verdict::Usable,
        300..=399 => Verdict::Redirect,
        429 => Verdict::TryAgain,
        400..=499 => Verdict::Refused,
        _ => Verdict::TryAgain,
    }
}

/// How patiently one request is tried.
pub(super) fn policy(max_attempts: NonZeroU32) -> RetryPolicy {
    RetryPolicy::new(Duration::from_millis(250), Duration::from_secs(30), max_attempts.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_documented_meaning() {
        for status in 100..=599 {
            let expected = match status {
                200..=299 => Verdict::Usable,
                300..=399 => Verdict::Redirect,
                401 => Verdict::SignInAgain,
                429 => Verdict::TryAgain,
                400..=499 => Verdict::Refused,
                _ => Verdict::TryAgain,
            };
            assert_eq!(judge_data_answer(status, None), expected, "{status}");
            assert_eq!(judge_data_answer(status, Some("something_new")), expected, "{status}");
            let expected = if status == 401 { Verdict::Refused } else { expected };
            assert_eq!(judge_token_answer(status), expected, "token {status}");
        }
    }

    #[test]
    fn a_known_code_counts_more_than_the_status() {
        for status in [400, 401, 403, 404, 500] {
            assert_eq!(judge_data_answer(status, Some("expired_jwt")), Verdict::SignInAgain);
            assert_eq!(judge_data_answer(status, Some("page_not_existing")), Verdict::RestartListing);
            assert_eq!(judge_data_answer(status, Some("authorization_header_missing")), Verdict::Refused);
            assert_eq!(judge_data_answer(status, Some("unexisting_metric")), Verdict::Refused);
        }
    }
}
