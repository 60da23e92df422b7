//! A copied folder against the manifests in it: without configuration, ledger or service.

use std::{
    collections::{BTreeSet, HashMap},
    fs, io,
    path::{Path, PathBuf},
};

use super::{Elsewhere, Finding, Flaw, Inspected, Inspection, NextStep, foreign_entries, visible_files};
use crate::{
    coverage::Standing,
    manifest::{self, Manifest, ManifestError},
    sink::publish::{self, FileError},
};

/// How the folder of a stream is named.
const STREAM_PREFIX: &str = "stream=";

/// What came of proving a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proof {
    /// Manifests that were found.
    pub manifests: u64,
    /// Partitions that will not change any more by themselves.
    pub sealed: u64,
    /// What the files are like.
    pub inspected: Inspected,
}

/// Folders of streams, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamFolders {
    /// Those with a manifest.
    pub certified: Vec<PathBuf>,
    /// Those that are named like one and have none, but files that readers see.
    pub bare: Vec<PathBuf>,
}

/// Every folder of a stream at or below `folder`; not in folders whose name begins with `_` or `.`.
pub fn stream_folders(folder: &Path) -> Result<StreamFolders, FileError> {
    let mut found = StreamFolders::default();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let is_named_so =
            next.file_name().is_some_and(|name| name.to_string_lossy().starts_with(STREAM_PREFIX));
        // Below either there are partitions only.
        if next.join(manifest::FILE_NAME).is_file() {
            found.certified.push(next);
        } else if !is_named_so {
            folders.extend(folders_in(&next)?);
        } else if !visible_files(&next)?.is_empty() {
            found.bare.push(next);
        }
    }
    found.certified.sort_unstable();
    found.bare.sort_unstable();
    Ok(found)
}

/// Reads the manifest in `folder`.
pub(crate) fn read_manifest(folder: &Path) -> Result<Result<Manifest, ManifestError>, FileError> {
    let bytes = publish::read_if_present(&folder.join(manifest::FILE_NAME))?.unwrap_or_default();
    Ok(Manifest::decode(&bytes))
}

/// Proves every manifest below `root`, and that nothing else lies beside them that readers would see.
pub fn prove(root: &Path) -> Result<Proof, FileError> {
    let folders = stream_folders(root)?;
    let mut proof = Proof { manifests: folders.certified.len() as u64, ..Proof::default() };
    let mut read = Vec::new();
    for folder in &folders.certified {
        let name = below(root, folder);
        match read_manifest(folder)? {
            Ok(manifest) => read.push((name, manifest)),
            Err(error) => proof.inspected.findings.push(no_manifest(&name, &error)),
        }
    }
    let elsewhere = elsewhere(&read);
    for (folder, manifest) in &read {
        proof.sealed += manifest.partitions.iter().filter(|partition| partition.sealed).count() as u64;
        proof.inspected.add(prove_one(root, folder, manifest, &elsewhere)?);
    }
    for folder in &folders.bare {
        let message = "there is none, so nothing proves the files beside it".to_owned();
        proof.inspected.findings.push(at_manifest(&below(root, folder), message));
    }
    let all: Vec<PathBuf> = [folders.certified, folders.bare].concat();
    proof.inspected.findings.extend(strays_beside(root, &all)?);
    Ok(proof)
}

fn prove_one(
    root: &Path,
    folder: &str,
    manifest: &Manifest,
    elsewhere: &Elsewhere,
) -> Result<Inspected, FileError> {
    let layout = match manifest.layout() {
        Ok(layout) => layout,
        Err(error) => {
            return Ok(Inspected { findings: vec![no_manifest(folder, &error)], ..Inspected::default() });
        }
    };
    let inspection = Inspection {
        root,
        folder,
        manifest,
        layout,
        has_columns: true,
        pending: &HashMap::new(),
        elsewhere,
        only: None,
        can_heal: false,
    };
    let mut inspected = inspection.look()?;
    inspected.findings.extend(misplaced(root, folder, manifest));
    inspected.findings.extend(unsealed(folder, manifest));
    Ok(inspected)
}

/// The folder of a stream tells whose it is, where it kept its name.
fn misplaced(root: &Path, folder: &str, manifest: &Manifest) -> Option<Finding> {
    let whole = root.join(folder);
    let name = whole.file_name()?.to_string_lossy().into_owned();
    let is_its_own = name.strip_prefix(STREAM_PREFIX).is_none_or(|stream| stream == manifest.stream);
    let message = format!("it is the manifest of stream {}", manifest.stream);
    (!is_its_own).then(|| at_manifest(folder, message))
}

/// What a manifest calls sealed is wholly final by its own account.
fn unsealed(folder: &str, manifest: &Manifest) -> Option<Finding> {
    let coverage = manifest.coverage().ok()?;
    let contradicts = |partition: &&manifest::Partition| {
        let is_final = partition.range().is_some_and(|range| coverage.is_wholly(range, Standing::Final));
        partition.sealed && !is_final
    };
    let partition = manifest.partitions.iter().find(contradicts)?;
    Some(at_manifest(folder, format!("it calls {} sealed, and not all of its time is final", partition.path)))
}

fn no_manifest(folder: &str, error: &ManifestError) -> Finding {
    at_manifest(folder, format!("it is no manifest: {error}"))
}

fn at_manifest(folder: &str, message: String) -> Finding {
    let name = manifest::FILE_NAME;
    let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
    Finding { path, flaw: Flaw::Manifest, message, next_step: NextStep::CopyAgain }
}

fn elsewhere(read: &[(String, Manifest)]) -> Elsewhere {
    let mut elsewhere = Elsewhere::default();
    for (folder, manifest) in read {
        for partition in &manifest.partitions {
            let path = Path::new(folder).join(&partition.path);
            elsewhere.add(partition.sha256, path.to_string_lossy().into_owned());
        }
    }
    elsewhere
}

/// What lies beside the folders of streams in the folders of jobs.
fn strays_beside(root: &Path, folders: &[PathBuf]) -> Result<Vec<Finding>, FileError> {
    let jobs: BTreeSet<&Path> =
        folders.iter().filter(|folder| *folder != root).filter_map(|one| one.parent()).collect();
    let mut findings = Vec::new();
    for job in jobs {
        let streams = folders.iter().filter(|folder| folder.parent() == Some(job));
        let names: Vec<String> =
            streams.filter_map(|one| Some(one.file_name()?.to_string_lossy().into_owned())).collect();
        let names: Vec<&str> = names.iter().filter_map(|name| name.strip_prefix(STREAM_PREFIX)).collect();
        for name in foreign_entries(job, &names)? {
            let path = Path::new(&below(root, job)).join(name).to_string_lossy().into_owned();
            let message = "no manifest knows it".to_owned();
            findings.push(Finding { path, flaw: Flaw::Stray, message, next_step: NextStep::MoveAway });
        }
    }
    Ok(findings)
}

fn below(root: &Path, folder: &Path) -> String {
    folder.strip_prefix(root).unwrap_or(folder).to_string_lossy().into_owned()
}

fn folders_in(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    let list = || -> io::Result<Vec<PathBuf>> {
        let mut folders = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let is_hidden = entry.file_name().to_string_lossy().starts_with(['_', '.']);
            if entry.file_type()?.is_dir() && !is_hidden {
                folders.push(entry.path());
            }
        }
        Ok(folders)
    };
    list().map_err(FileError::new("list", folder))
}
