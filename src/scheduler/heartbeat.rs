//! When to look at the clock again: when something is next due, when somebody rings, and now and then in any case.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{sync::Notify, time::sleep_until};

/// The longest time between two beats. Time that is slept away with the machine, and a wall clock that is set, are seen
/// by nothing else: a tick can come late by so much then, and only then.
const LONGEST_REST: Duration = Duration::from_secs(10);

/// The shortest: a time that is a moment away needs no beat of its own before it.
const SHORTEST_REST: Duration = Duration::from_millis(1);

/// Tells a heartbeat that there may be something new to look at. Its clones ring the same one.
#[derive(Clone, Default)]
pub struct Bell(Arc<Notify>);

impl Bell {
    /// Makes the next beat come at once. Ringing twice before it is ringing once.
    pub fn ring(&self) {
        self.0.notify_one();
    }
}

/// Beats when it is time to look.
pub struct Heartbeat {
    next: Instant,
}

impl Heartbeat {
    /// The first beat comes at once.
    pub fn new() -> Self {
        Self { next: Instant::now() }
    }

    /// Waits for the next beat: the time that was set, or `bell`. Without [`rest`](Self::rest) afterwards the one that
    /// follows comes at once. May be given up at any time.
    pub async fn beat(&mut self, bell: &Bell) {
        tokio::select! {
            () = sleep_until(self.next.into()) => {}
            () = bell.0.notified() => {}
        }
    }

    /// Sets the next beat, so long after `now`; sooner where that is longer than a clock may go unseen.
    pub fn rest(&mut self, now: Instant, rest: Duration) {
        self.next = now + rest.clamp(SHORTEST_REST, LONGEST_REST);
    }
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of beats in a time of this length, where everybody waits but the clock of the test.
    async fn beats(heartbeat: &mut Heartbeat, bell: &Bell, rest: Duration, time: Duration) -> u32 {
        let end = tokio::time::Instant::now() + time;
        let mut beats = 0;
        loop {
            tokio::select! {
                biased;
                () = heartbeat.beat(bell) => {
                    beats += 1;
                    heartbeat.rest(tokio::time::Instant::now().into_std(), rest);
                }
                () = sleep_until(end) => return beats,
            }
        }
    }

    fn run<T>(test: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
    }

    #[test]
    fn it_beats_at_once_then_after_each_rest() {
        run(async {
            let (mut heartbeat, bell) = (Heartbeat::new(), Bell::default());
            let (rest, time) = (Duration::from_millis(1), Duration::from_millis(50));
            assert!(beats(&mut heartbeat, &bell, rest, time).await > 1);
            let (rest, time) = (Duration::from_hours(1), Duration::from_millis(1));
            assert!(beats(&mut heartbeat, &bell, rest, time).await <= 1);
        });
    }

    #[test]
    fn a_rest_is_never_longer_than_a_clock_may_go_unseen() {
        let (mut heartbeat, now) = (Heartbeat::new(), Instant::now());
        for (rest, expected) in [
            (Duration::ZERO, SHORTEST_REST),
            (Duration::from_secs(3), Duration::from_secs(3)),
            (LONGEST_REST, LONGEST_REST),
            (Duration::from_hours(1), LONGEST_REST),
            (Duration::MAX, LONGEST_REST),
        ] {
            heartbeat.rest(now, rest);
            assert_eq!(heartbeat.next - now, expected, "{rest:?}");
        }
    }

    #[test]
    fn a_ring_brings_one_beat_also_where_it_came_before_anybody_waited() {
        run(async {
            let (mut heartbeat, bell) = (Heartbeat::new(), Bell::default());
            heartbeat.rest(Instant::now(), LONGEST_REST);
            for _ in 0..3 {
                bell.clone().ring();
            }
            heartbeat.beat(&bell).await;
            let second = tokio::time::timeout(Duration::from_millis(20), heartbeat.beat(&bell)).await;
            assert!(second.is_err(), "three rings are one beat");
        });
    }
}
