//! Making roll-ups: from published files, by way of the ledger, into files of their own. Blocks.
//!
//! What a file was made from is forgotten before it is replaced, and noted when it is durable: a process that dies in
//! between leaves a file that the next run makes again.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    FOLDER, Member, RollupPeriod, RollupRow, RollupSize, Target, add_up, check_alignment,
    load::load,
    sheet::{Known, Part, Sheet, group_folders},
    sources::{Made, Sources},
    table::{self, Owner},
    tally,
};
use crate::{
    config::Job,
    failure::FailureKind,
    locks::Lock,
    publication::{Archive, LOCK_PATIENCE, PublishError},
    report::Failure,
    row::Totals,
    series::Series,
    time::TimeRange,
};

/// What is to be rolled up.
pub struct RollUp<'a> {
    /// Where published files and the ledger are.
    pub archive: &'a Archive,
    /// Whose files.
    pub job: &'a Arc<Job>,
    /// Every tag key in use.
    pub tag_keys: &'a [String],
    /// To what.
    pub targets: &'a [Target],
    /// Only the files of this stream; not for targets by a tag.
    pub only: Option<&'a str>,
    /// Whether to make every file again, or only those whose sources changed.
    pub makes_all: bool,
}

/// What was done.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The files that were made, by path; those that were found current are not among them.
    pub files: Vec<SheetReport>,
    /// What could not be made.
    pub problems: Vec<Problem>,
}

/// One file of a roll-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetReport {
    /// Relative to the output folder.
    pub path: PathBuf,
    /// Its rows.
    pub rows: usize,
    /// The first calendar day of its first period and of its last one.
    pub periods: Option<(String, String)>,
    /// Whether it was written; otherwise it held the same bytes already.
    pub is_written: bool,
}

/// Why roll-ups of some streams could not be made. Their files, where there are any, are left as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The streams.
    pub streams: Vec<String>,
    /// The reason.
    pub failure: Failure,
}

impl Problem {
    pub(super) fn new(streams: Vec<String>, failure: Failure) -> Self {
        Self { streams, failure }
    }
}

/// The totals of one stream for each size that was asked for.
type Tallies = BTreeMap<RollupSize, BTreeMap<RollupPeriod, Totals>>;

impl RollUp<'_> {
    /// Makes what there is to make, under a lock of the job. What cannot be made right is refused by name and does not
    /// stop the rest; what cannot be written ends it.
    pub fn run(&self) -> Result<Outcome, PublishError> {
        let _lock =
            Lock::acquire(&self.archive.state_dir, &format!("rollup.{}", self.job.name), LOCK_PATIENCE)?;
        let folder = self.archive.output_dir.join(FOLDER).join(&self.job.name);
        let disk = &self.archive.disk;
        disk.sweep(&folder)?;
        let mut parts = self.parts()?;
        let mut sources = Sources::read(disk, &folder)?;
        let mut outcome = Outcome::default();
        let sheets = self.outdated(&parts, &sources, &mut outcome.problems);
        self.remove_former_groups(&folder, &parts, &mut sources)?;
        if !sheets.is_empty() {
            disk.create_folder(&folder)?;
            for sheet in &sheets {
                sources.forget(&sheet.path);
            }
        }
        sources.write()?;
        let made = self.make(&folder, &mut parts, sheets, &mut sources, &mut outcome);
        sources.write()?;
        made?;
        outcome.files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(outcome)
    }

    /// Every stream of the job, in the order in which groups are added up: by name, whatever the configuration's is.
    fn parts(&self) -> Result<Vec<Part>, PublishError> {
        let series = self.job.streams.iter().map(|stream| Series::of(self.tag_keys, self.job, stream));
        let mut parts = series.map(|series| self.part(series)).collect::<Result<Vec<Part>, _>>()?;
        parts.sort_by(|one, other| one.stream().cmp(other.stream()));
        Ok(parts)
    }

    fn part(&self, series: Series) -> Result<Part, PublishError> {
        let ledger = &self.archive.ledger;
        let Some(found) = ledger.find_series(&series.key())? else {
            return Ok(Part { series, known: None, failure: None });
        };
        let failure =
            (found.layout != series.layout()).then(|| Failure::layout_changed(&series, &found.layout));
        let coverage = ledger.coverage(found.id)?;
        let span = coverage.exported().reduce(|one, other| one.joined(&other));
        let mut files = ledger.files(found.id)?;
        files.sort_by_key(|file| file.period);
        Ok(Part { series, known: Some(Known { id: found.id, files, span }), failure })
    }

    /// The files that are to be made and can be made right.
    fn outdated(&self, parts: &[Part], sources: &Sources, problems: &mut Vec<Problem>) -> Vec<Sheet<'_>> {
        let mut outdated: Vec<Sheet<'_>> = Vec::new();
        for target in self.targets {
            let sheets = Sheet::all(target, parts, self.only, problems).into_iter();
            outdated.extend(
                sheets.filter(|sheet| {
                    self.makes_all || !sources.is_current(&sheet.path, &sheet.sources(parts))
                }),
            );
        }
        outdated.retain(|sheet| {
            let misfit = sheet.members.first().and_then(|first| {
                let grid = parts[*first].series.rules.grid;
                check_alignment(grid, sheet.target.size, sheet.range).err()
            });
            let failure = misfit.map(|misfit| Failure::new(FailureKind::Configuration, &misfit));
            let is_right = failure.is_none();
            problems.extend(failure.map(|failure| Problem::new(sheet.streams(parts), failure)));
            is_right
        });
        outdated
    }

    /// What was made for a value that no stream has any more would be counted twice by who reads the folder.
    fn remove_former_groups(
        &self,
        folder: &Path,
        parts: &[Part],
        sources: &mut Sources,
    ) -> Result<(), PublishError> {
        for target in self.targets.iter().filter(|target| target.by.is_some()) {
            let name = target.folder_name();
            let current = group_folders(target, parts);
            let is_current = |path: &str| {
                current.iter().any(|group| Path::new(path).starts_with(Path::new(&name).join(group)))
            };
            for path in sources.below(&name).into_iter().filter(|path| !is_current(path)) {
                self.archive.disk.remove_if_present(&folder.join(&path))?;
                tracing::info!(
                    job = &*self.job.name,
                    path,
                    "no stream has this tag any more, roll-up removed"
                );
                sources.forget(&path);
            }
        }
        Ok(())
    }

    /// Stream by stream, so that only one stream's rows are held at a time. Groups come last.
    fn make(
        &self,
        folder: &Path,
        parts: &mut [Part],
        sheets: Vec<Sheet<'_>>,
        sources: &mut Sources,
        outcome: &mut Outcome,
    ) -> Result<(), PublishError> {
        let (groups, own): (Vec<_>, Vec<_>) = sheets.into_iter().partition(|sheet| sheet.target.by.is_some());
        let mut tallies: Vec<Tallies> = parts.iter().map(|_| Tallies::new()).collect();
        let mut lacking: Vec<Vec<(TimeRange, Failure)>> = parts.iter().map(|_| Vec::new()).collect();
        for index in 0..parts.len() {
            let is_mine = |sheet: &&Sheet<'_>| sheet.members.contains(&index);
            let mine: Vec<&Sheet<'_>> = own.iter().chain(&groups).filter(is_mine).collect();
            let ranges: Vec<TimeRange> = mine.iter().map(|sheet| sheet.range).collect();
            let loaded = load(self.archive, &mut parts[index], &ranges);
            let grid = parts[index].series.rules.grid;
            let sizes = mine.iter().map(|sheet| sheet.target.size);
            tallies[index] = sizes.map(|size| (size, tally(&loaded.rows, size, grid))).collect();
            lacking[index] = loaded.lacking;
            let maker = Maker { roll_up: self, folder, parts, tallies: &tallies, lacking: &lacking };
            for sheet in own.iter().filter(is_mine) {
                maker.make(sheet, sources, outcome)?;
            }
            if groups.iter().all(|group| !is_mine(&group)) {
                tallies[index].clear();
            }
        }
        let maker = Maker { roll_up: self, folder, parts, tallies: &tallies, lacking: &lacking };
        groups.iter().try_for_each(|sheet| maker.make(sheet, sources, outcome))
    }
}

/// Makes one file from what was added up.
struct Maker<'a> {
    roll_up: &'a RollUp<'a>,
    folder: &'a Path,
    parts: &'a [Part],
    tallies: &'a [Tallies],
    lacking: &'a [Vec<(TimeRange, Failure)>],
}

impl Maker<'_> {
    fn make(
        &self,
        sheet: &Sheet<'_>,
        sources: &mut Sources,
        outcome: &mut Outcome,
    ) -> Result<(), PublishError> {
        let lacking = sheet.members.iter().flat_map(|index| {
            self.lacking[*index].iter().map(|(range, failure)| (self.parts[*index].stream(), range, failure))
        });
        let mut lacking = lacking.filter(|(_, range, _)| range.overlaps(&sheet.range));
        if let Some((stream, _, failure)) = lacking.next() {
            outcome.problems.push(Problem::new(vec![stream.to_owned()], failure.clone()));
            return Ok(());
        }
        let rows = self.rows(sheet);
        let zone = sheet.zone(self.parts);
        let bytes = table::encode(self.roll_up.job.format, zone, self.owner(sheet), &rows)?;
        let (path, disk) = (self.folder.join(&sheet.path), &self.roll_up.archive.disk);
        let is_written = disk.read_if_present(&path)?.is_none_or(|found| found != bytes);
        if is_written {
            disk.replace(&path, self.folder, &bytes)?;
        }
        let made = Made { sources: sheet.sources(self.parts), bytes: bytes.len() as u64 };
        sources.note(sheet.path.clone(), made);
        outcome.files.push(SheetReport {
            path: Path::new(FOLDER).join(&self.roll_up.job.name).join(&sheet.path),
            rows: rows.len(),
            periods: rows
                .first()
                .zip(rows.last())
                .map(|(first, last)| (first.local_date.clone(), last.local_date.clone())),
            is_written,
        });
        Ok(())
    }

    fn rows(&self, sheet: &Sheet<'_>) -> Vec<RollupRow> {
        let nothing = BTreeMap::new();
        let member = |index: &usize| Member {
            grid: self.parts[*index].series.rules.grid,
            tally: self.tallies[*index].get(&sheet.target.size).unwrap_or(&nothing),
        };
        let members: Vec<Member<'_>> = sheet.members.iter().map(member).collect();
        add_up(sheet.periods(self.parts), &members)
    }

    fn owner<'s>(&'s self, sheet: &'s Sheet<'_>) -> Owner<'s> {
        match (&sheet.target.by, sheet.members.first()) {
            (None, Some(index)) => Owner::Stream(&self.parts[*index].series.context),
            (key, _) => {
                Owner::Group { key: key.as_deref().unwrap_or_default(), value: sheet.value.as_deref() }
            }
        }
    }
}
