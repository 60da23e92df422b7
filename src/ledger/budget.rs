//! How many requests an account may still make: its limits hold over all processes and restarts.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::{Ledger, LedgerError};

/// At most so many requests in any window of this length. Where that is none, no request is ever let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Limit {
    pub window: TimeDelta,
    pub requests: u32,
}

impl Limit {
    /// In milliseconds, a part of one counting as a whole.
    fn window_millis(&self) -> i64 {
        let millis = self.window.num_milliseconds();
        millis + i64::from(TimeDelta::milliseconds(millis) < self.window)
    }
}

impl Ledger {
    /// Takes one request from what the account may make: `None` means go on, it is counted; an instant means that nothing
    /// may be asked before it. All calls for one account name the same limits. What was counted in the future, by a clock
    /// that was set back since, counts as made now, and so holds nothing up for longer than a window.
    pub fn take_request(
        &self,
        account: &str,
        limits: &[Limit],
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, LedgerError> {
        // A request counts from the end of its millisecond, and may be made from the start of one.
        let begun = now.timestamp_millis();
        let ended = begun + i64::from(!now.timestamp_subsec_nanos().is_multiple_of(1_000_000));
        self.write(|transaction| {
            let clamp = "UPDATE requests SET at = ?2 WHERE account = ?1 AND at > ?2";
            transaction.prepare_cached(clamp)?.execute(params![account, ended])?;
            let longest = limits.iter().map(Limit::window_millis).max().unwrap_or(0);
            let prune = "DELETE FROM requests WHERE account = ?1 AND at <= ?2";
            transaction.prepare_cached(prune)?.execute(params![account, begun.saturating_sub(longest)])?;
            let mut free_at = None;
            for limit in limits {
                free_at = free_at.max(busy_until(transaction, account, limit, begun)?);
            }
            if free_at.is_none() {
                let count = "INSERT INTO requests (account, at) VALUES (?1, ?2)";
                transaction.prepare_cached(count)?.execute(params![account, ended])?;
            }
            Ok(free_at.map(|at| DateTime::from_timestamp_millis(at).unwrap_or(DateTime::<Utc>::MAX_UTC)))
        })
    }
}

/// The end of the window, in milliseconds since 1970, that holds as many requests as one may; `None` where it is over.
fn busy_until(
    connection: &Connection,
    account: &str,
    limit: &Limit,
    now: i64,
) -> rusqlite::Result<Option<i64>> {
    let Some(others) = limit.requests.checked_sub(1) else {
        return Ok(Some(now.saturating_add(limit.window_millis()).max(now + 1)));
    };
    let sql = "SELECT at FROM requests WHERE account = ?1 ORDER BY at DESC LIMIT 1 OFFSET ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let first: Option<i64> = statement.query_row(params![account, others], |row| row.get(0)).optional()?;
    Ok(first.map(|at| at.saturating_add(limit.window_millis())).filter(|end| *end > now))
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn open() -> (tempfile::TempDir, Ledger) {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path()).unwrap();
        (folder, ledger)
    }

    fn micros(number: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_225_600, 0).unwrap() + TimeDelta::microseconds(number)
    }

    fn seconds(number: i64) -> DateTime<Utc> {
        micros(number * 1_000_000)
    }

    const MINUTE: Limit = Limit { window: TimeDelta::seconds(60), requests: 2 };
    const DAY: Limit = Limit { window: TimeDelta::seconds(86_400), requests: 3 };

    #[test]
    fn what_is_spent_comes_back_when_its_window_is_over() {
        let (_folder, ledger) = open();
        let table = [
            (0, None),
            (10, None),
            (11, Some(60)),
            (59, Some(60)),
            (60, None),
            // The day's three are spent, and the first of them was at 0.
            (61, Some(86_400)),
            (86_399, Some(86_400)),
            (86_400, None),
            (86_401, Some(86_410)),
        ];
        for (now, expected) in table {
            let answer = ledger.take_request("angelcam", &[MINUTE, DAY], seconds(now)).unwrap();
            assert_eq!(answer, expected.map(seconds), "at {now}");
        }
    }

    #[test]
    fn accounts_do_not_share_a_budget_and_processes_do() {
        let (folder, ledger) = open();
        for _ in 0..2 {
            assert_eq!(ledger.take_request("angelcam", &[MINUTE], seconds(0)).unwrap(), None);
        }
        let other = Ledger::open(folder.path()).unwrap();
        assert_eq!(other.take_request("angelcam", &[MINUTE], seconds(1)).unwrap(), Some(seconds(60)));
        assert_eq!(other.take_request("partner", &[MINUTE], seconds(1)).unwrap(), None);
    }

    #[test]
    fn without_limits_nothing_is_held_up_and_with_none_to_spend_everything_is() {
        let (_folder, ledger) = open();
        for _ in 0..5 {
            assert_eq!(ledger.take_request("angelcam", &[], seconds(0)).unwrap(), None);
        }
        let closed = Limit { requests: 0, ..MINUTE };
        assert_eq!(ledger.take_request("angelcam", &[closed], seconds(0)).unwrap(), Some(seconds(60)));
    }

    #[test]
    fn what_no_window_reaches_any_more_is_forgotten() {
        let (_folder, ledger) = open();
        for now in [0, 1, 86_400] {
            assert_eq!(ledger.take_request("angelcam", &[MINUTE, DAY], seconds(now)).unwrap(), None);
        }
        let sql = "SELECT count(*) FROM requests";
        let kept = ledger.read(|connection| connection.query_row(sql, [], |row| row.get::<_, i64>(0)));
        assert_eq!(kept.unwrap(), 2);
    }

    #[test]
    fn a_clock_that_is_set_back_holds_nothing_up_for_longer_than_a_window() {
        let (_folder, ledger) = open();
        for _ in 0..2 {
            assert_eq!(ledger.take_request("angelcam", &[MINUTE], seconds(1_000_000)).unwrap(), None);
        }
        assert_eq!(ledger.take_request("angelcam", &[MINUTE], seconds(0)).unwrap(), Some(seconds(60)));
        assert_eq!(ledger.take_request("angelcam", &[MINUTE], seconds(30)).unwrap(), Some(seconds(60)));
        assert_eq!(ledger.take_request("angelcam", &[MINUTE], seconds(60)).unwrap(), None);
    }

    #[test]
    fn limits_that_reach_beyond_all_time_are_kept() {
        let (_folder, ledger) = open();
        let once = Limit { window: TimeDelta::MAX, requests: 1 };
        assert_eq!(ledger.take_request("angelcam", &[once], seconds(0)).unwrap(), None);
        let for_ever = Some(DateTime::<Utc>::MAX_UTC);
        assert_eq!(ledger.take_request("angelcam", &[once], seconds(1)).unwrap(), for_ever);
    }

    fn limits() -> impl Strategy<Value = Vec<Limit>> {
        let limit = (1..20_000_i64, 1..5_u32)
            .prop_map(|(window, requests)| Limit { window: TimeDelta::microseconds(window), requests });
        vec(limit, 1..4)
    }

    /// No window holds more requests than it may.
    fn is_kept(limit: &Limit, made: &[DateTime<Utc>]) -> bool {
        made.windows(limit.requests as usize + 1).all(|some| *some.last().unwrap() - some[0] >= limit.window)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_window_ever_holds_more_than_its_limit(
            limits in limits(),
            steps in vec(0..4_000_i64, 1..60),
        ) {
            let (_folder, ledger) = open();
            let (mut now, mut made) = (0, Vec::new());
            for step in steps {
                now += step;
                match ledger.take_request("angelcam", &limits, micros(now)).unwrap() {
                    None => made.push(micros(now)),
                    Some(free_at) => prop_assert!(free_at > micros(now)),
                }
            }
            for limit in &limits {
                prop_assert!(is_kept(limit, &made), "{limit:?}: {made:?}");
            }
        }

        /// Steps go back too: clocks are set.
        #[test]
        fn a_wait_that_is_obeyed_is_enough_and_no_longer_than_the_longest_window(
            limits in limits(),
            steps in vec(-4_000..4_000_i64, 1..30),
        ) {
            let (_folder, ledger) = open();
            let longest = limits.iter().map(|limit| limit.window).max().unwrap();
            let mut now = micros(0);
            for step in steps {
                now += TimeDelta::microseconds(step);
                if let Some(free_at) = ledger.take_request("angelcam", &limits, now).unwrap() {
                    // Both are kept in whole milliseconds.
                    prop_assert!(free_at - now < longest + TimeDelta::milliseconds(2));
                    now = free_at;
                    prop_assert_eq!(ledger.take_request("angelcam", &limits, now).unwrap(), None);
                }
            }
        }
    }
}
