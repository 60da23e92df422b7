//! So many requests in a minute, and no more.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

const MINUTE: TimeDelta = TimeDelta::seconds(60);

/// Counts the requests of one account over the minute that ends now. Those that are turned away do not count.
pub(super) struct Throttle {
    per_minute: u32,
    admitted: VecDeque<DateTime<Utc>>,
}

impl Throttle {
    /// A throttle; with `u32::MAX` it turns nobody away.
    pub(super) fn new(per_minute: u32) -> Self {
        Self { per_minute, admitted: VecDeque::new() }
    }

    /// Admits a request, or tells after how many whole seconds one will be admitted.
    pub(super) fn admit(&mut self, now: DateTime<Utc>) -> Result<(), u64> {
        if self.per_minute == u32::MAX {
            return Ok(());
        }
        while self.admitted.front().is_some_and(|first| now - *first >= MINUTE) {
            self.admitted.pop_front();
        }
        if self.admitted.len() < self.per_minute as usize {
            self.admitted.push_back(now);
            return Ok(());
        }
        let left = self.admitted.front().map_or(MINUTE, |first| MINUTE - (now - *first));
        let milliseconds = u64::try_from(left.num_milliseconds()).unwrap_or(0);
        Err(milliseconds.div_ceil(1000).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::parse_label;

    #[test]
    fn the_told_wait_is_enough_and_not_longer_than_needed() {
        let start = parse_label("2026-03-02T08:00:00Z").unwrap();
        let at = |milliseconds| start + TimeDelta::milliseconds(milliseconds);
        let mut throttle = Throttle::new(2);
        assert_eq!((throttle.admit(at(0)), throttle.admit(at(30_500))), (Ok(()), Ok(())));
        assert_eq!(throttle.admit(at(53_000)), Err(7));
        assert_eq!(throttle.admit(at(53_001)), Err(7));
        assert_eq!(throttle.admit(at(59_999)), Err(1));
        assert_eq!(throttle.admit(at(60_000)), Ok(()));
        assert_eq!(throttle.admit(at(60_000)), Err(31));
    }

    #[test]
    fn without_a_figure_nobody_waits_and_with_nought_everybody() {
        let now = parse_label("2026-03-02T08:00:00Z").unwrap();
        let mut open = Throttle::new(u32::MAX);
        assert!((0..1000).all(|_| open.admit(now).is_ok()));
        assert!(open.admitted.is_empty());
        assert_eq!(Throttle::new(0).admit(now), Err(60));
    }
}
