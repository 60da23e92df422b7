//! One job on one stream: its rules, and where its files lie.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::{
    config::{Config, Job, Stream},
    ledger::{Recheck, SeriesKey},
    plan::SeriesRules,
    row::FileContext,
    time::{BucketGrid, LocalPeriod, PartitionSize, TimeRange, local_midnight},
};

/// How long a run may take before what it was to bring counts as late.
const LONGEST_RUN: TimeDelta = TimeDelta::minutes(15);

/// The most buckets that are looked at for what waits for the next run: two months of hours.
const MOST_WAITING: usize = 1_500;

/// One job on one stream.
#[derive(Clone)]
pub struct Series {
    /// The job.
    pub job: Arc<Job>,
    /// The stream.
    pub stream: Arc<Stream>,
    /// When what is asked.
    pub rules: SeriesRules,
    /// What every row of its files shares.
    pub context: FileContext,
}

impl Series {
    /// The series of `job` on `stream`.
    pub fn new(config: &Config, job: &Arc<Job>, stream: &Arc<Stream>) -> Self {
        Self::of(&config.tag_keys, job, stream)
    }

    /// The same, where these are the tag keys of the configuration.
    pub fn of(tag_keys: &[String], job: &Arc<Job>, stream: &Arc<Stream>) -> Self {
        let tags = tag_keys.iter().map(|key| (key.clone(), stream.tags.get(key).cloned()));
        Self {
            job: Arc::clone(job),
            stream: Arc::clone(stream),
            rules: SeriesRules {
                grid: BucketGrid::new(job.time, stream.timezone),
                partition: job.partition,
                settle: job.settle,
                lookback: job.lookback,
            },
            context: FileContext { stream: stream.name.clone(), zone: stream.timezone, tags: tags.collect() },
        }
    }

    /// Every series of the configuration, stream by stream, that the names let through.
    pub fn all(config: &Config, job: Option<&str>, stream: Option<&str>) -> Vec<Self> {
        let wanted = |name: &str, only: Option<&str>| only.is_none_or(|only| only == name);
        let jobs = config.jobs.iter().filter(|found| wanted(&found.name, job));
        let jobs = jobs.map(|job| (job, job.streams.iter().map(|member| &*member.name).collect()));
        let jobs: Vec<(&Arc<Job>, HashSet<&str>)> = jobs.collect();
        let streams = config.streams.iter().filter(|found| wanted(&found.name, stream));
        let pairs = streams.flat_map(|stream| jobs.iter().map(move |(job, members)| (*job, members, stream)));
        let pairs = pairs.filter(|(_, members, stream)| members.contains(&*stream.name));
        pairs.map(|(job, _, stream)| Self::new(config, job, stream)).collect()
    }

    /// How the ledger knows it.
    pub fn key(&self) -> SeriesKey {
        SeriesKey { job: self.job.name.clone(), stream: self.stream.name.clone() }
    }

    /// What decides where rows lie. Where it changes, old and new files do not go together.
    pub fn layout(&self) -> String {
        let (time, partition) = (self.job.time.as_str(), self.job.partition.as_str());
        format!("{time} {} {partition} {}", self.stream.timezone.name(), self.job.format.file_name())
    }

    /// What decides how the same rows are written: compression, profile where it is not the default, tags. Where it changes,
    /// every file is written anew.
    pub fn style(&self) -> String {
        let format = self.job.format;
        let profile = format.special_profile().map(|profile| format!(" {}", profile.as_str()));
        let tags = self.context.tags.iter().map(|(key, value)| format!(" {key}={value:?}"));
        format!("{}{}{}", format.compression_name(), profile.unwrap_or_default(), tags.collect::<String>())
    }

    /// The folder of its partitions, relative to the output folder.
    pub fn folder(&self) -> PathBuf {
        Path::new(&self.job.name).join(format!("stream={}", self.stream.name))
    }

    /// The file of one partition, relative to the output folder.
    pub fn file_path(&self, period: LocalPeriod) -> PathBuf {
        self.folder().join(period.folder_name()).join(self.job.format.file_name())
    }

    /// The lock under which its files are published.
    pub fn lock_name(&self) -> String {
        format!("publish.{}.{}", self.job.name, self.stream.name)
    }

    /// The first instant to export: the configured day, or else the day of the first run.
    pub fn start(&self, first_run: DateTime<Utc>) -> DateTime<Utc> {
        self.job.start.map_or(first_run, |date| local_midnight(date, self.stream.timezone))
    }

    /// Until when time is older than each age of its rechecks at `now`: whole local days, by age.
    pub fn rechecks(&self, now: DateTime<Utc>) -> Vec<Recheck> {
        let reached =
            |age: &TimeDelta| Recheck { age: *age, until: self.rules.grid.floor(self.today(now - *age)) };
        self.job.recheck.iter().map(reached).collect()
    }

    /// The end of the last bucket that a run should have brought by now, by the schedule of its job in `zone`.
    pub fn expected_until(&self, zone: Tz, now: DateTime<Utc>) -> DateTime<Utc> {
        let grid = self.rules.grid;
        let is_waited_for = |end: &DateTime<Utc>| {
            let due = *end + self.rules.settle - TimeDelta::seconds(1);
            let asked = self.job.schedule.next_after(due, zone);
            asked.is_none_or(|asked| now < asked + LONGEST_RUN)
        };
        let ends = std::iter::successors(Some(self.rules.due_until(now)), |end| {
            Some(grid.floor(*end - TimeDelta::seconds(1)))
        });
        let mut ends = ends.take(MOST_WAITING);
        ends.find(|end| !is_waited_for(end)).unwrap_or_else(|| self.rules.due_until(now))
    }

    /// What has reached the age of a recheck since it was last asked at that age.
    pub fn due_rechecks(&self, known: &[Recheck], now: DateTime<Utc>) -> Vec<TimeRange> {
        let due = |reached: Recheck| {
            let known = known.iter().find(|known| known.age == reached.age)?;
            TimeRange::new(known.until, reached.until)
        };
        self.rechecks(now).into_iter().filter_map(due).collect()
    }

    /// The local midnight before `now`.
    pub fn today(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        LocalPeriod::of(now, PartitionSize::Day, self.stream.timezone).start(self.stream.timezone)
    }
}
