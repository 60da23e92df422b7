//! One published file against what is recorded of it. Pure.

use super::{Elsewhere, Flaw};
use crate::{
    manifest::{Layout, Partition},
    row::{FileContext, Row},
    sink::publish::{self, FileHash},
    time::TimeRange,
};

/// What every file of a series is judged by.
pub(crate) struct Rules<'a> {
    pub(crate) layout: Layout,
    pub(crate) context: FileContext,
    /// `None` where files of older tags are to be written anew by the next run.
    pub(crate) columns: Option<&'a [String]>,
    pub(crate) elsewhere: &'a Elsewhere,
}

/// What is wrong with a file, in a word and a sentence.
pub(crate) type Fault = (Flaw, String);

impl Rules<'_> {
    /// Compares the bytes of a file with its record, and tells its rows. `pending`: what a run that died may have made of
    /// it.
    pub(crate) fn check(
        &self,
        partition: &Partition,
        pending: Option<FileHash>,
        bytes: Option<&[u8]>,
    ) -> Result<Vec<Row>, Fault> {
        let Some(bytes) = bytes else { return Err((Flaw::Gone, "it is gone".to_owned())) };
        let found = publish::hash(bytes);
        if found != partition.sha256 {
            return Err(self.other_bytes(partition, pending, found, bytes));
        }
        let contradiction = |message: String| (Flaw::Contradiction, message);
        let rows = self.layout.format.decode(&self.context, bytes);
        let rows = rows.map_err(|error| contradiction(error.to_string()))?;
        let place = self.check_place(partition);
        place.and_then(|period| check_rows(partition, period, &rows)).map_err(contradiction)?;
        self.check_columns(bytes).map_err(contradiction)?;
        Ok(rows)
    }

    fn other_bytes(
        &self,
        partition: &Partition,
        pending: Option<FileHash>,
        found: FileHash,
        bytes: &[u8],
    ) -> Fault {
        if pending == Some(found) {
            return (Flaw::Unfinished, "a run published it and died before that was recorded".to_owned());
        }
        if let Some(owner) = self.elsewhere.owner(&found) {
            return (Flaw::Swapped, format!("it holds what was published as {owner}"));
        }
        let how = match self.layout.format.decode(&self.context, bytes) {
            Err(error) => error.to_string(),
            Ok(rows) if rows.len() as u64 != partition.rows => {
                format!("it holds {} rows, {} were published", rows.len(), partition.rows)
            }
            Ok(_) => "it reads well, so it was edited or written by something else".to_owned(),
        };
        (Flaw::Altered, format!("its bytes are not those that were published: {how}"))
    }

    /// The path of a partition follows from its period.
    fn check_place(&self, partition: &Partition) -> Result<TimeRange, String> {
        match self.layout.partition_of(partition.from) {
            Some((path, period)) if path == partition.path && Some(period) == partition.range() => Ok(period),
            _ => Err("its period is not the one that its name tells".to_owned()),
        }
    }

    fn check_columns(&self, bytes: &[u8]) -> Result<(), String> {
        let Some(expected) = self.columns else { return Ok(()) };
        let found = self.layout.format.columns(bytes).map_err(|error| error.to_string())?;
        if found == expected {
            return Ok(());
        }
        Err(format!("it has the columns {}, not {}", found.join(", "), expected.join(", ")))
    }
}

fn check_rows(partition: &Partition, period: TimeRange, rows: &[Row]) -> Result<(), String> {
    let (found, recorded) = (rows.len() as u64, partition.rows);
    if found != recorded {
        return Err(format!("it holds {found} rows, {recorded} are recorded"));
    }
    if rows.iter().any(|row| !period.contains(row.start)) {
        return Err("it holds rows of another period".to_owned());
    }
    let Partition { expected, missing, .. } = *partition;
    if partition.sealed && found + missing != expected {
        return Err(format!(
            "{found} rows and {missing} missing buckets are not the {expected} of its period"
        ));
    }
    Ok(())
}
