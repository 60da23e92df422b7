//! All series at once, for those who tell of all of them: each table is read once, and nothing is counted.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, Row};

use super::{
    Ledger, LedgerError, Series, SeriesKey, SeriesOverview, SeriesStatus,
    certainty::suspicion,
    read::{instant, interval, optional_instant, series_status},
};
use crate::{
    coverage::{Coverage, Standing},
    suspicion::Suspicion,
    time::TimeRange,
};

type Intervals = Vec<(TimeRange, Standing)>;

impl Ledger {
    /// Every series that was ever exported, read at one moment.
    pub fn overview(&self) -> Result<HashMap<SeriesKey, SeriesOverview>, LedgerError> {
        let (found, mut intervals) = self.read(|connection| {
            let transaction = connection.unchecked_transaction()?;
            let mut suspicions = load_suspicions(&transaction)?;
            let found = load_series(&transaction, &mut suspicions)?;
            let intervals = load_intervals(&transaction)?;
            transaction.finish()?;
            Ok((found, intervals))
        })?;
        let with_coverage = |(key, known): (SeriesKey, SeriesOverview)| {
            let coverage = self.checked(intervals.remove(&known.series.id).unwrap_or_default())?;
            Ok((key, SeriesOverview { status: SeriesStatus { coverage, ..known.status }, ..known }))
        };
        found.into_iter().map(with_coverage).collect()
    }
}

/// Of each series all but the coverage.
fn load_series(
    connection: &Connection,
    suspicions: &mut BTreeMap<i64, Vec<Suspicion>>,
) -> rusqlite::Result<Vec<(SeriesKey, SeriesOverview)>> {
    let sql = "SELECT last_success, last_error_at, last_error_kind, last_error, files, rows, totals.missing,
                      id, layout, style, first_run, job, stream,
                      (SELECT max(bucket_start) FROM missing WHERE missing.series = id)
               FROM series JOIN totals ON totals.series = id";
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_map([], |row| {
        let series =
            Series { id: row.get(7)?, layout: row.get(8)?, style: row.get(9)?, first_run: instant(row, 10)? };
        let suspicions = suspicions.remove(&series.id).unwrap_or_default();
        let (status, last_missing) = (series_status(row, Coverage::default())?, optional_instant(row, 13)?);
        let key = SeriesKey { job: row.get(11)?, stream: row.get(12)? };
        Ok((key, SeriesOverview { series, status, last_missing, suspicions }))
    })?;
    found.collect()
}

fn load_intervals(connection: &Connection) -> rusqlite::Result<BTreeMap<i64, Intervals>> {
    by_series(
        connection,
        "SELECT start, end, standing, series FROM intervals ORDER BY series, start",
        3,
        interval,
    )
}

fn load_suspicions(connection: &Connection) -> rusqlite::Result<BTreeMap<i64, Vec<Suspicion>>> {
    let sql = "SELECT since, until, usual, expected, is_over, series FROM suspicions ORDER BY series, since";
    by_series(connection, sql, 5, suspicion)
}

/// Every row, in order, under the series that is told in this column.
fn by_series<T>(
    connection: &Connection,
    sql: &str,
    column: usize,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<BTreeMap<i64, Vec<T>>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    let mut found: BTreeMap<i64, Vec<T>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        found.entry(row.get(column)?).or_default().push(read(row)?);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::{
        ledger::{FileRecord, Intention, Recheck, Reconciliation, WindowRecord},
        time::TimeRange,
    };

    /// What may happen to a series, each with the hour or file that it is about.
    #[derive(Debug, Clone)]
    enum Event {
        Record { hour: i64, hours: i64, missing: Vec<i64>, files: Vec<i64>, rows: u64 },
        Intend { file: i64, is_new: bool },
        Lose(i64),
        Distrust(i64),
        Present(Vec<i64>),
        Recheck(i64),
        Reconcile(i64),
        Succeed,
    }

    fn event() -> impl Strategy<Value = Event> {
        let hour = 0..40_i64;
        let file = 0..4_i64;
        let record = (hour.clone(), 1..20_i64, vec(0..20_i64, 0..6), vec(file.clone(), 0..3), 0..50_u64);
        prop_oneof![
            6 => record.prop_map(|(hour, hours, missing, files, rows)| {
                Event::Record { hour, hours, missing, files, rows }
            }),
            2 => (file.clone(), any::<bool>()).prop_map(|(file, is_new)| Event::Intend { file, is_new }),
            2 => file.clone().prop_map(Event::Lose),
            1 => file.clone().prop_map(Event::Distrust),
            2 => vec(hour.clone(), 0..4).prop_map(Event::Present),
            1 => hour.prop_map(Event::Recheck),
            1 => file.prop_map(Event::Reconcile),
            1 => Just(Event::Succeed),
        ]
    }

    fn hour(index: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_225_600 + index * 3600, 0).unwrap()
    }

    fn hours(from: i64, to: i64) -> TimeRange {
        TimeRange::new(hour(from), hour(to)).unwrap()
    }

    fn file(index: i64, hash: Option<[u8; 32]>, rows: u64) -> FileRecord {
        let path = format!("hourly/stream=lobby/part={index}/data.csv");
        FileRecord {
            path,
            period: hours(index * 10, index * 10 + 10),
            hash,
            pending_hash: None,
            rows,
            bytes: 1,
        }
    }

    fn apply(ledger: &Ledger, series: i64, event: Event) -> Result<(), LedgerError> {
        match event {
            Event::Record { hour: from, hours: length, missing, files, rows } => {
                let range = hours(from, from + length);
                let window = WindowRecord {
                    range,
                    standings: vec![(range, Standing::Final)],
                    // Also some that are told twice, and some that are no part of the window.
                    missing: missing.iter().map(|index| hour(from + index)).collect(),
                    files: files.iter().map(|index| file(*index, Some([1; 32]), rows)).collect(),
                    vanished: vec![],
                    asked_at: hour(50),
                    rechecked: vec![],
                };
                ledger.record(series, &window)
            }
            Event::Intend { file: index, is_new } => {
                let published = if is_new { None } else { Some([1; 32]) };
                let file = FileRecord { pending_hash: Some([2; 32]), ..file(index, published, 0) };
                ledger.intend(series, &[Intention { file, changes: vec![] }])
            }
            Event::Lose(index) => {
                let FileRecord { path, period, .. } = file(index, None, 0);
                ledger.lose(series, &path, period)
            }
            Event::Distrust(index) => ledger.distrust(series, file(index, None, 0).period),
            Event::Present(starts) => {
                ledger.note_present(series, &starts.into_iter().map(hour).collect::<Vec<_>>())
            }
            Event::Recheck(until) => {
                let age = TimeDelta::days(7 + until % 2);
                ledger.enroll_rechecks(series, &[Recheck { age, until: hour(until) }])
            }
            Event::Reconcile(index) => {
                let outcome = Reconciliation { hash: [1; 32], at: hour(50), disagreement: None };
                ledger.note_reconciliation(series, &file(index, None, 0).path, &outcome)
            }
            Event::Succeed => ledger.note_success(series, hour(60)),
        }
    }

    /// Files, rows and missing buckets of a series, counted.
    fn counted(ledger: &Ledger, series: i64) -> [u64; 3] {
        let files = ledger.files(series).unwrap();
        let missing = ledger.evidence(series).unwrap().missing.len();
        [files.len() as u64, files.iter().map(|file| file.rows).sum(), missing as u64]
    }

    /// What a manifest tells of the ledger.
    fn told(ledger: &Ledger, series: i64) -> impl PartialEq + use<> {
        let found = ledger.evidence(series).unwrap();
        let files = found.files.into_iter().map(|file| FileRecord { pending_hash: None, ..file });
        let rest = (found.coverage, found.missing, found.vanished, found.rechecked, found.reconciliations);
        (files.collect::<Vec<_>>(), rest)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        /// Whatever happens, the totals are what counting tells, each series has its own, the overview tells what asking
        /// for each tells, and where a manifest would tell something else, the version is another one.
        #[test]
        fn what_is_kept_is_what_counting_tells(events in vec((0..2_usize, event()), 1..20)) {
            let folder = tempfile::tempdir().unwrap();
            let ledger = Ledger::open(folder.path()).unwrap();
            let keys = ["hall", "lobby"].map(|stream| SeriesKey { job: "hourly".to_owned(), stream: stream.to_owned() });
            let ids = [&keys[0], &keys[1]].map(|key| ledger.series(key, "layout", "none", hour(0)).unwrap().id);
            for (place, event) in events {
                let before = ids.map(|id| (told(&ledger, id), ledger.version(id).unwrap()));
                apply(&ledger, ids[place], event).unwrap();
                let overview = ledger.overview().unwrap();
                prop_assert_eq!(overview.len(), keys.len());
                for ((id, key), (told_before, version_before)) in ids.into_iter().zip(&keys).zip(before) {
                    let known = &overview[key];
                    let status = ledger.status(id).unwrap();
                    prop_assert_eq!(&known.status, &status);
                    prop_assert_eq!([status.files, status.rows, status.missing_buckets], counted(&ledger, id));
                    let evidence = ledger.evidence(id).unwrap();
                    prop_assert_eq!(known.last_missing, evidence.missing.last().copied());
                    prop_assert_eq!(&known.suspicions, &evidence.suspicions);
                    prop_assert_eq!(Some(known.series.clone()), ledger.find_series(key).unwrap());
                    let is_other = told(&ledger, id) != told_before;
                    prop_assert!(!is_other || ledger.version(id).unwrap() != version_before);
                }
            }
        }
    }

    #[test]
    fn what_a_manifest_does_not_tell_leaves_the_version() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path()).unwrap();
        let key = SeriesKey { job: "hourly".to_owned(), stream: "lobby".to_owned() };
        let id = ledger.series(&key, "layout", "none", hour(0)).unwrap().id;
        let version = ledger.version(id).unwrap();
        ledger.note_success(id, hour(60)).unwrap();
        assert_eq!(ledger.version(id).unwrap(), version);
        ledger.record_style(id, "gzip", &[]).unwrap();
        assert_ne!(ledger.version(id).unwrap(), version);
        assert_eq!(ledger.version(id + 1).unwrap(), None);
    }
}
