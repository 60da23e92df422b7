//! Cron lines into ticks: pure.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::config::Schedule;

/// A clock that went back by less than this was only corrected.
const CORRECTION: TimeDelta = TimeDelta::seconds(5);

/// A time of one schedule has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tick {
    /// Which schedule, by its place in the agenda.
    pub entry: usize,
    /// The first of its times that came since the last look.
    pub due: DateTime<Utc>,
}

/// Schedules on the wall clock of one zone, and when each is due next. How a line meets a clock that
/// is changed, [`Schedule::next_after`] tells. Times
/// that nobody looked for (a machine that slept, a clock set forward) are one tick together. A clock set back makes no
/// tick, and what was due once is due again when its time comes again.
pub struct Agenda {
    zone: Tz,
    last_look: DateTime<Utc>,
    entries: Vec<Entry>,
}

struct Entry {
    schedule: Schedule,
    /// `None` where it is never due again.
    next: Option<DateTime<Utc>>,
}

impl Agenda {
    /// Of these schedules, from `now` on.
    pub fn new(schedules: impl IntoIterator<Item = Schedule>, zone: Tz, now: DateTime<Utc>) -> Self {
        let entry = |schedule: Schedule| Entry { next: schedule.next_after(now, zone), schedule };
        Self { zone, last_look: now, entries: schedules.into_iter().map(entry).collect() }
    }

    /// What has become due since the last look, in order of the entries.
    pub fn look(&mut self, now: DateTime<Utc>) -> Vec<Tick> {
        let was_set_back = now < self.last_look - CORRECTION;
        self.last_look = if was_set_back { now } else { self.last_look.max(now) };
        let zone = self.zone;
        let mut ticks = Vec::new();
        for (index, entry) in self.entries.iter_mut().enumerate() {
            if was_set_back {
                entry.next = entry.schedule.next_after(now, zone);
            }
            if let Some(due) = entry.next.filter(|due| *due <= now) {
                entry.next = entry.schedule.next_after(now, zone);
                ticks.push(Tick { entry: index, due });
            }
        }
        ticks
    }

    /// When an entry is due next; `None` where it never is, or there is none.
    pub fn next(&self, entry: usize) -> Option<DateTime<Utc>> {
        self.entries.get(entry)?.next
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn agenda(line: &str, zone: Tz, now: &str) -> Agenda {
        Agenda::new([Schedule::parse(line).unwrap()], zone, utc(now))
    }

    fn dues(agenda: &mut Agenda, now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        agenda.look(now).into_iter().map(|tick| tick.due).collect()
    }

    #[test]
    fn a_time_is_one_tick_at_the_first_look_that_is_not_before_it() {
        let mut agenda = agenda("5 * * * *", Tz::UTC, "2026-03-02T09:00:00Z");
        assert!(dues(&mut agenda, utc("2026-03-02T09:04:59.999Z")).is_empty());
        assert_eq!(dues(&mut agenda, utc("2026-03-02T09:05:00Z")), [utc("2026-03-02T09:05:00Z")]);
        assert!(dues(&mut agenda, utc("2026-03-02T09:05:00Z")).is_empty(), "doubled look");
        assert_eq!(agenda.next(0), Some(utc("2026-03-02T10:05:00Z")));
        assert_eq!(agenda.next(1), None);
    }

    #[test]
    fn what_was_missed_in_a_sleep_is_one_tick() {
        let mut agenda = agenda("5 * * * *", Tz::UTC, "2026-03-02T09:00:00Z");
        assert_eq!(dues(&mut agenda, utc("2026-03-05T17:30:00Z")), [utc("2026-03-02T09:05:00Z")]);
        assert_eq!(agenda.next(0), Some(utc("2026-03-05T18:05:00Z")));
    }

    #[test]
    fn a_clock_set_back_makes_no_tick_and_does_not_silence_the_schedule() {
        let mut agenda = agenda("5 * * * *", Tz::UTC, "2026-03-02T09:00:00Z");
        assert_eq!(dues(&mut agenda, utc("2027-01-01T00:05:00Z")).len(), 1, "a clock a year ahead");
        assert!(dues(&mut agenda, utc("2026-03-02T09:01:00Z")).is_empty());
        assert_eq!(agenda.next(0), Some(utc("2026-03-02T09:05:00Z")));
        assert_eq!(dues(&mut agenda, utc("2026-03-02T09:05:01Z")).len(), 1);
    }

    #[test]
    fn a_small_correction_of_the_clock_doubles_no_tick() {
        let mut agenda = agenda("5 * * * *", Tz::UTC, "2026-03-02T09:00:00Z");
        assert_eq!(dues(&mut agenda, utc("2026-03-02T09:05:00.2Z")).len(), 1);
        assert!(dues(&mut agenda, utc("2026-03-02T09:04:59.8Z")).is_empty());
        assert!(dues(&mut agenda, utc("2026-03-02T09:05:00.8Z")).is_empty());
    }

    const ZONES: [Tz; 4] =
        [Tz::Europe__Paris, Tz::America__New_York, Tz::Australia__Lord_Howe, Tz::Asia__Kolkata];

    /// Ticks of a year, looked for every `step`.
    fn year(line: &str, zone: Tz, step: TimeDelta) -> Vec<DateTime<Utc>> {
        let mut now = utc("2026-01-01T00:00:00Z");
        let mut agenda = Agenda::new([Schedule::parse(line).unwrap()], zone, now);
        let mut ticks = Vec::new();
        while now < utc("2027-01-01T00:00:00Z") {
            now += step;
            ticks.extend(dues(&mut agenda, now));
        }
        ticks
    }

    #[test]
    fn a_year_of_hourly_ticks_has_one_every_hour_in_every_zone() {
        for zone in ZONES {
            let ticks = year("5 * * * *", zone, TimeDelta::minutes(5));
            let gaps = ticks.windows(2).map(|pair| (pair[1] - pair[0]).num_minutes());
            let odd: Vec<i64> = gaps.filter(|gap| *gap != 60).collect();
            // Lord Howe turns its clock by half an hour: the one hour that is half repeated, or half skipped.
            let allowed: &[i64] = if zone == Tz::Australia__Lord_Howe { &[30, 90] } else { &[] };
            assert!(odd.iter().all(|gap| allowed.contains(gap)), "{zone}: {odd:?}");
            assert!((8759..=8761).contains(&ticks.len()), "{zone}: {}", ticks.len());
        }
    }

    #[test]
    fn a_year_of_daily_ticks_has_one_on_every_local_day_in_every_zone() {
        for line in ["30 2 * * *", "15 2 * * *", "0 9 * * *", "45 1 * * *", "0 0 * * *"] {
            for zone in ZONES {
                let ticks = year(line, zone, TimeDelta::minutes(15));
                let days: std::collections::BTreeSet<_> =
                    ticks.iter().map(|tick| tick.with_timezone(&zone).date_naive()).collect();
                assert_eq!(days.len(), ticks.len(), "{zone} {line}: twice on one day");
                assert_eq!(days.len(), 365, "{zone} {line}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// However the clock jumps: a look that is not before a time that was told brings a tick, and a look never
        /// brings more than one for a schedule.
        #[test]
        fn what_is_told_to_be_next_comes(jumps in prop::collection::vec(-200_000_i64..200_000, 1..40)) {
            let mut now = utc("2026-10-24T00:00:00Z");
            let mut agenda = Agenda::new(
                [Schedule::parse("*/7 * * * *").unwrap(), Schedule::parse("30 2 * * *").unwrap()],
                Tz::Europe__Paris,
                now,
            );
            for jump in jumps {
                let before = now;
                now += TimeDelta::seconds(jump);
                let was_due: Vec<bool> =
                    (0..2).map(|entry| agenda.next(entry).is_some_and(|next| next <= now)).collect();
                let ticks = agenda.look(now);
                for (entry, was_due) in was_due.into_iter().enumerate() {
                    let came = ticks.iter().filter(|tick| tick.entry == entry).count();
                    prop_assert!(came <= 1);
                    if now >= before {
                        prop_assert_eq!(came == 1, was_due);
                    }
                    let next = agenda.next(entry).unwrap();
                    prop_assert!(next > now - CORRECTION && next <= now + TimeDelta::days(2));
                }
            }
        }
    }
}
