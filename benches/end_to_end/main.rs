//! What an export costs end to end, beside what it costs at least and what a plain client costs: processes of their own
//! against a server of its own. `docs/performance.md` says how to run it and what the table means.
//!
//! ```sh
//! cargo bench --bench end_to_end -- month csv --runs 5
//! ```

mod check;
mod contest;
mod limit;
mod measure;
mod order;
#[path = "../material/page.rs"]
mod page;
mod plain;
mod scenario;
mod server;
mod table;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand};

use self::{contest::Contest, order::Order, plain::Target, scenario::Scenario};

/// Measures whole exports, scenario by scenario. Without a name, all but the long ones.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    /// Scenarios by name, or `all`
    scenarios: Vec<String>,

    /// How often each contender runs, after a run that does not count
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,

    /// What Cargo says to every benchmark
    #[arg(long, hide = true)]
    bench: bool,

    #[command(subcommand)]
    part: Option<Part>,
}

/// What this program is when it starts itself.
#[derive(Subcommand)]
#[command(disable_help_subcommand = true)]
enum Part {
    /// Serves the Angus API until its standard input ends
    #[command(hide = true)]
    Server {
        #[arg(long, default_value_t = 0)]
        latency_ms: u64,
        #[arg(long)]
        unsorted: bool,
    },
    /// Fetches every page and throws it away
    #[command(hide = true)]
    Limit(Order),
    /// Fetches every page into one file
    #[command(hide = true)]
    Plain {
        #[command(flatten)]
        order: Order,
        #[command(flatten)]
        target: Target,
    },
    /// Runs a program and tells what it cost
    #[command(hide = true)]
    Measure {
        program: PathBuf,
        #[arg(last = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.part {
        Some(Part::Server { latency_ms, unsorted }) => server::serve(latency_ms, unsorted),
        Some(Part::Limit(order)) => limit::fetch(&order),
        Some(Part::Plain { order, target }) => plain::export(&order, &target),
        Some(Part::Measure { program, arguments }) => measure::tell(&program, &arguments),
        None => return compare(&arguments.scenarios, usize::from(arguments.runs)),
    }
    ExitCode::SUCCESS
}

/// Runs scenario after scenario. One that fails says why, and the others run.
fn compare(names: &[String], runs: usize) -> ExitCode {
    let scenarios = match scenario::named(names) {
        Ok(scenarios) => scenarios,
        Err(reason) => {
            eprintln!("{reason}");
            return ExitCode::from(2);
        }
    };
    // On the disk on which Cargo builds.
    let ground = match tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")) {
        Ok(ground) => ground,
        Err(error) => {
            eprintln!("cannot make a folder in {}: {error}", env!("CARGO_TARGET_TMPDIR"));
            return ExitCode::FAILURE;
        }
    };
    println!("medians of {runs} runs in turn, after one that does not count; {}", measure::load());
    let outcomes: Vec<bool> =
        scenarios.iter().map(|scenario| report(scenario, ground.path(), runs)).collect();
    if outcomes.contains(&false) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn report(scenario: &Scenario, ground: &Path, runs: usize) -> bool {
    println!("\n{}: {}", scenario.name, scenario.what);
    let outcome = Contest::prepare(scenario, ground).and_then(|contest| contest.run(runs));
    match &outcome {
        Ok(results) => print!("{}", table::of(results)),
        Err(reason) => println!("  failed: {reason}"),
    }
    outcome.is_ok()
}
