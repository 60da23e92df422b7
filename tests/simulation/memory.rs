//! What a story remembers of one series, to judge by it what the program did.

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::Arc,
};

use audience_exporter::{
    ledger::Change,
    row::Row,
    sink::publish::FileHash,
    time::{TimeRange, Window},
};
use chrono::{DateTime, Utc};

/// One bucket as it was published, and what the journal said of it then.
pub(crate) type Printed = (Row, Vec<Change>);

#[derive(Default)]
pub(crate) struct Memory {
    /// Everything that the service ever told, by bucket.
    pub(crate) told: HashMap<DateTime<Utc>, Vec<Row>>,
    /// When each bucket was last asked with success.
    pub(crate) asked: BTreeMap<DateTime<Utc>, DateTime<Utc>>,
    /// When each bucket was asked at its oldest.
    pub(crate) asked_last: BTreeMap<DateTime<Utc>, DateTime<Utc>>,
    /// What was published, by file.
    pub(crate) published: HashMap<PathBuf, BTreeMap<DateTime<Utc>, Printed>>,
    /// Whether anything of it may have changed since all was looked at.
    pub(crate) is_touched: bool,
    /// Rows of files that were read already.
    pub(crate) read: HashMap<FileHash, Arc<Vec<Row>>>,
}

impl Memory {
    /// The service told these rows.
    pub(crate) fn hear(&mut self, rows: &[Row]) {
        for row in rows {
            let told = self.told.entry(row.start).or_default();
            if !told.contains(row) {
                told.push(row.clone());
            }
        }
    }

    /// Whether the service ever told this row.
    pub(crate) fn was_told(&self, row: &Row) -> bool {
        self.told.get(&row.start).is_some_and(|told| told.contains(row))
    }

    /// A window was published.
    pub(crate) fn note_published(&mut self, window: &Window, asked_at: DateTime<Utc>) {
        for start in window.bucket_starts() {
            self.asked.insert(start, asked_at);
            let last = self.asked_last.entry(start).or_insert(asked_at);
            *last = asked_at.max(*last);
        }
    }

    /// When the oldest ask of every bucket in a range was.
    pub(crate) fn asked_in(&self, range: TimeRange) -> impl Iterator<Item = (DateTime<Utc>, DateTime<Utc>)> {
        self.asked_last.range(range.start()..range.end()).map(|(start, asked)| (*start, *asked))
    }
}
