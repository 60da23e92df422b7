//! How a run went, and the exit code that follows. Pure.

use chrono::{DateTime, Utc};

use crate::{
    failure::FailureKind,
    ledger::{LastError, SeriesKey},
    publication::{PublishError, Published},
    series::Series,
    time::TimeRange,
};

/// Why a series was not exported wholly, a delivery not sent, or an inventory not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The reason, for decisions.
    pub kind: FailureKind,
    /// The reason, for people.
    pub message: String,
}

impl Failure {
    /// With what the person is told.
    pub fn new(kind: FailureKind, message: &(impl ToString + ?Sized)) -> Self {
        Self { kind, message: message.to_string() }
    }

    /// As the ledger keeps it.
    pub fn at(&self, at: DateTime<Utc>) -> LastError {
        LastError { at, kind: self.kind.as_str().to_owned(), message: self.message.clone() }
    }

    /// Something about files or the ledger.
    pub fn publishing(error: &PublishError) -> Self {
        Self::new(error.kind(), error)
    }

    /// Old and new files would not go together.
    pub fn layout_changed(series: &Series, was: &str) -> Self {
        let message = format!(
            "job {} was exported as \"{was}\" and is now configured as \"{}\"; its old and new files would not go \
             together: give the job a new name, or set time, timezone, partition, format and compression back",
            series.job.name,
            series.layout()
        );
        Self::new(FailureKind::Configuration, &message)
    }
}

/// How one series fared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesReport {
    /// Which one.
    pub key: SeriesKey,
    /// The ledger's number for it, once it is known there.
    pub series_id: Option<i64>,
    /// The time of the windows that were exported, in order; those that touch are one.
    pub exported: Vec<TimeRange>,
    /// Windows exported.
    pub windows_done: u64,
    /// Windows that stay due.
    pub windows_failed: u64,
    /// Rows that arrived.
    pub rows: u64,
    /// Files made or replaced.
    pub files_written: u64,
    /// Files that held the same bytes already.
    pub files_unchanged: u64,
    /// Published files found gone or damaged.
    pub files_damaged: u64,
    /// Buckets recorded as missing.
    pub missing: u64,
    /// Published values that were changed.
    pub restated: u64,
    /// The first failure.
    pub failure: Option<Failure>,
    /// Whether everything was exported, and the failure is one of a roll-up.
    pub only_rollups_failed: bool,
}

impl SeriesReport {
    /// Nothing done yet.
    pub fn new(key: SeriesKey) -> Self {
        Self {
            key,
            series_id: None,
            exported: Vec::new(),
            windows_done: 0,
            windows_failed: 0,
            rows: 0,
            files_written: 0,
            files_unchanged: 0,
            files_damaged: 0,
            missing: 0,
            restated: 0,
            failure: None,
            only_rollups_failed: false,
        }
    }

    /// Adds a window that was exported.
    pub fn add(&mut self, window: TimeRange, published: &Published) {
        match self.exported.last_mut() {
            Some(last) if last.end() == window.start() => *last = last.joined(&window),
            _ => self.exported.push(window),
        }
        self.windows_done += 1;
        self.rows += published.rows;
        self.files_written += published.files_written;
        self.files_unchanged += published.files_unchanged;
        self.files_damaged += published.damaged.len() as u64;
        self.missing += published.missing;
        self.restated += published.restated;
    }

    /// Adds a window that was not. The first failure is kept, unless a later one is an order to stop.
    pub fn fail(&mut self, failure: Failure) {
        self.windows_failed += 1;
        if self.failure.is_none() || failure.kind == FailureKind::Interrupted {
            self.failure = Some(failure);
        }
    }
}

/// How a run went, as its exit code tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// All that was asked is done.
    Done,
    /// Nothing could be done.
    Failed,
    /// The configuration does not allow it.
    Misconfigured,
    /// Credentials are refused for every stream concerned.
    CredentialsRefused,
    /// Some windows or streams failed; running it again resumes.
    Incomplete,
    /// Another process holds the lock.
    Busy,
}

impl Outcome {
    /// The word in the ledger and in logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Misconfigured => "misconfigured",
            Self::CredentialsRefused => "credentials_refused",
            Self::Incomplete => "incomplete",
            Self::Busy => "busy",
        }
    }

    /// The exit code of the process.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Misconfigured => 2,
            Self::CredentialsRefused => 3,
            Self::Incomplete => 4,
            Self::Busy => 5,
        }
    }
}

/// How a delivery or an inventory fared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrandReport {
    /// `delivery partner-hourly`, `inventory cameras`.
    pub name: String,
    /// Whether anything of it was done.
    pub has_done: bool,
    /// Why not all of it was.
    pub failure: Option<Failure>,
}

/// How a run went, series by series.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunReport {
    /// In order of job and stream.
    pub series: Vec<SeriesReport>,
    /// What was done besides exporting.
    pub errands: Vec<ErrandReport>,
}

impl RunReport {
    /// The outcome of the whole.
    pub fn outcome(&self) -> Outcome {
        let of_series = self.series.iter().map(|series| series.failure.as_ref());
        let of_errands = self.errands.iter().map(|errand| errand.failure.as_ref());
        let failures: Vec<Option<&Failure>> = of_series.chain(of_errands).collect();
        let kinds: Vec<FailureKind> = failures.iter().flatten().map(|failure| failure.kind).collect();
        let all_are = |kind| kinds.iter().all(|found| *found == kind);
        let has_done = self.windows_done() > 0
            || self.errands.iter().any(|errand| errand.has_done)
            || self.series.iter().any(|series| series.only_rollups_failed);
        let everything_failed = kinds.len() == failures.len() && !has_done;
        match () {
            () if kinds.is_empty() => Outcome::Done,
            () if kinds.contains(&FailureKind::Interrupted) => Outcome::Incomplete,
            () if all_are(FailureKind::Busy) => Outcome::Busy,
            () if !everything_failed => Outcome::Incomplete,
            () if all_are(FailureKind::Credentials) => Outcome::CredentialsRefused,
            () if all_are(FailureKind::Configuration) => Outcome::Misconfigured,
            () => Outcome::Failed,
        }
    }

    /// Windows exported.
    pub fn windows_done(&self) -> u64 {
        self.sum(|series| series.windows_done)
    }

    /// Windows that stay due.
    pub fn windows_failed(&self) -> u64 {
        self.sum(|series| series.windows_failed)
    }

    /// Rows that arrived.
    pub fn rows(&self) -> u64 {
        self.sum(|series| series.rows)
    }

    /// Files made or replaced.
    pub fn files_written(&self) -> u64 {
        self.sum(|series| series.files_written)
    }

    fn sum(&self, figure: impl Fn(&SeriesReport) -> u64) -> u64 {
        self.series.iter().map(figure).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(windows_done: u64, failure: Option<FailureKind>) -> SeriesReport {
        let key = SeriesKey { job: "hourly".to_owned(), stream: "lobby".to_owned() };
        let failure = failure.map(|kind| Failure::new(kind, ""));
        SeriesReport { windows_done, failure, ..SeriesReport::new(key) }
    }

    #[test]
    fn the_exit_code_tells_how_the_run_went() {
        use FailureKind::{Busy, Configuration, Credentials, Interrupted, Storage, Unavailable};
        let cases: [(&[SeriesReport], u8); 13] = [
            (&[], 0),
            (&[series(0, None)], 0),
            (&[series(3, None), series(0, None)], 0),
            (&[series(0, Some(Credentials))], 3),
            (&[series(0, Some(Credentials)), series(0, Some(Credentials))], 3),
            (&[series(0, Some(Credentials)), series(1, None)], 4),
            (&[series(0, Some(Credentials)), series(0, Some(Unavailable))], 1),
            (&[series(0, Some(Unavailable))], 1),
            (&[series(2, Some(Unavailable))], 4),
            (&[series(0, Some(Storage)), series(0, Some(Storage))], 1),
            (&[series(0, Some(Busy)), series(2, None)], 5),
            (&[series(0, Some(Interrupted))], 4),
            (&[series(0, Some(Configuration))], 2),
        ];
        for (series, expected) in cases {
            let report = RunReport { series: series.to_vec(), ..RunReport::default() };
            assert_eq!(report.outcome().exit_code(), expected, "{report:?}");
        }
    }

    #[test]
    fn a_roll_up_that_fails_leaves_what_was_exported_incomplete() {
        let failed = SeriesReport { only_rollups_failed: true, ..series(0, Some(FailureKind::Storage)) };
        let report = RunReport { series: vec![failed], ..RunReport::default() };
        assert_eq!(report.outcome().exit_code(), 4);
    }

    fn errand(has_done: bool, failure: Option<FailureKind>) -> ErrandReport {
        let failure = failure.map(|kind| Failure::new(kind, ""));
        ErrandReport { name: "delivery partner".to_owned(), has_done, failure }
    }

    #[test]
    fn an_errand_counts_like_a_series() {
        use FailureKind::{Busy, Credentials, Unavailable};
        let cases: [(&[SeriesReport], &[ErrandReport], u8); 7] = [
            (&[series(1, None)], &[errand(true, None)], 0),
            (&[series(1, None)], &[errand(false, Some(Unavailable))], 4),
            (&[series(1, None)], &[errand(false, Some(Credentials))], 4),
            (&[series(1, None)], &[errand(false, Some(Busy))], 5),
            (&[], &[errand(false, Some(Credentials))], 3),
            (&[], &[errand(true, Some(Unavailable))], 4),
            (&[], &[errand(false, Some(Unavailable))], 1),
        ];
        for (series, errands, expected) in cases {
            let report = RunReport { series: series.to_vec(), errands: errands.to_vec() };
            assert_eq!(report.outcome().exit_code(), expected, "{report:?}");
        }
    }
}
