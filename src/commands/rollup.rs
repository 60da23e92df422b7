//! `rollup`: published rows by local day, week or month. Asks nobody; every file is made again.

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;

use super::{
    CommandError,
    output::{self, counted, shortened},
    session::{self, Session},
};
use crate::{
    blocking::blocking,
    cli::{PeriodName, Rollup, Selection},
    config::Job,
    exporter::SetupError,
    failure::FailureKind,
    publication::PublishError,
    report::Failure,
    rollup::{Outcome, RollUp, RollupSize, SheetReport, Target},
};

/// A width that leaves a line of 80 columns room for the rest.
const GROUP_WIDTH: usize = 28;

#[derive(Serialize)]
struct RollupJson {
    job: String,
    to: &'static str,
    by: Option<String>,
    files: Vec<FileJson>,
    failures: Vec<FailureJson>,
}

#[derive(Serialize)]
struct FileJson {
    path: String,
    rows: usize,
    first_period: Option<String>,
    last_period: Option<String>,
    written: bool,
}

#[derive(Serialize)]
struct FailureJson {
    streams: Vec<String>,
    reason: &'static str,
    message: String,
}

pub(super) async fn run(session: &Session, args: &Rollup) -> Result<u8, CommandError> {
    let config = session.config()?;
    let selection = Selection { job: Some(args.job.clone()), stream: args.stream.clone() };
    session::select(&config, &selection)?;
    let Some(job) = config.jobs.iter().find(|job| job.name == args.job).cloned() else {
        return Err(CommandError::Usage(format!("there is no job {}", args.job)));
    };
    let target = target(args, &job)?;
    let archive = session::exported(&config)?;
    let (tag_keys, only, targets) = (config.tag_keys.clone(), args.stream.clone(), [target.clone()]);
    let rolled = blocking(move || {
        archive.check_output().map_err(SetupError::from)?;
        let (archive, job, tag_keys, targets, only) =
            (&archive, &job, &*tag_keys, &targets[..], only.as_deref());
        Ok::<_, CommandError>(RollUp { archive, job, tag_keys, targets, only, makes_all: true }.run())
    });
    let outcome = match rolled.await? {
        Ok(outcome) => outcome,
        Err(error) => return Ok(failed(&error)),
    };
    tell(session, args, &target, &outcome)?;
    Ok(exit_code(&outcome))
}

fn target(args: &Rollup, job: &Arc<Job>) -> Result<Target, CommandError> {
    let keys = job.streams.iter().flat_map(|stream| stream.tags.keys().map(String::as_str));
    match &args.by {
        Some(key) if job.streams.iter().all(|stream| stream.tags.is_empty()) => {
            return Err(CommandError::Usage(format!(
                "no stream of job {} has the tag {key}, or any",
                job.name
            )));
        }
        by => {
            let mut keys: Vec<&str> = keys.collect();
            keys.sort_unstable();
            keys.dedup();
            session::known("tag", by.as_deref(), keys.into_iter())?;
        }
    }
    let size = match args.to {
        PeriodName::Day => RollupSize::Day,
        PeriodName::Week => RollupSize::Week,
        PeriodName::Month => RollupSize::Month,
    };
    Ok(Target { size, by: args.by.clone() })
}

fn failed(error: &PublishError) -> u8 {
    eprintln!("{error}");
    if error.kind() == FailureKind::Busy { 5 } else { 1 }
}

/// A configuration that allows nothing of it is one thing, a part that failed another.
fn exit_code(outcome: &Outcome) -> u8 {
    let all_are = |kind| outcome.problems.iter().all(|problem| problem.failure.kind == kind);
    match outcome.problems.is_empty() {
        true => 0,
        false if all_are(FailureKind::Busy) => 5,
        false if all_are(FailureKind::Configuration) && outcome.files.is_empty() => 2,
        false => 1,
    }
}

fn tell(session: &Session, args: &Rollup, target: &Target, outcome: &Outcome) -> Result<(), CommandError> {
    if args.json {
        output::print_json(&json(args, target, outcome))?;
    } else if !session.global.quiet && !outcome.files.is_empty() {
        output::print(&shown(args, target, &outcome.files))?;
    } else if !session.global.quiet && outcome.problems.is_empty() {
        output::print("nothing to roll up: nothing of it is exported yet; run pull first")?;
    }
    let mut by_message: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for problem in &outcome.problems {
        let streams = problem.streams.iter().map(String::as_str);
        by_message.entry(&problem.failure.message).or_default().extend(streams);
    }
    for (message, streams) in by_message {
        eprintln!("{}: {message}", named(streams));
    }
    Ok(())
}

/// `lobby`, `lobby and 3 more`
fn named(mut streams: Vec<&str>) -> String {
    streams.sort_unstable();
    streams.dedup();
    match streams.as_slice() {
        [] => "no stream".to_owned(),
        [one] => (*one).to_owned(),
        [first, others @ ..] => format!("{first} and {} more", others.len()),
    }
}

fn json(args: &Rollup, target: &Target, outcome: &Outcome) -> RollupJson {
    let file = |file: &SheetReport| {
        let (first_period, last_period) = file.periods.clone().unzip();
        let path = file.path.to_string_lossy().into_owned();
        FileJson { path, rows: file.rows, first_period, last_period, written: file.is_written }
    };
    let failures = outcome.problems.iter().map(|problem| {
        let Failure { kind, message } = problem.failure.clone();
        FailureJson { streams: problem.streams.clone(), reason: kind.as_str(), message }
    });
    RollupJson {
        job: args.job.clone(),
        to: target.size.as_str(),
        by: args.by.clone(),
        files: outcome.files.iter().map(file).collect(),
        failures: failures.collect(),
    }
}

fn shown(args: &Rollup, target: &Target, files: &[SheetReport]) -> String {
    let folder = target.folder(&args.job);
    let rows = files.iter().map(|file| {
        let path = file.path.strip_prefix(&folder).unwrap_or(&file.path);
        let mut names = path.iter().map(|name| name.to_string_lossy());
        let mut name = || names.next().unwrap_or_default();
        let (group, year) = (shortened(&name(), GROUP_WIDTH), name().into_owned());
        let (first, last) = file.periods.clone().unwrap_or_default();
        let state = if file.is_written { "written" } else { "same" };
        vec![group, year, file.rows.to_string(), first, last, state.to_owned()]
    });
    let word = target.size.as_str();
    let table = output::table(
        &["file", "", "rows", &format!("first {word}"), &format!("last {word}"), ""],
        &[2],
        rows,
    );
    let written = files.iter().filter(|file| file.is_written).count() as u64;
    let unchanged = files.len() as u64 - written;
    format!("{}\n\n{table}\n\n{} written, {unchanged} unchanged", folder.display(), counted(written, "file"))
}
