//! What a manifest and the files beside it tell of a series.

use std::{collections::BTreeSet, path::Path};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    ledger::{self, FileRecord, Recheck, Restored},
    manifest::{Layout, Manifest, Partition, Rechecked},
    row::Row,
    sink::publish::{self, FileError},
    time::TimeRange,
    verify::{Elsewhere, Flaw, Rules},
};

/// What was read.
pub(super) struct Read {
    /// As the ledger knows a series, but for its number.
    pub(super) known: ledger::Series,
    pub(super) restored: Restored,
    /// Files that are as they were published.
    pub(super) files: u64,
    /// Their rows.
    pub(super) rows: u64,
    /// Files that are not what the manifest says: path and reason.
    pub(super) lost: Vec<(String, String)>,
}

/// Reads every file that the manifest names; `place`: its folder below `output_dir`.
pub(super) fn read(
    output_dir: &Path,
    place: &Path,
    manifest: &Manifest,
    layout: Layout,
) -> Result<Read, FileError> {
    let context = manifest.context(&layout);
    let rules = Rules { layout, context, columns: None, elsewhere: &Elsewhere::default() };
    // Decoding refuses a manifest without one.
    let mut coverage = manifest.coverage().unwrap_or_default();
    let (mut restored, mut lost, mut files, mut rows) = (Restored::default(), Vec::new(), 0, 0);
    let mut has_row: BTreeSet<DateTime<Utc>> = BTreeSet::new();
    for partition in &manifest.partitions {
        let Some(period) = partition.range() else { continue };
        let path = place.join(&partition.path).to_string_lossy().into_owned();
        let bytes = publish::read_if_present(&output_dir.join(&path))?;
        match rules.check(partition, None, bytes.as_deref()) {
            Ok(found) => {
                files += 1;
                rows += found.len() as u64;
                has_row.extend(found.iter().map(|row: &Row| row.start));
                let found = partition.reconciliation();
                restored.reconciliations.extend(found.map(|found| (path.clone(), found)));
                restored.files.push(record(path, partition, period));
            }
            Err((flaw, reason)) => {
                coverage = coverage.with_lost(period);
                lost.push((path.clone(), reason));
                // It stays known as it was published: whoever fills its time again finds other bytes, and sets them aside
                // instead of taking them for figures that the service changed.
                restored.files.extend((flaw != Flaw::Gone).then(|| record(path, partition, period)));
            }
        }
    }
    let exported = coverage.exported().flat_map(|range| layout.grid.bucket_starts(range));
    restored.missing = exported.filter(|start| !has_row.contains(start)).collect();
    let vanished = manifest.vanished.iter().filter(|gone| has_row.contains(&gone.bucket_start));
    restored.vanished = vanished.map(|gone| (gone.bucket_start, gone.since)).collect();
    restored.rechecked = rechecked(manifest);
    restored.coverage = coverage;
    let (layout, style) = (manifest.layout.clone(), manifest.style.clone());
    let known = ledger::Series { id: 0, layout, style, first_run: manifest.first_run };
    Ok(Read { known, restored, files, rows, lost })
}

fn record(path: String, partition: &Partition, period: TimeRange) -> FileRecord {
    let Partition { rows, bytes, sha256, .. } = *partition;
    FileRecord { path, period, hash: Some(sha256), pending_hash: None, rows, bytes }
}

fn rechecked(manifest: &Manifest) -> Vec<Recheck> {
    let one = |known: &Rechecked| {
        Some(Recheck { age: TimeDelta::try_seconds(known.age_seconds)?, until: known.until })
    };
    manifest.rechecked.iter().filter_map(one).collect()
}
