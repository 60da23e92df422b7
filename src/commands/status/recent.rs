//! How much of the last days is there, as a line of blocks.

use chrono::{DateTime, Days, Utc};

use crate::{
    commands::output::sparkline,
    ledger::{Ledger, LedgerError},
    status::SeriesView,
    time::{TimeRange, local_midnight},
};

/// The days that are drawn: today and those before.
const DAYS: u64 = 7;

/// A full block is a day of which everything is there that should be, and the lowest one a day of which nothing is; blank is one
/// of which nothing is expected. Reads the ledger only.
pub(super) fn week(ledger: &Ledger, view: &SeriesView, now: DateTime<Utc>) -> Result<String, LedgerError> {
    let Some(found) = ledger.find_series(&view.series.key())? else { return Ok(String::new()) };
    let today = now.with_timezone(&view.series.stream.timezone).date_naive();
    let days = (0..DAYS).rev().map(|ago| match today.checked_sub_days(Days::new(ago)) {
        Some(date) => share(ledger, view, found.id, date, now),
        None => Ok(None),
    });
    Ok(sparkline(&days.collect::<Result<Vec<_>, _>>()?, Some(WHOLE)))
}

/// All of a day.
const WHOLE: i64 = 1000;

/// How much is there of what is to be expected of a local day by now.
fn share(
    ledger: &Ledger,
    view: &SeriesView,
    series: i64,
    date: chrono::NaiveDate,
    now: DateTime<Utc>,
) -> Result<Option<i64>, LedgerError> {
    let Some(exported) = &view.exported else { return Ok(None) };
    let (rules, zone) = (&view.series.rules, view.series.stream.timezone);
    let coverage = &exported.status.coverage;
    let midnight = |date| local_midnight(date, zone);
    let first = coverage.intervals().first().map(|(range, _)| range.start());
    let start = view.series.job.start.map(midnight).into_iter().chain(first).min();
    let day = date.succ_opt().and_then(|next| TimeRange::new(midnight(date), midnight(next)));
    let due = start.and_then(|start| TimeRange::new(start, rules.due_until(now)));
    let Some(expected) = day.zip(due).and_then(|(day, due)| day.intersection(&due)) else { return Ok(None) };
    let buckets: Vec<DateTime<Utc>> = rules.grid.bucket_starts(expected).collect();
    let missing = ledger.missing(series, expected)?;
    let is_there = |start: &&DateTime<Utc>| {
        coverage.exported().any(|range| range.contains(**start)) && missing.binary_search(start).is_err()
    };
    let [there, all] = [buckets.iter().filter(is_there).count(), buckets.len()].map(i64::try_from);
    Ok(there.ok().zip(all.ok()).filter(|(_, all)| *all > 0).map(|(there, all)| there * WHOLE / all))
}
