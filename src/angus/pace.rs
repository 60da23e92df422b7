//! The budget that all streams share: requests in flight, and requests started per second.

use std::{sync::Mutex, time::Duration};

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::Instant,
};

/// Whatever the configured rate, one request an hour is allowed.
const SLOWEST_INTERVAL_SECONDS: f64 = 3600.0;

/// The shortest wait that the runtime can make.
const TIMER_RESOLUTION: Duration = Duration::from_millis(1);

/// Hands out the right to send one request.
pub(super) struct Pace {
    in_flight: Semaphore,
    interval: Duration,
    next_start: Mutex<Option<Instant>>,
}

impl Pace {
    /// `concurrency` requests in flight, `per_second` (above zero) started each second.
    pub(super) fn new(concurrency: usize, per_second: f64) -> Self {
        let interval = Duration::from_secs_f64((1.0 / per_second).clamp(0.0, SLOWEST_INTERVAL_SECONDS));
        Self { in_flight: Semaphore::new(concurrency), interval, next_start: Mutex::new(None) }
    }

    /// Waits for a free place and for this request's turn; the place is free again when the permit is dropped.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed; if it were, going on without a permit is the lesser evil.
        let permit = self.in_flight.acquire().await.ok();
        let now = Instant::now();
        let start = self.book_start(now);
        // The runtime tells milliseconds apart: waiting for less would take one. What is booked stays booked, so that no
        // more requests start in a second.
        if start >= now + TIMER_RESOLUTION {
            tokio::time::sleep_until(start).await;
        }
        permit
    }

    fn book_start(&self, now: Instant) -> Instant {
        let mut next_start = self.next_start.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let start = next_start.map_or(now, |next| next.max(now));
        *next_start = Some(start + self.interval);
        start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absurd_rate_is_slow_and_no_more() {
        let pace = Pace::new(1, f64::MIN_POSITIVE);
        let begin = Instant::now();
        pace.book_start(begin);
        assert_eq!(pace.book_start(begin), begin + Duration::from_hours(1));
    }

    #[test]
    fn starts_are_booked_one_interval_apart_and_idle_time_is_not_saved_up() {
        let pace = Pace::new(8, 4.0);
        let begin = Instant::now();
        let quarter = Duration::from_millis(250);
        assert_eq!(pace.book_start(begin), begin);
        assert_eq!(pace.book_start(begin), begin + quarter);
        assert_eq!(pace.book_start(begin), begin + 2 * quarter);
        let later = begin + 40 * quarter;
        assert_eq!(pace.book_start(later), later);
        assert_eq!(pace.book_start(later), later + quarter);
    }
}
