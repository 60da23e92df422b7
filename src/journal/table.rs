//! Changes as rows of a CSV file, and back.

use csv::{ReaderBuilder, StringRecord, Writer};

use crate::{
    ledger::Change,
    series::Series,
    time::{parse_label, to_display, to_local},
};

/// The columns, in order.
pub const COLUMNS: [&str; 9] = [
    "stream",
    "bucket_start",
    "bucket_end",
    "local_start",
    "column",
    "old_value",
    "new_value",
    "seen_at",
    "run",
];

/// A file that is no journal of this program.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum JournalError {
    #[error("it does not read as CSV: {0}")]
    Csv(#[from] csv::Error),
    #[error("its columns are not those of a journal")]
    Columns,
    #[error("row {row} is not an entry of a journal")]
    Row { row: usize },
}

/// The bytes of a file with these changes.
pub fn encode(series: &Series, changes: &[Change]) -> Result<Vec<u8>, csv::Error> {
    encode_all(changes.iter().map(|change| (series, change)))
}

/// The same table, of changes of any series.
pub fn encode_all<'a>(
    changes: impl IntoIterator<Item = (&'a Series, &'a Change)>,
) -> Result<Vec<u8>, csv::Error> {
    let mut writer = Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for (series, change) in changes {
        let Change { bucket_start, bucket_end, column, old, new, seen_at, run } = change;
        writer.write_record([
            &*series.stream.name,
            &to_display(*bucket_start),
            &to_display(*bucket_end),
            &to_local(*bucket_start, series.stream.timezone),
            column,
            old.as_deref().unwrap_or_default(),
            new.as_deref().unwrap_or_default(),
            &to_display(*seen_at),
            &run.to_string(),
        ])?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// The changes of a file, in its order.
pub fn decode(bytes: &[u8]) -> Result<Vec<Change>, JournalError> {
    let mut reader = ReaderBuilder::new().from_reader(bytes);
    if reader.headers()? != &StringRecord::from(COLUMNS.to_vec()) {
        return Err(JournalError::Columns);
    }
    let rows = reader.records().enumerate();
    rows.map(|(index, row)| change(&row?).ok_or(JournalError::Row { row: index + 1 })).collect()
}

fn change(row: &StringRecord) -> Option<Change> {
    let instant = |index: usize| parse_label(row.get(index)?).ok();
    let text = |index: usize| row.get(index).filter(|text| !text.is_empty()).map(str::to_owned);
    Some(Change {
        bucket_start: instant(1)?,
        bucket_end: instant(2)?,
        column: text(4)?,
        old: text(5),
        new: text(6),
        seen_at: instant(7)?,
        run: row.get(8)?.parse().ok()?,
    })
}
