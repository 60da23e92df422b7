//! Reading published files back: only those that are as the ledger tells.

use super::sheet::Part;
use crate::{
    failure::FailureKind,
    ledger::FileRecord,
    locks::Lock,
    publication::{Archive, LOCK_PATIENCE, PublishError},
    report::Failure,
    row::Row,
    series::Series,
    time::TimeRange,
};

/// The rows of one stream, in order, and the time of which they could not be had.
#[derive(Default)]
pub(super) struct Loaded {
    pub(super) rows: Vec<Row>,
    pub(super) lacking: Vec<(TimeRange, Failure)>,
}

/// The rows of published files that share time with any of `ranges`.
pub(super) fn load(archive: &Archive, part: &mut Part, ranges: &[TimeRange]) -> Loaded {
    let mut loaded = Loaded::default();
    let Some(known) = &mut part.known else { return loaded };
    for file in &mut known.files {
        if !ranges.iter().any(|range| range.overlaps(&file.period)) {
            continue;
        }
        match rows_of(archive, &part.series, known.id, file) {
            Ok(rows) => loaded.rows.extend(rows),
            Err(failure) => loaded.lacking.push((file.period, failure)),
        }
    }
    loaded.rows.sort_by_key(|row| row.start);
    loaded
}

/// The rows of one published file. Where another process has published it anew since the ledger was read, `file` is
/// what the ledger says now.
fn rows_of(archive: &Archive, series: &Series, id: i64, file: &mut FileRecord) -> Result<Vec<Row>, Failure> {
    let failed = |error: PublishError| Failure::publishing(&error);
    let mut bytes = archive.bytes_of_file(file).map_err(failed)?;
    if bytes.is_none() {
        bytes = read_again(archive, series, id, file).map_err(failed)?;
    }
    let changed = || {
        let message = format!(
            "{} is not as it was published, and roll-ups are made from what was: run verify --files, which notes it, and \
             then pull, which asks for it again",
            archive.output_dir.join(&file.path).display()
        );
        Failure::new(FailureKind::Storage, &message)
    };
    let bytes = bytes.ok_or_else(changed)?;
    let mut rows = series.job.format.decode(&series.context, &bytes).map_err(|error| {
        let path = archive.output_dir.join(&file.path);
        Failure::new(FailureKind::Storage, &format!("cannot read {}: {error}", path.display()))
    })?;
    for row in &mut rows {
        (row.satisfaction, row.extras) = (None, None);
    }
    Ok(rows)
}

fn read_again(
    archive: &Archive,
    series: &Series,
    id: i64,
    file: &mut FileRecord,
) -> Result<Option<Vec<u8>>, PublishError> {
    let _lock = Lock::acquire(&archive.state_dir, &series.lock_name(), LOCK_PATIENCE)?;
    if let Some(now) = archive.ledger.file(id, &file.path)? {
        *file = now;
    }
    archive.bytes_of_file(file)
}
