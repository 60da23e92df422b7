//! The wall clock of a zone, row after row.

use chrono::{DateTime, FixedOffset, NaiveDateTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;

use crate::time::utc_offset;

/// Shows instants as the clock on a zone's walls does. It is asked twice for each row, and the text of the offset
/// seldom changes: both are kept.
#[derive(Debug)]
pub(super) struct LocalClock {
    zone: Tz,
    instant: DateTime<Utc>,
    offset: FixedOffset,
    offset_text: String,
}

impl LocalClock {
    pub(super) fn new(zone: Tz) -> Self {
        let instant = DateTime::UNIX_EPOCH;
        Self { zone, instant, offset: offset_at(instant, zone), offset_text: utc_offset(instant, zone) }
    }

    /// What the clock shows at `instant`, and its offset (`+01:00`).
    pub(super) fn at(&mut self, instant: DateTime<Utc>) -> (NaiveDateTime, &str) {
        if instant != self.instant {
            self.turn_to(instant);
        }
        (instant.naive_utc() + self.offset, &self.offset_text)
    }

    fn turn_to(&mut self, instant: DateTime<Utc>) {
        let offset = offset_at(instant, self.zone);
        if offset != self.offset {
            self.offset_text = utc_offset(instant, self.zone);
        }
        (self.instant, self.offset) = (instant, offset);
    }
}

fn offset_at(instant: DateTime<Utc>, zone: Tz) -> FixedOffset {
    zone.offset_from_utc_datetime(&instant.naive_utc()).fix()
}
