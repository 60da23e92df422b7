//! Published files against the service: by the sums that it tells for the same time, or row for row.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    angus::{AskingListener, Listing, Query, StreamSession},
    blocking::blocking,
    coverage::Standing,
    ledger::{Evidence, FileRecord, Reconciliation},
    pipeline::{Pipeline, WindowError},
    publication::PublishError,
    row::Row,
    series::Series,
    time::{BucketGrid, BucketSize, TimeRange, Window},
    verify::{Deviation, Difference, deviations, differences, worded},
};

/// The longest range that one request may ask one figure for (Angus contract, section 6).
const LONGEST_REQUEST: TimeDelta = TimeDelta::days(366);

impl Pipeline {
    /// Compares a sealed file with the sums that the service tells, and notes what came of it: every figure that differs.
    /// `None` where the file is not what was published; then nothing is asked.
    pub async fn reconcile(
        &self,
        series: &Series,
        series_id: i64,
        session: &StreamSession,
        file: &FileRecord,
        asking: AskingListener<'_>,
    ) -> Result<Option<Vec<Difference>>, WindowError> {
        let Some(hash) = file.hash else { return Ok(None) };
        let (archive, of, record) = (Arc::clone(&self.archive), series.clone(), file.clone());
        let Some(rows) = blocking(move || archive.rows_of_file(&of, &record)).await? else {
            return Ok(None);
        };
        let at = self.clock.now();
        let told = self.totals(series, session, file.period, asking).await?;
        let found = differences(&rows, &told);
        let reconciliation = Reconciliation { hash, at, disagreement: worded(&found) };
        let (archive, path) = (Arc::clone(&self.archive), file.path.clone());
        let noted = blocking(move || archive.ledger.note_reconciliation(series_id, &path, &reconciliation));
        noted.await.map_err(PublishError::from)?;
        Ok(Some(found))
    }

    /// Compares what files have of a window with a new listing of it, and writes nothing.
    pub async fn deviations(
        &self,
        series: &Series,
        session: &StreamSession,
        evidence: &Evidence,
        window: Window,
        asking: AskingListener<'_>,
    ) -> Result<Vec<Deviation>, WindowError> {
        let now = self.clock.now();
        let listing = self.listing(series, session, window.into(), asking).await?;
        let overlapping = evidence.files.iter().filter(|file| file.period.overlaps(&window.range()));
        let mut files: Vec<FileRecord> = overlapping.cloned().collect();
        files.sort_by_key(|file| file.period);
        let (archive, of) = (Arc::clone(&self.archive), series.clone());
        let inside = blocking(move || archive.rows_between(&of, &files, window.range())).await?;
        let recent_from = recent_from(series, evidence, now);
        let found = deviations(inside, &window.range(), listing.rows, &evidence.vanished, recent_from);
        Ok(found.map_err(PublishError::from)?)
    }

    /// One figure for each part of `range` that a request may ask for.
    async fn totals(
        &self,
        series: &Series,
        session: &StreamSession,
        range: TimeRange,
        asking: AskingListener<'_>,
    ) -> Result<Vec<Row>, WindowError> {
        let grid = BucketGrid::new(BucketSize::Global, series.stream.timezone);
        let mut told = Vec::new();
        for range in requests(range, series.rules.grid) {
            told.extend(self.listing(series, session, Query { range, grid }, asking).await?.rows);
        }
        Ok(told)
    }

    async fn listing(
        &self,
        series: &Series,
        session: &StreamSession,
        query: Query,
        asking: AskingListener<'_>,
    ) -> Result<Listing, WindowError> {
        tokio::select! {
            listing = self.client.list(session, &series.job.metrics, query, asking) => Ok(listing?),
            () = self.shutdown.requested() => Err(WindowError::Interrupted),
        }
    }
}

/// From here on the next runs ask for every bucket anyway.
fn recent_from(series: &Series, evidence: &Evidence, now: DateTime<Utc>) -> DateTime<Utc> {
    let lookback = series.rules.final_until(now);
    let provisional = evidence.coverage.of_standing(Standing::Provisional).next();
    provisional.map_or(lookback, |provisional| lookback.min(provisional.start()))
}

/// Cuts a range into what one request each may ask for, where buckets of the grid begin.
fn requests(range: TimeRange, grid: BucketGrid) -> Vec<TimeRange> {
    let mut requests = Vec::new();
    let mut start = range.start();
    while let Some(rest) = TimeRange::new(start, range.end()) {
        let end =
            if rest.duration() <= LONGEST_REQUEST { rest.end() } else { grid.floor(start + LONGEST_REQUEST) };
        requests.extend(TimeRange::new(start, end));
        start = end;
    }
    requests
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::*;
    use crate::time::{LocalPeriod, PartitionSize};

    #[test]
    fn no_request_is_longer_than_a_year_and_all_of_them_are_the_whole() {
        for zone in [Tz::Europe__Paris, Tz::Australia__Lord_Howe, Tz::Asia__Pyongyang] {
            for size in BucketSize::ALL {
                let grid = BucketGrid::new(size, zone);
                let mut period = LocalPeriod::of(DateTime::UNIX_EPOCH, PartitionSize::Year, zone);
                for _ in 0..60 {
                    let (start, end) = (grid.ceil(period.start(zone)), grid.ceil(period.end(zone)));
                    let pieces = requests(TimeRange::new(start, end).unwrap(), grid);
                    assert!(
                        pieces.iter().all(|piece| piece.duration() <= LONGEST_REQUEST),
                        "{zone} {period:?}"
                    );
                    assert!(pieces.windows(2).all(|pair| pair[0].end() == pair[1].start()));
                    assert_eq!((pieces[0].start(), pieces[pieces.len() - 1].end()), (start, end));
                    period = period.next();
                }
            }
        }
    }
}
