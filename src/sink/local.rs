//! The wall clock of a zone, row after row.

use chrono::{DateTime, FixedOffset, NaiveDateTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;

use crate::time::utc_offset;

/// Shows instants as the clock on a zone's walls does. It keeps the text of the offset, which seldom changes from one
/// row to the next and is slow to format.
#[derive(Debug)]
pub(super) struct LocalClock {
    zone: Tz,
    offset: FixedOffset,
    offset_text: String,
}

impl LocalClock {
    pub(super) fn new(zone: Tz) -> Self {
        let epoch = DateTime::UNIX_EPOCH;
        Self { zone, offset: offset_at(epoch, zone), offset_text: utc_offset(epoch, zone) }
    }

    /// What the clock shows at `instant`, and its offset (`+01:00`).
    pub(super) fn at(&mut self, instant: DateTime<Utc>) -> (NaiveDateTime, &str) {
        let offset = offset_at(instant, self.zone);
        if offset != self.offset {
            self.offset = offset;
            self.offset_text = utc_offset(instant, self.zone);
        }
        (instant.naive_utc() + offset, &self.offset_text)
    }
}

fn offset_at(instant: DateTime<Utc>, zone: Tz) -> FixedOffset {
    zone.offset_from_utc_datetime(&instant.naive_utc()).fix()
}
