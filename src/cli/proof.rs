//! Commands that prove files, and that make the ledger again from them.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Selection;

/// `verify`
#[derive(Debug, Args)]
pub struct Verify {
    /// Which series.
    #[command(flatten)]
    pub selection: Selection,
    /// Only files from this date (local midnight of the stream) or RFC 3339 instant on
    #[arg(long, value_name = "DATE")]
    pub from: Option<String>,
    /// Only files up to this date or instant
    #[arg(long, value_name = "DATE")]
    pub to: Option<String>,
    /// Look at files only, make no request
    #[arg(long, conflicts_with_all = ["sample", "deep"])]
    pub files: bool,
    /// Compare only so many with the service, picked at random
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub sample: Option<u32>,
    /// Pull everything again and compare row for row instead of by sums; writes nothing
    #[arg(long)]
    pub deep: bool,
    /// Prove a copied folder by its manifests, without configuration, ledger or service
    #[arg(long, value_name = "DIR", conflicts_with_all = ["job", "stream", "from", "to", "files", "sample", "deep"])]
    pub offline: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `ledger`
#[derive(Debug, Args)]
pub struct Ledger {
    /// What to do.
    #[command(subcommand)]
    pub command: LedgerCommand,
}

/// Every subcommand of `ledger`.
#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// Make a lost or damaged ledger again from the published folders and their manifests
    #[command(
        after_help = "Examples:\n  audience-exporter ledger rebuild\n  audience-exporter ledger rebuild --force    set a ledger that is sound aside too"
    )]
    Rebuild(Rebuild),
}

/// `ledger rebuild`
#[derive(Debug, Args)]
pub struct Rebuild {
    /// Also where there is a ledger that is sound; it is set aside, never deleted
    #[arg(long)]
    pub force: bool,
}
