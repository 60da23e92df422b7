//! The files of a series against the ledger.

use std::collections::HashMap;

use super::{Elsewhere, Finding, Flaw, Inspected, Inspection, NextStep, foreign_entries, visible_files};
use crate::{
    coverage::Standing,
    ledger::{Evidence, LedgerError},
    locks::Lock,
    manifest::{self, Layout, Manifest},
    publication::{Archive, LOCK_PATIENCE, PublishError},
    series::Series,
    sink::publish::{self, FileError, FileHash},
    time::{LocalPeriod, TimeRange},
};

impl Archive {
    /// Where every published file of these series lies.
    pub fn elsewhere(&self, all: &[Series]) -> Result<Elsewhere, LedgerError> {
        let mut elsewhere = Elsewhere::default();
        for series in all {
            let Some(known) = self.ledger.find_series(&series.key())? else { continue };
            for file in self.ledger.files(known.id)? {
                if let Some(hash) = file.hash {
                    elsewhere.add(hash, file.path);
                }
            }
        }
        Ok(elsewhere)
    }

    /// Compares the folder of a series with the ledger, while nobody publishes there. Writes nothing. Blocks.
    pub fn inspect(
        &self,
        series: &Series,
        elsewhere: &Elsewhere,
        only: Option<TimeRange>,
    ) -> Result<Inspected, PublishError> {
        let _lock = Lock::acquire(&self.state_dir, &series.lock_name(), LOCK_PATIENCE)?;
        let folder = series.folder().to_string_lossy().into_owned();
        let Some(known) = self.ledger.find_series(&series.key())? else {
            return Ok(self.unpublished(&folder)?);
        };
        let evidence = self.ledger.evidence(known.id)?;
        let manifest = Manifest::new(series, &known, &evidence);
        let Some(layout) = Layout::parse(&known.layout) else {
            return Err(self.ledger.damaged(format!("the layout {:?} is none", known.layout)).into());
        };
        let has_columns = known.style == series.style();
        let inspection = Inspection {
            root: &self.output_dir,
            folder: &folder,
            manifest: &manifest,
            layout,
            has_columns,
            pending: &self.pending(series, known.id, &folder, &evidence)?,
            elsewhere,
            only,
            can_heal: true,
        };
        let mut inspected = inspection.look()?;
        let is_certified = !evidence.coverage.intervals().is_empty();
        inspected.findings.extend(self.manifest_finding(&folder, &manifest, is_certified, has_columns)?);
        Ok(inspected)
    }

    /// Has the next run ask again for what was found damaged, whatever its age: a run by itself looks into a file only
    /// where it has something to add.
    pub fn have_healed(&self, series: &Series, findings: &mut [Finding]) -> Result<(), LedgerError> {
        let Some(known) = self.ledger.find_series(&series.key())? else { return Ok(()) };
        let coverage = self.ledger.coverage(known.id)?;
        for finding in findings.iter_mut().filter(|finding| finding.flaw.is_damage()) {
            let Some(file) = self.ledger.file(known.id, &finding.path)? else { continue };
            let period = file.period;
            if coverage.exported_between(period.start(), period.end()).next().is_some() {
                self.ledger.distrust(known.id, period)?;
                finding.next_step = NextStep::Pull;
            } else if coverage.of_standing(Standing::Lost).all(|lost| !lost.overlaps(&period)) {
                // A backfill died before it could record any of it, and no run asks for it by itself.
                finding.next_step = backfill(series, period);
            }
        }
        Ok(())
    }

    /// What lies in the folder of a job and belongs to no stream of it.
    pub fn inspect_job(&self, job: &str, streams: &[&str]) -> Result<Vec<Finding>, FileError> {
        let foreign = foreign_entries(&self.output_dir.join(job), streams)?;
        let finding = |name: String| Finding {
            path: format!("{job}/{name}"),
            flaw: Flaw::Stray,
            message: "it belongs to no stream of this job".to_owned(),
            next_step: NextStep::MoveAway,
        };
        Ok(foreign.into_iter().map(finding).collect())
    }

    /// A series that was never exported has no files.
    fn unpublished(&self, folder: &str) -> Result<Inspected, FileError> {
        let finding = |name: String| Finding {
            path: format!("{folder}/{name}"),
            flaw: Flaw::Stray,
            message: "the ledger knows nothing of this series".to_owned(),
            next_step: NextStep::MoveAway,
        };
        let strays = visible_files(&self.output_dir.join(folder))?;
        Ok(Inspected { findings: strays.into_iter().map(finding).collect(), ..Inspected::default() })
    }

    /// What runs that died may have made of files, by path in the folder.
    fn pending(
        &self,
        series: &Series,
        id: i64,
        folder: &str,
        evidence: &Evidence,
    ) -> Result<HashMap<String, FileHash>, PublishError> {
        let recorded = evidence.files.iter().map(|file| file.path.clone());
        let seen = visible_files(&self.output_dir.join(series.folder()))?;
        let seen = seen.into_iter().map(|name| format!("{folder}/{name}"));
        let mut pending = HashMap::new();
        for path in recorded.chain(seen) {
            if let Some(hash) = self.ledger.file(id, &path)?.and_then(|record| record.pending_hash) {
                let name = path.strip_prefix(&format!("{folder}/")).unwrap_or(&path);
                pending.insert(name.to_owned(), hash);
            }
        }
        Ok(pending)
    }

    /// What is wrong with the manifest on disk.
    fn manifest_finding(
        &self,
        folder: &str,
        expected: &Manifest,
        is_certified: bool,
        has_columns: bool,
    ) -> Result<Option<Finding>, FileError> {
        let path = format!("{folder}/{}", manifest::FILE_NAME);
        let message = match publish::read_if_present(&self.output_dir.join(&path))? {
            None if !is_certified => return Ok(None),
            None => "it is gone".to_owned(),
            Some(bytes) => match Manifest::decode(&bytes) {
                Err(error) => format!("it is no manifest: {error}"),
                Ok(found) if tells_the_same(&found, expected, has_columns) => return Ok(None),
                Ok(_) => {
                    "it tells something else than the ledger; a run that is under way writes it at its end"
                        .to_owned()
                }
            },
        };
        Ok(Some(Finding { path, flaw: Flaw::Manifest, message, next_step: NextStep::Pull }))
    }
}

/// All local days of a partition.
fn backfill(series: &Series, period: TimeRange) -> NextStep {
    let local = LocalPeriod::of(period.start(), series.rules.partition, series.stream.timezone);
    NextStep::Backfill {
        job: series.job.name.clone(),
        stream: series.stream.name.clone(),
        from: local.first_day(),
        to: local.next().first_day(),
    }
}

/// Another version of the program, and columns that the next run makes, are no difference.
fn tells_the_same(found: &Manifest, expected: &Manifest, has_columns: bool) -> bool {
    let columns = if has_columns { &found.columns } else { &expected.columns };
    let alike =
        Manifest { tool_version: expected.tool_version.clone(), columns: columns.clone(), ..found.clone() };
    alike == *expected
}
