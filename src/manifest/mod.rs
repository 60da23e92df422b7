//! `_manifest.json`, beside the partitions of a series: what was published there, so that a folder proves itself without
//! the ledger, and the ledger can be made again from folders. It follows from the ledger alone: the same state, the same
//! bytes.

mod error;
mod layout;
mod text;

use std::path::{Component, Path};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use error::ManifestError;
pub use layout::Layout;

use crate::{
    coverage::{Coverage, Standing},
    ledger::{self, Evidence, FileRecord, Recheck, Reconciliation},
    row::{Column, FileContext, columns},
    series::Series,
    sink::publish::FileHash,
    states::{Seal, seals},
    time::TimeRange,
};

/// Its name in the folder of a stream.
pub const FILE_NAME: &str = "_manifest.json";

/// The version that this program writes. A newer one is refused.
pub const SCHEMA_VERSION: u32 = 1;

/// The most bytes of a manifest that are read: 50 years of days take a tenth of it.
pub const MAX_BYTES: usize = 64 << 20;

const TOOL: &str = "audience-exporter";

/// What is published of one series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Of manifest and columns.
    pub schema_version: u32,
    /// The program that wrote it.
    pub tool: String,
    /// The version of that program.
    pub tool_version: String,
    /// The job's name.
    pub job: String,
    /// The stream's name.
    pub stream: String,
    /// What decides where rows lie, in the ledger's words: bucket size, zone, partition and file name.
    pub layout: String,
    /// What decides how rows are written, in the ledger's words: compression, profile of CSV and tags.
    pub style: String,
    /// The columns of its files, in order.
    pub columns: Vec<String>,
    /// The local midnight before its first run.
    #[serde(with = "text::instant")]
    pub first_run: DateTime<Utc>,
    /// What is exported, in order, without overlap.
    pub exported: Vec<Interval>,
    /// Buckets that a file has and the last complete listing lacked, in order.
    pub vanished: Vec<Vanished>,
    /// How far it was asked again at each age, by age.
    pub rechecked: Vec<Rechecked>,
    /// Its files, in the order of their periods.
    pub partitions: Vec<Partition>,
}

/// An interval that is exported, or was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Interval {
    #[serde(with = "text::instant")]
    pub from: DateTime<Utc>,
    #[serde(with = "text::instant")]
    pub to: DateTime<Utc>,
    pub standing: Standing,
}

/// A bucket that a file has and the last complete listing lacked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Vanished {
    #[serde(with = "text::instant")]
    pub bucket_start: DateTime<Utc>,
    #[serde(with = "text::instant")]
    pub since: DateTime<Utc>,
}

/// How far the series was asked again at one age.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Rechecked {
    pub age_seconds: i64,
    #[serde(with = "text::instant")]
    pub until: DateTime<Utc>,
}

/// A published file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    /// Relative to the folder of the manifest.
    pub path: String,
    /// The first instant of its period.
    #[serde(with = "text::instant")]
    pub from: DateTime<Utc>,
    /// The first instant after its period.
    #[serde(with = "text::instant")]
    pub to: DateTime<Utc>,
    /// Data rows.
    pub rows: u64,
    /// Size in bytes.
    pub bytes: u64,
    /// Of its bytes, in hexadecimal.
    #[serde(with = "text::hash")]
    pub sha256: FileHash,
    /// Buckets that its period holds.
    pub expected: u64,
    /// Buckets of its period that complete listings lacked.
    pub missing: u64,
    /// Whether every bucket of its period is final or missing for good.
    pub sealed: bool,
    /// Whether these bytes agree with the sums that the service tells; `None` where they were not compared.
    pub reconciled: Option<bool>,
    /// When they were compared.
    #[serde(with = "text::optional_instant")]
    pub reconciled_at: Option<DateTime<Utc>>,
    /// Both numbers where they differ.
    pub disagreement: Option<String>,
}

impl Manifest {
    /// What the ledger knows of a series, in the words of a manifest.
    pub fn new(series: &Series, known: &ledger::Series, evidence: &Evidence) -> Self {
        let folder = series.folder();
        let tags = series.context.tags.iter().map(|(key, _)| &**key);
        let interval = |(range, standing): &(TimeRange, Standing)| Interval {
            from: range.start(),
            to: range.end(),
            standing: *standing,
        };
        let vanished = |(bucket_start, since): (&DateTime<Utc>, &DateTime<Utc>)| Vanished {
            bucket_start: *bucket_start,
            since: *since,
        };
        let rechecked =
            |Recheck { age, until }: &Recheck| Rechecked { age_seconds: age.num_seconds(), until: *until };
        Self {
            schema_version: SCHEMA_VERSION,
            tool: TOOL.to_owned(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            job: series.job.name.clone(),
            stream: series.stream.name.clone(),
            layout: known.layout.clone(),
            style: known.style.clone(),
            columns: columns(tags).iter().map(Column::name).collect(),
            first_run: known.first_run,
            exported: evidence.coverage.intervals().iter().map(interval).collect(),
            vanished: evidence.vanished.iter().map(vanished).collect(),
            rechecked: evidence.rechecked.iter().map(rechecked).collect(),
            partitions: seals(&series.rules, evidence)
                .iter()
                .map(|seal| Partition::new(seal, &folder))
                .collect(),
        }
    }

    /// As it stands in its file.
    pub fn encode(&self) -> Vec<u8> {
        // Cannot fail: no map with keys that are not texts, no number that is not finite.
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Reads a manifest, and refuses what this program would not have written.
    pub fn decode(bytes: &[u8]) -> Result<Self, ManifestError> {
        if bytes.len() > MAX_BYTES {
            return Err(ManifestError::TooLarge);
        }
        let version: Version = serde_json::from_slice(bytes).map_err(ManifestError::Json)?;
        if version.schema_version != SCHEMA_VERSION {
            return Err(ManifestError::Version { found: version.schema_version });
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(ManifestError::Json)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// What is exported.
    pub fn coverage(&self) -> Result<Coverage, ManifestError> {
        let interval = |interval: &Interval| {
            let range = TimeRange::new(interval.from, interval.to);
            range.map(|range| (range, interval.standing)).ok_or(ManifestError::EmptyRange(interval.from))
        };
        let intervals = self.exported.iter().map(interval).collect::<Result<_, _>>()?;
        Ok(Coverage::from_intervals(intervals)?)
    }

    /// What decides where its rows lie.
    pub fn layout(&self) -> Result<Layout, ManifestError> {
        Layout::parse(&self.layout).ok_or_else(|| ManifestError::Layout(self.layout.clone()))
    }

    /// What every row of its files shares, but for tags, which are not read back.
    pub fn context(&self, layout: &Layout) -> FileContext {
        FileContext { stream: self.stream.clone(), zone: layout.grid.zone(), tags: Vec::new() }
    }

    fn check(&self) -> Result<(), ManifestError> {
        self.coverage()?;
        for partition in &self.partitions {
            partition.check()?;
        }
        let order = self.partitions.windows(2).find(|pair| pair[1].from < pair[0].to);
        order.map_or(Ok(()), |pair| Err(ManifestError::Order(pair[1].path.clone())))
    }
}

/// The part of every manifest that is read first.
#[derive(Deserialize)]
struct Version {
    schema_version: u32,
}

impl Partition {
    fn new(seal: &Seal<'_>, folder: &Path) -> Self {
        let FileRecord { period, hash, rows, bytes, .. } = seal.file;
        let reconciliation = seal.reconciliation;
        Self {
            path: seal.path_in(folder),
            from: period.start(),
            to: period.end(),
            rows: *rows,
            bytes: *bytes,
            sha256: hash.unwrap_or_default(),
            expected: seal.expected,
            missing: seal.missing,
            sealed: seal.is_sealed,
            reconciled: reconciliation.map(|found| found.disagreement.is_none()),
            reconciled_at: reconciliation.map(|found| found.at),
            disagreement: reconciliation.and_then(|found| found.disagreement.clone()),
        }
    }

    /// Its period; `None` where that holds no time, which decoding refuses.
    pub fn range(&self) -> Option<TimeRange> {
        TimeRange::new(self.from, self.to)
    }

    /// What came of comparing it with the service.
    pub fn reconciliation(&self) -> Option<Reconciliation> {
        let (at, disagreement) = (self.reconciled_at?, self.disagreement.clone());
        Some(Reconciliation { hash: self.sha256, at, disagreement })
    }

    /// A path that leaves the folder, and a period without time, are nobody's that means well.
    fn check(&self) -> Result<(), ManifestError> {
        let is_plain = |part| matches!(part, Component::Normal(_));
        if self.path.is_empty() || !Path::new(&self.path).components().all(is_plain) {
            return Err(ManifestError::Path(self.path.clone()));
        }
        self.range().map(|_| ()).ok_or(ManifestError::EmptyRange(self.from))
    }
}
