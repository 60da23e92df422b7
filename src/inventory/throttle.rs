//! How long to wait where the service says that it was asked too often (Angelcam contract, section 7): pure.

use std::time::Duration;

/// A service that wants more patience than this means the quota of the day. It is also the patience of a whole run.
pub(super) const MOST_PATIENCE: Duration = Duration::from_mins(15);

/// Where the service names no wait; it doubles with every such answer in a row.
const UNNAMED_WAIT: Duration = Duration::from_mins(1);

/// The least wait where the service names one; it doubles, so that a service which keeps naming none at all is not asked
/// hundreds of times.
const LEAST_NAMED_WAIT: Duration = Duration::from_secs(1);

/// The least wait never grows beyond this.
const LONGEST_LEAST_WAIT: Duration = Duration::from_mins(1);

/// Waiting `n + 1` seconds where the service names `n` is sure not to be early.
const MARGIN_SECONDS: u64 = 1;

/// What to do about an answer that says that it was asked too often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Throttled {
    /// Wait this long, then ask again.
    Wait(Duration),
    /// The run has not so much patience.
    Defer(Duration),
}

/// The waits of one run so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Throttling {
    in_a_row: u32,
    waited: Duration,
}

impl Throttling {
    /// Decides, and counts the wait as waited. `named` is how long the service wants us to wait.
    pub(super) fn judge(&mut self, named: Option<Duration>) -> Throttled {
        let doubled = |wait: Duration| wait.saturating_mul(1 << self.in_a_row.min(16));
        let wait = match named {
            Some(named) => named.max(doubled(LEAST_NAMED_WAIT).min(LONGEST_LEAST_WAIT)),
            None => doubled(UNNAMED_WAIT).min(MOST_PATIENCE),
        };
        let waited = self.waited.saturating_add(wait);
        if waited > MOST_PATIENCE {
            return Throttled::Defer(wait);
        }
        self.in_a_row += 1;
        self.waited = waited;
        Throttled::Wait(wait)
    }

    /// Notes an answer that says something else.
    pub(super) fn end_row(&mut self) {
        self.in_a_row = 0;
    }
}

/// How long the service wants us to wait, if it says so in either way: the longer one counts.
pub(super) fn named_wait(detail: Option<&str>, retry_after: Option<Duration>) -> Option<Duration> {
    detail.and_then(wait_in_words).max(retry_after)
}

/// The number before the first `second` that has one: `Expected available in 7 seconds.` A part of a second counts as a
/// whole.
fn wait_in_words(detail: &str) -> Option<Duration> {
    let number =
        detail.match_indices("second").find_map(|(index, _)| number_at_end(detail[..index].trim_end()))?;
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    // More digits than a number has room for are a very long time.
    let whole: u64 = whole.parse().unwrap_or(u64::MAX);
    let rounded_up = whole.saturating_add(u64::from(part.bytes().any(|digit| digit != b'0')));
    Some(Duration::from_secs(rounded_up.saturating_add(MARGIN_SECONDS)))
}

/// `… in 42.0` → `42.0`
fn number_at_end(text: &str) -> Option<&str> {
    let before = text.trim_end_matches(|character: char| character.is_ascii_digit() || character == '.');
    let number = &text[before.len()..];
    number.starts_with(|first: char| first.is_ascii_digit()).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(detail: &str) -> Option<u64> {
        named_wait(Some(detail), None).map(|wait| wait.as_secs())
    }

    fn once(named: Option<Duration>) -> Throttled {
        Throttling::default().judge(named)
    }

    fn wait(seconds: u64) -> Throttled {
        Throttled::Wait(Duration::from_secs(seconds))
    }

    #[test]
    fn angelcam_vector_09_the_wait_is_read_from_the_words() {
        let words = |wait: &str| format!("Request was throttled. Expected available in {wait}.");
        assert_eq!(seconds(&words("7 seconds")), Some(8));
        assert_eq!(seconds(&words("1 second")), Some(2));
        assert_eq!(seconds(&words("42.0 seconds")), Some(43));
        assert_eq!(once(named_wait(Some(&words("7 seconds")), None)), wait(8));
    }

    #[test]
    fn angelcam_vector_10_the_header_counts_too_and_a_quota_of_a_day_is_not_waited_for() {
        let words = Some("The rate limit has been reached");
        assert_eq!(once(named_wait(words, Some(Duration::from_secs(30)))), wait(30));
        assert_eq!(once(named_wait(words, None)), wait(60));
        let named = named_wait(Some("Expected available in 40000 seconds."), None);
        assert_eq!(once(named), Throttled::Defer(Duration::from_secs(40_001)));
    }

    #[test]
    fn the_longer_of_two_waits_counts() {
        let both = |header| named_wait(Some("in 7 seconds"), Some(Duration::from_secs(header)));
        assert_eq!(both(30), Some(Duration::from_secs(30)));
        assert_eq!(both(0), Some(Duration::from_secs(8)));
        assert_eq!(named_wait(None, Some(Duration::ZERO)), Some(Duration::ZERO));
    }

    #[test]
    fn words_are_read_as_far_as_they_name_seconds() {
        for (words, expected) in [
            ("in 7.2 seconds", Some(9)),
            ("in 7. seconds", Some(8)),
            ("in 0 seconds", Some(1)),
            ("7seconds", Some(8)),
            ("7 second", Some(8)),
            ("try 3 times in 7 seconds or 9 seconds", Some(8)),
            ("a second chance in 5 seconds", Some(6)),
            ("attendez… 5 seconds", Some(6)),
            ("in 99999999999999999999999 seconds", Some(u64::MAX)),
            ("in some seconds", None),
            ("in 7 minutes", None),
            ("in . seconds", None),
            ("second", None),
            ("", None),
        ] {
            assert_eq!(seconds(words), expected, "{words}");
        }
    }

    #[test]
    fn unnamed_waits_double_until_the_patience_of_the_run_is_spent() {
        let mut run = Throttling::default();
        assert_eq!([60, 120, 240, 480].map(|_| run.judge(None)), [60, 120, 240, 480].map(wait));
        assert_eq!(run.judge(None), Throttled::Defer(MOST_PATIENCE));
        assert_eq!(run.judge(Some(Duration::from_secs(1))), Throttled::Defer(Duration::from_secs(16)));
    }

    #[test]
    fn the_patience_is_that_of_the_run_and_the_doubling_that_of_the_request() {
        let mut run = Throttling::default();
        for _ in 0..3 {
            assert_eq!(run.judge(Some(Duration::from_mins(5))), wait(300));
            run.end_row();
        }
        assert!(matches!(run.judge(Some(Duration::ZERO)), Throttled::Defer(_)));
    }

    #[test]
    fn a_service_that_names_no_wait_worth_the_name_is_not_asked_for_ever() {
        let mut run = Throttling::default();
        let waits = std::iter::from_fn(|| match run.judge(Some(Duration::ZERO)) {
            Throttled::Wait(wait) => Some(wait.as_secs()),
            Throttled::Defer(_) => None,
        });
        let waits: Vec<u64> = waits.collect();
        assert_eq!(waits[..8], [1, 2, 4, 8, 16, 32, 60, 60]);
        assert!(waits.len() < 25 && waits.iter().sum::<u64>() <= 900, "{waits:?}");
    }

    #[test]
    fn a_quarter_of_an_hour_is_waited_for_and_a_second_more_is_not() {
        assert_eq!(once(Some(MOST_PATIENCE)), Throttled::Wait(MOST_PATIENCE));
        let more = MOST_PATIENCE + Duration::from_secs(1);
        assert_eq!(once(Some(more)), Throttled::Defer(more));
        assert_eq!(once(Some(Duration::MAX)), Throttled::Defer(Duration::MAX));
    }
}
