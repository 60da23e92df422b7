//! What a project holds: published files, and what the ledger says of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use audience_exporter::{
    coverage::Standing,
    ledger::{FILE_NAME, FileRecord, Ledger, SeriesKey},
    series::Series,
    sink::publish,
    time::TimeRange,
};
use chrono::{DateTime, Utc};
use rusqlite::Connection;

/// Files below a folder, by their path in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Files(BTreeMap<PathBuf, (Vec<u8>, SystemTime)>);

/// The buckets that have a row.
pub(crate) type Buckets = BTreeMap<SeriesKey, BTreeSet<DateTime<Utc>>>;

impl Files {
    /// What readers see.
    pub(crate) fn published(folder: &Path) -> Self {
        Self::beginning_with(folder, "data.")
    }

    /// What lies in a folder that begins with `_` is passed over, as readers do.
    pub(crate) fn beginning_with(folder: &Path, prefix: &str) -> Self {
        let mut files = BTreeMap::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            // A folder that is not there yet holds nothing.
            for entry in fs::read_dir(&next).into_iter().flatten() {
                let entry = entry.unwrap();
                if entry.file_type().unwrap().is_dir() {
                    if !entry.file_name().to_string_lossy().starts_with('_') {
                        folders.push(entry.path());
                    }
                } else if entry.file_name().to_string_lossy().starts_with(prefix) {
                    let name = entry.path().strip_prefix(folder).unwrap().to_owned();
                    let modified = entry.metadata().unwrap().modified().unwrap();
                    files.insert(name, (fs::read(entry.path()).unwrap(), modified));
                }
            }
        }
        Self(files)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn paths(&self) -> Vec<&PathBuf> {
        self.0.keys().collect()
    }

    /// Those in a folder.
    pub(crate) fn below(&self, folder: &str) -> Self {
        let below = self.0.iter().filter(|(path, _)| path.starts_with(folder));
        Self(below.map(|(path, file)| (path.clone(), file.clone())).collect())
    }

    /// Those that are not in a folder.
    pub(crate) fn without(mut self, folder: &str) -> Self {
        self.0.retain(|path, _| !path.starts_with(folder));
        self
    }

    pub(crate) fn bytes(&self, path: &Path) -> Option<&[u8]> {
        self.0.get(path).map(|(bytes, _)| &**bytes)
    }

    /// Has the same bytes in the same files.
    #[track_caller]
    pub(crate) fn assert_same(&self, expected: &Self, when: &str) {
        assert_eq!(self.paths(), expected.paths(), "{when}: other files");
        for (path, (bytes, _)) in &self.0 {
            assert!(Some(&**bytes) == expected.bytes(path), "{when}: other bytes in {}", path.display());
        }
    }

    /// Every file of `earlier` is still there, byte for byte.
    #[track_caller]
    pub(crate) fn assert_keeps(&self, earlier: &Self, when: &str) {
        for (path, (bytes, _)) in &earlier.0 {
            assert!(Some(&**bytes) == self.bytes(path), "{when}: other bytes in {}", path.display());
        }
    }

    /// Reads every file, as whole as its format can tell, and tells which buckets there are.
    #[track_caller]
    pub(crate) fn decode(&self, series: &[Series], when: &str) -> Buckets {
        let mut found = Buckets::new();
        for (path, (bytes, _)) in &self.0 {
            let owner = series.iter().find(|series| path.starts_with(series.folder())).unwrap();
            let rows = owner.job.format.decode(&owner.context, bytes);
            let rows = rows.unwrap_or_else(|error| panic!("{when}: half a file {}: {error}", path.display()));
            found.entry(owner.key()).or_default().extend(rows.iter().map(|row| row.start));
        }
        found
    }
}

/// What the ledger says, without when it was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Books {
    series: BTreeMap<SeriesKey, Account>,
    /// Files whose publication was announced and never recorded.
    unfinished: i64,
}

/// What the ledger says of one series.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Account {
    intervals: Vec<(TimeRange, Standing)>,
    files: Vec<FileRecord>,
    missing: Vec<DateTime<Utc>>,
}

impl Books {
    /// Reads a copy, so that a ledger that needs recovery is left to the program.
    pub(crate) fn read(state_dir: &Path, series: &[Series]) -> Self {
        let copy = tempfile::tempdir().unwrap();
        for suffix in ["", "-wal", "-journal"] {
            let name = format!("{FILE_NAME}{suffix}");
            if state_dir.join(&name).exists() {
                fs::copy(state_dir.join(&name), copy.path().join(&name)).unwrap();
            }
        }
        let Some(ledger) = Ledger::open_if_present(copy.path()).unwrap() else {
            return Self { series: BTreeMap::new(), unfinished: 0 };
        };
        let accounts = series.iter().filter_map(|series| {
            let key = series.key();
            let known = ledger.find_series(&key).unwrap()?;
            Some((key, Account::read(&ledger, known.id)))
        });
        let accounts = accounts.collect();
        let sql = "SELECT count(*) FROM files WHERE pending_sha256 IS NOT NULL OR sha256 IS NULL";
        let connection = Connection::open(ledger.path()).unwrap();
        let unfinished = connection.query_row(sql, [], |row| row.get(0)).unwrap();
        Self { series: accounts, unfinished }
    }

    /// Says the same.
    #[track_caller]
    pub(crate) fn assert_same(&self, expected: &Self, when: &str) {
        assert!(self.series.keys().eq(expected.series.keys()), "{when}: other series");
        for (key, account) in &self.series {
            let expected = &expected.series[key];
            assert_eq!(account.intervals, expected.intervals, "{when}: other intervals of {key:?}");
            assert_eq!(account.missing, expected.missing, "{when}: other buckets are missing of {key:?}");
            let pairs = account.files.iter().zip(&expected.files);
            let other =
                pairs.map(|(found, expected)| (&found.path, found == expected)).find(|(_, same)| !same);
            assert!(other.is_none(), "{when}: another record of {other:?}");
        }
        assert!(self == expected, "{when}: other files, or {} unfinished ones", self.unfinished);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.series.values().all(|account| account.intervals.is_empty())
    }

    /// Every recorded file is there as recorded, and every exported bucket of these series has its row, or is recorded
    /// as missing.
    #[track_caller]
    pub(crate) fn assert_covered_by(&self, series: &[Series], files: &Files, rows: &Buckets, when: &str) {
        for series in series {
            let key = series.key();
            let Some(account) = self.series.get(&key) else { continue };
            for record in &account.files {
                let hash = files.bytes(Path::new(&record.path)).map(publish::hash);
                let is_there = hash.is_some() && [record.hash, record.pending_hash].contains(&hash);
                assert!(is_there, "{when}: {record:?} is not on disk");
            }
            let exported = account.intervals.iter().filter(|(_, standing)| *standing != Standing::Lost);
            for start in exported.flat_map(|(range, _)| series.rules.grid.bucket_starts(*range)) {
                let has_row = rows.get(&key).is_some_and(|rows| rows.contains(&start));
                let is_known = has_row || account.missing.contains(&start);
                assert!(is_known, "{when}: {key:?} claims {start}, which is nowhere");
            }
        }
    }
}

impl Account {
    fn read(ledger: &Ledger, id: i64) -> Self {
        let ever = TimeRange::new(DateTime::UNIX_EPOCH, DateTime::from_timestamp(1 << 33, 0).unwrap());
        Self {
            intervals: ledger.coverage(id).unwrap().intervals().to_vec(),
            files: ledger.files(id).unwrap(),
            missing: ledger.missing(id, ever.unwrap()).unwrap(),
        }
    }
}
