//! When a published file will not change any more by itself.

use std::path::Path;

use crate::{
    coverage::Standing,
    ledger::{Evidence, FileRecord, Reconciliation},
    plan::SeriesRules,
};

/// How sure one published file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal<'a> {
    /// The file.
    pub file: &'a FileRecord,
    /// Buckets that its period holds.
    pub expected: u64,
    /// Buckets of its period that complete listings lacked.
    pub missing: u64,
    /// Whether every bucket of its period is final or missing for good.
    pub is_sealed: bool,
    /// What came of comparing this version of the file with the service; `None` where it was not compared.
    pub reconciliation: Option<&'a Reconciliation>,
}

impl Seal<'_> {
    /// Whether it is sealed and this version of it was never compared with the service.
    pub fn lacks_reconciliation(&self) -> bool {
        self.is_sealed && self.reconciliation.is_none()
    }

    /// The file's path inside the folder of its stream.
    pub fn path_in(&self, folder: &Path) -> String {
        let path = Path::new(&self.file.path);
        path.strip_prefix(folder).unwrap_or(path).to_string_lossy().into_owned()
    }
}

/// How sure every published file of a series is, in the order of their periods.
pub fn seals<'a>(rules: &SeriesRules, evidence: &'a Evidence) -> Vec<Seal<'a>> {
    let mut seals: Vec<Seal<'a>> = evidence.files.iter().map(|file| seal(rules, evidence, file)).collect();
    seals.sort_by_key(|seal| seal.file.period);
    seals
}

fn seal<'a>(rules: &SeriesRules, evidence: &'a Evidence, file: &'a FileRecord) -> Seal<'a> {
    let period = file.period;
    let inside = period.start()..period.end();
    let is_final = evidence.coverage.is_wholly(period, Standing::Final);
    let has_vanished = evidence.vanished.range(inside.clone()).next().is_some();
    let reconciliation = evidence.reconciliations.get(&file.path);
    Seal {
        file,
        expected: rules.grid.bucket_count(period),
        missing: evidence.missing.range(inside).count() as u64,
        is_sealed: is_final && !has_vanished,
        reconciliation: reconciliation.filter(|found| Some(found.hash) == file.hash),
    }
}
