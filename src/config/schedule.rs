//! Cron lines.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use croner::{
    errors::CronError,
    parser::{CronParser, Seconds, Year},
};

use super::Schedule;

/// Why a text is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ScheduleError(String);

impl Schedule {
    /// Reads a cron line of five fields, or of six with seconds first.
    pub fn parse(line: &str) -> Result<Self, ScheduleError> {
        let fields: Vec<&str> = line.split_whitespace().collect();
        match fields.len() {
            5 | 6 => {}
            1 => return Err(ScheduleError("1 field".to_owned())),
            count => return Err(ScheduleError(format!("{count} fields"))),
        }
        // croner takes a lone comma for "never", and then searches for minutes.
        if fields.iter().any(|field| field.split(',').any(str::is_empty)) {
            return Err(ScheduleError("nothing before or after a comma".to_owned()));
        }
        let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build();
        let cron = parser.parse(line).map_err(|error| ScheduleError(reason(&error)))?;
        let schedule = Self { line: line.to_owned(), cron };
        match schedule.next_after(DateTime::UNIX_EPOCH, Tz::UTC) {
            Some(_) => Ok(schedule),
            None => Err(ScheduleError("it is never due".to_owned())),
        }
    }

    /// The line as it was written.
    pub fn as_str(&self) -> &str {
        &self.line
    }

    /// The first time after `instant` that is due on the wall clock of `zone`. A line with one time a day is due once on
    /// every day: where the clock skips that time, right after the gap, and where it repeats it, the first time. An hourly
    /// line is due every hour. Other lines go by what the clock shows: what it skips is not due, what it repeats is twice.
    pub fn next_after(&self, instant: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        let next = self.cron.find_next_occurrence(&instant.with_timezone(&zone), false).ok()?;
        Some(next.with_timezone(&Utc))
    }
}

/// croner's reason, in lower case and without a full stop.
fn reason(error: &CronError) -> String {
    let text = match error {
        CronError::InvalidPattern(text)
        | CronError::IllegalCharacters(text)
        | CronError::ComponentError(text) => text.clone(),
        other => other.to_string(),
    };
    text.trim_end_matches('.').to_lowercase()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::to_display;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn next(line: &str, after: &str, zone: Tz) -> String {
        let next = Schedule::parse(line).unwrap().next_after(utc(after), zone);
        next.map_or_else(|| "never".to_owned(), to_display)
    }

    #[test]
    fn the_next_time_is_strictly_after() {
        let zone = Tz::UTC;
        assert_eq!(next("5 * * * *", "2026-03-02T09:04:59.999Z", zone), "2026-03-02T09:05:00Z");
        assert_eq!(next("5 * * * *", "2026-03-02T09:05:00Z", zone), "2026-03-02T10:05:00Z");
        assert_eq!(next("5 * * * *", "2026-03-02T09:05:00.001Z", zone), "2026-03-02T10:05:00Z");
        assert_eq!(next("30 5 * * * *", "2026-03-02T09:05:00Z", zone), "2026-03-02T09:05:30Z");
        assert_eq!(next("0 0 29 2 *", "2026-03-02T09:05:00Z", zone), "2028-02-29T00:00:00Z");
    }

    #[test]
    fn a_daily_line_is_due_once_a_day_when_the_clock_changes() {
        let zone = Tz::Europe__Paris;
        let skipped = next("30 2 * * *", "2026-03-28T12:00:00Z", zone);
        assert_eq!(skipped, "2026-03-29T01:00:00Z");
        assert_eq!(next("30 2 * * *", &skipped, zone), "2026-03-30T00:30:00Z");
        let repeated = next("30 2 * * *", "2026-10-24T12:00:00Z", zone);
        assert_eq!(repeated, "2026-10-25T00:30:00Z");
        assert_eq!(next("30 2 * * *", &repeated, zone), "2026-10-26T01:30:00Z");
        assert_eq!(next("0 9 * * *", "2026-10-24T07:00:00Z", zone), "2026-10-25T08:00:00Z");
    }

    #[test]
    fn an_hourly_line_is_due_every_hour_when_the_clock_changes() {
        let schedule = Schedule::parse("5 * * * *").unwrap();
        for zone in [Tz::Europe__Paris, Tz::America__New_York, Tz::Australia__Sydney] {
            let mut instant = utc("2026-01-01T00:05:00Z");
            while instant < utc("2027-01-01T00:00:00Z") {
                let next = schedule.next_after(instant, zone).unwrap();
                assert_eq!((next - instant).num_minutes(), 60, "{zone} {instant}");
                instant = next;
            }
        }
    }

    #[test]
    fn what_is_no_schedule_is_refused_with_the_reason() {
        for (line, reason) in [
            ("", "0 fields"),
            ("5 * * *", "4 fields"),
            ("0 0 5 * * * 2026", "7 fields"),
            ("@hourly", "1 field"),
            ("61 * * * *", "number out of bounds"),
            ("*/0 * * * *", "step cannot be zero"),
            (", * * * *", "nothing before or after a comma"),
            ("5,,10 * * * *", "nothing before or after a comma"),
            ("0 0 30 2 *", "it is never due"),
            ("a * * * *", "cronpattern contains illegal character 'a' in part 'a'"),
        ] {
            let error = Schedule::parse(line).unwrap_err();
            assert_eq!(error.to_string(), reason, "{line}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_text_is_judged_without_a_panic(line in "[0-9*/,#LW?+ -]{0,9}( [0-9*,-]{1,3}){0,5}") {
            if let Ok(schedule) = Schedule::parse(&line) {
                let start = utc("2026-10-25T00:30:00Z");
                let next = schedule.next_after(start, Tz::Europe__Paris);
                prop_assert!(next.is_none_or(|next| next > start));
            }
        }
    }
}
