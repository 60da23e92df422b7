//! The hours of the week: when people come.

use chrono::{DateTime, Datelike, Timelike, Utc};
use chrono_tz::Tz;

use crate::row::{Count, Row};

/// One hour of the week.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HourOfWeek {
    people: i64,
    /// How many buckets with a known count began in it.
    pub buckets: u64,
}

/// How many people came by in each hour of the local week, from Monday.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Week([[HourOfWeek; 24]; 7]);

impl HourOfWeek {
    /// The mean of its buckets; `None` where there is none.
    pub fn passing_by(self) -> Option<f64> {
        (self.buckets > 0).then(|| self.people as f64 / self.buckets as f64)
    }
}

impl Week {
    /// Adds one bucket, which began at `start`.
    pub fn add(&mut self, start: DateTime<Utc>, zone: Tz, row: &Row) {
        let Some(people) = row.count(Count::PassingBy) else { return };
        let local = start.with_timezone(&zone);
        let hour = &mut self.0[local.weekday().num_days_from_monday() as usize][local.hour() as usize];
        hour.people = hour.people.saturating_add(people);
        hour.buckets += 1;
    }

    /// Seven days of 24 hours.
    pub fn days(&self) -> &[[HourOfWeek; 24]; 7] {
        &self.0
    }
}
