//! One file per subcommand. A command gets what it needs from a `Session` and ends in an exit code.

mod auth;
mod backfill;
mod changes;
mod check;
mod completions;
mod coverage;
mod deliver;
mod demo;
mod health;
mod init;
mod inventory;
mod kit;
mod ledger;
mod man;
mod output;
mod plan;
mod preview;
mod progress;
mod pull;
mod report;
mod rollup;
mod run;
mod runs;
mod session;
mod simulate;
mod status;
mod verify;

use crate::{
    cli::{Cli, Command},
    config::ConfigError,
    daemon::StartError,
    exporter::SetupError,
    ledger::LedgerError,
    logging,
};

use session::Session;

/// Why a command ended early. What failed in the course of a run is told by its report instead.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum CommandError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Setup(#[from] SetupError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Daemon(#[from] StartError),
    #[error("{0}")]
    Failed(String),
    #[error("cannot write to standard output: {0}")]
    Output(#[from] std::io::Error),
}

impl CommandError {
    /// The exit code of the process.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Usage(_) => 2,
            Self::Setup(error) => error.exit_code(),
            Self::Daemon(error) => error.exit_code(),
            Self::Ledger(error) if error.is_busy() => 5,
            Self::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe => 0,
            _ => 1,
        }
    }
}

/// Does what the command line asks, and returns the exit code.
pub async fn run(cli: Cli) -> Result<u8, CommandError> {
    let session = Session::new(cli.global);
    logging::start(&session.global, cli.command.default_log_level(), &session.bars);
    match cli.command {
        Command::Demo(args) => demo::run(&session, &args).await,
        Command::Init(args) => init::run(&args),
        Command::Check(args) => check::run(&session, &args).await,
        Command::Plan(args) => plan::run(&session, &args),
        Command::Pull(args) => pull::run(&session, &args).await,
        Command::Backfill(args) => backfill::run(&session, &args).await,
        Command::Run => run::run(&session).await,
        Command::Status(args) => status::run(&session, &args),
        Command::Coverage(args) => coverage::run(&session, &args),
        Command::Changes(args) => changes::run(&session, &args),
        Command::Verify(args) => verify::run(&session, &args).await,
        Command::Ledger(args) => ledger::run(&session, &args).await,
        Command::Preview(args) => preview::run(&session, &args).await,
        Command::Deliver(args) => deliver::run(&session, &args).await,
        Command::Inventory(args) => inventory::run(&session, &args).await,
        Command::Auth(args) => auth::run(&session, &args).await,
        Command::Rollup(args) => rollup::run(&session, &args).await,
        Command::Report(args) => report::run(&session, &args).await,
        Command::Kit(args) => kit::run(&session, &args),
        Command::Simulate(args) => simulate::run(&session, &args).await,
        Command::Completions(args) => completions::run(&args),
        Command::Health(args) => health::run(&session, &args).await,
        Command::Man(args) => man::run(&args),
    }
}
