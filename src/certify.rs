//! What a folder tells of itself once its files are published: the journal of changes, and the manifest.

use std::path::PathBuf;

use crate::{
    hex::hex,
    ledger::{self, Evidence, LedgerError},
    locks::{Lock, LockError, Patience},
    manifest::{self, Manifest},
    publication::{Archive, Commitment, Encoded, PublishError},
    series::Series,
    sink::publish::{WholeSyncs, hash},
};

impl Archive {
    /// Writes what of a series' journal lacks, and its manifest where it tells something else by now. A crash before this
    /// leaves a manifest that is behind its files; the next run of the series puts it right.
    pub fn certify(&self, series: &Series, series_id: i64) -> Result<(), PublishError> {
        let certificate = self.certificate(series, series_id)?;
        self.commit_all(certificate.into_iter().collect(), &mut WholeSyncs::default()).into_iter().collect()
    }

    /// Writes what of a series' journal lacks, and says what is to be committed so that its manifest tells what is so by
    /// now; `None` where there is nothing to do.
    pub(crate) fn certificate(
        &self,
        series: &Series,
        series_id: i64,
    ) -> Result<Option<Commitment>, PublishError> {
        if self.is_certified(series)? {
            return Ok(None);
        }
        let lock = match Lock::acquire(&self.state_dir, &series.lock_name(), Patience::None) {
            Ok(lock) => lock,
            // Whoever holds it publishes, and certifies afterwards what we published too.
            Err(LockError::Held { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        self.file_changes(series, series_id)?;
        // Before the rest: what is written meanwhile makes it another one.
        let Some((known, version, _)) = self.ledger.certified_by(&series.key())? else { return Ok(None) };
        let Some(manifest) = self.manifest_of(series, &known, series_id)? else { return Ok(None) };
        let (path, bytes) = (self.manifest_path(series), manifest.encode());
        let note = version.map(|version| note(series, &known, version, &bytes));
        let folder = self.output_dir.join(series.folder());
        let mut files = Vec::new();
        if self.disk.read_if_present(&path)?.as_deref() != Some(&*bytes) {
            self.disk.create_folder(&folder)?;
            files.push(Encoded { path, bytes, is_first: false });
        }
        Ok(Some(Commitment { lock: Some(lock), series_id, folder, files, note, ..Commitment::default() }))
    }

    /// Whether all is written: nothing of what it follows from has changed since somebody certified it, nor has the
    /// manifest itself.
    fn is_certified(&self, series: &Series) -> Result<bool, PublishError> {
        let Some(left) = Lock::note(&self.state_dir, &series.lock_name()) else { return Ok(false) };
        let Some((known, Some(version), false)) = self.ledger.certified_by(&series.key())? else {
            return Ok(false);
        };
        let Some(bytes) = self.disk.read_if_present(&self.manifest_path(series))? else { return Ok(false) };
        Ok(left == note(series, &known, version, &bytes))
    }

    /// What the manifest of a series tells by now; `None` where nothing was ever exported.
    pub fn manifest(&self, series: &Series, series_id: i64) -> Result<Option<Manifest>, LedgerError> {
        let known = self.ledger.find_series(&series.key())?;
        known.map_or(Ok(None), |known| self.manifest_of(series, &known, series_id))
    }

    fn manifest_of(
        &self,
        series: &Series,
        known: &ledger::Series,
        series_id: i64,
    ) -> Result<Option<Manifest>, LedgerError> {
        let evidence = self.ledger.evidence(series_id)?;
        let has_intervals = !evidence.coverage.intervals().is_empty();
        Ok(has_intervals.then(|| Manifest::new(series, known, &evidence)))
    }

    /// Where the manifest of a series lies.
    pub fn manifest_path(&self, series: &Series) -> PathBuf {
        self.output_dir.join(series.folder()).join(manifest::FILE_NAME)
    }
}

/// What tells that a manifest of these bytes is what it should be: the version of what the ledger knows, what the manifest
/// tells besides, and the manifest itself.
fn note(series: &Series, known: &ledger::Series, version: i64, manifest: &[u8]) -> String {
    let rest = Manifest::new(series, known, &Evidence::default()).encode();
    format!("{version} {} {}", hex(&hash(&rest)), hex(&hash(manifest)))
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path, sync::Arc};

    use chrono::{DateTime, Utc};

    use super::*;
    use crate::{
        config::Config,
        coverage::Standing,
        ledger::{Ledger, WindowRecord},
        sink::publish::RealDisk,
        time::TimeRange,
    };

    /// What may happen to a series.
    type Harm = fn(&mut Bench);

    struct Bench {
        folder: tempfile::TempDir,
        archive: Archive,
        series: Series,
        id: i64,
    }

    fn hour(index: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_225_600 + index * 3600, 0).unwrap()
    }

    fn copy(from: &Path, to: &Path) {
        fs::copy(from, to).unwrap();
    }

    fn archive(folder: &Path) -> Archive {
        let state_dir = folder.join("state");
        let ledger = Ledger::open(&state_dir).unwrap();
        Archive::new(folder.join("data"), state_dir, ledger, Arc::new(RealDisk))
    }

    impl Bench {
        /// Of a series of which an hour is exported.
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let series = Self::series(folder.path(), "");
            let archive = archive(folder.path());
            let (layout, style) = (series.layout(), series.style());
            let id = archive.ledger.series(&series.key(), &layout, &style, hour(0)).unwrap().id;
            let bench = Self { folder, archive, series, id };
            bench.record(0);
            bench
        }

        /// The series of a configuration whose stream has these further lines.
        fn series(folder: &Path, further: &str) -> Series {
            let text = format!(
                "output_dir = \"data\"\nstate_dir = \"state\"\n[[streams]]\nname = \"lobby\"\nusername = \"u\"\n\
                 client_id = \"00000000-0000-4000-8000-000000000000\"\naccess_token = \"secret\"\n{further}\n\
                 [[jobs]]\nname = \"hourly\"\nstart = \"2026-01-01\"\n"
            );
            let config = Config::parse(&text, &folder.join("exporter.toml")).ok().unwrap();
            Series::all(&config, None, None).remove(0)
        }

        fn record(&self, index: i64) {
            let range = TimeRange::new(hour(index), hour(index + 1)).unwrap();
            let window = WindowRecord {
                range,
                standings: vec![(range, Standing::Final)],
                missing: vec![range.start()],
                files: vec![],
                vanished: vec![],
                asked_at: hour(9),
                rechecked: vec![],
            };
            self.archive.ledger.record(self.id, &window).unwrap();
        }

        fn is_certified(&self) -> bool {
            self.archive.is_certified(&self.series).unwrap()
        }

        /// Certifies, and checks that the manifest is what it should be.
        #[track_caller]
        fn certify(&self) {
            self.archive.certify(&self.series, self.id).unwrap();
            let expected = self.archive.manifest(&self.series, self.id).unwrap().unwrap().encode();
            assert!(fs::read(self.archive.manifest_path(&self.series)).unwrap() == expected);
            assert!(self.is_certified());
        }
    }

    #[test]
    fn a_manifest_is_written_again_where_it_or_what_it_follows_from_is_not_what_it_was() {
        let harms: [(&str, Harm); 6] = [
            ("nothing was certified yet", |_| ()),
            ("the ledger knows more", |bench| bench.record(1)),
            ("the manifest is gone", |bench| {
                fs::remove_file(bench.archive.manifest_path(&bench.series)).unwrap();
            }),
            ("the manifest was changed", |bench| {
                let path = bench.archive.manifest_path(&bench.series);
                let text = fs::read_to_string(&path).unwrap();
                fs::write(path, text.replacen("final", "lost!", 1)).unwrap();
            }),
            ("the tags are others", |bench| {
                bench.series = Bench::series(bench.folder.path(), "tags = { floor = \"2\" }");
            }),
            ("the note is half of one", |bench| {
                let lock = bench.folder.path().join("state/locks/publish.hourly.lobby.lock");
                let text = fs::read_to_string(&lock).unwrap();
                fs::write(lock, &text[..text.len() / 2]).unwrap();
            }),
        ];
        let mut bench = Bench::new();
        for (why, harm) in harms {
            harm(&mut bench);
            assert!(!bench.is_certified(), "{why}");
            bench.certify();
        }
    }

    #[test]
    fn another_ledger_of_the_same_history_is_not_taken_for_the_one_that_was_certified() {
        let mut bench = Bench::new();
        let ledger = bench.folder.path().join("state").join(crate::ledger::FILE_NAME);
        let reopen = |bench: &mut Bench, change: &dyn Fn()| {
            // Closed, so that all of it stands in its one file.
            let other = tempfile::tempdir().unwrap();
            bench.archive = archive(other.path());
            change();
            bench.archive = archive(bench.folder.path());
        };
        let before = bench.folder.path().join("before");
        reopen(&mut bench, &|| copy(&ledger, &before));
        bench.record(1);
        bench.certify();
        reopen(&mut bench, &|| copy(&before, &ledger));
        assert!(!bench.is_certified(), "as it was before");
        // As many changes as before.
        bench.record(2);
        assert!(!bench.is_certified());
        bench.certify();
    }
}
