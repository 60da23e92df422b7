//! Local days, weeks and months: the periods that a row of a roll-up stands for.

use chrono::{Datelike, Days, Months, NaiveDate, TimeDelta, Weekday};
use chrono_tz::Tz;

use crate::time::{LocalPeriod, PeriodSize, TimeRange};

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

impl PeriodSize for RollupSize {
    fn first_day(self, day: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Day => Some(day),
            Self::Week => day.checked_sub_days(Days::new(u64::from(day.weekday().num_days_from_monday()))),
            Self::Month => day.with_day(1),
        }
    }

    fn next(self, first_day: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Day => first_day.checked_add_days(Days::new(1)),
            Self::Week => first_day.checked_add_days(Days::new(7)),
            Self::Month => first_day.checked_add_months(Months::new(1)),
        }
    }
}

/// One local day, week or month.
pub type RollupPeriod = LocalPeriod<RollupSize>;

impl RollupPeriod {
    /// The year whose file it stands in: the calendar year of a day or month; of a week, the year that ISO 8601 counts it
    /// in, so that a year's file holds week 1 to week 52 or 53.
    pub fn year(self) -> i32 {
        match self.size() {
            RollupSize::Day | RollupSize::Month => self.first_day().year(),
            RollupSize::Week => self.first_day().iso_week().year(),
        }
    }

    /// The first period of `year`, as [`Self::year`] counts them.
    fn first_of(year: i32, size: RollupSize) -> Option<Self> {
        let first_day = match size {
            RollupSize::Day | RollupSize::Month => NaiveDate::from_ymd_opt(year, 1, 1),
            RollupSize::Week => NaiveDate::from_isoywd_opt(year, 1, Weekday::Mon),
        };
        Some(Self::containing(first_day?, size))
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
