//! Numbers and times as people read them. Pure.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

/// `1,234,567`
pub fn grouped(number: impl TryInto<i64>) -> String {
    let number: i64 = number.try_into().unwrap_or(i64::MAX);
    let digits = number.unsigned_abs().to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    format!("{}{}", if number < 0 { "-" } else { "" }, groups.join(","))
}

/// `1 row`, `2 rows`
pub fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// `2026-11-21 14:00`, in the camera's zone.
pub fn local(instant: DateTime<Utc>, zone: Tz) -> String {
    instant.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string()
}

/// `12d`, `3h`, `15m`: how long something is, in its largest unit.
pub fn rough(duration: TimeDelta) -> String {
    match duration {
        long if long >= TimeDelta::days(2) => format!("{}d", long.num_days()),
        long if long >= TimeDelta::hours(2) => format!("{}h", long.num_hours()),
        long if long >= TimeDelta::minutes(1) => format!("{}m", long.num_minutes()),
        long => format!("{}s", long.num_seconds().max(0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(45_483_871), "45,483,871");
        assert_eq!(grouped(-1_234), "-1,234");
        assert_eq!(counted(1, "row"), "1 row");
        assert_eq!(counted(1_000, "row"), "1,000 rows");
    }

    #[test]
    fn durations_show_their_largest_unit() {
        assert_eq!(rough(TimeDelta::seconds(59)), "59s");
        assert_eq!(rough(TimeDelta::minutes(90)), "90m");
        assert_eq!(rough(TimeDelta::hours(47)), "47h");
        assert_eq!(rough(TimeDelta::days(12)), "12d");
    }
}
