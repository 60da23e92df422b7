//! `status`: per job and stream, what is exported, what lacks, and the last error; and how deliveries, inventories and
//! accounts are.

mod errands;

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, SubsecRound, Utc};
use serde::Serialize;

use self::errands::{Errands, ErrandsJson};
use super::{
    CommandError, auth,
    output::{self, grouped, local, rough, shortened},
    session::Session,
};
use crate::{
    cli::Status,
    config::Config,
    ledger::{LastError, Ledger, SeriesStatus},
    series::Series,
    time::{TimeRange, to_display},
};

/// Streams with an error that are spelled out below the table.
const MAX_ERRORS_SHOWN: usize = 20;

#[derive(Serialize)]
struct StatusJson {
    now: String,
    series: Vec<SeriesJson>,
    #[serde(flatten)]
    errands: ErrandsJson,
}

#[derive(Serialize)]
struct SeriesJson {
    job: String,
    stream: String,
    exported_until: Option<String>,
    lag_seconds: Option<i64>,
    rows: u64,
    files: u64,
    missing_buckets: u64,
    gaps: Vec<BTreeMap<&'static str, String>>,
    last_success: Option<String>,
    last_error: Option<ErrorJson>,
    token_expires_at: Option<String>,
    next_run: Option<String>,
}

#[derive(Serialize)]
struct ErrorJson {
    at: String,
    reason: String,
    message: String,
}

/// A series and what the ledger knows of it; `None` where it was never exported.
type Known = (Series, Option<Exported>);

/// What the ledger knows of a series.
struct Exported {
    status: SeriesStatus,
    gaps: Vec<TimeRange>,
}

pub(super) fn run(session: &Session, args: &Status) -> Result<u8, CommandError> {
    let config = session.config()?;
    let ledger = Ledger::open_if_present(&config.state_dir)?;
    let mut all = Vec::new();
    for series in Series::all(&config, None, None) {
        let status = match &ledger {
            Some(ledger) => match ledger.find_series(&series.key())? {
                Some(found) => {
                    let status = ledger.status(found.id)?;
                    let gaps = series.rules.gaps(series.start(found.first_run), &status.coverage);
                    Some(Exported { status, gaps })
                }
                None => None,
            },
            None => None,
        };
        all.push((series, status));
    }
    all.sort_by_key(|(series, _)| series.key());
    let now = session.clock.now().trunc_subsecs(0);
    let errands = Errands::read(session, &config, ledger.as_ref(), now)?;
    if args.json {
        let tokens = auth::stream_views(session, &config, now)?;
        let ends = tokens.into_iter().filter_map(|view| Some((view.name, view.expires_at?))).collect();
        let series = all.iter().map(|known| describe(&config, known, &ends, now)).collect();
        output::print_json(&StatusJson { now: to_display(now), series, errands: errands.describe(now) })?;
    } else {
        output::print(&format!("{}{}", shown(&all, now), errands.shown(&config, now)))?;
    }
    Ok(0)
}

fn describe(
    config: &Config,
    (series, known): &Known,
    token_ends: &HashMap<String, DateTime<Utc>>,
    now: DateTime<Utc>,
) -> SeriesJson {
    let status = known.as_ref().map(|known| &known.status);
    let exported_until = status.as_ref().and_then(|status| status.coverage.exported_until());
    let error = status.as_ref().and_then(|status| status.last_error.as_ref());
    let gap =
        |gap: &TimeRange| BTreeMap::from([("from", to_display(gap.start())), ("to", to_display(gap.end()))]);
    SeriesJson {
        job: series.job.name.clone(),
        stream: series.stream.name.clone(),
        exported_until: exported_until.map(to_display),
        lag_seconds: exported_until.map(|until| (now - until).num_seconds()),
        rows: status.as_ref().map_or(0, |status| status.rows),
        files: status.as_ref().map_or(0, |status| status.files),
        missing_buckets: status.as_ref().map_or(0, |status| status.missing_buckets),
        gaps: known.iter().flat_map(|known| &known.gaps).map(gap).collect(),
        last_success: status.as_ref().and_then(|status| status.last_success).map(to_display),
        last_error: error.map(error_json),
        token_expires_at: token_ends.get(&series.stream.name).copied().map(to_display),
        next_run: series.job.schedule.next_after(now, config.timezone).map(to_display),
    }
}

fn error_json(LastError { at, kind, message }: &LastError) -> ErrorJson {
    ErrorJson { at: to_display(*at), reason: kind.clone(), message: message.clone() }
}

fn shown(all: &[Known], now: DateTime<Utc>) -> String {
    let header = ["job", "stream", "exported until", "lag", "rows", "files", "missing", "gaps", "state"];
    let rows = all.iter().map(|(series, known)| row(series, known.as_ref(), now));
    let mut text = output::table(&header, &[3, 4, 5, 6, 7], rows);
    let errors: Vec<String> =
        all.iter().filter_map(|(series, known)| error_line(series, &known.as_ref()?.status)).collect();
    if !errors.is_empty() {
        text += "\n";
    }
    for line in errors.iter().take(MAX_ERRORS_SHOWN) {
        text += &format!("\n{line}");
    }
    if errors.len() > MAX_ERRORS_SHOWN {
        text += &format!("\nand {} more; --json shows all", errors.len() - MAX_ERRORS_SHOWN);
    }
    text
}

fn row(series: &Series, known: Option<&Exported>, now: DateTime<Utc>) -> Vec<String> {
    let (job, stream) = (shortened(&series.job.name, 12), shortened(&series.stream.name, 20));
    let Some(Exported { status, gaps }) = known else {
        let empty = || "-".to_owned();
        return vec![
            job,
            stream,
            empty(),
            empty(),
            empty(),
            empty(),
            empty(),
            empty(),
            "never run".to_owned(),
        ];
    };
    let until = status.coverage.exported_until();
    let state = match (&status.last_error, status.last_success) {
        (Some(error), _) => error.kind.clone(),
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

fn error_line(series: &Series, status: &SeriesStatus) -> Option<String> {
    let error = status.last_error.as_ref()?;
    let at = local(error.at, series.stream.timezone);
    Some(format!("{} of {}, {at}: {}", series.stream.name, series.job.name, error.message))
}
