//! Commands that account for what is published.

use clap::Args;

use super::Selection;

/// `coverage`
#[derive(Debug, Args)]
pub struct Coverage {
    /// Which series.
    #[command(flatten)]
    pub selection: Selection,
    /// From this date (local midnight of the stream) or RFC 3339 instant [default: the first one that is to be exported]
    #[arg(long, value_name = "DATE")]
    pub from: Option<String>,
    /// Up to this date or instant, which is not part of it [default: now]
    #[arg(long, value_name = "DATE")]
    pub to: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `changes`
#[derive(Debug, Args)]
pub struct Changes {
    /// Which series.
    #[command(flatten)]
    pub selection: Selection,
    /// Only what was seen since this date (local midnight of the stream) or RFC 3339 instant
    #[arg(long, value_name = "DATE")]
    pub since: Option<String>,
    /// Print JSON
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Print CSV, with the columns of the files in _changes
    #[arg(long)]
    pub csv: bool,
}
