//! `backfill`: history, resumable.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::{CommandError, runs, session};
use crate::{
    calendar::Bounds,
    cli::Backfill,
    exporter::Work,
    plan,
    series::Series,
    time::{TimeRange, parse_bound},
};

pub(super) async fn run(session: &session::Session, args: &Backfill) -> Result<u8, CommandError> {
    let config = session.config_to_act_on()?;
    let series = session::select(&config, &args.selection)?;
    let work = work(&series, &args.from, &args.to, args.force)?;
    let job = args.selection.job.as_deref();
    let orders = runs::Orders { command: "backfill", series, work, job, takes_inventories: false };
    runs::run(session, &config, orders).await
}

/// The named range in the zone of each stream.
pub(super) fn work(series: &[Series], from: &str, to: &str, force: bool) -> Result<Work, CommandError> {
    let mut ranges = HashMap::new();
    for series in series {
        ranges.insert(series.stream.name.clone(), resolve(series, from, to, force)?);
    }
    Ok(Work::Backfill(ranges))
}

fn resolve(series: &Series, from: &str, to: &str, force: bool) -> Result<plan::Backfill, CommandError> {
    let range = TimeRange::new(bound("--from", from, series)?, bound("--to", to, series)?);
    let range =
        range.ok_or_else(|| CommandError::Usage(format!("--to {to} must be later than --from {from}")))?;
    Ok(plan::Backfill { range, force })
}

/// A date is its midnight in the zone of the stream.
pub(super) fn bound(option: &str, text: &str, series: &Series) -> Result<DateTime<Utc>, CommandError> {
    let parsed = parse_bound(text, series.stream.timezone);
    parsed.map_err(|error| CommandError::Usage(format!("{option}: {error}")))
}

/// A range of which either end may be left open.
pub(super) fn bounds(series: &Series, from: Option<&str>, to: Option<&str>) -> Result<Bounds, CommandError> {
    let end = |option: &str, text: Option<&str>| text.map(|text| bound(option, text, series)).transpose();
    let bounds = Bounds { from: end("--from", from)?, to: end("--to", to)? };
    match (bounds.from.zip(bounds.to), from.zip(to)) {
        (Some((first, last)), Some((from, to))) if last <= first => {
            Err(CommandError::Usage(format!("--to {to} must be later than --from {from}")))
        }
        _ => Ok(bounds),
    }
}
