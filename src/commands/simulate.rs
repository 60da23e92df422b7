//! `simulate`: the simulated Angus API, for trying things out.

use std::path::Path;

use chrono_tz::Tz;

use super::{CommandError, output, session::Session};
use crate::{
    cli::{FormatName, Simulate, Weather},
    simulator::{
        Believable, ConfigurationOptions, Faults, Replay, SimulatedStream, Simulator, SimulatorOptions,
        Source, configuration, fleet,
    },
    sink::{CsvCompression, FileFormat, ParquetCompression},
    time::PartitionSize,
};

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
    let options = options(source, &args.weather);
    let simulator = Simulator::start(args.listen, options, session.clock.clone()).await;
    let mut simulator = simulator.map_err(|error| {
        CommandError::Failed(format!(
            "cannot listen on {}: {error}; choose another --listen address",
            args.listen
        ))
    })?;
    session.stop_on_signals();
    let names: Vec<&str> = members.iter().map(|member| &*member.name).take(4).collect();
    // A reader that wants the address only may be gone by now; that is no reason not to serve.
    let _ = output::print(&format!(
        "the simulated Angus API answers at {}\n{} ({}{}); access_token of each: secret-<client_id>\n\
         a configuration for it: audience-exporter simulate --print-config; end it with Ctrl-C",
        simulator.base_url(),
        output::counted(members.len() as u64, "stream"),
        names.join(", "),
        if members.len() > names.len() { ", …" } else { "" },
    ));
    tokio::select! {
        () = session.shutdown.requested() => simulator.stop().await,
        () = simulator.finished() => {}
    }
    Ok(0)
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
    let text = configuration(&ConfigurationOptions {
        base_url: &format!("http://{}", args.listen),
        streams: members,
        timezone: zone,
        output_dir: "data",
        state_dir: "state",
        concurrency: 8,
        format: file_format(args.format),
        partition: PartitionSize::Month,
        start: None,
    });
    output::print(text.trim_end())?;
    Ok(0)
}

fn options(source: Source, weather: &Weather) -> SimulatorOptions {
    SimulatorOptions {
        source,
        page_size: weather.page_size as usize,
        latency: weather.latency,
        token_life: weather.token_life,
        seed: weather.seed,
        faults: Faults {
            error_rate: weather.error_rate,
            throttle_rate: weather.throttle_rate,
            truncate_rate: weather.truncate_rate,
            garbage_rate: weather.garbage_rate,
            expire_rate: weather.expire_rate,
            slow_rate: weather.slow_rate,
            late_data: weather.late_data,
            ..Faults::default()
        },
    }
}
