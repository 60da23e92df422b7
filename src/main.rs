//! Parses the command line, runs the command, and ends with its exit code.

use std::{io, process::ExitCode};

use audience_exporter::{cli::Cli, commands};
use clap::Parser;
use tokio::runtime::{Builder, Runtime};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match runtime() {
        Ok(runtime) => {
            let outcome = runtime.block_on(commands::run(cli));
            // Work that hangs must not keep the process from ending; whatever was under way is done again.
            runtime.shutdown_background();
            outcome
        }
        Err(error) => {
            eprintln!("audience-exporter: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let code = error.exit_code();
            if code != 0 {
                eprintln!("audience-exporter: {error}");
            }
            ExitCode::from(code)
        }
    }
}

/// One thread drives all requests: waking another one for each costs more than the work that it would share. Publishing
/// waits for disks and locks, not for processors: more threads would queue at the ledger, and each keeps memory of its own.
fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().max_blocking_threads(4).enable_all().build()
}
