//! The command that adds published rows up.

use clap::{Args, ValueEnum};

/// `rollup`
#[derive(Debug, Args)]
pub struct Rollup {
    /// The job whose files are rolled up
    #[arg(long, value_name = "JOB")]
    pub job: String,
    /// How much local time a row is to cover; weeks begin on Monday
    #[arg(long, value_name = "PERIOD")]
    pub to: PeriodName,
    /// Add up the streams that have the same value of this tag
    #[arg(long, value_name = "TAG", conflicts_with = "stream")]
    pub by: Option<String>,
    /// Only this stream
    #[arg(long, value_name = "STREAM")]
    pub stream: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// A period by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the names say it")]
pub enum PeriodName {
    Day,
    Week,
    Month,
}
