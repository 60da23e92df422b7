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
    delivery::{DeliveryReport, Urgency},
    errands::{ErrandReports, Errands},
    exporter::Work,
    inventory::InventoryReport,
    ledger::SeriesKey,
    report::{Outcome, RunReport},
    series::Series,
    workplace::Workplace,
};

/// Different failures that are told; more are only counted.
const MAX_NAMED_FAILURES: usize = 20;

/// What a run is to do.
pub(super) struct Orders<'a> {
    /// The command, as the ledger and messages name it.
    pub(super) command: &'a str,
    /// What to export, and what of it.
    pub(super) series: Vec<Series>,
    pub(super) work: Work,
    /// Only deliveries of this job.
    pub(super) job: Option<&'a str>,
    /// Whether inventories whose time has come are taken too.
    pub(super) takes_inventories: bool,
}

/// Exports, then delivers and takes inventories, and prints a summary.
pub(super) async fn run(session: &Session, config: &Config, orders: Orders<'_>) -> Result<u8, CommandError> {
    let Orders { command, series, work, job, takes_inventories } = orders;
    let workplace = session.workplace(config)?;
    let mut report = export(session, config, &workplace, command, series, work).await?;
    let mut errands = Errands::of_jobs(config, job);
    if takes_inventories {
        errands = errands.with_due_inventories(config, &workplace)?;
    }
    let mut done = ErrandReports::default();
    if !session.shutdown.is_requested() {
        done = errands.run(config, &workplace, Urgency::WhenDue).await;
    }
    if takes_inventories && !session.shutdown.is_requested() {
        workplace.accounts.keep_alive(session.clock.now()).await;
    }
    report.errands = done.to_reports();
    let has_news = report.windows_done() > 0 || report.outcome() == Outcome::Done;
    if has_news && !session.global.quiet {
        output::print(&summary(&report))?;
    }
    if !session.global.quiet {
        for line in news(&done) {
            output::print(&line)?;
        }
    }
    for line in failures(&report, command) {
        eprintln!("{line}");
    }
    Ok(report.outcome().exit_code())
}

/// Tells how a command went that does nothing but errands.
pub(super) fn tell_errands(
    session: &Session,
    done: &ErrandReports,
    report: &RunReport,
    nothing: &str,
) -> Result<(), CommandError> {
    let news = news(done);
    if !session.global.quiet {
        for line in &news {
            output::print(line)?;
        }
        if news.is_empty() && report.outcome() == Outcome::Done {
            output::print(nothing)?;
        }
    }
    for errand in &report.errands {
        if let Some(failure) = &errand.failure {
            eprintln!("{}: {}", errand.name, failure.message);
        }
    }
    Ok(())
}

/// What deliveries and inventories did, line by line.
fn news(done: &ErrandReports) -> Vec<String> {
    let deliveries = done.deliveries.iter().filter_map(|report| {
        let DeliveryReport { delivery, delivered, still_pending, awaiting, is_busy, .. } = report;
        let mut parts = Vec::new();
        if *delivered > 0 {
            parts.push(format!("{} delivered", counted(*delivered, "file")));
        }
        if *awaiting > 0 {
            parts.push(format!("{} being imported", counted(*awaiting, "file")));
        }
        if *still_pending > 0 {
            parts.push(format!("{} waiting", counted(*still_pending, "file")));
        }
        if *is_busy {
            parts.push("another process is sending".to_owned());
        }
        (!parts.is_empty()).then(|| format!("{delivery}: {}", parts.join(", ")))
    });
    let inventories = done.inventories.iter().filter(|report| report.failure.is_none()).map(|report| {
        let InventoryReport { inventory, cameras, vanished, file_written, .. } = report;
        let vanished = if *vanished > 0 { format!(", {vanished} no longer there") } else { String::new() };
        let file = if *file_written { "written" } else { "unchanged" };
        format!("{inventory}: {}{vanished}; file {file}", counted(*cameras, "camera"))
    });
    deliveries.chain(inventories).collect()
}

/// Runs with a progress bar, until it is done or somebody interrupts it.
pub(super) async fn export(
    session: &Session,
    config: &Config,
    workplace: &Workplace,
    command: &str,
    series: Vec<Series>,
    work: Work,
) -> Result<RunReport, CommandError> {
    session.stop_on_signals();
    let bar = Bar::new(session);
    let exporter = workplace.exporter(config)?;
    Ok(exporter.run(command, series, &work, &bar.listener()).await?)
}

fn summary(report: &RunReport) -> String {
    let sum = |figure: fn(&crate::report::SeriesReport) -> u64| report.series.iter().map(figure).sum::<u64>();
    if report.windows_done() == 0 {
        return "nothing to do: what was asked is exported already, or not due yet".to_owned();
    }
    let missing = sum(|series| series.missing);
    let (restated, damaged) = (sum(|series| series.restated), sum(|series| series.files_damaged));
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
    if restated > 0 {
        text += &format!("\n{} changed: audience-exporter changes", counted(restated, "published value"));
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
    let errands = report.errands.iter();
    lines.extend(
        errands.filter_map(|errand| Some(format!("{}: {}", errand.name, errand.failure.as_ref()?.message))),
    );
    let left = counted(report.windows_failed(), "window");
    lines.extend(match report.outcome() {
        Outcome::Incomplete if report.series.iter().all(|series| series.failure.is_none()) => None,
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
