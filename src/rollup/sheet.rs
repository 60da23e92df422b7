//! Which files a roll-up consists of, and what each of them follows from.

use std::{collections::BTreeMap, path::Path};

use chrono_tz::Tz;
use sha2::{Digest, Sha256};

use super::{Problem, RollupPeriod, Target, place::FOLDER};
use crate::{
    failure::FailureKind, hex::hex, ledger::FileRecord, report::Failure, series::Series, time::TimeRange,
};

/// Changes whenever the same published files would make other roll-ups.
const VERSION: &str = "1";

/// One stream of the job.
pub(super) struct Part {
    pub(super) series: Series,
    /// `None` where it was never exported.
    pub(super) known: Option<Known>,
    /// Why it cannot be rolled up.
    pub(super) failure: Option<Failure>,
}

/// What the ledger says of a stream.
pub(super) struct Known {
    pub(super) id: i64,
    pub(super) files: Vec<FileRecord>,
    /// From the first exported bucket to the last.
    pub(super) span: Option<TimeRange>,
}

/// One file of a roll-up: a year of one stream, or of the streams with one value of a tag.
pub(super) struct Sheet<'a> {
    pub(super) target: &'a Target,
    /// The name of the stream, or the value of the tag.
    pub(super) value: Option<String>,
    /// Below the folder of the job's roll-ups.
    pub(super) path: String,
    /// The time of its periods.
    pub(super) range: TimeRange,
    /// Its streams, by their place among the parts.
    pub(super) members: Vec<usize>,
}

impl Part {
    fn span(&self) -> Option<TimeRange> {
        self.known.as_ref().and_then(|known| known.span)
    }

    pub(super) fn stream(&self) -> &str {
        &self.series.stream.name
    }
}

impl<'a> Sheet<'a> {
    /// Every file that `target` consists of now, of one stream only where there is one. What cannot be made is a problem.
    pub(super) fn all(
        target: &'a Target,
        parts: &[Part],
        only: Option<&str>,
        problems: &mut Vec<Problem>,
    ) -> Vec<Self> {
        let mut sheets = Vec::new();
        for (value, members) in groups(target, parts) {
            if only.is_some() && only != value.as_deref() {
                continue;
            }
            match Self::of_group(target, value.as_deref(), &members, parts) {
                Ok(found) => sheets.extend(found),
                Err(failure) => problems.push(Problem::new(streams_of(&members, parts), failure)),
            }
        }
        sheets
    }

    fn of_group(
        target: &'a Target,
        value: Option<&str>,
        members: &[usize],
        parts: &[Part],
    ) -> Result<Vec<Self>, Failure> {
        let of_members = || members.iter().map(|index| &parts[*index]);
        let span = of_members().filter_map(Part::span).reduce(|one, other| one.joined(&other));
        // Where nothing was exported yet, there is nothing to refuse.
        let (Some(span), Some(first)) = (span, of_members().next()) else { return Ok(Vec::new()) };
        if let Some(failure) = of_members().find_map(|part| part.failure.clone()) {
            return Err(failure);
        }
        let zone = first.series.stream.timezone;
        if let Some(other) = of_members().find(|part| part.series.stream.timezone != zone) {
            return Err(mixed_zones(target, value, first, other));
        }
        let folder = target.group_folder(value).ok_or_else(|| too_long(value))?;
        let file = first.series.job.format.file_name();
        let years = RollupPeriod::years(span, target.size, zone).into_iter();
        let sheet = |(year, range)| Self {
            target,
            value: value.map(str::to_owned),
            path: format!("{}/{folder}/year={year:04}/{file}", target.folder_name()),
            range,
            members: members.to_vec(),
        };
        Ok(years.map(sheet).collect())
    }

    /// Its periods, in order.
    pub(super) fn periods(&self, parts: &[Part]) -> impl Iterator<Item = RollupPeriod> + use<> {
        RollupPeriod::overlapping(self.range, self.target.size, self.zone(parts))
    }

    /// The zone that its streams share.
    pub(super) fn zone(&self, parts: &[Part]) -> Tz {
        self.members.first().map_or(Tz::UTC, |first| parts[*first].series.stream.timezone)
    }

    /// The names of its streams.
    pub(super) fn streams(&self, parts: &[Part]) -> Vec<String> {
        streams_of(&self.members, parts)
    }

    /// The hash of everything that its bytes follow from.
    pub(super) fn sources(&self, parts: &[Part]) -> String {
        let mut hash = Sha256::new();
        let mut line = |text: &str| hash.update(format!("{}:{text}\n", text.len()));
        line(VERSION);
        line(&self.path);
        line(&format!("{:?}", self.range));
        for part in self.members.iter().map(|index| &parts[*index]) {
            let series = &part.series;
            [part.stream(), &series.layout(), &series.style()].into_iter().for_each(&mut line);
            let files = part.known.iter().flat_map(|known| &known.files);
            for file in files.filter(|file| file.period.overlaps(&self.range)) {
                line(&file.path);
                line(&hex(file.hash.as_ref().map_or(&[], |hash| &hash[..])));
            }
        }
        hex(&hash.finalize())
    }
}

/// The streams that are added up together, by name or value.
fn groups(target: &Target, parts: &[Part]) -> BTreeMap<Option<String>, Vec<usize>> {
    let mut groups: BTreeMap<Option<String>, Vec<usize>> = BTreeMap::new();
    for (index, part) in parts.iter().enumerate() {
        let value = match &target.by {
            None => Some(part.series.stream.name.clone()),
            Some(key) => part.series.stream.tags.get(key).cloned(),
        };
        groups.entry(value).or_default().push(index);
    }
    groups
}

/// The folders of the groups that `target` has now.
pub(super) fn group_folders(target: &Target, parts: &[Part]) -> Vec<String> {
    let values = groups(target, parts).into_keys();
    values.filter_map(|value| target.group_folder(value.as_deref())).collect()
}

fn streams_of(members: &[usize], parts: &[Part]) -> Vec<String> {
    members.iter().map(|index| parts[*index].stream().to_owned()).collect()
}

fn mixed_zones(target: &Target, value: Option<&str>, one: &Part, other: &Part) -> Failure {
    let message = format!(
        "streams with {} = {} lie in different zones, and their local days are different stretches of time: {} in {}, {} \
         in {}; group them by a tag that tells zones apart",
        target.by.as_deref().unwrap_or("stream"),
        value.map_or_else(|| "nothing".to_owned(), |value| format!("{value:?}")),
        one.stream(),
        one.series.stream.timezone,
        other.stream(),
        other.series.stream.timezone,
    );
    Failure::new(FailureKind::Configuration, &message)
}

fn too_long(value: Option<&str>) -> Failure {
    let value = value.unwrap_or_default();
    let message =
        format!("the tag {value:?} is too long to name a folder below {}", Path::new(FOLDER).display());
    Failure::new(FailureKind::Configuration, &message)
}
