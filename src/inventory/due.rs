//! When an inventory is to be taken: pure.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::config::Inventory;

/// A listing may make the service contact every camera (Angelcam contract, section 6).
const SHORTEST_PAUSE: TimeDelta = TimeDelta::hours(1);

/// When it is due next: at the first time of its schedule, on the wall clock of `zone`, that comes after it was last taken,
/// and not within an hour of that. `None` where it never was taken, and so is due at once.
pub fn due_at(inventory: &Inventory, zone: Tz, last_success: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    let last = last_success?;
    let scheduled = inventory.schedule.next_after(last, zone).unwrap_or(DateTime::<Utc>::MAX_UTC);
    Some(scheduled.max(last + SHORTEST_PAUSE))
}

/// Whether its schedule has come since it was last taken, if it ever was, and an hour has passed since then. What was
/// taken by a clock that was more than an hour ahead counts as never taken.
pub fn is_due(
    inventory: &Inventory,
    zone: Tz,
    last_success: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> bool {
    let believed = last_success.filter(|last| *last <= now + SHORTEST_PAUSE);
    due_at(inventory, zone, believed).is_none_or(|due| due <= now)
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc};

    use proptest::prelude::*;

    use super::*;
    use crate::config::Config;

    fn inventory(schedule: &str) -> Arc<Inventory> {
        let text = format!(
            "output_dir = \"data\"\nstate_dir = \"state\"\n\
             [[streams]]\nname = \"lobby\"\nusername = \"u\"\nclient_id = \"c\"\naccess_token = \"t\"\n\
             [[jobs]]\nname = \"hourly\"\n\
             [[accounts]]\nname = \"angelcam\"\nkind = \"angelcam\"\nclient_id = \"CID\"\n\
             [[inventories]]\nname = \"cameras\"\naccount = \"angelcam\"\nschedule = \"{schedule}\"\n"
        );
        let config = Config::parse(&text, Path::new("exporter.toml")).map_err(|error| error.to_string());
        Arc::clone(&config.unwrap().inventories[0])
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn due(schedule: &str, zone: Tz, last: &str, now: &str) -> bool {
        is_due(&inventory(schedule), zone, Some(at(last)), at(now))
    }

    #[test]
    fn what_was_never_taken_is_due() {
        assert!(is_due(&inventory("0 4 * * *"), Tz::UTC, None, at("2026-03-02T09:00:00Z")));
        assert_eq!(due_at(&inventory("0 4 * * *"), Tz::UTC, None), None);
    }

    #[test]
    fn a_daily_inventory_is_due_at_its_hour_of_the_zone() {
        let zone = Tz::Europe__Paris;
        let last = "2026-03-02T03:00:07Z";
        assert!(!due("0 4 * * *", zone, last, "2026-03-03T02:59:59Z"));
        assert!(due("0 4 * * *", zone, last, "2026-03-03T03:00:00Z"));
        assert!(due("0 4 * * *", zone, last, "2026-03-09T15:00:00Z"));
    }

    #[test]
    fn an_hour_passes_between_two_listings_whatever_the_schedule() {
        let last = "2026-03-02T09:40:00Z";
        assert!(!due("0 * * * *", Tz::UTC, last, "2026-03-02T10:39:59Z"));
        assert!(due("0 * * * *", Tz::UTC, last, "2026-03-02T10:40:00Z"));
    }

    #[test]
    fn a_clock_that_was_ahead_holds_nothing_up_for_longer_than_an_hour_or_two() {
        let now = "2026-03-02T09:00:00Z";
        assert!(!due("0 * * * *", Tz::UTC, "2026-03-02T09:00:01Z", now));
        assert!(due("0 * * * *", Tz::UTC, "2027-03-02T09:00:00Z", now));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn once_due_it_stays_due_until_it_is_taken(last in 0_i64..100_000_000, passed in 0_i64..200_000) {
            let inventory = inventory("30 2,14 * * *");
            let last = DateTime::from_timestamp(1_700_000_000 + last, 0).unwrap();
            let is_due_after = |seconds| {
                is_due(&inventory, Tz::Europe__Paris, Some(last), last + TimeDelta::seconds(seconds))
            };
            let due = due_at(&inventory, Tz::Europe__Paris, Some(last)).unwrap();
            prop_assert_eq!(is_due_after(passed), (due - last).num_seconds() <= passed);
            prop_assert!(!is_due_after(3599));
            prop_assert!(is_due_after(2 * 86_400));
        }
    }
}
