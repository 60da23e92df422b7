//! Whether what a run brings is like the series: judged a few weeks at a time, as it comes. What is suspect stands in the
//! ledger; data is never touched.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    publication::{Archive, PublishError},
    row::Row,
    series::Series,
    suspicion::{Counted, HISTORY, suspicions},
    time::TimeRange,
};

/// So much time is judged at once: memory does not grow with the history.
const AT_ONCE: TimeDelta = TimeDelta::weeks(8);

/// Before the time that is judged, so that a run of zeros that reaches into it is seen whole, with its history.
const BEFORE: TimeDelta = TimeDelta::weeks(12);

/// Judges what a run brings of one series. What came is kept, so that no file need be read back for it; only what lies
/// before it is read.
pub struct Judging {
    archive: Arc<Archive>,
    series: Series,
    series_id: i64,
    /// Of `seen`, in order.
    counted: Vec<Counted>,
    /// What is known in full: as far back as a judgement needs it, where it was asked for, and what came.
    seen: Option<TimeRange>,
    /// What came and is not judged yet: the end of `seen`.
    unjudged: Option<TimeRange>,
    /// Whether a file was changed by it.
    is_changed: bool,
    /// What came and was not looked at.
    added: Vec<Added>,
}

/// What came of one window.
struct Added {
    window: TimeRange,
    brought: Vec<Counted>,
    is_changed: bool,
}

impl Judging {
    /// Of a series that nothing came of yet.
    pub fn new(archive: &Arc<Archive>, series: &Series, series_id: i64) -> Self {
        Self {
            archive: Arc::clone(archive),
            series: series.clone(),
            series_id,
            counted: Vec::new(),
            seen: None,
            unjudged: None,
            is_changed: false,
            added: Vec::new(),
        }
    }

    /// What of `rows` a judgement looks at.
    pub fn counted(series: &Series, rows: &[Row]) -> Vec<Counted> {
        rows.iter().filter_map(|row| Counted::of(row, series.rules.grid)).collect()
    }

    /// Takes what came of a window and is published, to be judged by [`judge`](Self::judge); `is_changed` where a file was
    /// changed by it.
    pub fn add(&mut self, window: TimeRange, brought: Vec<Counted>, is_changed: bool) {
        self.added.push(Added { window, brought, is_changed });
    }

    /// Judges what was added, where that is enough. Blocks.
    pub fn judge(&mut self) -> Result<(), PublishError> {
        std::mem::take(&mut self.added).into_iter().try_for_each(|added| self.take(added))
    }

    /// Judges all that was added. Blocks.
    pub fn finish(&mut self) -> Result<(), PublishError> {
        self.judge()?;
        self.judge_rest()
    }

    fn take(&mut self, Added { window, brought, is_changed }: Added) -> Result<(), PublishError> {
        if self.seen.is_some_and(|seen| seen.end() != window.start()) {
            self.judge_rest()?;
            (self.seen, self.counted) = (None, Vec::new());
        }
        self.counted.extend(brought);
        self.seen = Some(self.seen.map_or(window, |seen| seen.joined(&window)));
        self.unjudged = Some(self.unjudged.map_or(window, |unjudged| unjudged.joined(&window)));
        self.is_changed |= is_changed;
        if self.unjudged.is_some_and(|unjudged| unjudged.duration() >= AT_ONCE) {
            self.judge_rest()
        } else {
            Ok(())
        }
    }

    fn judge_rest(&mut self) -> Result<(), PublishError> {
        let Some(unjudged) = self.unjudged.take() else { return Ok(()) };
        if std::mem::take(&mut self.is_changed) {
            self.judge_piece(unjudged)?;
        }
        self.forget_before(unjudged.end() - BEFORE);
        Ok(())
    }

    fn judge_piece(&mut self, piece: TimeRange) -> Result<(), PublishError> {
        let came = &self.counted[self.counted.partition_point(|counted| counted.start() < piece.start())..];
        // Where somebody came all the time, nothing before it can make that suspect.
        let found = if came.iter().any(Counted::is_zero) {
            self.look_back_to(piece.start() - BEFORE.max(HISTORY))?;
            suspicions(&self.counted, self.series.rules.grid.size(), piece)
        } else {
            Vec::new()
        };
        Ok(self.archive.ledger.note_suspicions(self.series_id, piece, &found)?)
    }

    /// Reads what was published between `from` and what is seen.
    fn look_back_to(&mut self, from: DateTime<Utc>) -> Result<(), PublishError> {
        let unseen = self.seen.and_then(|seen| TimeRange::new(from, seen.start()));
        let Some(unseen) = unseen else { return Ok(()) };
        let coverage = self.archive.ledger.coverage(self.series_id)?;
        let exported = coverage.exported_between(unseen.start(), unseen.end());
        // A file may reach back to where nothing was ever asked.
        let Some(exported) = exported.reduce(|all, piece| all.joined(&piece)) else { return Ok(()) };
        let files = self.archive.ledger.files(self.series_id)?;
        let history = self.archive.people_between(&self.series, &files, exported)?;
        let counted = history.into_iter().filter_map(|bucket| {
            Some(Counted::new(bucket.start, bucket.end, bucket.people?, self.series.rules.grid))
        });
        self.counted.splice(..0, counted);
        self.seen = self.seen.map(|seen| seen.joined(&unseen));
        Ok(())
    }

    fn forget_before(&mut self, instant: DateTime<Utc>) {
        self.counted.drain(..self.counted.partition_point(|counted| counted.start() < instant));
        self.seen = self.seen.and_then(|seen| TimeRange::new(seen.start().max(instant), seen.end()));
    }
}
