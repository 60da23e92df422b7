//! `init`: a commented configuration to edit.

use std::{fs::OpenOptions, io::Write, os::unix::fs::OpenOptionsExt};

use super::{CommandError, output};
use crate::{cli::Init, sink::publish};

const COMMENTED: &str = include_str!("../../config/exporter.toml");

pub(super) fn run(args: &Init) -> Result<u8, CommandError> {
    let path = args.path.display();
    if let Some(folder) = args.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        publish::create_folder(folder).map_err(|error| CommandError::Failed(error.to_string()))?;
    }
    // Secrets may be written into it, so nobody else may read it.
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&args.path);
    let written = file.and_then(|mut file| file.write_all(COMMENTED.as_bytes()));
    match written {
        Ok(()) => {
            output::print(&format!(
                "wrote {path}\nnext: edit it, put the stream's password into its secret file, then run\n  \
                 audience-exporter check --config {path}"
            ))?;
            Ok(0)
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(CommandError::Usage(format!(
            "{path} exists already and is left as it is; name another file, or move it away first"
        ))),
        Err(error) => Err(CommandError::Failed(format!("cannot write {path}: {error}"))),
    }
}
