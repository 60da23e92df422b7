//! Asking the service: streams side by side, the tasks of a stream one after the other.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use futures_util::{StreamExt, stream};

use super::{CommandError, Session, Subject};
use crate::{
    angus::{AngusClient, StreamSession},
    blocking::blocking,
    cli::Verify,
    commands::progress::Bar,
    config::{Config, Stream},
    exporter::{Progress, ProgressListener, SetupError},
    failure::FailureKind,
    ledger::{Evidence, FileRecord, LedgerError, SeriesKey},
    pipeline::{Pipeline, WindowError},
    report::{Failure, RunReport, SeriesReport},
    series::Series,
    states::seals,
    time::{TimeRange, Window},
    verify::{Deviation, Difference, Inspected, sample},
    workplace::Workplace,
};

/// Something of which a file and the service tell something else.
pub(super) struct Disagreement {
    pub(super) series: Series,
    pub(super) about: About,
}

/// What it is about.
pub(super) enum About {
    /// The sum of a file.
    Sum { file: FileRecord, difference: Difference },
    /// A bucket.
    Bucket(Deviation),
}

/// What came of asking.
pub(super) struct Asked {
    /// Whether rows were compared, and not sums.
    pub(super) is_deep: bool,
    /// Files, or windows, that could be compared.
    pub(super) candidates: usize,
    /// Those that were to be.
    pub(super) planned: usize,
    /// Those that were.
    pub(super) compared: u64,
    pub(super) disagreements: Vec<Disagreement>,
}

impl Asked {
    /// Whether anything differs that the next run would not bring anyway.
    pub(super) fn disagrees(&self) -> bool {
        self.disagreements.iter().any(|one| !one.is_recent())
    }
}

impl Disagreement {
    /// Whether late counts are waited for there.
    pub(super) fn is_recent(&self) -> bool {
        matches!(&self.about, About::Bucket(deviation) if deviation.is_recent)
    }
}

/// One comparison.
struct Task {
    series: Series,
    id: i64,
    what: What,
}

enum What {
    Sums(FileRecord),
    /// `unsound`: periods of files that are not what was published.
    Rows {
        window: Window,
        evidence: Arc<Evidence>,
        unsound: Arc<Vec<TimeRange>>,
    },
}

/// Who is asked about what.
pub(super) struct Inquiry<'a> {
    pub(super) session: &'a Session,
    pub(super) config: &'a Config,
    pub(super) workplace: &'a Workplace,
    pub(super) args: &'a Verify,
}

impl Inquiry<'_> {
    /// Compares what looks sound with the service.
    pub(super) async fn ask(
        &self,
        subjects: Vec<Subject>,
        inspected: &Inspected,
    ) -> Result<(Asked, RunReport), CommandError> {
        let unsound: BTreeSet<String> =
            inspected.findings.iter().map(|finding| finding.path.clone()).collect();
        let keys: Vec<SeriesKey> = subjects.iter().map(|subject| subject.series.key()).collect();
        let (archive, is_deep) = (Arc::clone(&self.workplace.archive), self.args.deep);
        let tasks = blocking(move || {
            let ledger = &archive.ledger;
            let of_one = |subject: Subject| {
                let Some(known) = ledger.find_series(&subject.series.key())? else { return Ok(Vec::new()) };
                let evidence = ledger.evidence(known.id)?;
                Ok(if is_deep {
                    windows(&subject, known.id, evidence, &unsound)
                } else {
                    files(&subject, known.id, &evidence, &unsound)
                })
            };
            let tasks: Result<Vec<Vec<Task>>, LedgerError> = subjects.into_iter().map(of_one).collect();
            tasks
        });
        let tasks: Vec<Task> = tasks.await?.into_iter().flatten().collect();
        let candidates = tasks.len();
        let random = &self.workplace.timing.jitter;
        let tasks = match self.args.sample {
            Some(wanted) => sample(tasks, usize::try_from(wanted).unwrap_or(usize::MAX), || random()),
            None => tasks,
        };
        let asked =
            Asked { is_deep, candidates, planned: tasks.len(), compared: 0, disagreements: Vec::new() };
        self.compare(tasks, asked, keys).await
    }

    async fn compare(
        &self,
        tasks: Vec<Task>,
        mut asked: Asked,
        keys: Vec<SeriesKey>,
    ) -> Result<(Asked, RunReport), CommandError> {
        self.session.stop_on_signals();
        let client = AngusClient::new(&self.config.angus, self.workplace.timing.clone());
        let pipeline = Pipeline {
            client: client.map_err(SetupError::from)?,
            archive: Arc::clone(&self.workplace.archive),
            clock: self.session.clock.clone(),
            shutdown: self.session.shutdown.clone(),
        };
        let bar = Bar::new(self.session);
        let progress = bar.listener();
        progress(Progress::Planned(tasks.len() as u64));
        let outcomes: Vec<Outcome> = stream::iter(by_stream(tasks))
            .map(|(stream, tasks)| {
                let session = pipeline.client.session(&stream, Some(&self.workplace.vault));
                let pipeline = &pipeline;
                let progress = &progress;
                async move { one_stream(pipeline, &session, tasks, progress).await }
            })
            .buffer_unordered(self.config.angus.concurrency.get())
            .collect()
            .await;
        let mut reports: BTreeMap<SeriesKey, SeriesReport> =
            keys.into_iter().map(|key| (key.clone(), SeriesReport::new(key))).collect();
        for outcome in outcomes {
            asked.disagreements.extend(outcome.disagreements);
            for report in outcome.reports {
                asked.compared += report.windows_done;
                reports.insert(report.key.clone(), report);
            }
        }
        asked.disagreements.sort_by_key(Disagreement::order);
        Ok((asked, RunReport { series: reports.into_values().collect(), errands: Vec::new() }))
    }
}

impl Disagreement {
    fn order(&self) -> (SeriesKey, DateTime<Utc>) {
        let start = match &self.about {
            About::Sum { file, .. } => file.period.start(),
            About::Bucket(deviation) => deviation.bucket_start,
        };
        (self.series.key(), start)
    }
}

/// What came of the tasks of one stream.
#[derive(Default)]
struct Outcome {
    disagreements: Vec<Disagreement>,
    reports: Vec<SeriesReport>,
}

/// Every sealed file in the range.
fn files(subject: &Subject, id: i64, evidence: &Evidence, unsound: &BTreeSet<String>) -> Vec<Task> {
    let series = &subject.series;
    let seals = seals(&series.rules, evidence);
    let is_wanted = |file: &FileRecord| {
        subject.only.is_none_or(|only| only.overlaps(&file.period)) && !unsound.contains(&file.path)
    };
    let wanted = seals.iter().filter(|seal| seal.is_sealed && is_wanted(seal.file));
    wanted.map(|seal| Task { series: series.clone(), id, what: What::Sums(seal.file.clone()) }).collect()
}

/// Everything that is exported in the range.
fn windows(subject: &Subject, id: i64, evidence: Evidence, unsound: &BTreeSet<String>) -> Vec<Task> {
    let series = &subject.series;
    let is_unsound = |file: &&FileRecord| unsound.contains(&file.path);
    let bad: Vec<TimeRange> = evidence.files.iter().filter(is_unsound).map(|file| file.period).collect();
    let (bad, evidence) = (Arc::new(bad), Arc::new(evidence));
    let mut exported: Vec<TimeRange> = Vec::new();
    for range in evidence.coverage.exported() {
        match exported.last_mut() {
            Some(last) if last.end() == range.start() => *last = last.joined(&range),
            _ => exported.push(range),
        }
    }
    let grid = series.rules.grid;
    let wanted = exported.into_iter().filter_map(|range| match subject.only {
        Some(only) => {
            let inside = range.intersection(&only)?;
            TimeRange::new(grid.ceil(inside.start()), grid.ceil(inside.end()))
        }
        None => Some(range),
    });
    let windows = wanted.flat_map(|range| grid.windows(range, series.rules.partition));
    let task = |window| {
        let (evidence, unsound) = (Arc::clone(&evidence), Arc::clone(&bad));
        Task { series: series.clone(), id, what: What::Rows { window, evidence, unsound } }
    };
    windows.map(task).collect()
}

fn by_stream(tasks: Vec<Task>) -> Vec<(Arc<Stream>, Vec<Task>)> {
    let mut streams: BTreeMap<String, (Arc<Stream>, Vec<Task>)> = BTreeMap::new();
    for task in tasks {
        let stream = Arc::clone(&task.series.stream);
        streams.entry(stream.name.clone()).or_insert_with(|| (stream, Vec::new())).1.push(task);
    }
    streams.into_values().collect()
}

async fn one_stream(
    pipeline: &Pipeline,
    session: &StreamSession,
    mut tasks: Vec<Task>,
    progress: &ProgressListener,
) -> Outcome {
    let mut outcome = Outcome::default();
    let mut stopped: Option<Failure> = None;
    while let Some(first) = tasks.first() {
        let (series, id) = (first.series.clone(), first.id);
        let others = tasks.iter().position(|task| task.id != id).unwrap_or(tasks.len());
        let is_noted = tasks[..others].iter().any(|task| matches!(task.what, What::Sums(_)));
        let mut report = SeriesReport { series_id: Some(id), ..SeriesReport::new(series.key()) };
        for task in tasks.drain(..others) {
            if let Some(failure) = &stopped {
                report.fail(failure.clone());
                continue;
            }
            match one_task(pipeline, session, &task).await {
                Ok(found) => {
                    report.windows_done += 1;
                    outcome.disagreements.extend(found);
                }
                Err(error) => {
                    let failure = Failure::new(error.kind(), &error);
                    report.fail(failure.clone());
                    stopped = Some(failure).filter(|failure| would_meet_the_others(failure.kind));
                }
            }
            progress(Progress::WindowDone { rows: 0 });
        }
        if is_noted && report.windows_done > 0 {
            certify(pipeline, series, id).await;
        }
        outcome.reports.push(report);
    }
    outcome
}

/// Has the manifest tell what came of comparing sums.
async fn certify(pipeline: &Pipeline, series: Series, id: i64) {
    let archive = Arc::clone(&pipeline.archive);
    if let Err(error) = blocking(move || archive.certify(&series, id)).await {
        // Who may only read proves files all the same; the next run writes it.
        tracing::warn!(error = &*error.to_string(), "the manifest does not tell yet what came of comparing");
    }
}

async fn one_task(
    pipeline: &Pipeline,
    session: &StreamSession,
    task: &Task,
) -> Result<Vec<Disagreement>, WindowError> {
    let disagreement = |about| Disagreement { series: task.series.clone(), about };
    match &task.what {
        What::Sums(file) => {
            let found = pipeline.reconcile(&task.series, task.id, session, file, &|| {}).await?;
            let about = |difference| About::Sum { file: file.clone(), difference };
            Ok(found.unwrap_or_default().into_iter().map(about).map(disagreement).collect())
        }
        What::Rows { window, evidence, unsound } => {
            let found = pipeline.deviations(&task.series, session, evidence, *window, &|| {}).await?;
            let is_told = |one: &Deviation| !unsound.iter().any(|period| period.contains(one.bucket_start));
            Ok(found.into_iter().filter(is_told).map(About::Bucket).map(disagreement).collect())
        }
    }
}

/// Whether it is of no use to ask the same stream again now.
fn would_meet_the_others(kind: FailureKind) -> bool {
    !matches!(kind, FailureKind::Refused | FailureKind::Protocol | FailureKind::Incomplete)
}
