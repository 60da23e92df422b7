//! Commands that packages, images and probes call.

use std::path::PathBuf;

use clap::Args;

/// `health`
#[derive(Debug, Args)]
pub struct Health {
    /// Ask only whether the daemon is alive, not whether it does its work
    #[arg(long)]
    pub live: bool,
}

/// `man`
#[derive(Debug, Args)]
pub struct Man {
    /// Folder to write every page to [default: the main page on standard output]
    #[arg(value_name = "DIR")]
    pub dir: Option<PathBuf>,
}
