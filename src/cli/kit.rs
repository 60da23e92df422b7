//! The command for analysts.

use std::path::PathBuf;

use clap::Args;

/// `kit`
#[derive(Debug, Args)]
pub struct Kit {
    /// Folder to write; a new or empty one, or one that holds a kit
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Overwrite files that were edited, or that are not of a kit
    #[arg(long)]
    pub force: bool,
}
