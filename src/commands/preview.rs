//! `preview`: recent rows and a sparkline. Asks the API, writes nothing.

mod cameras;
mod sparklines;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::{
    CommandError,
    auth::exit_code,
    output::{self, COLUMNS, counted, grouped, wrapped},
    session::{self, Session},
};
use crate::{
    angus::{AngusClient, FetchError, Query},
    cli::{Preview, Selection},
    exporter::SetupError,
    row::{Count, Mean, Row, Totals},
    series::Series,
    time::{TimeRange, to_display},
    wire::Timing,
};

/// Rows that a person is shown; the sparkline and the totals are of all.
const MAX_ROWS_SHOWN: usize = 48;

#[derive(Serialize)]
struct RowJson {
    bucket_start: String,
    bucket_end: String,
    partial: bool,
    passing_by: Option<i64>,
    interested: Option<i64>,
    stop_time_seconds: Option<f64>,
    attention_time_seconds: Option<f64>,
}

pub(super) async fn run(session: &Session, args: &Preview) -> Result<u8, CommandError> {
    let config = session.config()?;
    if let Some(inventory) = &args.inventory {
        return cameras::run(session, &config, inventory, args.json).await;
    }
    let selection = Selection { job: args.job.clone(), stream: args.stream.clone() };
    let Some(series) = session::select(&config, &selection)?.into_iter().next() else { return Ok(0) };
    let now = session.clock.now();
    let timing = Timing::real(session.clock.clone());
    let client = AngusClient::new(&config.angus, timing).map_err(SetupError::from)?;
    // Kept nowhere: this command writes nothing.
    let angus = client.session(&series.stream, None);
    let asked = recent(&series, args, now)?;
    let mut rows = Vec::new();
    for window in series.rules.grid.windows(asked, series.job.partition) {
        match client.list(&angus, &series.job.metrics, Query::from(window), &|| {}).await {
            Ok(listing) => rows.extend(listing.rows),
            Err(error) => return Ok(failed(&series, &error)),
        }
    }
    if args.json {
        let settled = now - series.job.settle;
        let rows: Vec<RowJson> = rows.iter().map(|row| describe(row, asked, settled)).collect();
        output::print_json(&rows)?;
    } else {
        output::print(&shown(&series, &rows, asked, now))?;
    }
    Ok(0)
}

/// Whole buckets, the one that is under way included.
fn recent(series: &Series, args: &Preview, now: DateTime<Utc>) -> Result<TimeRange, CommandError> {
    let too_long = || CommandError::Usage("--last: expected a duration from 1s to 366d".to_owned());
    let last = TimeDelta::from_std(args.last).ok().filter(|last| *last <= TimeDelta::days(366));
    let range = TimeRange::new(now - last.ok_or_else(too_long)?, now).ok_or_else(too_long)?;
    Ok(series.rules.grid.widen(range))
}

fn failed(series: &Series, error: &FetchError) -> u8 {
    eprintln!("{}: {error}", series.stream.name);
    exit_code(error.kind())
}

fn describe(row: &Row, asked: TimeRange, settled: DateTime<Utc>) -> RowJson {
    RowJson {
        bucket_start: to_display(row.start),
        bucket_end: to_display(row.end),
        partial: row.is_partial(asked, settled),
        passing_by: row.count(Count::PassingBy),
        interested: row.count(Count::Interested),
        stop_time_seconds: row.mean(Mean::StopTime),
        attention_time_seconds: row.mean(Mean::AttentionTime),
    }
}

fn shown(series: &Series, rows: &[Row], asked: TimeRange, now: DateTime<Utc>) -> String {
    let zone = series.stream.timezone;
    let settled = now - series.job.settle;
    let count = |row: &Row, count| row.count(count).map_or_else(|| "-".to_owned(), grouped);
    let mean =
        |row: &Row, mean| row.mean(mean).map_or_else(|| "-".to_owned(), |seconds| format!("{seconds:.1}"));
    let lines = rows.iter().rev().take(MAX_ROWS_SHOWN).rev().map(|row| {
        vec![
            row.start.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string(),
            count(row, Count::PassingBy),
            count(row, Count::Interested),
            mean(row, Mean::StopTime),
            mean(row, Mean::AttentionTime),
            if row.is_partial(asked, settled) { "still counting" } else { "" }.to_owned(),
        ]
    });
    let header = ["local start", "passing by", "interested", "stop s", "attention s", ""];
    let table = output::table(&header, &[1, 2, 3, 4], lines);
    let buckets: Vec<DateTime<Utc>> =
        series.rules.grid.bucket_starts(asked).filter(|start| *start < now).collect();
    let missing = buckets.len().saturating_sub(rows.len());
    let heading = format!(
        "{} ({}), {zone}, {} of {} buckets",
        series.stream.name,
        series.job.time.as_str(),
        grouped(rows.len() as u64),
        grouped(buckets.len() as u64),
    );
    let note = (missing > 0).then(|| {
        let buckets = counted(missing as u64, "bucket");
        wrapped(&format!("{buckets} missing at the service; that is not the same as zero"), COLUMNS)
    });
    let totals = wrapped(&totals_line(&Totals::of(rows)), COLUMNS);
    let lines = sparklines::drawn(&buckets, rows, zone);
    let end = [Some(totals), note].into_iter().flatten().collect::<Vec<_>>().join("\n");
    [wrapped(&heading, COLUMNS), table, lines, end].join("\n\n")
}

fn totals_line(totals: &Totals) -> String {
    let count = |figure: Option<i64>| figure.map_or_else(|| "unknown".to_owned(), grouped);
    let mean = |figure: Option<f64>| {
        figure.map_or_else(|| "unknown".to_owned(), |seconds| format!("{seconds:.1} s"))
    };
    format!(
        "in all: {} passing by, {} interested, stopping {} and looking {} on average",
        count(totals.count(Count::PassingBy)),
        count(totals.count(Count::Interested)),
        mean(totals.mean(Mean::StopTime)),
        mean(totals.mean(Mean::AttentionTime)),
    )
}
