//! `simulate`: the simulated systems, for trying things out.

use std::path::Path;

use chrono_tz::Tz;

use super::{CommandError, output, session::Session};
use crate::{
    cli::{FormatName, Simulate, Weather},
    simulator::{
        AccountOptions, Believable, ConfigurationOptions, Faults, Replay, SimulatedStream, Simulator,
        SimulatorOptions, Source, account_configuration, configuration, fleet,
    },
    sink::{CsvCompression, FileFormat, ParquetCompression},
    time::PartitionSize,
};

/// The most characters on a line of the welcome.
const WIDTH: usize = 80;

pub(super) async fn run(session: &Session, args: &Simulate) -> Result<u8, CommandError> {
    let replay = args.replay.as_deref().map(load_replay).transpose()?;
    let streams = args.streams as usize;
    let members = replay.as_ref().map_or_else(|| fleet(streams), Replay::fleet);
    let zone = args.timezone.unwrap_or(default_zone(replay.is_some()));
    if args.print_config {
        return print_config(args, &members, zone);
    }
    let source = match replay {
        Some(replay) => Source::Replay(replay),
        None => Source::Believable(Believable::of_fleet(streams, zone)),
    };
    let options = options(source, args);
    let simulator = Simulator::start(args.listen, options, session.clock.clone()).await;
    let mut simulator = simulator.map_err(|error| {
        CommandError::Failed(format!(
            "cannot listen on {}: {error}; choose another --listen address",
            args.listen
        ))
    })?;
    session.stop_on_signals();
    // A reader that wants the address only may be gone by now; that is no reason not to serve.
    let _ = output::print(&welcome(&simulator.base_url(), &members));
    tokio::select! {
        () = session.shutdown.requested() => simulator.stop().await,
        () = simulator.finished() => {}
    }
    Ok(0)
}

/// Where everything is. The first line ends with the address, for scripts.
fn welcome(base_url: &str, members: &[SimulatedStream]) -> String {
    let names: Vec<&str> = members.iter().map(|member| &*member.name).take(4).collect();
    let streams = format!(
        "{} ({}{})",
        output::counted(members.len() as u64, "stream"),
        names.join(", "),
        if members.len() > names.len() { ", …" } else { "" },
    );
    format!(
        "the simulated Angus API answers at {base_url}\n\
         a partner to deliver to (Simacan) at {base_url}/simacan\n\
         a camera inventory (Angelcam) at {base_url}/angelcam\n\
         {}\n\
         access_token of each: secret-<client_id>\n\
         a configuration: audience-exporter simulate --print-config --accounts\n\
         end it with Ctrl-C",
        output::shortened(&streams, WIDTH),
    )
}

/// Reads real counts; the error names the file and what is wrong with it.
pub(super) fn load_replay(path: &Path) -> Result<Replay, CommandError> {
    Replay::from_file(path).map_err(|error| CommandError::Usage(error.to_string()))
}

/// Where simulated cameras stand where nobody says: a replay does not tell.
pub(super) fn default_zone(is_replay: bool) -> Tz {
    if is_replay { Tz::UTC } else { Tz::Europe__Paris }
}

/// The format of this name, compressed as the configuration would by default.
pub(super) fn file_format(name: FormatName) -> FileFormat {
    match name {
        FormatName::Csv => FileFormat::Csv(CsvCompression::None),
        FormatName::Parquet => FileFormat::Parquet(ParquetCompression::Zstd),
    }
}

fn print_config(args: &Simulate, members: &[SimulatedStream], zone: Tz) -> Result<u8, CommandError> {
    if args.listen.port() == 0 {
        let message = "--print-config needs the port that the simulator will have: give it with --listen";
        return Err(CommandError::Usage(message.to_owned()));
    }
    let base_url = format!("http://{}", args.listen);
    let mut text = configuration(&ConfigurationOptions {
        base_url: &base_url,
        streams: members,
        timezone: zone,
        output_dir: "data",
        state_dir: "state",
        concurrency: 8,
        format: file_format(args.format),
        partition: PartitionSize::Month,
        start: None,
    });
    if args.accounts {
        text.push_str(&account_configuration(&base_url));
    }
    output::print(text.trim_end())?;
    Ok(0)
}

fn options(source: Source, args: &Simulate) -> SimulatorOptions {
    let weather = &args.weather;
    SimulatorOptions {
        source,
        page_size: weather.page_size as usize,
        latency: weather.latency,
        token_life: weather.token_life,
        accounts: account_options(args),
        seed: weather.seed,
        faults: faults(weather),
    }
}

fn account_options(args: &Simulate) -> AccountOptions {
    let usual = AccountOptions::default();
    let life = args.weather.account_token_life;
    AccountOptions {
        simacan_token_life: life.unwrap_or(usual.simacan_token_life),
        angelcam_token_life: life.unwrap_or(usual.angelcam_token_life),
        cameras: args.cameras as usize,
        ..usual
    }
}

fn faults(weather: &Weather) -> Faults {
    Faults {
        error_rate: weather.error_rate,
        throttle_rate: weather.throttle_rate,
        truncate_rate: weather.truncate_rate,
        garbage_rate: weather.garbage_rate,
        expire_rate: weather.expire_rate,
        slow_rate: weather.slow_rate,
        lost_rate: weather.lost_rate,
        late_data: weather.late_data,
        ..Faults::default()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn parse(arguments: &[&str]) -> Simulate {
        let words = ["audience-exporter", "simulate"].iter().chain(arguments);
        match Cli::parse_from(words).command {
            Command::Simulate(simulate) => simulate,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_welcome_fits_a_terminal_and_begins_with_the_address() {
        let base_url = "http://255.255.255.255:65535";
        let text = welcome(base_url, &fleet(100_000));
        assert!(text.lines().next().unwrap().ends_with(base_url));
        for below in ["/simacan", "/angelcam"] {
            assert!(text.contains(&format!("{base_url}{below}\n")), "{text}");
        }
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
    }

    #[test]
    fn the_life_of_account_tokens_is_that_of_each_system_unless_said() {
        let usual = AccountOptions::default();
        assert_eq!(account_options(&parse(&[])), usual);
        let said = account_options(&parse(&["--account-token-life", "90s", "--cameras", "7"]));
        assert_eq!([said.simacan_token_life, said.angelcam_token_life].map(|life| life.as_secs()), [90, 90]);
        assert_eq!(said.cameras, 7);
        assert!(said.any_redirect_uri, "a person who tries things out listens where there is room");
    }

    #[test]
    fn rates_reach_the_simulator() {
        let faults = faults(&parse(&["--lost-rate", "0.25", "--error-rate", "0.5"]).weather);
        assert_eq!(faults, Faults { lost_rate: 0.25, error_rate: 0.5, ..Faults::default() });
    }
}
