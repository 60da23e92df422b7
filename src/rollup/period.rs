//! Local days, weeks and months: the periods that a row of a roll-up stands for.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, TimeDelta, Utc, Weekday};
use chrono_tz::Tz;

use crate::time::{LocalPeriod, PartitionSize, TimeRange, local_midnight};

/// How much local time one row covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RollupSize {
    /// One local day.
    Day,
    /// One ISO week, from Monday.
    Week,
    /// One local month.
    Month,
}

impl RollupSize {
    /// Every size, in the order in which messages list them.
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    /// The word used in the configuration, on the command line and in paths.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }
}

/// One local day, week or month. It consists of whole [`LocalPeriod`]s of a day, so that the periods of a zone cover all
/// time once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RollupPeriod {
    first_day: NaiveDate,
    size: RollupSize,
}

impl RollupPeriod {
    /// The period that holds `instant` in `zone`.
    pub fn of(instant: DateTime<Utc>, size: RollupSize, zone: Tz) -> Self {
        let day = LocalPeriod::of(instant, PartitionSize::Day, zone).first_day();
        let first_day = match size {
            RollupSize::Day => Some(day),
            RollupSize::Week => {
                day.checked_sub_days(Days::new(u64::from(day.weekday().num_days_from_monday())))
            }
            RollupSize::Month => day.with_day(1),
        };
        Self { first_day: first_day.unwrap_or(day), size }
    }

    /// The first period of `year`, as [`Self::year`] counts them.
    fn first_of(year: i32, size: RollupSize) -> Option<Self> {
        let first_day = match size {
            RollupSize::Day | RollupSize::Month => NaiveDate::from_ymd_opt(year, 1, 1),
            RollupSize::Week => NaiveDate::from_isoywd_opt(year, 1, Weekday::Mon),
        };
        Some(Self { first_day: first_day?, size })
    }

    /// The period after this one.
    #[must_use]
    pub fn next(self) -> Self {
        let next = match self.size {
            RollupSize::Day => self.first_day.checked_add_days(Days::new(1)),
            RollupSize::Week => self.first_day.checked_add_days(Days::new(7)),
            RollupSize::Month => self.first_day.checked_add_months(Months::new(1)),
        };
        Self { first_day: next.unwrap_or(NaiveDate::MAX), size: self.size }
    }

    /// Its first calendar day.
    pub fn first_day(self) -> NaiveDate {
        self.first_day
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

    /// The year whose file it stands in: the calendar year of a day or month; of a week, the year that ISO 8601 counts it
    /// in, so that a year's file holds week 1 to week 52 or 53.
    pub fn year(self) -> i32 {
        match self.size {
            RollupSize::Day | RollupSize::Month => self.first_day.year(),
            RollupSize::Week => self.first_day.iso_week().year(),
        }
    }

    /// Every period that shares an instant with `range`, in order.
    pub fn overlapping(range: TimeRange, size: RollupSize, zone: Tz) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(Self::of(range.start(), size, zone)), |period| Some(period.next()))
            .take_while(move |period| period.start(zone) < range.end())
            .filter(move |period| period.range(zone).is_some())
    }

    /// The years whose files hold periods of `span`, each with the time of those periods.
    pub(super) fn years(span: TimeRange, size: RollupSize, zone: Tz) -> Vec<(i32, TimeRange)> {
        let first = Self::of(span.start(), size, zone);
        let last = Self::of(span.end() - TimeDelta::seconds(1), size, zone);
        let of_year = |year| {
            let begin = Self::first_of(year, size)?.max(first).start(zone);
            let end = Self::first_of(year + 1, size)?.start(zone).min(last.end(zone));
            Some((year, TimeRange::new(begin, end)?))
        };
        (first.year()..=last.year()).filter_map(of_year).collect()
    }
}
