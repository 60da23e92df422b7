//! One window: merged into the files of its partitions, written, and recorded.

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use super::{
    Archive, Asked, PublishError, Published,
    commit::{Commitment, Encoded},
    existing::{Existing, Partition, Place},
};
use crate::{
    coverage::Standing,
    crash_point::{self, Step},
    ledger::{Change, FileRecord, Intention, WindowRecord},
    locks::Lock,
    row::{Merged, Restated, Row, merge},
    series::Series,
    sink::publish::{self, FileHash},
    time::{TimeRange, Window},
};

/// The publication of one window. The lock of the series is held.
pub(super) struct Publication<'a> {
    pub(super) archive: &'a Archive,
    pub(super) series: &'a Series,
    pub(super) series_id: i64,
    pub(super) window: &'a Window,
    pub(super) asked: Asked,
}

/// One partition of a window, merged and ready to be written.
struct Draft {
    record: FileRecord,
    restated: Vec<Restated>,
    /// `None` where the file holds these bytes already.
    bytes: Option<Vec<u8>>,
    missing: Vec<DateTime<Utc>>,
}

impl Publication<'_> {
    /// Merges the window, and says what is to be written and recorded of it. Nothing is touched yet, but for what is found
    /// damaged.
    pub(super) fn prepare(
        &self,
        lock: Lock,
        folder: PathBuf,
        rows: Vec<Row>,
        published: &mut Published,
    ) -> Result<Commitment, PublishError> {
        let drafts = self.merge_partitions(rows, published)?;
        crash_point::passed(Step::Merge);
        let changed = drafts.iter().filter(|draft| draft.bytes.is_some());
        let intentions: Vec<Intention> = changed.map(|draft| self.intention(draft)).collect();
        published.files_written += intentions.len() as u64;
        let (files, record) = self.record(drafts, published);
        let (lock, series_id, record) = (Some(lock), self.series_id, Some(record));
        Ok(Commitment { lock, series_id, folder, intentions, files, record, ..Commitment::default() })
    }

    fn merge_partitions(
        &self,
        rows: Vec<Row>,
        published: &mut Published,
    ) -> Result<Vec<Draft>, PublishError> {
        let mut rows = rows.into_iter().peekable();
        let mut drafts = Vec::new();
        for partition in self.partitions()? {
            let of_partition =
                std::iter::from_fn(|| rows.next_if(|row| row.start < partition.buckets.end())).collect();
            drafts.extend(self.merge_partition(&partition, of_partition, published)?);
        }
        Ok(drafts)
    }

    fn partitions(&self) -> Result<Vec<Partition>, PublishError> {
        let Self { archive, series, .. } = self;
        let partition = |(period, buckets)| {
            let name = series.file_path(period).to_string_lossy().into_owned();
            Partition { name, buckets, record: None }
        };
        let mut partitions: Vec<Partition> =
            series.rules.partitions(self.window.range()).map(partition).collect();
        let names: Vec<&str> = partitions.iter().map(|partition| &*partition.name).collect();
        let records = archive.ledger.files_at(self.series_id, &names)?;
        for (partition, record) in partitions.iter_mut().zip(records) {
            partition.record = record;
        }
        Ok(partitions)
    }

    /// `None` where there is neither a file nor a row.
    fn merge_partition(
        &self,
        partition: &Partition,
        listed: Vec<Row>,
        published: &mut Published,
    ) -> Result<Option<Draft>, PublishError> {
        let Self { archive, series, series_id, asked, .. } = *self;
        let place = Place { archive, series, series_id, now: asked.at };
        let existing = place.find(partition, &mut published.damaged)?;
        if let Some(existing) = &existing
            && let Some(draft) = self.as_it_is(&place, partition, existing, &listed, published)?
        {
            return Ok(Some(draft));
        }
        let rows = match &existing {
            Some(existing) => place.read_back(partition, existing, &mut published.damaged)?,
            None => None,
        };
        let existing = existing.filter(|_| rows.is_some());
        let merged = merge(rows.unwrap_or_default(), &self.window.range(), listed)?;
        self.draft(partition, existing, merged, published)
    }

    /// Where the window is all of a partition, and makes the very file that lies there, nothing need be read back.
    fn as_it_is(
        &self,
        place: &Place<'_>,
        partition: &Partition,
        existing: &Existing,
        listed: &[Row],
        published: &mut Published,
    ) -> Result<Option<Draft>, PublishError> {
        if self.window.range().intersection(&partition.buckets) != Some(partition.buckets) {
            return Ok(None);
        }
        if self.series.job.format.encode(&self.series.context, listed)? != existing.bytes {
            return Ok(None);
        }
        place.adopt(partition, existing, listed)?;
        let missing = self.missing_buckets(partition.buckets, listed);
        published.missing += missing.len() as u64;
        let (rows, bytes) = (listed.len() as u64, existing.bytes.len() as u64);
        let record = partition.becoming(Some(existing.hash), existing.hash, rows, bytes);
        Ok(Some(Draft { record, restated: Vec::new(), bytes: None, missing }))
    }

    fn draft(
        &self,
        partition: &Partition,
        existing: Option<Existing>,
        Merged { rows, vanished, restated }: Merged,
        published: &mut Published,
    ) -> Result<Option<Draft>, PublishError> {
        let missing = self.missing_buckets(partition.buckets, &rows);
        published.missing += missing.len() as u64;
        published.vanished.extend(vanished);
        published.restated += restated.len() as u64;
        let (known, before) = existing.map(|existing| (existing.hash, existing.bytes)).unzip();
        let is_nothing = rows.is_empty() && before.is_none();
        if is_nothing && missing.is_empty() {
            return Ok(None);
        }
        let encoded = self.series.job.format.encode(&self.series.context, &rows)?;
        let is_unchanged = before.as_ref() == Some(&encoded);
        let (number, length) = (rows.len() as u64, encoded.len() as u64);
        let record = partition.becoming(known, publish::hash(&encoded), number, length);
        let bytes = (!is_unchanged && !is_nothing).then_some(encoded);
        Ok(Some(Draft { record, restated, bytes, missing }))
    }

    /// The buckets of the window among `buckets` that have no row. Both are in order.
    fn missing_buckets(&self, buckets: TimeRange, rows: &[Row]) -> Vec<DateTime<Utc>> {
        let Some(asked) = buckets.intersection(&self.window.range()) else { return Vec::new() };
        let starts = rows.iter().map(|row| row.start);
        let mut starts = starts.skip_while(|start| *start < asked.start()).peekable();
        let buckets = self.window.grid().bucket_starts(asked);
        buckets.filter(|start| starts.next_if_eq(start).is_none()).collect()
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

    /// The files that are to be written, and what is known of the window when they are.
    fn record(&self, drafts: Vec<Draft>, published: &mut Published) -> (Vec<Encoded>, WindowRecord) {
        let (mut missing, mut files, mut written) = (Vec::new(), Vec::new(), Vec::new());
        for Draft { record, bytes, missing: lacking, .. } in drafts {
            missing.extend(lacking);
            if record.rows == 0 && bytes.is_none() {
                continue;
            }
            let is_first = record.hash.is_none();
            match bytes {
                Some(bytes) => {
                    let path = self.archive.output_dir.join(&record.path);
                    written.push(Encoded { path, bytes, is_first });
                }
                None => published.files_unchanged += 1,
            }
            if record.rows > 0 {
                files.push(FileRecord { hash: record.pending_hash, pending_hash: None, ..record });
            }
        }
        let range = self.window.range();
        let final_until = self.series.rules.final_until(self.asked.at);
        let standings = Standing::of(range, final_until).collect();
        let record = WindowRecord {
            range,
            standings,
            missing,
            files,
            vanished: published.vanished.clone(),
            asked_at: self.asked.at,
            rechecked: self.series.rechecks(self.asked.at),
        };
        (written, record)
    }
}

impl Partition {
    /// The record of its file: what it is, and what it is to be.
    fn becoming(&self, hash: Option<FileHash>, pending: FileHash, rows: u64, bytes: u64) -> FileRecord {
        let (path, period) = (self.name.clone(), self.buckets);
        FileRecord { path, period, hash, pending_hash: Some(pending), rows, bytes }
    }
}
