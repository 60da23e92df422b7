//! `status`: per job and stream, what is exported, what lacks, and the last error; and how deliveries, inventories and
//! accounts are.

mod errands;
mod schedule;

use chrono::{DateTime, SubsecRound, Utc};

use super::{
    CommandError, auth,
    output::{self, grouped, local, rough, shortened},
    session::Session,
};
use crate::{
    cli::Status,
    config::Config,
    ledger::{LastError, Ledger},
    status::{Exported, SeriesView, Snapshot, TokenViews},
};

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
        output::print(&shown(&snapshot, &config))?;
    }
    Ok(0)
}

/// For people: a table of each kind that there is, and below them what is wrong.
fn shown(snapshot: &Snapshot, config: &Config) -> String {
    let header = ["job", "stream", "exported until", "lag", "rows", "files", "missing", "gaps", "state"];
    let rows = snapshot.series.iter().map(|view| row(view, snapshot.at));
    let series = output::table(&header, &[3, 4, 5, 6, 7], rows);
    let errors = Some(trouble_lines(snapshot).join("\n")).filter(|errors| !errors.is_empty());
    let parts = [Some(series), errors].into_iter().chain(errands::shown(snapshot, config));
    let parts = parts.chain([Some(schedule::shown(snapshot, config)), Some(daemon_line(snapshot))]);
    parts.flatten().collect::<Vec<_>>().join("\n\n")
}

fn daemon_line(snapshot: &Snapshot) -> String {
    match &snapshot.daemon {
        Some(holder) => format!("daemon: {holder}"),
        None => "daemon: not running; the next runs are those that it would make".to_owned(),
    }
}

fn row(view: &SeriesView, now: DateTime<Utc>) -> Vec<String> {
    let series = &view.series;
    let (job, stream) = (shortened(&series.job.name, 12), shortened(&series.stream.name, 20));
    let Some(Exported { status, gaps, suspicions, .. }) = &view.exported else {
        let unknown = std::iter::repeat_n("-".to_owned(), 6);
        return [job, stream].into_iter().chain(unknown).chain(["never run".to_owned()]).collect();
    };
    let until = view.exported_until();
    let state = match (&status.last_error, status.last_success) {
        (Some(error), _) => error.kind.clone(),
        (None, _) if suspicions.iter().any(|found| !found.is_over) => "suspect".to_owned(),
        (None, Some(_)) => "ok".to_owned(),
        (None, None) => "never run".to_owned(),
    };
    vec![
        job,
        stream,
        until.map_or_else(|| "-".to_owned(), |until| local(until, series.stream.timezone)),
        until.map_or_else(|| "-".to_owned(), |until| rough(now - until)),
        grouped(status.rows),
        grouped(status.files),
        grouped(status.missing_buckets),
        gaps.len().to_string(),
        state,
    ]
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
    errors
}
