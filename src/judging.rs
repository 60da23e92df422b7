//! After a run: whether what it brought is like the series. What is suspect stands in the ledger; data is never touched.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::{
    publication::{Archive, PublishError},
    row::Row,
    series::Series,
    suspicion::{HISTORY, Suspicion, suspicions},
    time::TimeRange,
};

/// So much time is judged at once: memory does not grow with the history.
const AT_ONCE: TimeDelta = TimeDelta::weeks(8);

/// Before the time that is judged, so that a run of zeros that reaches into it is seen whole, with its history.
const BEFORE: TimeDelta = TimeDelta::weeks(12);

impl Archive {
    /// Judges the rows of `asked`, which a run brought, by those before them.
    pub fn judge(&self, series: &Series, series_id: i64, asked: TimeRange) -> Result<(), PublishError> {
        let files = self.ledger.files(series_id)?;
        let mut found: BTreeMap<_, Suspicion> = BTreeMap::new();
        let mut rows: Vec<Row> = Vec::new();
        let mut read_until = asked.start() - BEFORE.max(HISTORY);
        let mut next = asked.start();
        while let Some(piece) = TimeRange::new(next, asked.end().min(next + AT_ONCE)) {
            rows.retain(|row| piece.start() - BEFORE <= row.start);
            if let Some(unread) = TimeRange::new(read_until, piece.end()) {
                rows.extend(self.rows_between(series, &files, unread)?);
            }
            // One that reaches into the next piece is found there again, with its end.
            let judged = suspicions(&rows, series.rules.grid, piece);
            found.extend(judged.into_iter().map(|suspicion| (suspicion.since, suspicion)));
            (read_until, next) = (piece.end(), piece.end());
        }
        let found: Vec<Suspicion> = found.into_values().collect();
        Ok(self.ledger.note_suspicions(series_id, asked, &found)?)
    }
}
