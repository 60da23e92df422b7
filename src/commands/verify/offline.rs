//! `verify --offline`: a copied folder by its manifests. Reads no configuration.

use std::path::Path;

use serde::Serialize;

use super::{json, shown};
use crate::{
    commands::{
        CommandError,
        output::{self, counted},
    },
    verify::{Proof, prove},
};

#[derive(Serialize)]
struct ProofJson {
    manifests: u64,
    sealed: u64,
    files: json::FilesJson,
}

pub(super) fn run(folder: &Path, is_json: bool) -> Result<u8, CommandError> {
    if !folder.is_dir() {
        return Err(CommandError::Usage(format!("there is no folder {}", folder.display())));
    }
    let proof = prove(folder).map_err(|error| CommandError::Failed(error.to_string()))?;
    let Proof { manifests, sealed, inspected } = &proof;
    if *manifests == 0 {
        return Err(CommandError::Usage(format!(
            "{} holds no _manifest.json, so there is nothing to prove it by; name a folder of published files, or one above",
            folder.display()
        )));
    }
    if is_json {
        let files = json::files(inspected);
        output::print_json(&ProofJson { manifests: *manifests, sealed: *sealed, files })?;
    } else {
        let of = format!("{}, {sealed} of them sealed", counted(*manifests, "manifest"));
        output::print(&shown::files(inspected, &of))?;
    }
    Ok(u8::from(!inspected.findings.is_empty()))
}
