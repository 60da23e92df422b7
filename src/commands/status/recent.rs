//! How much of the last days is there, as a line of blocks.

use chrono::{DateTime, Days, NaiveDate, Utc};

use crate::{
    commands::output::sparkline,
    ledger::{Ledger, LedgerError},
    status::{Exported, SeriesView},
    time::{TimeRange, local_midnight},
};

/// The days that are drawn: today and those before.
const DAYS: u64 = 7;

/// All of a day.
const WHOLE: i64 = 1000;

/// A full block is a day of which everything is there that should be, and the lowest one a day of which nothing is; blank is one
/// of which nothing is expected. Reads the ledger only, and that once.
pub(super) fn week(ledger: &Ledger, view: &SeriesView, now: DateTime<Utc>) -> Result<String, LedgerError> {
    let found = ledger.find_series(&view.series.key())?;
    let Some((found, exported)) = found.zip(view.exported.as_ref()) else { return Ok(String::new()) };
    let today = now.with_timezone(&view.series.stream.timezone).date_naive();
    let dates = (0..DAYS).rev().map(|ago| today.checked_sub_days(Days::new(ago)));
    let days: Vec<Option<TimeRange>> = dates.map(|date| expected(view, exported, date?, now)).collect();
    let starts = days.iter().flatten().map(TimeRange::start).min();
    let ends = days.iter().flatten().map(TimeRange::end).max();
    let Some(whole) = starts.zip(ends).and_then(|(start, end)| TimeRange::new(start, end)) else {
        return Ok(String::new());
    };
    let missing = ledger.missing(found.id, whole)?;
    let shares: Vec<Option<i64>> = days.iter().map(|day| share(view, exported, &missing, (*day)?)).collect();
    Ok(sparkline(&shares, Some(WHOLE)))
}

/// The part of a local day that should be there by now.
fn expected(
    view: &SeriesView,
    exported: &Exported,
    date: NaiveDate,
    now: DateTime<Utc>,
) -> Option<TimeRange> {
    let midnight = |date| local_midnight(date, view.series.stream.timezone);
    let first = exported.status.coverage.intervals().first().map(|(range, _)| range.start());
    let start = view.series.job.start.map(midnight).into_iter().chain(first).min()?;
    let day = TimeRange::new(midnight(date), midnight(date.succ_opt()?))?;
    TimeRange::new(start, view.series.rules.due_until(now))?.intersection(&day)
}

/// How much is there of `range`; `missing` is in order.
fn share(view: &SeriesView, exported: &Exported, missing: &[DateTime<Utc>], range: TimeRange) -> Option<i64> {
    let grid = view.series.rules.grid;
    let coverage = &exported.status.coverage;
    let covered = coverage.exported_between(range.start(), range.end());
    let there: usize = covered.map(|part| grid.bucket_starts(part).count()).sum();
    let lost = missing.partition_point(|start| *start < range.end())
        - missing.partition_point(|start| *start < range.start());
    let [there, all] = [there.saturating_sub(lost), grid.bucket_starts(range).count()].map(i64::try_from);
    there.ok().zip(all.ok()).filter(|(_, all)| *all > 0).map(|(there, all)| there * WHOLE / all)
}
