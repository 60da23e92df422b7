//! What became of one series, as the ledger tells it: read once for the command line, the HTTP address and reports.

mod findings;
mod json;

use chrono::{DateTime, Days, Utc};
use chrono_tz::Tz;

use crate::{
    calendar::{Bounds, Calendar},
    ledger::{Evidence, Ledger, LedgerError},
    report::Failure,
    series::Series,
    states::{Ground, Seal, seals},
    suspicion::Suspicion,
    time::{TimeRange, local_midnight},
};

pub use findings::Finding;
pub use json::CalendarJson;

/// A series and what is known of it at one moment.
pub struct Survey {
    /// Which one.
    pub series: Series,
    /// What the ledger knows of it.
    pub evidence: Evidence,
    start: DateTime<Utc>,
    expected_until: DateTime<Utc>,
    now: DateTime<Utc>,
}

/// Why a series cannot be surveyed.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Its buckets were cut in another way when it was exported; says how, and what to do.
    #[error("{0}")]
    LayoutChanged(String),
}

impl Survey {
    /// Reads what is known of `series` at `now`; `zone` is that of schedules. Blocks. Without a ledger nothing was ever run.
    pub fn read(
        ledger: Option<&Ledger>,
        series: Series,
        zone: Tz,
        now: DateTime<Utc>,
    ) -> Result<Self, SurveyError> {
        let found = match ledger {
            Some(ledger) => ledger.find_series(&series.key())?.map(|found| (ledger, found)),
            None => None,
        };
        let (evidence, first_run) = match found {
            Some((_, found)) if found.layout != series.layout() => {
                let failure = Failure::layout_changed(&series, &found.layout);
                return Err(SurveyError::LayoutChanged(failure.message));
            }
            Some((ledger, found)) => (ledger.evidence(found.id)?, found.first_run),
            None => (Evidence::default(), now),
        };
        let (start, expected_until) = (series.start(first_run), series.expected_until(zone, now));
        Ok(Self { series, evidence, start, expected_until, now })
    }

    /// What the state of each of its buckets follows from.
    pub fn ground(&self) -> Ground<'_> {
        let Self { series, evidence, start, expected_until, now } = self;
        Ground { rules: series.rules, start: *start, evidence, now: *now, expected_until: *expected_until }
    }

    /// What became of its buckets, day by day.
    pub fn calendar(&self, bounds: Bounds) -> Calendar {
        Calendar::new(&self.ground(), bounds)
    }

    /// Runs of zeros that are unlike the series and share time with `shown`.
    pub fn suspicions(&self, shown: Option<TimeRange>) -> impl Iterator<Item = &Suspicion> {
        let is_shown = move |range: TimeRange| shown.is_some_and(|shown| shown.overlaps(&range));
        self.evidence.suspicions.iter().filter(move |found| found.range().is_some_and(is_shown))
    }

    /// The published files that share time with `shown`.
    pub fn seals(&self, shown: Option<TimeRange>) -> Vec<Seal<'_>> {
        let mut seals = seals(&self.series.rules, &self.evidence);
        seals.retain(|seal| shown.is_some_and(|range| range.overlaps(&seal.file.period)));
        seals
    }
}

/// The year of whole days at the camera that ends with the one in which `instant` lies.
pub fn year_until(instant: DateTime<Utc>, zone: Tz) -> Bounds {
    let last = instant.with_timezone(&zone).date_naive();
    let day = |date: Option<chrono::NaiveDate>| date.map(|date| local_midnight(date, zone));
    Bounds { from: day(last.checked_sub_days(Days::new(365))), to: day(last.succ_opt()) }
}
