//! `status`: per job and stream, what is exported, what lacks, and the last error; and how deliveries, inventories and
//! accounts are.

mod errands;
mod recent;
mod schedule;

use chrono::{DateTime, SubsecRound, Utc};

use super::{
    CommandError, auth,
    output::{self, COLUMNS, grouped, local, rough, shortened, wrapped},
    session::Session,
};
use crate::{
    cli::Status,
    config::Config,
    ledger::{LastError, Ledger, LedgerError},
    status::{Exported, SeriesState, SeriesView, Snapshot, TokenViews},
};

/// Where the names of streams stand.
const STREAM: usize = 1;

/// Names of streams are not cut shorter, whatever else there is to tell.
const MIN_NAME: usize = 8;

/// Streams with an error that are spelled out below the table.
const MAX_ERRORS_SHOWN: usize = 20;

pub(super) fn run(session: &Session, args: &Status) -> Result<u8, CommandError> {
    let config = session.config()?;
    let ledger = Ledger::open_if_present(&config.state_dir)?;
    let now = session.clock.now().trunc_subsecs(0);
    // Only programs are told when each stream's token ends; `auth status` tells people.
    let streams = if args.json { auth::stream_views(session, &config, now)? } else { Vec::new() };
    let tokens = TokenViews { accounts: auth::accounts(session, &config)?.views(now), streams };
    let snapshot = Snapshot::read(&config, ledger.as_ref(), tokens, now)?;
    if args.json {
        output::print_json(&snapshot.to_json(&config))?;
    } else {
        output::print(&shown(&snapshot, &config, ledger.as_ref())?)?;
    }
    Ok(0)
}

/// For people: a table of each kind that there is, and below them what is wrong.
fn shown(snapshot: &Snapshot, config: &Config, ledger: Option<&Ledger>) -> Result<String, LedgerError> {
    let errors = Some(trouble_lines(snapshot).join("\n")).filter(|errors| !errors.is_empty());
    let parts = [Some(series_table(snapshot, ledger)?), errors].into_iter();
    let parts = parts.chain(errands::shown(snapshot, config));
    let parts = parts.chain([Some(schedule::shown(snapshot, config)), Some(daemon_line(snapshot))]);
    Ok(parts.flatten().collect::<Vec<_>>().join("\n\n"))
}

/// A line for each series. Names of streams have what the other columns leave of the width.
fn series_table(snapshot: &Snapshot, ledger: Option<&Ledger>) -> Result<String, LedgerError> {
    let header = ["job", "stream", "exported until", "lag", "missing", "gaps", "7 days", "state"];
    let row = |view: &SeriesView| {
        let week = ledger.map_or(Ok(String::new()), |ledger| recent::week(ledger, view, snapshot.at))?;
        Ok::<_, LedgerError>(row(view, week, snapshot.at))
    };
    let mut rows: Vec<[String; 8]> = snapshot.series.iter().map(row).collect::<Result<_, _>>()?;
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([header[column].len()]).max().unwrap_or(0)
    };
    let others: usize = (0..header.len()).filter(|column| *column != STREAM).map(width).sum();
    let room = COLUMNS.saturating_sub(others + 2 * (header.len() - 1)).max(MIN_NAME);
    for row in &mut rows {
        row[STREAM] = shortened(&row[STREAM], room);
    }
    Ok(output::table(&header, &[3, 4, 5], rows.into_iter().map(Vec::from)))
}

fn daemon_line(snapshot: &Snapshot) -> String {
    match &snapshot.daemon {
        Some(holder) => format!("daemon: {holder}"),
        None => "daemon: not running; the next runs are those that it would make".to_owned(),
    }
}

fn row(view: &SeriesView, week: String, now: DateTime<Utc>) -> [String; 8] {
    let series = &view.series;
    let (job, stream) = (shortened(&series.job.name, 10), series.stream.name.clone());
    let unknown = || "-".to_owned();
    let Some(Exported { status, gaps, .. }) = &view.exported else {
        let state = word(view.state()).to_owned();
        return [job, stream, unknown(), unknown(), unknown(), unknown(), week, state];
    };
    let until = view.exported_until();
    let state = match (view.state(), &status.last_error) {
        (SeriesState::Failed, Some(error)) => shortened(&error.kind, 11),
        (state, _) => word(state).to_owned(),
    };
    [
        job,
        stream,
        until.map_or_else(unknown, |until| local(until, series.stream.timezone)),
        until.map_or_else(unknown, |until| rough(now - until)),
        grouped(status.missing_buckets),
        gaps.len().to_string(),
        week,
        state,
    ]
}

fn word(state: SeriesState) -> &'static str {
    match state {
        SeriesState::Failed => "failed",
        SeriesState::Suspect => "suspect",
        SeriesState::Ok => "ok",
        SeriesState::NeverRun => "never run",
    }
}

/// What is wrong with each series: its last error, and zeros that are unlike it.
fn trouble_lines(snapshot: &Snapshot) -> Vec<String> {
    let errors = snapshot.series.iter().flat_map(|view| {
        let (job, stream) = (&view.series.job.name, &view.series.stream);
        let name = format!("{} of {job}", stream.name);
        let told =
            |error: &LastError| format!("{name}, {}: {}", local(error.at, stream.timezone), error.message);
        let error = view.last_error().map(told);
        let grid = view.series.rules.grid;
        let suspect = view.suspicions();
        let suspect = suspect.map(move |found| format!("{name}: {}", found.sentence(grid, snapshot.at)));
        error.into_iter().chain(suspect)
    });
    let mut errors: Vec<String> = errors.collect();
    if errors.len() > MAX_ERRORS_SHOWN {
        let more = errors.len() - MAX_ERRORS_SHOWN;
        errors.truncate(MAX_ERRORS_SHOWN);
        errors.push(format!("and {more} more; --json shows all"));
    }
    errors.iter().map(|line| wrapped(line, COLUMNS)).collect()
}
