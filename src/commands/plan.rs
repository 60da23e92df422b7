//! `plan`: what would be asked and written. Makes no request and writes nothing.

use chrono::{DateTime, SubsecRound, Utc};
use serde::Serialize;

use super::{
    CommandError, backfill,
    output::{self, counted, local},
    session::{self, Session},
};
use crate::{
    cli::Plan,
    exporter::{Work, plan_series},
    ledger::{Extent, Ledger},
    plan::PlannedWindow,
    report::Failure,
    series::Series,
    time::to_display,
};

/// Windows shown to a person; more are only counted.
const MAX_SHOWN: usize = 40;

#[derive(Serialize)]
struct PlanJson {
    now: String,
    windows: Vec<WindowJson>,
}

#[derive(Serialize)]
struct WindowJson {
    job: String,
    stream: String,
    from: String,
    to: String,
    time: &'static str,
    reason: &'static str,
    buckets: usize,
    files: Vec<String>,
}

pub(super) fn run(session: &Session, args: &Plan) -> Result<u8, CommandError> {
    let config = session.config()?;
    let all = session::select(&config, &args.selection)?;
    let work = match (&args.from, &args.to) {
        (Some(from), Some(to)) => backfill::work(&all, from, to, false)?,
        _ => Work::Due,
    };
    let ledger = Ledger::open_if_present(&config.state_dir)?;
    let now = session.clock.now().trunc_subsecs(0);
    let mut planned = Vec::new();
    for series in all {
        let (extent, first_run) = known(ledger.as_ref(), &series, now)?;
        let windows = plan_series(&series, &work, &extent, first_run, now);
        planned.extend(windows.into_iter().map(|window| (series.clone(), window)));
    }
    if args.json {
        let windows = planned.iter().map(|(series, planned)| describe(series, planned)).collect();
        output::print_json(&PlanJson { now: to_display(now), windows })?;
    } else {
        output::print(&shown(&planned))?;
    }
    Ok(0)
}

fn known(
    ledger: Option<&Ledger>,
    series: &Series,
    now: DateTime<Utc>,
) -> Result<(Extent, DateTime<Utc>), CommandError> {
    let Some(ledger) = ledger else { return Ok((Extent::default(), series.today(now))) };
    match ledger.find_series(&series.key())? {
        Some(found) if found.layout != series.layout() => {
            Err(CommandError::Usage(Failure::layout_changed(series, &found.layout).message))
        }
        Some(found) => Ok((ledger.extent(found.id)?, found.first_run)),
        None => Ok((Extent::default(), series.today(now))),
    }
}

fn describe(series: &Series, planned: &PlannedWindow) -> WindowJson {
    let range = planned.window.range();
    let files = series.rules.partitions(range);
    WindowJson {
        job: series.job.name.clone(),
        stream: series.stream.name.clone(),
        from: to_display(range.start()),
        to: to_display(range.end()),
        time: series.job.time.as_str(),
        reason: planned.reason.as_str(),
        buckets: planned.window.bucket_starts().count(),
        files: files.map(|(period, _)| series.file_path(period).to_string_lossy().into_owned()).collect(),
    }
}

fn shown(planned: &[(Series, PlannedWindow)]) -> String {
    if planned.is_empty() {
        return "nothing is due".to_owned();
    }
    let rows = planned.iter().take(MAX_SHOWN).map(|(series, planned)| {
        let (range, zone) = (planned.window.range(), series.stream.timezone);
        vec![
            series.job.name.clone(),
            series.stream.name.clone(),
            local(range.start(), zone),
            local(range.end(), zone),
            planned.window.bucket_starts().count().to_string(),
            series.rules.partitions(range).count().to_string(),
            planned.reason.as_str().to_owned(),
        ]
    });
    let header = ["job", "stream", "from (local)", "to (local)", "buckets", "files", "reason"];
    let mut text = output::table(&header, &[4, 5], rows);
    if planned.len() > MAX_SHOWN {
        text += &format!(
            "\nand {} more; --json shows all",
            counted((planned.len() - MAX_SHOWN) as u64, "window")
        );
    }
    let buckets: usize = planned.iter().map(|(_, planned)| planned.window.bucket_starts().count()).sum();
    text + &format!("\n\n{}, {}", counted(planned.len() as u64, "window"), counted(buckets as u64, "bucket"))
}
