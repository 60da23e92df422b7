//! A complete listing into the files of its partitions, and then into the ledger. Blocks: it runs off the threads that
//! drive requests.
//!
//! The ledger is told twice: before the first file is touched, what the new bytes will be, and after the last one is
//! durable, what they are. So after a crash the bytes on disk are either the old ones, or known to be ours; anything
//! else was done by somebody else, and is set aside instead of merged into.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::{DateTime, Utc};

use crate::{
    coverage::Standing,
    crash_point::{self, Step},
    ledger::{Change, FileRecord, Intention, Ledger, LedgerError, WindowRecord},
    locks::{Lock, LockError, Patience},
    pipeline::report_damage,
    row::{NotInOrder, Restated, Row, merge},
    series::Series,
    sink::{
        EncodeError,
        publish::{self, Disk, FileError, FileHash},
    },
    time::{LocalPeriod, TimeRange, Window},
};

/// How long to wait for another process that publishes the same series.
pub(crate) const LOCK_PATIENCE: Patience = Patience::Wait(std::time::Duration::from_secs(15));

/// Where things are put.
pub struct Archive {
    /// The folder of published files.
    pub output_dir: PathBuf,
    /// The folder of locks and the ledger.
    pub state_dir: PathBuf,
    /// The record of what is published.
    pub ledger: Ledger,
    /// What `output_dir` lies on. Locks and ledger are on the disk of this machine.
    pub disk: Arc<dyn Disk>,
}

/// What the publication of one window did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Published {
    /// Rows of the window.
    pub rows: u64,
    /// Files that were made or replaced.
    pub files_written: u64,
    /// Files that held the same bytes already.
    pub files_unchanged: u64,
    /// Buckets of the window that neither the listing nor a file has.
    pub missing: u64,
    /// Buckets that were exported once and that the listing lacks; their rows were kept.
    pub vanished: Vec<DateTime<Utc>>,
    /// Published values that the listing changed.
    pub restated: u64,
    /// Published files that were found gone or damaged. The rest of their partitions is due again.
    pub damaged: Vec<Damage>,
}

/// A published file that is gone, or that is not what was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
    /// Where it was moved; `None` where it was gone.
    pub set_aside: Option<PathBuf>,
}

/// Why a window could not be published.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum PublishError {
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("cannot write rows: {0}")]
    Encode(#[from] EncodeError),
    #[error("cannot merge rows: {0}")]
    Order(#[from] NotInOrder),
}

/// When a window was asked, and by which run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Before the first request.
    pub at: DateTime<Utc>,
    /// The ledger's number of the run.
    pub run: i64,
}

/// One partition of a window, merged and ready to be written.
struct Draft {
    record: FileRecord,
    restated: Vec<Restated>,
    /// `None` where the file holds these bytes already.
    bytes: Option<Vec<u8>>,
    missing: Vec<DateTime<Utc>>,
}

/// What a partition's file holds before the window is merged into it.
#[derive(Default)]
struct Existing {
    rows: Vec<Row>,
    bytes: Option<Vec<u8>>,
    /// Of the bytes. Whatever reads back counts as published, also what a process that died had written, and what a
    /// ledger that was moved away knew.
    hash: Option<FileHash>,
}

impl Archive {
    /// Merges the rows of a complete listing into the files of `series`, and records the window. `rows` lie in
    /// `window`, in order.
    pub fn publish(
        &self,
        series: &Series,
        series_id: i64,
        window: &Window,
        rows: Vec<Row>,
        asked: Asked,
    ) -> Result<Published, PublishError> {
        let _lock = Lock::acquire(&self.state_dir, &series.lock_name(), LOCK_PATIENCE)?;
        let folder = self.output_dir.join(series.folder());
        self.disk.create_folder(&folder)?;
        let mut published = Published { rows: rows.len() as u64, ..Published::default() };
        self.note_foreign_style(series, series_id)?;
        let job = Publication { archive: self, series, series_id, window, asked };
        if let Err(error) = job.publish(&folder, rows, &mut published) {
            // What was put aside before it failed is told here or never.
            report_damage(series, &published.damaged);
            return Err(error);
        }
        Ok(published)
    }

    /// Where another process has other tags or another compression by now, what this one writes is not in the style that
    /// the ledger tells. The next run writes all files anew then.
    fn note_foreign_style(&self, series: &Series, series_id: i64) -> Result<(), LedgerError> {
        let known = self.ledger.find_series(&series.key())?;
        let is_foreign = known.is_some_and(|known| !known.style.is_empty() && known.style != series.style());
        if is_foreign { self.ledger.record_style(series_id, "", &[]) } else { Ok(()) }
    }

    /// Makes every name durable that leads from the output folder to a file: a folder that is there may have been made by
    /// a process that died before its name was durable.
    pub(crate) fn sync_way(&self, path: &Path) -> Result<(), FileError> {
        let mut way = path.ancestors().take_while(|name| *name != self.output_dir);
        way.try_for_each(|name| self.disk.sync_name(name))
    }

    /// Takes over a file of ours that the ledger does not know as published: who published it died, or failed, between
    /// rename and record. Whether its name is durable nobody knows, and what it holds is missing no more.
    pub(crate) fn adopt(&self, series_id: i64, path: &Path, rows: &[Row]) -> Result<(), PublishError> {
        self.sync_way(path)?;
        let starts: Vec<DateTime<Utc>> = rows.iter().map(|row| row.start).collect();
        Ok(self.ledger.note_present(series_id, &starts)?)
    }
}

struct Publication<'a> {
    archive: &'a Archive,
    series: &'a Series,
    series_id: i64,
    window: &'a Window,
    asked: Asked,
}

impl Publication<'_> {
    fn publish(&self, folder: &Path, rows: Vec<Row>, published: &mut Published) -> Result<(), PublishError> {
        let drafts = self.merge_partitions(rows, published)?;
        crash_point::passed(Step::Merge);
        self.write(folder, &drafts, published)?;
        self.record(drafts, published)?;
        crash_point::passed(Step::Ledger);
        Ok(())
    }

    fn merge_partitions(
        &self,
        rows: Vec<Row>,
        published: &mut Published,
    ) -> Result<Vec<Draft>, PublishError> {
        let mut rows = rows.into_iter().peekable();
        let mut drafts = Vec::new();
        for (period, buckets) in self.series.rules.partitions(self.window.range()) {
            let of_partition: Vec<Row> =
                std::iter::from_fn(|| rows.next_if(|row| row.start < buckets.end())).collect();
            drafts.extend(self.merge_partition(period, buckets, of_partition, published)?);
        }
        Ok(drafts)
    }

    /// `None` where there is neither a file nor a row.
    fn merge_partition(
        &self,
        period: LocalPeriod,
        buckets: TimeRange,
        listed: Vec<Row>,
        published: &mut Published,
    ) -> Result<Option<Draft>, PublishError> {
        let relative = self.series.file_path(period);
        let existing = self.read_existing(&relative, buckets, published)?;
        let merged = merge(existing.rows, &self.window.range(), listed)?;
        let missing = self.missing_buckets(buckets, &merged.rows);
        published.missing += missing.len() as u64;
        published.vanished.extend(merged.vanished);
        published.restated += merged.restated.len() as u64;
        let encoded = self.series.job.format.encode(&self.series.context, &merged.rows)?;
        let is_unchanged = existing.bytes.as_ref() == Some(&encoded);
        let is_nothing = merged.rows.is_empty() && existing.bytes.is_none();
        let record = FileRecord {
            path: relative.to_string_lossy().into_owned(),
            period: buckets,
            hash: existing.hash,
            pending_hash: Some(publish::hash(&encoded)),
            rows: merged.rows.len() as u64,
            bytes: encoded.len() as u64,
        };
        let bytes = (!is_unchanged && !is_nothing).then_some(encoded);
        let draft = Draft { record, restated: merged.restated, bytes, missing };
        Ok(Some(draft).filter(|draft| !is_nothing || !draft.missing.is_empty()))
    }

    /// Reads what was published before. A file that is not what was published is set aside, its partition becomes due
    /// again, and the window is merged into nothing.
    fn read_existing(
        &self,
        relative: &Path,
        buckets: TimeRange,
        published: &mut Published,
    ) -> Result<Existing, PublishError> {
        let path = self.archive.output_dir.join(relative);
        let name = relative.to_string_lossy();
        self.archive.set_aside_beside(&path, self.asked.at)?;
        let record = self.archive.ledger.file(self.series_id, &name)?;
        let disk = &self.archive.disk;
        let bytes = disk.read_if_present(&path)?;
        let outcome = match (bytes, &record) {
            (None, None) => Ok(Existing::default()),
            (None, Some(record)) if record.hash.is_none() => Ok(Existing::default()),
            (None, Some(_)) => Err("it is gone".to_owned()),
            (Some(bytes), record) => self.read_back(bytes, record.as_ref(), buckets),
        };
        let known = record.and_then(|record| record.hash);
        match outcome {
            Ok(existing) => {
                if existing.bytes.is_some() && existing.hash != known {
                    self.archive.adopt(self.series_id, &path, &existing.rows)?;
                }
                Ok(existing)
            }
            Err(reason) => {
                let is_there = disk.exists(&path).map_err(FileError::new("look for", &path))?;
                let set_aside = if is_there { Some(disk.set_aside(&path, self.asked.at)?) } else { None };
                self.archive.ledger.lose(self.series_id, &name, buckets)?;
                published.damaged.push(Damage { path, reason, set_aside });
                Ok(Existing::default())
            }
        }
    }

    fn read_back(
        &self,
        bytes: Vec<u8>,
        record: Option<&FileRecord>,
        buckets: TimeRange,
    ) -> Result<Existing, String> {
        let found = publish::hash(&bytes);
        if record.is_some_and(|record| ![record.hash, record.pending_hash].contains(&Some(found))) {
            return Err("its bytes are not those that were published".to_owned());
        }
        let rows = self.series.job.format.decode(&self.series.context, &bytes);
        let rows = rows.map_err(|error| error.to_string())?;
        if rows.iter().any(|row| !buckets.contains(row.start)) {
            return Err("it holds rows of another period".to_owned());
        }
        Ok(Existing { rows, bytes: Some(bytes), hash: Some(found) })
    }

    fn missing_buckets(&self, buckets: TimeRange, rows: &[Row]) -> Vec<DateTime<Utc>> {
        let Some(asked) = buckets.intersection(&self.window.range()) else { return Vec::new() };
        let has_row = |start: &DateTime<Utc>| rows.binary_search_by_key(start, |row| row.start).is_ok();
        self.window.grid().bucket_starts(asked).filter(|start| !has_row(start)).collect()
    }

    fn write(&self, folder: &Path, drafts: &[Draft], published: &mut Published) -> Result<(), PublishError> {
        let changed: Vec<&Draft> = drafts.iter().filter(|draft| draft.bytes.is_some()).collect();
        if changed.is_empty() {
            return Ok(());
        }
        let intentions: Vec<Intention> = changed.iter().map(|draft| self.intention(draft)).collect();
        self.archive.ledger.intend(self.series_id, &intentions)?;
        crash_point::passed(Step::Intent);
        for draft in changed {
            let bytes = draft.bytes.as_deref().unwrap_or_default();
            let path = self.archive.output_dir.join(&draft.record.path);
            self.archive.disk.replace(&path, folder, bytes)?;
            if draft.record.hash.is_none() {
                self.archive.sync_way(&path)?;
            }
            published.files_written += 1;
        }
        Ok(())
    }

    fn intention(&self, draft: &Draft) -> Intention {
        let change = |restated: &Restated| Change {
            bucket_start: restated.start,
            bucket_end: restated.end,
            column: restated.column.to_owned(),
            old: restated.old.clone(),
            new: restated.new.clone(),
            seen_at: self.asked.at,
            run: self.asked.run,
        };
        Intention { file: draft.record.clone(), changes: draft.restated.iter().map(change).collect() }
    }

    fn record(&self, drafts: Vec<Draft>, published: &mut Published) -> Result<(), PublishError> {
        let mut missing = Vec::new();
        let mut files = Vec::new();
        for draft in drafts {
            missing.extend(draft.missing);
            if draft.record.rows > 0 {
                published.files_unchanged += u64::from(draft.bytes.is_none());
                files.push(FileRecord {
                    hash: draft.record.pending_hash,
                    pending_hash: None,
                    ..draft.record
                });
            }
        }
        let range = self.window.range();
        let final_until = self.series.rules.final_until(self.asked.at);
        let standings = Standing::of(range, final_until).collect();
        let window = WindowRecord {
            range,
            standings,
            missing,
            files,
            vanished: published.vanished.clone(),
            asked_at: self.asked.at,
            rechecked: self.series.rechecks(self.asked.at),
        };
        self.archive.ledger.record(self.series_id, &window)?;
        Ok(())
    }
}
