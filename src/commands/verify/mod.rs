//! `verify`: whether files are what was published, and whether the service still says the same.

mod asked;
mod json;
mod offline;
mod shown;

use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, SubsecRound, Utc};
use futures_util::{StreamExt, stream};

use self::asked::{Asked, Inquiry};
use super::{
    CommandError, backfill, output,
    session::{self, Session},
};
use crate::{
    blocking::blocking,
    calendar::Bounds,
    cli::Verify,
    config::Config,
    exporter::SetupError,
    ledger::Ledger,
    publication::{Archive, PublishError},
    report::{Failure, Outcome, RunReport, SeriesReport},
    series::Series,
    time::TimeRange,
    verify::{Elsewhere, Finding, Flaw, Inspected},
    workplace::Workplace,
};

/// Folders that are read at the same time.
const FOLDERS_AT_A_TIME: usize = 4;

/// A series that is looked at, and which time of it.
#[derive(Clone)]
struct Subject {
    series: Series,
    only: Option<TimeRange>,
}

/// All that came of it.
struct Report {
    at: DateTime<Utc>,
    series: usize,
    inspected: Inspected,
    /// `None` where nobody was to be asked.
    asked: Option<Asked>,
    /// How each series fared.
    run: RunReport,
}

pub(super) async fn run(session: &Session, args: &Verify) -> Result<u8, CommandError> {
    if let Some(folder) = &args.offline {
        return offline::run(folder, args.json);
    }
    let config = session.config()?;
    let subjects = subjects(&config, args)?;
    refuse_without_ledger(&config)?;
    let workplace = if args.files { None } else { Some(session.workplace(&config)?) };
    let archive = archive(&config, workplace.as_ref())?;
    archive.check_output().map_err(SetupError::from)?;
    let mut report = inspect(session, &config, &archive, &subjects, args).await?;
    if let Some(workplace) = workplace {
        let sound: Vec<Subject> = of_sound_layout(subjects, &report.run);
        let inquiry = Inquiry { session, config: &config, workplace: &workplace, args };
        let (asked, run) = inquiry.ask(sound, &report.inspected).await?;
        report.run = joined(run, report.run);
        report.asked = Some(asked);
    }
    if args.json {
        output::print_json(&json::describe(&report))?;
    } else {
        output::print(&shown::report(&report))?;
    }
    for line in shown::failures(&report.run) {
        eprintln!("{line}");
    }
    Ok(exit_code(&report))
}

fn subjects(config: &Config, args: &Verify) -> Result<Vec<Subject>, CommandError> {
    let all = session::select(config, &args.selection)?;
    let subject = |series: Series| {
        let Bounds { from, to } = backfill::bounds(&series, args.from.as_deref(), args.to.as_deref())?;
        let range =
            TimeRange::new(from.unwrap_or(DateTime::<Utc>::MIN_UTC), to.unwrap_or(DateTime::<Utc>::MAX_UTC));
        let only = range.filter(|_| from.is_some() || to.is_some());
        Ok(Subject { series, only })
    };
    all.into_iter().map(subject).collect()
}

/// A new one would know nothing of what is there.
fn refuse_without_ledger(config: &Config) -> Result<(), CommandError> {
    if Ledger::open_if_present(&config.state_dir)?.is_some() {
        return Ok(());
    }
    Err(CommandError::Failed(format!(
        "there is no ledger in {}: nothing was exported yet, or it is lost; for files that are there, audience-exporter \
         ledger rebuild makes it again, and verify --offline {} proves them without it",
        config.state_dir.display(),
        config.output_dir.display()
    )))
}

fn archive(config: &Config, workplace: Option<&Workplace>) -> Result<Arc<Archive>, CommandError> {
    if let Some(workplace) = workplace {
        return Ok(Arc::clone(&workplace.archive));
    }
    let ledger = Ledger::open(&config.state_dir)?;
    Ok(Arc::new(Archive::configured(config, ledger)))
}

/// Looks at every folder.
async fn inspect(
    session: &Session,
    config: &Config,
    archive: &Arc<Archive>,
    subjects: &[Subject],
    args: &Verify,
) -> Result<Report, CommandError> {
    let elsewhere = Arc::new(archive.elsewhere(&Series::all(config, None, None))?);
    let looks = stream::iter(subjects.to_vec()).map(|subject| {
        let (archive, elsewhere) = (Arc::clone(archive), Arc::clone(&elsewhere));
        blocking(move || look(&archive, &subject, &elsewhere))
    });
    let looks: Vec<(SeriesReport, Inspected)> = looks.buffered(FOLDERS_AT_A_TIME).collect().await;
    let (at, mut inspected, mut run) =
        (session.clock.now().trunc_subsecs(0), Inspected::default(), RunReport::default());
    for (report, found) in looks {
        inspected.add(found);
        run.series.push(report);
    }
    if args.selection.stream.is_none() {
        inspected.findings.extend(foreign(config, archive, args.selection.job.as_deref())?);
    }
    Ok(Report { at, series: subjects.len(), inspected, asked: None, run })
}

fn look(archive: &Archive, subject: &Subject, elsewhere: &Elsewhere) -> (SeriesReport, Inspected) {
    let series = &subject.series;
    let mut report = SeriesReport::new(series.key());
    let known = archive.ledger.find_series(&series.key());
    let known = known.map_err(Failure::from).and_then(|known| match known {
        Some(known) if known.layout != series.layout() => Err(Failure::layout_changed(series, &known.layout)),
        known => Ok(known),
    });
    let inspected = known.and_then(|known| {
        report.series_id = known.map(|known| known.id);
        let mut inspected =
            archive.inspect(series, elsewhere, subject.only).map_err(|error| Failure::publishing(&error))?;
        let noted = archive.have_healed(series, &mut inspected.findings).map_err(PublishError::from);
        // Only a manifest that was as the ledger is kept so: where it was not, that is a finding of its own.
        let is_certified = inspected.findings.iter().all(|finding| finding.flaw != Flaw::Manifest);
        let certified = match report.series_id.filter(|_| is_certified) {
            Some(id) => noted.and_then(|()| archive.certify(series, id)),
            None => noted,
        };
        if let Err(error) = certified {
            tracing::warn!(error = &*error.to_string(), "cannot note what is damaged for the next run");
        }
        Ok(inspected)
    });
    match inspected {
        Ok(inspected) => (report, inspected),
        Err(failure) => {
            report.failure = Some(failure);
            (report, Inspected::default())
        }
    }
}

/// What lies in the folders of jobs and belongs to nobody.
fn foreign(config: &Config, archive: &Archive, only: Option<&str>) -> Result<Vec<Finding>, CommandError> {
    let known = archive.ledger.known_series()?;
    let mut findings = Vec::new();
    for job in config.jobs.iter().filter(|job| only.is_none_or(|only| only == job.name)) {
        let configured = job.streams.iter().map(|stream| &*stream.name);
        // A stream that is exported no longer keeps its files.
        let exported = known.iter().filter(|key| key.job == job.name).map(|key| &*key.stream);
        let streams: BTreeSet<&str> = configured.chain(exported).collect();
        let found = archive.inspect_job(&job.name, &streams.into_iter().collect::<Vec<_>>());
        findings.extend(found.map_err(|error| CommandError::Failed(error.to_string()))?);
    }
    Ok(findings)
}

fn of_sound_layout(subjects: Vec<Subject>, run: &RunReport) -> Vec<Subject> {
    let reports = subjects.into_iter().zip(&run.series);
    reports.filter(|(_, report)| report.failure.is_none()).map(|(subject, _)| subject).collect()
}

/// What came of asking, and why others were not asked.
fn joined(mut asked: RunReport, inspected: RunReport) -> RunReport {
    asked.series.extend(inspected.series.into_iter().filter(|report| report.failure.is_some()));
    asked
}

/// 1 where anything is not as it should be; else how the asking went. That nobody could be asked is no disagreement.
fn exit_code(report: &Report) -> u8 {
    let disagrees = report.asked.as_ref().is_some_and(Asked::disagrees);
    if disagrees || !report.inspected.findings.is_empty() {
        return 1;
    }
    match report.run.outcome() {
        Outcome::Failed => Outcome::Incomplete.exit_code(),
        outcome => outcome.exit_code(),
    }
}
