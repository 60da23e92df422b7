//! `completions`: a script for a shell.

use clap::CommandFactory;

use super::CommandError;
use crate::cli::{Cli, Completions};

pub(super) fn run(args: &Completions) -> Result<u8, CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "audience-exporter", &mut script);
    super::output::print(String::from_utf8_lossy(&script).trim_end())?;
    Ok(0)
}
