//! Reading the ledger.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{
    Extent, FileRecord, LastError, Ledger, LedgerError, Series, SeriesKey, SeriesStatus,
    certainty::load_rechecks, changes,
};
use crate::{
    coverage::{Coverage, Standing},
    time::{BucketGrid, TimeRange},
};

impl Ledger {
    /// The series of `key`, if it was ever exported.
    pub fn find_series(&self, key: &SeriesKey) -> Result<Option<Series>, LedgerError> {
        self.read(|connection| load_series(connection, key))
    }

    /// Every series that was ever exported, by job and stream.
    pub fn known_series(&self) -> Result<Vec<SeriesKey>, LedgerError> {
        self.read(|connection| {
            let mut statement = connection.prepare("SELECT job, stream FROM series ORDER BY job, stream")?;
            let keys =
                statement.query_map([], |row| Ok(SeriesKey { job: row.get(0)?, stream: row.get(1)? }))?;
            keys.collect()
        })
    }

    /// The number of the file system that published files were last seen on.
    pub fn output_device(&self) -> Result<Option<i64>, LedgerError> {
        self.read(|connection| {
            connection.query_row("SELECT device FROM output", [], |row| row.get(0)).optional()
        })
    }

    /// Paths of published files, of any series: the first few.
    pub fn some_files(&self) -> Result<Vec<String>, LedgerError> {
        self.read(|connection| {
            let mut statement =
                connection.prepare("SELECT path FROM files WHERE sha256 IS NOT NULL LIMIT 100")?;
            let paths = statement.query_map([], |row| row.get(0))?;
            paths.collect()
        })
    }

    /// What of a series is exported.
    pub fn coverage(&self, series: i64) -> Result<Coverage, LedgerError> {
        let intervals = self.read(|connection| load_intervals(connection, series))?;
        self.checked(intervals)
    }

    /// What of a series was asked.
    pub fn extent(&self, series: i64) -> Result<Extent, LedgerError> {
        Ok(Extent { coverage: self.coverage(series)?, rechecked: self.rechecks(series)? })
    }

    /// What a run needs to know of a series before it plans, all of one moment.
    pub fn standing(&self, series: i64) -> Result<(Vec<FileRecord>, Extent), LedgerError> {
        let (files, intervals, rechecked) = self.read(|connection| {
            let snapshot = connection.unchecked_transaction()?;
            let files = load_files(&snapshot, series)?;
            Ok((files, load_intervals(&snapshot, series)?, load_rechecks(&snapshot, series)?))
        })?;
        Ok((files, Extent { coverage: self.checked(intervals)?, rechecked }))
    }

    /// What tells whether a series is certified, all of one moment: what is known of it, its [`version`](Self::version), and
    /// whether its journal lacks something. `None` where there is no such series.
    pub fn certified_by(&self, key: &SeriesKey) -> Result<Option<(Series, Option<i64>, bool)>, LedgerError> {
        self.read(|connection| {
            let snapshot = connection.unchecked_transaction()?;
            let Some(known) = load_series(&snapshot, key)? else { return Ok(None) };
            let version = load_version(&snapshot, known.id)?;
            let is_unfiled = changes::are_unfiled(&snapshot, known.id)?;
            Ok(Some((known, version, is_unfiled)))
        })
    }

    /// The record of one file.
    pub fn file(&self, series: i64, path: &str) -> Result<Option<FileRecord>, LedgerError> {
        self.read(|connection| load_file(connection, series, path))
    }

    /// The record of each of these files, in their order, all of one moment; also of those whose first publication is under
    /// way. Takes the ledger once, where asking for them one by one waits for its writers each time.
    pub fn files_at(
        &self,
        series: i64,
        paths: &[impl AsRef<str>],
    ) -> Result<Vec<Option<FileRecord>>, LedgerError> {
        self.read(|connection| {
            let snapshot = connection.unchecked_transaction()?;
            paths.iter().map(|path| load_file(&snapshot, series, path.as_ref())).collect()
        })
    }

    /// Every file of a series whose publication is recorded, by path.
    pub fn files(&self, series: i64) -> Result<Vec<FileRecord>, LedgerError> {
        self.read(|connection| load_files(connection, series))
    }

    /// What there is to tell of a series.
    pub fn status(&self, series: i64) -> Result<SeriesStatus, LedgerError> {
        let coverage = self.coverage(series)?;
        self.read(|connection| {
            let sql = "SELECT last_success, last_error_at, last_error_kind, last_error, files, rows, missing
                       FROM series JOIN totals ON totals.series = id WHERE id = ?1";
            connection.prepare_cached(sql)?.query_row([series], |row| series_status(row, coverage))
        })
    }

    /// A number that is another one, by chance, after every change of what the manifest of a series tells; `None` where
    /// there is no such series.
    pub fn version(&self, series: i64) -> Result<Option<i64>, LedgerError> {
        self.read(|connection| load_version(connection, series))
    }

    /// Starts of the buckets of a series that are recorded as missing inside `range`, in order.
    pub fn missing(&self, series: i64, range: TimeRange) -> Result<Vec<DateTime<Utc>>, LedgerError> {
        let sql = "SELECT bucket_start FROM missing
                   WHERE series = ?1 AND bucket_start >= ?2 AND bucket_start < ?3 ORDER BY bucket_start";
        self.read(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let bounds = params![series, range.start().timestamp(), range.end().timestamp()];
            let starts = statement.query_map(bounds, |row| instant(row, 0))?;
            starts.collect()
        })
    }

    /// Where the buckets begin that are recorded as missing at the end of `tail`, a range of whole buckets that is
    /// exported; `None` where its last bucket is there. Of very many the last ten thousand are looked at.
    pub fn silent_since(
        &self,
        series: i64,
        grid: &BucketGrid,
        tail: TimeRange,
    ) -> Result<Option<DateTime<Utc>>, LedgerError> {
        let sql = "SELECT bucket_start FROM missing
                   WHERE series = ?1 AND bucket_start >= ?2 AND bucket_start < ?3
                   ORDER BY bucket_start DESC LIMIT 10000";
        let since = self.read(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let bounds = params![series, tail.start().timestamp(), tail.end().timestamp()];
            let mut since = tail.end();
            for start in statement.query_map(bounds, |row| instant(row, 0))? {
                let start = start?;
                if grid.bucket_end(start) != since {
                    break;
                }
                since = start;
            }
            Ok(since)
        })?;
        Ok((since < tail.end()).then_some(since))
    }

    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, LedgerError> {
        work(&self.connection()).map_err(LedgerError::from_sqlite(self.path()))
    }

    pub(super) fn checked(&self, intervals: Vec<(TimeRange, Standing)>) -> Result<Coverage, LedgerError> {
        Coverage::from_intervals(intervals).map_err(|overlap| self.damaged(overlap.to_string()))
    }
}

pub(super) fn load_series(connection: &Connection, key: &SeriesKey) -> rusqlite::Result<Option<Series>> {
    let sql = "SELECT id, layout, style, first_run FROM series WHERE job = ?1 AND stream = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_row(params![key.job, key.stream], |row| {
        let (id, layout, style) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(Series { id, layout, style, first_run: instant(row, 3)? })
    });
    found.optional()
}

fn load_version(connection: &Connection, series: i64) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT version FROM totals WHERE series = ?1";
    connection.prepare_cached(sql)?.query_row([series], |row| row.get(0)).optional()
}

fn load_file(connection: &Connection, series: i64, path: &str) -> rusqlite::Result<Option<FileRecord>> {
    let sql = "SELECT path, period_start, period_end, sha256, pending_sha256, rows, bytes
               FROM files WHERE series = ?1 AND path = ?2";
    connection.prepare_cached(sql)?.query_row(params![series, path], file_record).optional()
}

pub(super) fn load_files(connection: &Connection, series: i64) -> rusqlite::Result<Vec<FileRecord>> {
    let sql = "SELECT path, period_start, period_end, sha256, pending_sha256, rows, bytes
               FROM files WHERE series = ?1 AND sha256 IS NOT NULL ORDER BY path";
    let mut statement = connection.prepare_cached(sql)?;
    let files = statement.query_map([series], file_record)?;
    files.collect()
}

pub(super) fn load_intervals(
    connection: &Connection,
    series: i64,
) -> rusqlite::Result<Vec<(TimeRange, Standing)>> {
    let sql = "SELECT start, end, standing FROM intervals WHERE series = ?1 ORDER BY start";
    let mut statement = connection.prepare_cached(sql)?;
    let intervals = statement.query_map([series], interval)?;
    intervals.collect()
}

/// The first three columns: start, end and standing.
pub(super) fn interval(row: &Row<'_>) -> rusqlite::Result<(TimeRange, Standing)> {
    let standing = match row.get(2)? {
        0 => Standing::Lost,
        1 => Standing::Provisional,
        2 => Standing::Final,
        found => return Err(rusqlite::Error::IntegralValueOutOfRange(2, found)),
    };
    Ok((range(row, 0)?, standing))
}

/// The first seven columns: those of [`last_run`], then files, rows and missing buckets.
pub(super) fn series_status(row: &Row<'_>, coverage: Coverage) -> rusqlite::Result<SeriesStatus> {
    let (last_success, last_error) = last_run(row)?;
    let (files, rows, missing_buckets) = (unsigned(row, 4)?, unsigned(row, 5)?, unsigned(row, 6)?);
    Ok(SeriesStatus { coverage, files, rows, missing_buckets, last_success, last_error })
}

pub(super) fn file_record(row: &Row<'_>) -> rusqlite::Result<FileRecord> {
    Ok(FileRecord {
        path: row.get(0)?,
        period: range(row, 1)?,
        hash: row.get(3)?,
        pending_hash: row.get(4)?,
        rows: unsigned(row, 5)?,
        bytes: unsigned(row, 6)?,
    })
}

/// The first four columns: when it was last well, and when, by which kind and why it was not.
pub(super) fn last_run(row: &Row<'_>) -> rusqlite::Result<(Option<DateTime<Utc>>, Option<LastError>)> {
    let last_error = match optional_instant(row, 1)? {
        Some(at) => Some(LastError { at, kind: row.get(2)?, message: row.get(3)? }),
        None => None,
    };
    Ok((optional_instant(row, 0)?, last_error))
}

pub(super) fn range(row: &Row<'_>, index: usize) -> rusqlite::Result<TimeRange> {
    let (start, end) = (instant(row, index)?, instant(row, index + 1)?);
    TimeRange::new(start, end).ok_or(rusqlite::Error::IntegralValueOutOfRange(index + 1, end.timestamp()))
}

pub(super) fn instant(row: &Row<'_>, index: usize) -> rusqlite::Result<DateTime<Utc>> {
    from_timestamp(index, row.get(index)?)
}

pub(super) fn optional_instant(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<DateTime<Utc>>> {
    let seconds: Option<i64> = row.get(index)?;
    seconds.map(|seconds| from_timestamp(index, seconds)).transpose()
}

fn from_timestamp(index: usize, seconds: i64) -> rusqlite::Result<DateTime<Utc>> {
    DateTime::from_timestamp(seconds, 0).ok_or(rusqlite::Error::IntegralValueOutOfRange(index, seconds))
}

pub(super) fn unsigned(row: &Row<'_>, index: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(index)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(index, number))
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::*;
    use crate::{
        ledger::{Intention, WindowRecord},
        time::BucketSize,
    };

    fn hour(index: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_225_600 + index * 3600, 0).unwrap()
    }

    /// A ledger whose only series is exported for twenty hours, but for these.
    fn ledger(missing: &[i64]) -> (tempfile::TempDir, Ledger, TimeRange) {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path()).unwrap();
        let key = SeriesKey { job: "hourly".to_owned(), stream: "lobby".to_owned() };
        let series = ledger.series(&key, "", "", hour(0)).unwrap();
        let range = TimeRange::new(hour(0), hour(20)).unwrap();
        let standings = vec![(range, Standing::Final)];
        let missing = missing.iter().map(|index| hour(*index)).collect();
        let window = WindowRecord {
            range,
            standings,
            missing,
            files: vec![],
            vanished: vec![],
            asked_at: hour(20),
            rechecked: vec![],
        };
        ledger.record(series.id, &window).unwrap();
        (folder, ledger, range)
    }

    #[test]
    fn files_that_are_asked_for_together_are_those_that_are_asked_for_one_by_one() {
        let (_folder, ledger, range) = ledger(&[]);
        let file = |path: &str, hash| FileRecord {
            path: path.to_owned(),
            period: range,
            hash,
            pending_hash: Some([2; 32]),
            rows: 0,
            bytes: 0,
        };
        let intentions = [file("a", None), file("b", Some([1; 32]))];
        let intentions = intentions.map(|file| Intention { file, changes: vec![] });
        ledger.intend(1, &intentions).unwrap();
        let paths = ["b", "c", "a"];
        let found = ledger.files_at(1, &paths).unwrap();
        assert_eq!(found, [Some(intentions[1].file.clone()), None, Some(intentions[0].file.clone())]);
        assert_eq!(found, paths.map(|path| ledger.file(1, path).unwrap()));
        assert_eq!(ledger.files_at(2, &paths).unwrap(), [None, None, None]);
    }

    #[test]
    fn silence_begins_with_the_missing_buckets_that_reach_the_end() {
        let grid = BucketGrid::new(BucketSize::Hour, Tz::UTC);
        for (missing, expected) in [
            (vec![], None),
            (vec![3, 18], None),
            (vec![19], Some(19)),
            (vec![2, 3, 16, 18, 19], Some(18)),
            ((0..20).collect(), Some(0)),
        ] {
            let (_folder, ledger, tail) = ledger(&missing);
            assert_eq!(ledger.silent_since(1, &grid, tail).unwrap(), expected.map(hour), "{missing:?}");
        }
        // What came before a gap says nothing about what came after it.
        let (_folder, ledger, _) = ledger(&(0..20).collect::<Vec<_>>());
        let tail = TimeRange::new(hour(17), hour(20)).unwrap();
        assert_eq!(ledger.silent_since(1, &grid, tail).unwrap(), Some(hour(17)));
    }
}
