//! Local days, months and years: the periods that partitions stand for.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, Utc};
use chrono_tz::Tz;

use super::{TimeRange, local_midnight};

/// How much local time one published file covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PartitionSize {
    /// One local day.
    Day,
    /// One local month.
    Month,
    /// One local year.
    Year,
}

impl PartitionSize {
    /// Every size, in the order in which messages list them.
    pub const ALL: [Self; 3] = [Self::Day, Self::Month, Self::Year];

    /// The word used in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// What precedes `=` in the names of folders.
    pub fn folder_key(self) -> &'static str {
        match self {
            Self::Day => "date",
            Self::Month => "month",
            Self::Year => "year",
        }
    }
}

impl PeriodSize for PartitionSize {
    fn first_day(self, day: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Day => Some(day),
            Self::Month => day.with_day(1),
            Self::Year => day.with_day(1)?.with_month(1),
        }
    }

    fn next(self, first_day: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Day => first_day.checked_add_days(Days::new(1)),
            Self::Month => first_day.checked_add_months(Months::new(1)),
            Self::Year => first_day.checked_add_months(Months::new(12)),
        }
    }
}

/// How calendar days make periods of one size: each day is in one of them.
pub trait PeriodSize: Copy {
    /// The first day of the period that holds `day`; `None` beyond the calendar.
    fn first_day(self, day: NaiveDate) -> Option<NaiveDate>;

    /// The first day of the period after the one that begins with `first_day`; `None` beyond the calendar.
    fn next(self, first_day: NaiveDate) -> Option<NaiveDate>;
}

/// One local day, week, month or year. It begins when the wall clock first reaches its first midnight and ends where the
/// next one begins, so that the periods of a zone cover all time once, whatever its clock does in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LocalPeriod<S = PartitionSize> {
    first_day: NaiveDate,
    size: S,
}

impl<S: PeriodSize> LocalPeriod<S> {
    /// The period that holds `instant` in `zone`.
    pub fn of(instant: DateTime<Utc>, size: S, zone: Tz) -> Self {
        let shown = Self::containing(instant.with_timezone(&zone).date_naive(), size);
        // A clock turned back across midnight shows the old date again inside the new period.
        if shown.end(zone) <= instant { shown.next() } else { shown }
    }

    /// The period that holds the calendar day `date`.
    pub fn containing(date: NaiveDate, size: S) -> Self {
        Self { first_day: size.first_day(date).unwrap_or(date), size }
    }

    /// The period after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self { first_day: self.size.next(self.first_day).unwrap_or(NaiveDate::MAX), size: self.size }
    }

    /// Its first instant.
    pub fn start(self, zone: Tz) -> DateTime<Utc> {
        local_midnight(self.first_day, zone)
    }

    /// The first instant after it.
    pub fn end(self, zone: Tz) -> DateTime<Utc> {
        self.next().start(zone)
    }

    /// The time it covers; `None` for a day that the zone skipped.
    pub fn range(self, zone: Tz) -> Option<TimeRange> {
        TimeRange::new(self.start(zone), self.end(zone))
    }

    /// Every period that shares an instant with `range`, in order.
    pub fn overlapping(range: TimeRange, size: S, zone: Tz) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(Self::of(range.start(), size, zone)), |period| Some(period.next()))
            .take_while(move |period| period.start(zone) < range.end())
            .filter(move |period| period.range(zone).is_some())
    }

    /// Its first calendar day.
    pub fn first_day(self) -> NaiveDate {
        self.first_day
    }

    /// How much local time it covers.
    pub fn size(self) -> S {
        self.size
    }
}

impl LocalPeriod {
    /// The period of this size that a folder of this name stands for.
    pub fn parse(folder_name: &str, size: PartitionSize) -> Option<Self> {
        let (_, value) = folder_name.split_once('=')?;
        let first_day = match size {
            PartitionSize::Day => value.to_owned(),
            PartitionSize::Month => format!("{value}-01"),
            PartitionSize::Year => format!("{value}-01-01"),
        };
        let period = Self { first_day: first_day.parse().ok()?, size };
        // Only as it is written: `date=2026-1-5` is another folder.
        (period.folder_name() == folder_name).then_some(period)
    }

    /// `date=2026-11-21`, `month=2026-11` or `year=2026`: the folder of its file.
    pub fn folder_name(self) -> String {
        let value = match self.size {
            PartitionSize::Day => "%Y-%m-%d",
            PartitionSize::Month => "%Y-%m",
            PartitionSize::Year => "%Y",
        };
        format!("{}={}", self.size.folder_key(), self.first_day.format(value))
    }
}
