//! `changes`: published values that the service changed later. Reads the ledger only.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Number, Value};

use super::{
    CommandError, backfill,
    output::{self, counted, local, print, print_json, shortened},
    session::{self, Session},
};
use crate::{
    cli::Changes,
    config::Config,
    journal,
    ledger::{Change, Ledger},
    row::{Count, Mean},
    series::Series,
    time::{TimeRange, to_display, to_local},
};

/// Changes shown to a person; of more the newest.
const MAX_SHOWN: usize = 500;

#[derive(Serialize)]
struct ChangesJson {
    changes: Vec<ChangeJson>,
}

#[derive(Serialize)]
struct ChangeJson {
    job: String,
    stream: String,
    bucket_start: String,
    bucket_end: String,
    local_start: String,
    column: String,
    old: Value,
    new: Value,
    seen_at: String,
    run: i64,
}

pub(super) fn run(session: &Session, args: &Changes) -> Result<u8, CommandError> {
    let config = session.config()?;
    let all = session::select(&config, &args.selection)?;
    let ledger = Ledger::open_if_present(&config.state_dir)?;
    let changes = changes(ledger.as_ref(), &all, args.since.as_deref())?;
    if args.json {
        print_json(&ChangesJson { changes: changes.iter().map(described).collect() })?;
    } else if args.csv {
        let rows = changes.iter().map(|(series, change)| (*series, change));
        let table = journal::encode_all(rows).map_err(|error| CommandError::Failed(error.to_string()))?;
        print(String::from_utf8_lossy(&table).trim_end())?;
    } else {
        print(&shown(&changes, &config))?;
    }
    Ok(0)
}

/// Those of all these series, in the order in which they were seen.
fn changes<'a>(
    ledger: Option<&Ledger>,
    all: &'a [Series],
    since: Option<&str>,
) -> Result<Vec<(&'a Series, Change)>, CommandError> {
    let mut found = Vec::new();
    for series in all {
        // Also where there is no ledger: a bound that cannot be read is told.
        let seen = since.map(|since| backfill::bound("--since", since, series)).transpose()?;
        let seen = seen.and_then(|since| TimeRange::new(since, DateTime::<Utc>::MAX_UTC));
        let Some(ledger) = ledger else { continue };
        let Some(known) = ledger.find_series(&series.key())? else { continue };
        found.extend(ledger.changes(known.id, seen)?.into_iter().map(|change| (series, change)));
    }
    found.sort_by_key(|(series, change)| (change.seen_at, change.run, series.key(), change.bucket_start));
    Ok(found)
}

fn described((series, change): &(&Series, Change)) -> ChangeJson {
    let Change { bucket_start, bucket_end, column, old, new, seen_at, run } = change;
    ChangeJson {
        job: series.job.name.clone(),
        stream: series.stream.name.clone(),
        bucket_start: to_display(*bucket_start),
        bucket_end: to_display(*bucket_end),
        local_start: to_local(*bucket_start, series.stream.timezone),
        column: column.clone(),
        old: value(column, old.as_deref()),
        new: value(column, new.as_deref()),
        seen_at: to_display(*seen_at),
        run: *run,
    }
}

/// Counts and means as numbers, whatever else as text.
fn value(column: &str, text: Option<&str>) -> Value {
    let Some(text) = text else { return Value::Null };
    let is_number = Count::ALL.iter().any(|count| count.column_name() == column)
        || Mean::ALL.iter().any(|mean| mean.column_name() == column);
    let number = text.parse::<Number>().ok().filter(|_| is_number);
    number.map_or_else(|| text.into(), Value::Number)
}

/// A table for each job of each run, the newest last.
fn shown(changes: &[(&Series, Change)], config: &Config) -> String {
    if changes.is_empty() {
        return "no published value was changed".to_owned();
    }
    let hidden = changes.len().saturating_sub(MAX_SHOWN);
    let earlier = (hidden > 0).then(|| {
        format!("{} not shown; --csv and --json list all", counted(hidden as u64, "earlier change"))
    });
    let mut newest: Vec<&(&Series, Change)> = changes[hidden..].iter().collect();
    newest.sort_by_key(|entry| run_and_job(entry));
    let tables = newest
        .chunk_by(|one, next| run_and_job(one) == run_and_job(next))
        .map(|changes| table(changes, config));
    earlier.into_iter().chain(tables).collect::<Vec<_>>().join("\n\n")
}

fn run_and_job<'a>((series, change): &(&'a Series, Change)) -> (i64, &'a str) {
    (change.run, &series.job.name)
}

/// What one run saw of one job.
fn table(changes: &[&(&Series, Change)], config: &Config) -> String {
    let (run, job) = changes.first().map_or((0, ""), |entry| run_and_job(entry));
    let seen = changes.iter().map(|(_, change)| local(change.seen_at, config.timezone));
    let (first, last) = (seen.clone().min().unwrap_or_default(), seen.max().unwrap_or_default());
    let until = if first == last { String::new() } else { format!(" to {last}") };
    let rows = changes.iter().map(|(series, change)| {
        let cell = |text: &Option<String>| shortened(text.as_deref().unwrap_or("-"), 9);
        vec![
            shortened(&series.stream.name, 14),
            local(change.bucket_start, series.stream.timezone),
            change.column.clone(),
            format!("{} → {}", cell(&change.old), cell(&change.new)),
        ]
    });
    let table = output::table(&["stream", "bucket (local)", "column", "old → new"], &[], rows);
    format!("{job}, seen {first}{until} by run {run}\n{table}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_numbers_and_texts_are_texts() {
        assert_eq!(value("passing_by", Some("17")), json!(17));
        assert_eq!(value("stop_time_seconds", Some("12.5")), json!(12.5));
        assert_eq!(value("satisfaction", Some("17")), json!("17"));
        assert_eq!(value("extras", Some("{\"a\":1}")), json!("{\"a\":1}"));
        assert_eq!(value("interested", None), Value::Null);
    }
}
