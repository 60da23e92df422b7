//! Calendars as programs read them.

use serde::Serialize;

use super::{Day, Tally};
use crate::states::State;

/// How many buckets are in which state. `exported` is the sum of `provisional`, `final` and `vanished`; `expected` that and
/// `missing`, `failed` and `due`.
#[derive(Debug, Serialize)]
pub struct TallyJson {
    expected: u64,
    exported: u64,
    provisional: u64,
    r#final: u64,
    missing: u64,
    failed: u64,
    due: u64,
    vanished: u64,
    pending: u64,
    not_due: u64,
}

/// The buckets of one day at the camera.
#[derive(Debug, Serialize)]
pub struct DayJson {
    date: String,
    buckets: u64,
    #[serde(flatten)]
    total: TallyJson,
    suspect: bool,
}

impl From<&Tally> for TallyJson {
    fn from(tally: &Tally) -> Self {
        Self {
            expected: tally.expected(),
            exported: tally.exported(),
            provisional: tally.of(State::Provisional),
            r#final: tally.of(State::Final),
            missing: tally.of(State::Missing),
            failed: tally.of(State::Failed),
            due: tally.of(State::Due),
            vanished: tally.of(State::Vanished),
            pending: tally.of(State::Pending),
            not_due: tally.of(State::NotDue),
        }
    }
}

impl From<&Day> for DayJson {
    fn from(Day { date, tally, is_suspect }: &Day) -> Self {
        Self {
            date: date.to_string(),
            buckets: tally.buckets(),
            total: TallyJson::from(tally),
            suspect: *is_suspect,
        }
    }
}
