//! What is asked: which streams, what time, how fine.

use chrono::{DateTime, Days, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::slots::{Resolution, slots};
use crate::{
    config::Config,
    series::Series,
    time::{BucketGrid, TimeRange, parse_bound},
};

/// The most buckets that one answer reads, of all streams together, without the period before.
pub const MAX_BUCKETS: u64 = 2_000_000;

/// Which streams of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// All of them.
    All,
    /// Those with these names.
    Streams(Vec<String>),
    /// Those with this value of a tag.
    Tag {
        /// The key.
        key: String,
        /// Its value.
        value: String,
    },
}

/// A question as somebody put it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The job; `None`: the first that has such streams.
    pub job: Option<String>,
    /// Which of its streams.
    pub which: Which,
    /// A date or instant; `None`: a week before the end.
    pub from: Option<String>,
    /// The same, not inside; `None`: the moment of asking.
    pub to: Option<String>,
    /// `None`: what fits the range.
    pub resolution: Option<Resolution>,
}

/// Why a question is not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// It makes no sense.
    #[error("{0}")]
    Wrong(String),
    /// It is about something that is not configured.
    #[error("{0}")]
    Unknown(String),
    /// It is about too much.
    #[error("{0}")]
    TooMuch(String),
    /// The answer cannot be had now.
    #[error("{0}")]
    NotNow(String),
}

/// A question about what is configured.
pub struct Asked {
    /// Of one job, in the order of their names.
    pub series: Vec<Series>,
    /// That of the streams, or that of the configuration where they differ.
    pub zone: Tz,
    /// Where buckets lie, in that zone.
    pub grid: BucketGrid,
    /// The time.
    pub range: TimeRange,
    /// As much of it as has passed, some whole days before.
    pub before: TimeRange,
    /// How much time a point stands for.
    pub resolution: Resolution,
}

impl Question {
    /// Finds what it is about.
    pub fn resolve(&self, config: &Config, now: DateTime<Utc>) -> Result<Asked, AskError> {
        let series = self.series(config)?;
        let first = series.first().ok_or_else(|| self.nobody())?;
        let zone_of_first = first.stream.timezone;
        let is_one_zone = series.iter().all(|series| series.stream.timezone == zone_of_first);
        let zone = if is_one_zone { zone_of_first } else { config.timezone };
        let grid = BucketGrid::new(first.job.time, zone);
        let range = self.range(zone, grid.floor(now))?;
        let buckets = grid.bucket_count(range).saturating_mul(series.len() as u64);
        if buckets > MAX_BUCKETS {
            return Err(AskError::TooMuch(format!(
                "{} streams over {} days are more than one answer reads; ask for fewer streams or less time",
                series.len(),
                range.duration().num_days()
            )));
        }
        let before = before(range, zone, grid.floor(now))
            .ok_or_else(|| AskError::Wrong("there is no time before".to_owned()))?;
        let resolution = self.resolution.unwrap_or_else(|| Resolution::fitting(range));
        Ok(Asked { series, zone, grid, range, before, resolution })
    }

    fn series(&self, config: &Config) -> Result<Vec<Series>, AskError> {
        if let Some(job) = self.job.as_ref().filter(|job| config.jobs.iter().all(|known| known.name != **job))
        {
            return Err(AskError::Unknown(format!("there is no job {job:?}")));
        }
        if let Which::Streams(names) = &self.which {
            let is_unknown = |name: &&String| config.streams.iter().all(|stream| stream.name != **name);
            if let Some(name) = names.iter().find(is_unknown) {
                return Err(AskError::Unknown(format!("there is no stream {name:?}")));
            }
        }
        let of_job = |job: &str| {
            let mut series = Series::all(config, Some(job), None);
            series.retain(|series| self.which.holds(series));
            series.sort_by(|one, other| one.stream.name.cmp(&other.stream.name));
            series
        };
        let named = config.jobs.iter().filter(|job| self.job.as_ref().is_none_or(|name| *name == job.name));
        Ok(named.map(|job| of_job(&job.name)).find(|series| !series.is_empty()).unwrap_or_default())
    }

    fn nobody(&self) -> AskError {
        let whose = match &self.which {
            Which::All => "streams".to_owned(),
            Which::Streams(names) => format!("streams named {}", names.join(", ")),
            Which::Tag { key, value } => format!("streams with the tag {key}:{value}"),
        };
        AskError::Unknown(match &self.job {
            Some(job) => format!("job {job:?} has no {whose}"),
            None => format!("no job has {whose}"),
        })
    }

    fn range(&self, zone: Tz, now: DateTime<Utc>) -> Result<TimeRange, AskError> {
        let bound = |name: &str, text: &str| {
            parse_bound(text, zone).map_err(|error| AskError::Wrong(format!("{name}: {error}")))
        };
        let to = self.to.as_ref().map_or(Ok(now), |text| bound("to", text))?;
        let week_before = || earlier(to, 7, zone).unwrap_or(to - TimeDelta::weeks(1));
        let from = self.from.as_ref().map_or_else(|| Ok(week_before()), |text| bound("from", text))?;
        TimeRange::new(from, to).ok_or_else(|| AskError::Wrong("to must be later than from".to_owned()))
    }
}

impl Which {
    /// Those with the tag that `KEY:VALUE` names; the value may hold further colons.
    pub fn tagged(text: &str) -> Result<Self, AskError> {
        let named = text.split_once(':').filter(|(key, value)| !key.is_empty() && !value.is_empty());
        let (key, value) = named.ok_or_else(|| AskError::Wrong(format!("tag: {text:?} is not KEY:VALUE")))?;
        Ok(Self::Tag { key: key.to_owned(), value: value.to_owned() })
    }

    fn holds(&self, series: &Series) -> bool {
        match self {
            Self::All => true,
            Self::Streams(names) => names.contains(&series.stream.name),
            Self::Tag { key, value } => series.stream.tags.get(key) == Some(value),
        }
    }
}

impl Asked {
    /// The points of a range.
    pub fn slots(&self, range: TimeRange) -> Vec<TimeRange> {
        slots(range, self.resolution, self.grid, self.zone)
    }
}

/// As many whole local days earlier as the range needs not to overlap itself; of a range that is not over, only as much as
/// has passed, so that like is compared with like.
fn before(range: TimeRange, zone: Tz, now: DateTime<Utc>) -> Option<TimeRange> {
    let wall = |instant: DateTime<Utc>| instant.with_timezone(&zone).naive_local();
    let length = wall(range.end()) - wall(range.start());
    let days = (length + TimeDelta::days(1) - TimeDelta::nanoseconds(1)).num_days().max(1).unsigned_abs();
    let end = if range.contains(now) { now } else { range.end() };
    let end = earlier(end, days, zone)?.min(range.start());
    TimeRange::new(earlier(range.start(), days, zone)?, end)
}

/// So many days earlier on the wall clock of the zone. An hour that is shown twice is the same one of the two where
/// possible; one that is skipped is the first instant after the gap.
fn earlier(instant: DateTime<Utc>, days: u64, zone: Tz) -> Option<DateTime<Utc>> {
    let local = instant.with_timezone(&zone);
    let wall: NaiveDateTime = local.naive_local().checked_sub_days(Days::new(days))?;
    let offset = |instant: &DateTime<Tz>| instant.naive_local() - instant.naive_utc();
    let shown = zone.from_local_datetime(&wall);
    let same = [shown.earliest(), shown.latest()].into_iter().flatten();
    let mut same = same.filter(|found| offset(found) == offset(&local));
    let found = same.next().or_else(|| shown.earliest());
    let after_gap = || chrono_tz::GapInfo::new(&wall, &zone).and_then(|gap| gap.end);
    found.or_else(after_gap).map(|found| found.with_timezone(&Utc))
}
