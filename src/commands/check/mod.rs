//! `check`: everything that can be wrong before the first run, tried in order, each with a line of its own.

mod accounts;
mod alerts;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{StreamExt, stream};

use super::{
    CommandError,
    output::{self, counted},
    session::Session,
};
use crate::{
    angus::{AngusClient, FetchError, Query},
    auth::AuthError,
    cli::Check,
    config::{Config, Stream},
    exporter::SetupError,
    ledger::{Ledger, LedgerError, SeriesKey},
    report::{Failure, RunReport, SeriesReport},
    series::Series,
    time::{BucketGrid, BucketSize, TimeRange, to_display},
    wire::Timing,
};

/// No clock is right that shows a time before this program was written.
const EARLIEST_PLAUSIBLE: i64 = 1_767_225_600;

/// Beyond this, our clock and the service's differ too much for settle and schedules to mean what they say.
const MAX_CLOCK_SKEW: TimeDelta = TimeDelta::minutes(2);

/// What was found so far.
#[derive(Default)]
struct Findings {
    lines: Vec<String>,
    problems: u64,
    warnings: u64,
}

impl Findings {
    fn ok(&mut self, line: impl AsRef<str>) {
        self.lines.push(format!("ok    {}", line.as_ref()));
    }

    fn warn(&mut self, line: impl AsRef<str>) {
        self.warnings += 1;
        self.lines.push(format!("warn  {}", line.as_ref()));
    }

    fn fail(&mut self, line: impl AsRef<str>) {
        self.problems += 1;
        self.lines.push(format!("FAIL  {}", line.as_ref()));
    }
}

pub(super) async fn run(session: &Session, args: &Check) -> Result<u8, CommandError> {
    let config = session.config()?;
    let now = session.clock.now();
    let mut findings = Findings::default();
    check_configuration(&config, &mut findings);
    check_folders(&config, &mut findings);
    let is_misconfigured = check_ledger(&config, &mut findings);
    check_clock(now, &mut findings);
    let local_problems = findings.problems;
    let mut report = check_secrets(&config, &mut findings);
    let mut unreadable = accounts::check_secrets(&config, &mut findings);
    unreadable.extend(alerts::check(&config, &mut findings));
    if !args.offline {
        report = check_streams(session, &config, &mut findings).await?;
        report.errands = accounts::check(session, &config, &mut findings).await;
    }
    report.errands.extend(unreadable);
    findings.lines.push(format!(
        "\n{}, {}",
        counted(findings.problems, "problem"),
        counted(findings.warnings, "warning")
    ));
    output::print(&findings.lines.join("\n"))?;
    Ok(match report.outcome().exit_code() {
        0 if is_misconfigured => 2,
        0 if local_problems > 0 => 1,
        code => code,
    })
}

fn check_configuration(config: &Config, findings: &mut Findings) {
    let (streams, jobs) = (config.streams.len() as u64, config.jobs.len() as u64);
    let path = config.path.display();
    let more = [
        (config.accounts.len(), "account", "accounts"),
        (config.deliveries.len(), "delivery", "deliveries"),
        (config.inventories.len(), "inventory", "inventories"),
    ];
    let more = more.into_iter().filter(|(count, ..)| *count > 0);
    let more = more.map(|(count, one, many)| format!(", {count} {}", if count == 1 { one } else { many }));
    let more: String = more.collect();
    let (streams, jobs) = (counted(streams, "stream"), counted(jobs, "job"));
    findings.ok(format!("configuration {path}: {streams}, {jobs}{more}"));
    for warning in &config.warnings {
        findings.warn(warning);
    }
    for stream in &config.streams {
        if !config.jobs.iter().any(|job| job.streams.iter().any(|member| member.name == stream.name)) {
            findings.warn(format!("stream {} is in no job, so it is never exported", stream.name));
        }
    }
}

fn check_folders(config: &Config, findings: &mut Findings) {
    for (what, folder) in [("output_dir", &config.output_dir), ("state_dir", &config.state_dir)] {
        let existing = nearest_existing(folder);
        // Dropped at once: it only shows that a file can be made there.
        match tempfile::Builder::new().prefix(".check-").tempfile_in(&existing) {
            Ok(_) => findings.ok(format!("{what} {} can be written", folder.display())),
            Err(error) => findings.fail(format!(
                "{what} {} cannot be written ({}); let this user write to {}",
                folder.display(),
                error.kind(),
                existing.display()
            )),
        }
    }
}

fn nearest_existing(folder: &Path) -> PathBuf {
    let found = folder.ancestors().find(|ancestor| ancestor.is_dir());
    found.map_or_else(|| PathBuf::from("."), Path::to_owned)
}

/// Says whether a job's layout differs from that of its published files.
fn check_ledger(config: &Config, findings: &mut Findings) -> bool {
    let changes = match Ledger::open_if_present(&config.state_dir) {
        Ok(Some(ledger)) => layout_changes(config, &ledger),
        Ok(None) => {
            findings.ok("ledger: none yet, the first run makes it");
            return false;
        }
        Err(error) => Err(error),
    };
    match changes {
        Ok(changes) if changes.is_empty() => findings.ok("the ledger is sound"),
        Ok(changes) => {
            for change in changes {
                findings.fail(change);
            }
            return true;
        }
        Err(error) => findings.fail(error.to_string()),
    }
    false
}

/// One sentence for each different change, however many streams it concerns.
fn layout_changes(config: &Config, ledger: &Ledger) -> Result<BTreeSet<String>, LedgerError> {
    let mut changes = BTreeSet::new();
    for series in Series::all(config, None, None) {
        match ledger.find_series(&series.key())? {
            Some(known) if known.layout != series.layout() => {
                changes.insert(Failure::layout_changed(&series, &known.layout).message);
            }
            _ => {}
        }
    }
    Ok(changes)
}

fn check_clock(now: DateTime<Utc>, findings: &mut Findings) {
    if now.timestamp() < EARLIEST_PLAUSIBLE {
        findings.fail(format!("the clock shows {}; set it, by NTP if you can", to_display(now)));
    } else {
        findings.ok(format!("clock {}", now.format("%Y-%m-%dT%H:%M:%SZ")));
    }
}

fn check_secrets(config: &Config, findings: &mut Findings) -> RunReport {
    let mut report = RunReport::default();
    for stream in &config.streams {
        if let Some(warning) = stream.access_token.warnings() {
            findings.warn(format!("{}: {warning}", stream.name));
        }
        let outcome = stream
            .access_token
            .resolve()
            .map(|_| ())
            .map_err(|error| FetchError::from(AuthError::from(error)));
        if let Err(error) = &outcome {
            findings.fail(format!("{}: {error}", stream.name));
        }
        report.series.push(as_report(stream, outcome.err().as_ref()));
    }
    report
}

async fn check_streams(
    session: &Session,
    config: &Config,
    findings: &mut Findings,
) -> Result<RunReport, CommandError> {
    let timing = Timing::real(session.clock.clone());
    let client = AngusClient::new(&config.angus, timing).map_err(SetupError::from)?;
    let now = session.clock.now();
    let mut outcomes: Vec<(Arc<Stream>, Result<u64, FetchError>)> = stream::iter(&config.streams)
        .map(|stream| async { (Arc::clone(stream), try_stream(&client, config, stream, now).await) })
        .buffer_unordered(config.angus.concurrency.get())
        .collect()
        .await;
    outcomes.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
    let mut report = RunReport::default();
    for (stream, outcome) in &outcomes {
        match outcome {
            Ok(rows) => findings.ok(format!("{}: signed in, {} seen", stream.name, counted(*rows, "row"))),
            // Told already, without a request.
            Err(FetchError::SignIn { error: AuthError::Secret(_) }) => {}
            Err(error) => findings.fail(format!("{}: {error}", stream.name)),
        }
        report.series.push(as_report(stream, outcome.as_ref().err()));
    }
    match client.clock_skew() {
        Some(skew) if skew.abs() > MAX_CLOCK_SKEW => findings.warn(format!(
            "this clock and the service's are {} s apart; set it, by NTP if you can",
            skew.num_seconds().abs()
        )),
        _ => {}
    }
    Ok(report)
}

/// Signs in and asks for the last two settled hours.
async fn try_stream(
    client: &AngusClient,
    config: &Config,
    stream: &Arc<Stream>,
    now: DateTime<Utc>,
) -> Result<u64, FetchError> {
    let grid = BucketGrid::new(BucketSize::Hour, stream.timezone);
    let end = grid.floor(now - TimeDelta::minutes(15));
    let Some(range) = TimeRange::new(end - TimeDelta::hours(2), end) else { return Ok(0) };
    let job = config.jobs.iter().find(|job| job.streams.iter().any(|member| member.name == stream.name));
    let metrics = job.map_or_else(crate::metric::MetricSet::all, |job| job.metrics.clone());
    // Kept nowhere: a token from before says nothing about the credentials.
    let session = client.session(stream, None);
    let listing = client.list(&session, &metrics, Query { range, grid }, &|| {}).await?;
    Ok(listing.rows.len() as u64)
}

/// A stream as a run would report it, so that the exit code follows the same rule.
fn as_report(stream: &Stream, error: Option<&FetchError>) -> SeriesReport {
    let key = SeriesKey { job: String::new(), stream: stream.name.clone() };
    let failure = error.map(|error| Failure::new(error.kind(), error));
    let windows_done = u64::from(failure.is_none());
    SeriesReport { windows_done, failure, ..SeriesReport::new(key) }
}
