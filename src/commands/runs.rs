//! What `pull`, `backfill` and `demo` share: running, and telling how it went.

use std::collections::BTreeMap;

use super::{
    CommandError,
    output::{self, counted},
    progress::Bar,
    session::Session,
};
use crate::{
    config::Config,
    exporter::{Exporter, Work},
    ledger::SeriesKey,
    report::{Outcome, RunReport},
    series::Series,
};

/// Different failures that are told; more are only counted.
const MAX_NAMED_FAILURES: usize = 20;

/// Runs and prints a summary.
pub(super) async fn run(
    session: &Session,
    config: &Config,
    command: &str,
    series: Vec<Series>,
    work: Work,
) -> Result<u8, CommandError> {
    let report = export(session, config, command, series, work).await?;
    let has_news = report.windows_done() > 0 || report.outcome() == Outcome::Done;
    if has_news && !session.global.quiet {
        output::print(&summary(&report))?;
    }
    for line in failures(&report, command) {
        eprintln!("{line}");
    }
    Ok(report.outcome().exit_code())
}

/// Runs with a progress bar, until it is done or somebody interrupts it.
pub(super) async fn export(
    session: &Session,
    config: &Config,
    command: &str,
    series: Vec<Series>,
    work: Work,
) -> Result<RunReport, CommandError> {
    session.stop_on_signals();
    let bar = Bar::new(session);
    let exporter = Exporter::new(config, session.clock.clone(), session.shutdown.clone(), bar.listener())?;
    Ok(exporter.run(command, series, &work).await?)
}

fn summary(report: &RunReport) -> String {
    let sum = |figure: fn(&crate::report::SeriesReport) -> u64| report.series.iter().map(figure).sum::<u64>();
    if report.windows_done() == 0 {
        return "nothing to do: what was asked is exported already, or not due yet".to_owned();
    }
    let missing = sum(|series| series.missing);
    let damaged = sum(|series| series.files_damaged);
    let mut text = format!(
        "{} in {}; {} written, {} unchanged",
        counted(report.rows(), "row"),
        counted(report.windows_done(), "window"),
        counted(report.files_written(), "file"),
        sum(|series| series.files_unchanged),
    );
    if missing > 0 {
        text += &format!("\n{} the service does not have: recorded as missing", counted(missing, "bucket"));
    }
    if damaged > 0 {
        text += &format!("\n{} found damaged or gone, asked for again", counted(damaged, "published file"));
    }
    text
}

/// What a person must know beyond the summary, line by line.
fn failures(report: &RunReport, command: &str) -> Vec<String> {
    let mut by_message: BTreeMap<&str, Vec<&SeriesKey>> = BTreeMap::new();
    for series in &report.series {
        if let Some(failure) = &series.failure {
            by_message.entry(&failure.message).or_default().push(&series.key);
        }
    }
    let mut lines: Vec<String> = by_message
        .iter()
        .take(MAX_NAMED_FAILURES)
        .map(|(message, keys)| match keys.as_slice() {
            [SeriesKey { job, stream }] => format!("{stream} of {job}: {message}"),
            [SeriesKey { job, stream }, others @ ..] => {
                format!("{stream} of {job} and {} more: {message}", others.len())
            }
            [] => String::new(),
        })
        .collect();
    if by_message.len() > MAX_NAMED_FAILURES {
        let more = by_message.len() - MAX_NAMED_FAILURES;
        lines.push(format!("and {more} other failures; see: audience-exporter status"));
    }
    let left = counted(report.windows_failed(), "window");
    lines.extend(match report.outcome() {
        Outcome::Incomplete => {
            Some(format!("incomplete: {left} still due; run the same {command} again to resume"))
        }
        Outcome::Failed => Some(format!("failed: {left} still due, nothing was exported")),
        Outcome::CredentialsRefused => Some("failed: no stream could sign in".to_owned()),
        Outcome::Busy => {
            Some("another process exports the same series; run it again when that is done".to_owned())
        }
        Outcome::Done | Outcome::Misconfigured => None,
    });
    lines
}
