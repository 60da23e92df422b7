//! The command line: definitions only, so that man pages and completions can be generated from them.
#![expect(clippy::doc_markdown, reason = "doc comments here are help texts for people")]

mod accounts;
mod kit;
mod packaging;
mod proof;
mod report;
mod rollup;
mod simulate;
mod trust;

use std::{path::PathBuf, time::Duration};

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub use accounts::{Auth, AuthCommand, AuthStatus, Deliver, Inventory, Login, Logout};
pub use kit::Kit;
pub use packaging::{Health, Man};
pub use proof::{Ledger, LedgerCommand, Rebuild, Verify};
pub use report::Report;
pub use rollup::{PeriodName, Rollup};
pub use simulate::{Simulate, Weather};
pub use trust::{Changes, Coverage};

/// Export Angus.ai audience metrics to CSV and Parquet files that converge.
#[derive(Debug, Parser)]
#[command(name = "audience-exporter", version, max_term_width = 100, after_help = FIRST_STEPS)]
pub struct Cli {
    /// What every command understands.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const FIRST_STEPS: &str = "\
First steps:
  audience-exporter demo            see it work, without an account
  audience-exporter init            write a commented exporter.toml
  audience-exporter check           try the configuration and every stream
  audience-exporter pull            export all that is due

Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 credentials refused
for every stream, 4 incomplete (running it again resumes), 5 locked by another
process.";

/// Every exit code with its meaning, for the manual.
pub const EXIT_CODES: [(u8, &str); 6] = [
    (0, "all that was asked is done"),
    (1, "failed: nothing, or not enough, could be done"),
    (2, "usage or configuration; nothing was started"),
    (3, "credentials refused for every stream concerned"),
    (4, "incomplete: some windows or streams failed; running it again resumes"),
    (5, "another process holds the lock"),
];

/// What every command understands.
#[derive(Debug, Args)]
pub struct Global {
    /// Configuration file [default: $AUDIENCE_EXPORTER_CONFIG, else ./exporter.toml, else
    /// /etc/audience-exporter/exporter.toml]
    #[arg(long, global = true, help_heading = "Global options", value_name = "PATH")]
    pub config: Option<PathBuf>,
    /// How much to log, on standard error [default: warn; info for pull, backfill, run, deliver, inventory and simulate]
    #[arg(long, global = true, help_heading = "Global options", value_name = "LEVEL")]
    pub log_level: Option<LogLevel>,
    /// How to log
    #[arg(
        long,
        global = true,
        help_heading = "Global options",
        value_name = "FORMAT",
        default_value = "text"
    )]
    pub log_format: LogFormat,
    /// Log errors only, show no progress, print no summary
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub quiet: bool,
}

/// How much to log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the names say it")]
pub enum LogLevel {
    Off,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// How to log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the names say it")]
pub enum LogFormat {
    Text,
    Json,
}

/// Every subcommand.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// See it work: simulated cameras, real files, no account needed
    #[command(after_help = "Example:\n  audience-exporter demo --days 30 --format csv")]
    Demo(Demo),
    /// Write a commented configuration
    #[command(after_help = "Example:\n  audience-exporter init /etc/audience-exporter/exporter.toml")]
    Init(Init),
    /// Try configuration, secrets, folders and clock, then sign in to every stream and account
    #[command(after_help = "Example:\n  audience-exporter check --offline")]
    Check(Check),
    /// Show what would be asked and written; makes no request
    #[command(
        after_help = "Examples:\n  audience-exporter plan\n  audience-exporter plan --job hourly --from 2026-01-01 --to 2026-02-01"
    )]
    Plan(Plan),
    /// Do all work that is due now, once
    #[command(after_help = "Example:\n  audience-exporter pull --stream lobby")]
    Pull(Pull),
    /// Export history; what is exported already is not asked again
    #[command(after_help = "Example:\n  audience-exporter backfill --from 2026-01-01 --to 2026-02-01")]
    Backfill(Backfill),
    /// Run as a daemon: every job on its schedule, until it is stopped
    #[command(
        after_help = "Examples:\n  audience-exporter run --config /etc/audience-exporter/exporter.toml\n  systemctl reload audience-exporter     (SIGHUP: read the configuration again)"
    )]
    Run,
    /// Show what is exported, what lacks and the last error; and how deliveries and inventories are
    #[command(
        after_help = "Example:\n  audience-exporter status --json | jq '.series[] | select(.last_error)'"
    )]
    Status(Status),
    /// Show for every day of a stream how much is there, and what lacks and why
    ///
    /// Ends with 4 where something that is due is not there. What the service does not have (missing) is not due.
    #[command(
        after_help = "Examples:\n  audience-exporter coverage --stream lobby\n  audience-exporter coverage --from 2026-01-01 --to 2026-02-01 --json"
    )]
    Coverage(Coverage),
    /// List published values that the service changed later: old and new value, and when that was seen
    #[command(
        after_help = "Examples:\n  audience-exporter changes --stream lobby --since 2026-11-01\n  audience-exporter changes --csv > changes.csv"
    )]
    Changes(Changes),
    /// Prove that published files are whole, and that the service still tells the same figures
    #[command(
        after_help = "Examples:\n  audience-exporter verify --sample 20\n  audience-exporter verify --files --json\n  audience-exporter verify --offline /mnt/copy/data"
    )]
    Verify(Verify),
    /// Make the ledger again from published folders
    #[command(after_help = "Example:\n  audience-exporter ledger rebuild")]
    Ledger(Ledger),
    /// Fetch and show recent rows and a sparkline; writes nothing
    #[command(
        after_help = "Examples:\n  audience-exporter preview --stream lobby --last 48h\n  audience-exporter preview --inventory cameras"
    )]
    Preview(Preview),
    /// Send published files on, all that is pending
    #[command(
        after_help = "Examples:\n  audience-exporter deliver\n  audience-exporter deliver --delivery partner-hourly --retry"
    )]
    Deliver(Deliver),
    /// List the cameras of Angelcam accounts now, whatever the schedule says
    #[command(after_help = "Example:\n  audience-exporter inventory cameras")]
    Inventory(Inventory),
    /// Sign in to accounts, sign out, and see how they are
    #[command(after_help = "Example:\n  audience-exporter auth status")]
    Auth(Auth),
    /// Add published rows up by local day, week or month
    #[command(after_help = "Example:\n  audience-exporter rollup --job hourly --to week --by site")]
    Rollup(Rollup),
    /// Write charts of the audience, and how far they can be trusted, as one HTML file to be mailed or printed
    #[command(
        after_help = "Examples:\n  audience-exporter report --stream lobby --from 2026-11-01 --to 2026-12-01 --out lobby.html\n  audience-exporter report --tag site:mall --out mall.html"
    )]
    Report(Report),
    /// Write a folder for analysts: data dictionary, DuckDB views and queries, examples for pandas, Polars, dbt and Excel
    #[command(
        after_help = "Examples:\n  audience-exporter kit analysis\n  cd analysis && duckdb audience.duckdb -c '.read views.sql' -c '.read queries.sql'"
    )]
    Kit(Kit),
    /// Serve the simulated Angus API, with a partner to deliver to and a camera inventory
    #[command(
        after_help = "Examples:\n  audience-exporter simulate --accounts --print-config > exporter.toml\n  audience-exporter simulate --replay footfall.csv.gz --error-rate 0.05"
    )]
    Simulate(Simulate),
    /// Print a completion script for a shell
    #[command(
        after_help = "Example:\n  audience-exporter completions bash > /etc/bash_completion.d/audience-exporter"
    )]
    Completions(Completions),
    /// Ask the running daemon whether it is well, as http.listen of the configuration says: 0 = yes, 1 = no
    #[command(after_help = "Example:\n  audience-exporter health --live")]
    Health(Health),
    /// Print or write the man pages
    #[command(
        after_help = "Examples:\n  audience-exporter man | man -l -\n  audience-exporter man /usr/local/share/man/man1"
    )]
    Man(Man),
}

/// `demo`
#[derive(Debug, Args)]
pub struct Demo {
    /// Folder for configuration, files and state
    #[arg(long, value_name = "DIR", default_value = "audience-demo")]
    pub dir: PathBuf,
    /// Days of history, today included
    #[arg(long, value_name = "N", default_value_t = 14, value_parser = clap::value_parser!(u16).range(1..=3660))]
    pub days: u16,
    /// Format of the files
    #[arg(long, value_name = "FORMAT", default_value = "parquet")]
    pub format: FormatName,
    /// Replay real hourly counts (columns stream, hour_start, passing_by; gzip allowed) instead of made-up ones
    #[arg(long, value_name = "FILE")]
    pub replay: Option<PathBuf>,
    /// Zone of the cameras [default: Europe/Paris, or UTC for a replay]
    #[arg(long, value_name = "ZONE")]
    pub timezone: Option<chrono_tz::Tz>,
}

/// A file format by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the names say it")]
pub enum FormatName {
    Csv,
    Parquet,
}

impl Command {
    /// How much to log where nobody says: a run is worth a line in a journal, an answer on a terminal is not.
    pub fn default_log_level(&self) -> LogLevel {
        match self {
            Self::Pull(_)
            | Self::Backfill(_)
            | Self::Run
            | Self::Deliver(_)
            | Self::Inventory(_)
            | Self::Simulate(_) => LogLevel::Info,
            _ => LogLevel::Warn,
        }
    }
}

/// `init`
#[derive(Debug, Args)]
pub struct Init {
    /// File to write; an existing one is never touched
    #[arg(value_name = "PATH", default_value = "exporter.toml")]
    pub path: PathBuf,
}

/// `check`
#[derive(Debug, Args)]
pub struct Check {
    /// Make no request
    #[arg(long)]
    pub offline: bool,
}

/// Which series a command is about.
#[derive(Debug, Args)]
pub struct Selection {
    /// Only this job
    #[arg(long, value_name = "JOB")]
    pub job: Option<String>,
    /// Only this stream
    #[arg(long, value_name = "STREAM")]
    pub stream: Option<String>,
}

/// `plan`
#[derive(Debug, Args)]
pub struct Plan {
    /// Which series.
    #[command(flatten)]
    pub selection: Selection,
    /// Plan a backfill from this date (local midnight of the stream) or RFC 3339 instant
    #[arg(long, value_name = "DATE", requires = "to")]
    pub from: Option<String>,
    /// Plan a backfill up to this date or instant, which is not asked itself
    #[arg(long, value_name = "DATE", requires = "from")]
    pub to: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `pull`
#[derive(Debug, Args)]
pub struct Pull {
    /// Which series.
    #[command(flatten)]
    pub selection: Selection,
}

/// `backfill`
#[derive(Debug, Args)]
pub struct Backfill {
    /// From this date (local midnight of the stream) or RFC 3339 instant
    #[arg(long, value_name = "DATE")]
    pub from: String,
    /// Up to this date or instant, which is not asked itself
    #[arg(long, value_name = "DATE")]
    pub to: String,
    /// Which series.
    #[command(flatten)]
    pub selection: Selection,
    /// Ask again for what is exported already
    #[arg(long)]
    pub force: bool,
}

/// `status`
#[derive(Debug, Args)]
pub struct Status {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `preview`
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("subject").required(true).args(["stream", "inventory"]))]
pub struct Preview {
    /// The stream to look at
    #[arg(long, value_name = "STREAM")]
    pub stream: Option<String>,
    /// Or the inventory to look at
    #[arg(long, value_name = "INVENTORY", conflicts_with = "job")]
    pub inventory: Option<String>,
    /// The job whose metrics and bucket size to use [default: the first one on the stream]
    #[arg(long, value_name = "JOB")]
    pub job: Option<String>,
    /// How far back to look
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = humantime::parse_duration)]
    pub last: Duration,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `completions`
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definitions_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_help_of_every_command_has_an_example() {
        for command in Cli::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("audience-exporter "), "{}", command.get_name());
        }
    }
}
