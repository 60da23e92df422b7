//! One bucket of one stream, the columns of a published file, and how rows of a partition are merged. Pure.

mod columns;
mod merge;
mod restated;
mod totals;

pub use columns::{Column, ColumnKind, TAG_PREFIX, columns};
pub use merge::{Merged, NotInOrder, merge};
pub use restated::{Restated, restated};
pub use totals::Totals;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::time::TimeRange;

/// The metrics that are counts of people (Angus contract, section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are the columns of the files, described in README.md")]
pub enum Count {
    PassingBy,
    Interested,
    CategorySeniorFemale,
    CategorySeniorMale,
    CategoryYoungFemale,
    CategoryYoungMale,
    GenderFemale,
    GenderMale,
    GenderUnknown,
}

/// The metrics that are means, in seconds, over the interested people of a bucket (Angus contract, section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are the columns of the files, described in README.md")]
pub enum Mean {
    StopTime,
    AttentionTime,
}

const COUNTS: usize = 9;
const MEANS: usize = 2;

/// Which figures of a row are known, a bit each: an `Option` for each of them would make rows half as large again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Known(u16);

impl Known {
    fn has(self, figure: usize) -> bool {
        self.0 & (1 << figure) != 0
    }

    fn set(&mut self, figure: usize, is_known: bool) {
        self.0 = (self.0 & !(1 << figure)) | (u16::from(is_known) << figure);
    }
}

/// One bucket of one stream. What is the same in every row of a file (stream, zone, tags) is in [`FileContext`].
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The bucket's first instant.
    pub start: DateTime<Utc>,
    /// The first instant after the bucket.
    pub end: DateTime<Utc>,
    /// 0 where a count is not known.
    counts: [i64; COUNTS],
    /// 0 where a mean is not known.
    means: [f64; MEANS],
    known: Known,
    /// The metric's JSON in canonical form: its meaning is documented nowhere.
    pub satisfaction: Option<Box<str>>,
    /// A JSON object, in canonical form, of whatever else the bucket held.
    pub extras: Option<Box<str>>,
}

impl Row {
    /// A bucket of which nothing is known yet.
    pub fn new(start: DateTime<Utc>, end: DateTime<Utc>) -> Self {
        let (counts, means) = ([0; COUNTS], [0.0; MEANS]);
        Self { start, end, counts, means, known: Known::default(), satisfaction: None, extras: None }
    }

    /// People; `None` where it was not asked or is not known, which is never the same as 0.
    pub fn count(&self, count: Count) -> Option<i64> {
        self.known.has(count as usize).then(|| self.counts[count as usize])
    }

    /// Sets a count.
    pub fn set_count(&mut self, count: Count, people: Option<i64>) {
        self.counts[count as usize] = people.unwrap_or_default();
        self.known.set(count as usize, people.is_some());
    }

    /// Mean seconds; `None` where it was not asked or is not known.
    pub fn mean(&self, mean: Mean) -> Option<f64> {
        self.known.has(COUNTS + mean as usize).then(|| self.means[mean as usize])
    }

    /// Sets a mean.
    pub fn set_mean(&mut self, mean: Mean, seconds: Option<f64>) {
        self.means[mean as usize] = seconds.unwrap_or_default();
        self.known.set(COUNTS + mean as usize, seconds.is_some());
    }

    /// Whether the bucket reaches beyond what was asked, or beyond the time until which counts have settled: its
    /// figures may be cut or still grow (Angus contract, section 6).
    pub fn is_partial(&self, asked: TimeRange, settled_until: DateTime<Utc>) -> bool {
        self.start < asked.start() || asked.end() < self.end || settled_until < self.end
    }
}

/// What every row of one file shares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileContext {
    /// The stream's name.
    pub stream: String,
    /// The zone of the camera: local wall clock and partitions.
    pub zone: Tz,
    /// One entry for each tag key in use in the configuration, sorted by key; `None` where this stream lacks it.
    pub tags: Vec<(String, Option<String>)>,
}
