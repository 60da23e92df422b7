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
        let ended = begun + i64::from(now.timestamp_subsec_nanos() % 1_000_000 > 0);
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
