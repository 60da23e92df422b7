//! What to ask the API for: a pure function of job, coverage and time. A tick is only a hint; what is due follows
//! from the ledger, so missed and doubled runs cost nothing.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    coverage::{Coverage, Standing},
    time::{BucketGrid, LocalPeriod, PartitionSize, TimeRange, Window},
};

/// Why a window is asked. Where several hold, the last of this list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Exported already, asked again because late counts may have changed it.
    Lookback,
    /// Exported already, asked again because it has reached an age at which the job looks once more.
    Recheck,
    /// Never asked, and after everything that is exported.
    New,
    /// Lacking although later time is exported, or lost since it was exported.
    Gap,
    /// A backfill named it, and it is lacking.
    Asked,
    /// A backfill with `--force` named it, whether it is exported or not.
    Forced,
}

impl Reason {
    /// The word shown to people and programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lookback => "lookback",
            Self::Recheck => "recheck",
            Self::New => "new",
            Self::Gap => "gap",
            Self::Asked => "asked",
            Self::Forced => "forced",
        }
    }

    /// Whether the window is only of use while the ledger lacks something of it.
    pub fn only_if_lacking(self) -> bool {
        matches!(self, Self::New | Self::Gap | Self::Asked)
    }
}

/// One listing to ask for, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedWindow {
    /// What to ask.
    pub window: Window,
    /// Why.
    pub reason: Reason,
}

/// The rules of one series: one job on one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeriesRules {
    /// Where its buckets lie.
    pub grid: BucketGrid,
    /// How much local time one of its files covers.
    pub partition: PartitionSize,
    /// How long after its end a bucket is first exported.
    pub settle: TimeDelta,
    /// How far back each run asks again.
    pub lookback: TimeDelta,
}

/// What a backfill names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backfill {
    /// The buckets that start in this range.
    pub range: TimeRange,
    /// Whether to ask again for what is exported.
    pub force: bool,
}

impl SeriesRules {
    /// The end of the last bucket that is old enough to be exported.
    pub fn due_until(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.grid.floor(now - self.settle)
    }

    /// The end of the last bucket that is final when it is asked at `asked_at`: older than the lookback as a whole.
    pub fn final_until(&self, asked_at: DateTime<Utc>) -> DateTime<Utc> {
        self.grid.floor(asked_at - self.lookback)
    }

    /// Everything from `start` that the coverage lacks, what was lost, and what late counts may still change; and what is
    /// exported of `rechecks`.
    pub fn due(
        &self,
        start: DateTime<Utc>,
        coverage: &Coverage,
        rechecks: &[TimeRange],
        now: DateTime<Utc>,
    ) -> Vec<PlannedWindow> {
        let due_until = self.due_until(now);
        let mut pieces = Vec::new();
        let exported_until = coverage.exported_until().unwrap_or(DateTime::<Utc>::MIN_UTC);
        if let Some(span) = TimeRange::new(self.grid.ceil(start), due_until) {
            let lacking = coverage.lacking(span).into_iter();
            pieces.extend(lacking.map(|piece| {
                (piece, if exported_until <= piece.start() { Reason::New } else { Reason::Gap })
            }));
        }
        pieces.extend(coverage.of_standing(Standing::Lost).map(|lost| (lost, Reason::Gap)));
        let rechecked = rechecks.iter().flat_map(|due| coverage.exported_between(due.start(), due.end()));
        pieces.extend(rechecked.map(|piece| (piece, Reason::Recheck)));
        pieces.extend(self.recent_and_provisional(coverage, now).map(|piece| (piece, Reason::Lookback)));
        self.cut(pieces, due_until)
    }

    /// What is not exported although later time is: since `start`, and whatever was lost before it.
    pub fn gaps(&self, start: DateTime<Utc>, coverage: &Coverage) -> Vec<TimeRange> {
        let start = self.grid.ceil(start);
        let lost = coverage.of_standing(Standing::Lost).filter(|lost| lost.end() <= start);
        let span = coverage.exported_until().and_then(|until| TimeRange::new(start, until));
        lost.chain(span.into_iter().flat_map(|span| coverage.lacking(span))).collect()
    }

    /// What was exported once and was lost since.
    pub fn lost(&self, coverage: &Coverage, now: DateTime<Utc>) -> Vec<PlannedWindow> {
        self.cut(
            coverage.of_standing(Standing::Lost).map(|lost| (lost, Reason::Gap)).collect(),
            self.due_until(now),
        )
    }

    /// The buckets of one partition: those that start in its period. `None` where the zone skipped it.
    pub fn partition_range(&self, period: LocalPeriod) -> Option<TimeRange> {
        let zone = self.grid.zone();
        TimeRange::new(self.grid.ceil(period.start(zone)), self.grid.ceil(period.end(zone)))
    }

    /// The partitions that hold buckets of `range`, in order, each with its buckets.
    pub fn partitions(self, range: TimeRange) -> impl Iterator<Item = (LocalPeriod, TimeRange)> {
        LocalPeriod::overlapping(range, self.partition, self.grid.zone())
            .filter_map(move |period| Some((period, self.partition_range(period)?)))
            .filter(move |(_, buckets)| buckets.overlaps(&range))
    }

    /// What of the named range is lacking, or all of it.
    pub fn backfill(
        &self,
        backfill: Backfill,
        coverage: &Coverage,
        now: DateTime<Utc>,
    ) -> Vec<PlannedWindow> {
        let due_until = self.due_until(now);
        let named = TimeRange::new(
            self.grid.ceil(backfill.range.start()),
            self.grid.ceil(backfill.range.end()).min(due_until),
        );
        let pieces = match named {
            None => Vec::new(),
            Some(named) if backfill.force => vec![(named, Reason::Forced)],
            Some(named) => coverage.lacking(named).into_iter().map(|piece| (piece, Reason::Asked)).collect(),
        };
        self.cut(pieces, due_until)
    }

    /// The exported part of the last `lookback`, and whatever is older but was never asked when it was that old.
    fn recent_and_provisional<'a>(
        &self,
        coverage: &'a Coverage,
        now: DateTime<Utc>,
    ) -> impl Iterator<Item = TimeRange> + use<'a> {
        let recent = TimeRange::new(self.grid.floor(now - self.lookback), self.due_until(now));
        let recent = recent.into_iter().flat_map(|recent| {
            coverage.exported().filter_map(move |exported| exported.intersection(&recent))
        });
        recent.chain(coverage.of_standing(Standing::Provisional))
    }

    /// Joins pieces that touch, aligns them, and cuts them into windows; each window has the weightiest reason of the
    /// pieces in it.
    fn cut(&self, mut pieces: Vec<(TimeRange, Reason)>, due_until: DateTime<Utc>) -> Vec<PlannedWindow> {
        pieces.sort_unstable_by_key(|(piece, _)| *piece);
        let mut joined: Vec<TimeRange> = Vec::new();
        for (piece, _) in &pieces {
            match joined.last_mut() {
                Some(last) if piece.start() <= last.end() => *last = last.joined(piece),
                _ => joined.push(*piece),
            }
        }
        let due = |range: TimeRange| TimeRange::new(range.start(), range.end().min(due_until));
        let ranges = joined.into_iter().filter_map(|range| due(self.grid.widen(range)));
        let windows = ranges.flat_map(|range| self.grid.windows(range, self.partition));
        windows
            .map(|window| {
                let inside = pieces.iter().filter(|(piece, _)| piece.overlaps(&window.range()));
                let reason = inside.map(|(_, reason)| *reason).max().unwrap_or(Reason::Lookback);
                PlannedWindow { window, reason }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::*;
    use crate::time::{BucketSize, parse_label};

    fn at(text: &str) -> DateTime<Utc> {
        parse_label(text).unwrap()
    }

    fn range(start: &str, end: &str) -> TimeRange {
        TimeRange::new(at(start), at(end)).unwrap()
    }

    fn rules(size: BucketSize, partition: PartitionSize, zone: Tz) -> SeriesRules {
        SeriesRules {
            grid: BucketGrid::new(size, zone),
            partition,
            settle: TimeDelta::minutes(15),
            lookback: TimeDelta::hours(48),
        }
    }

    fn hourly() -> SeriesRules {
        rules(BucketSize::Hour, PartitionSize::Day, Tz::UTC)
    }

    fn shown(windows: &[PlannedWindow]) -> Vec<String> {
        let short = |instant: DateTime<Utc>| instant.format("%m-%dT%H").to_string();
        let line = |planned: &PlannedWindow| {
            format!(
                "{}/{} {}",
                short(planned.window.start()),
                short(planned.window.end()),
                planned.reason.as_str()
            )
        };
        windows.iter().map(line).collect()
    }

    #[test]
    fn a_first_run_asks_everything_since_the_start_that_has_settled() {
        let due =
            hourly().due(at("2026-03-01T00:00:00Z"), &Coverage::default(), &[], at("2026-03-02T10:14:59Z"));
        assert_eq!(shown(&due), ["03-01T00/03-02T09 new"]);
        let due =
            hourly().due(at("2026-03-01T00:00:00Z"), &Coverage::default(), &[], at("2026-03-02T10:15:00Z"));
        assert_eq!(shown(&due), ["03-01T00/03-02T10 new"]);
    }

    #[test]
    fn a_later_run_asks_the_lookback_with_what_is_new() {
        let coverage = Coverage::default()
            .with(range("2026-03-01T00:00:00Z", "2026-03-05T08:00:00Z"), Standing::Final)
            .with(range("2026-03-05T08:00:00Z", "2026-03-07T10:00:00Z"), Standing::Provisional);
        let due = hourly().due(at("2026-03-01T00:00:00Z"), &coverage, &[], at("2026-03-07T11:20:00Z"));
        assert_eq!(shown(&due), ["03-05T08/03-07T11 new"]);
        let due = hourly().due(at("2026-03-01T00:00:00Z"), &coverage, &[], at("2026-03-07T10:20:00Z"));
        assert_eq!(shown(&due), ["03-05T08/03-07T10 lookback"]);
    }

    #[test]
    fn after_an_outage_what_was_provisional_is_asked_once_more_however_old_it_is() {
        let coverage = Coverage::default()
            .with(range("2026-03-01T00:00:00Z", "2026-03-05T10:00:00Z"), Standing::Final)
            .with(range("2026-03-05T10:00:00Z", "2026-03-07T10:00:00Z"), Standing::Provisional);
        let due = hourly().due(at("2026-03-01T00:00:00Z"), &coverage, &[], at("2026-03-20T10:20:00Z"));
        assert_eq!(shown(&due), ["03-05T10/03-20T10 new"]);
        let healed =
            Coverage::default().with(range("2026-03-01T00:00:00Z", "2026-03-20T10:00:00Z"), Standing::Final);
        let due = hourly().due(at("2026-03-01T00:00:00Z"), &healed, &[], at("2026-03-20T10:20:00Z"));
        assert_eq!(shown(&due), ["03-18T10/03-20T10 lookback"]);
    }

    #[test]
    fn what_reached_the_age_of_a_recheck_is_asked_again_as_far_as_it_is_exported() {
        let coverage = Coverage::default()
            .with(range("2026-03-01T00:00:00Z", "2026-03-10T00:00:00Z"), Standing::Final)
            .with(range("2026-03-12T00:00:00Z", "2026-03-20T10:00:00Z"), Standing::Final);
        let rechecks = [range("2026-03-09T00:00:00Z", "2026-03-13T00:00:00Z")];
        let due = hourly().due(at("2026-03-12T00:00:00Z"), &coverage, &rechecks, at("2026-03-20T10:20:00Z"));
        let expected =
            ["03-09T00/03-10T00 recheck", "03-12T00/03-13T00 recheck", "03-18T10/03-20T10 lookback"];
        assert_eq!(shown(&due), expected);
    }

    #[test]
    fn gaps_and_lost_partitions_are_due_even_before_the_start() {
        let coverage = Coverage::default()
            .with(range("2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z"), Standing::Lost)
            .with(range("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"), Standing::Final)
            .with(range("2026-03-03T00:00:00Z", "2026-03-20T10:00:00Z"), Standing::Final);
        let due = hourly().due(at("2026-03-01T00:00:00Z"), &coverage, &[], at("2026-03-20T10:20:00Z"));
        let expected = ["02-01T00/02-02T00 gap", "03-02T00/03-03T00 gap", "03-18T10/03-20T10 lookback"];
        assert_eq!(shown(&due), expected);
    }

    #[test]
    fn gaps_are_what_lacks_between_the_start_and_what_is_exported_and_what_was_lost() {
        let (new_year, spring) = (at("2026-01-01T00:00:00Z"), at("2026-03-01T00:00:00Z"));
        let coverage = Coverage::default()
            .with(range("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"), Standing::Lost)
            .with(range("2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"), Standing::Final)
            .with(range("2026-03-04T00:00:00Z", "2026-03-05T00:00:00Z"), Standing::Provisional);
        let gaps = hourly().gaps(spring, &coverage);
        let days: Vec<String> = gaps.iter().map(|gap| gap.start().format("%m-%d").to_string()).collect();
        assert_eq!(days, ["01-01", "03-01", "03-03"]);
        assert_eq!(hourly().gaps(new_year, &coverage).len(), 2);
        assert!(hourly().gaps(spring, &Coverage::default()).is_empty());
    }

    #[test]
    fn nothing_is_due_before_the_start() {
        assert!(
            hourly()
                .due(at("2026-03-09T00:00:00Z"), &Coverage::default(), &[], at("2026-03-02T10:20:00Z"))
                .is_empty()
        );
    }

    #[test]
    fn a_backfill_asks_what_is_lacking_and_with_force_everything() {
        let named = range("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z");
        let coverage =
            Coverage::default().with(range("2026-01-10T00:00:00Z", "2026-01-20T00:00:00Z"), Standing::Final);
        let now = at("2026-03-20T10:20:00Z");
        let lacking = hourly().backfill(Backfill { range: named, force: false }, &coverage, now);
        assert_eq!(shown(&lacking), ["01-01T00/01-10T00 asked", "01-20T00/02-01T00 asked"]);
        let all = hourly().backfill(Backfill { range: named, force: true }, &coverage, now);
        assert_eq!(shown(&all), ["01-01T00/02-01T00 forced"]);
    }

    #[test]
    fn windows_hold_whole_partitions_and_never_more_than_the_api_is_asked_for() {
        let rules = rules(BucketSize::Hour, PartitionSize::Month, Tz::Europe__Paris);
        let year = range("2025-12-31T23:00:00Z", "2026-12-31T23:00:00Z");
        let now = at("2027-03-01T00:00:00Z");
        let windows = rules.backfill(Backfill { range: year, force: false }, &Coverage::default(), now);
        assert!(windows.iter().all(|planned| planned.window.range().duration() <= TimeDelta::days(31)));
        // October has 745 hours in Paris: one more than a listing may ask for, so its last day goes with November.
        assert_eq!(windows.len(), 12);
        let october: Vec<_> = shown(&windows)[9..11].to_vec();
        assert_eq!(october, ["09-30T22/10-30T23 asked", "10-30T23/11-30T23 asked"]);
    }

    #[test]
    fn global_is_asked_one_local_day_at_a_time() {
        let rules = rules(BucketSize::Global, PartitionSize::Month, Tz::Europe__Paris);
        let days = range("2026-10-23T22:00:00Z", "2026-10-26T23:00:00Z");
        let now = at("2026-12-01T00:00:00Z");
        let windows = rules.backfill(Backfill { range: days, force: false }, &Coverage::default(), now);
        let hours: Vec<_> =
            windows.iter().map(|planned| planned.window.range().duration().num_hours()).collect();
        assert_eq!(hours, [24, 25, 24]);
    }
}
