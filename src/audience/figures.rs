//! The figures of some time of some streams, and how far they can be trusted.

use crate::{
    row::{Row, Totals},
    states::State,
};

/// How many buckets of all streams are what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BucketCounts {
    /// Should be there by now.
    pub expected: u64,
    /// Have a row.
    pub exported: u64,
    /// Of those, will be asked again.
    pub provisional: u64,
    /// A complete listing lacked them.
    pub missing: u64,
    /// Could not be had, or were not asked yet.
    pub lacking: u64,
    /// Are not to be expected yet.
    pub pending: u64,
    /// Have a row with zeros that are unlike the camera.
    pub suspect: u64,
}

/// One bucket of one stream, as it is known.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// What became of it.
    pub state: State,
    /// Its row, where a published file holds one.
    pub row: Option<&'a Row>,
    /// Whether it is part of a run of zeros that is unlike the camera.
    pub is_suspect: bool,
    /// Whether it ends after the moment that is looked from.
    pub is_to_come: bool,
}

/// Buckets added up.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    /// How many are what.
    pub buckets: BucketCounts,
    /// Their rows, added up.
    pub totals: Totals,
}

impl Figures {
    /// Adds one bucket. A row counts only where the ledger says that it is exported; where it says so and no file holds
    /// the row, the bucket lacks.
    pub fn add(&mut self, known: Known<'_>) {
        let Known { state, row, is_suspect, is_to_come } = known;
        let counts = &mut self.buckets;
        counts.expected += u64::from(state.is_expected());
        match (state.is_exported(), row) {
            (true, Some(row)) => {
                counts.exported += 1;
                counts.provisional += u64::from(state == State::Provisional);
                counts.suspect += u64::from(is_suspect);
                self.totals.add(row);
            }
            (true, None) => counts.lacking += 1,
            (false, _) => {
                counts.missing += u64::from(state == State::Missing);
                counts.lacking += u64::from(state.is_lacking());
                counts.pending += u64::from(!state.is_expected() && is_to_come || state == State::Pending);
            }
        }
    }
}
