//! `demo`: everything at work without an account, against simulated cameras on loopback, through the same code as ever.

use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use chrono::{DateTime, Days, SubsecRound, TimeDelta, Utc};
use chrono_tz::Tz;

use super::{
    CommandError,
    output::{self, grouped, local},
    report, runs,
    session::{self, Session},
    simulate::{default_zone, file_format, load_replay},
};
use crate::{
    audience::{Question, Which},
    cli::{Demo, FormatName},
    config::Config,
    exporter::Work,
    ledger::Ledger,
    plan::Backfill,
    report::Outcome,
    row::{Count, Row, Totals},
    series::Series,
    simulator::{
        Believable, ConfigurationOptions, Replay, SimulatedStream, Simulator, SimulatorOptions, Source,
        configuration, fleet,
    },
    sink::publish,
    time::{LocalPeriod, PartitionSize, TimeRange, to_display},
};

/// Cameras of the demonstration, and the seed of their audiences: those of `simulate` when nothing else is said.
const STREAMS: usize = 4;
const SEED: u64 = 1;

/// How a configuration that this command wrote begins; any other one is left alone.
const SIGNATURE: &str = "# A configuration for the simulated Angus API.";

pub(super) async fn run(session: &Session, args: &Demo) -> Result<u8, CommandError> {
    let replay = args.replay.as_deref().map(load_replay).transpose()?;
    let zone = args.timezone.unwrap_or(default_zone(replay.is_some()));
    let members = replay.as_ref().map_or_else(|| fleet(STREAMS), Replay::fleet);
    let source = match &replay {
        Some(replay) => Source::Replay(replay.clone()),
        None => Source::Believable(Believable::of_fleet(STREAMS, zone)),
    };
    let options = SimulatorOptions { source, seed: SEED, ..SimulatorOptions::default() };
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let simulator = Simulator::start(listen, options, session.clock.clone()).await;
    let simulator =
        simulator.map_err(|error| CommandError::Failed(format!("cannot listen on loopback: {error}")))?;
    let now = session.clock.now();
    let start = replay.is_none().then(|| first_day(now, zone, args.days));
    let path = write_configuration(args, &simulator.base_url(), &members, zone, start)?;
    let config = Config::load(&path)?;
    let series = Series::all(&config, None, None);
    let work = replay.as_ref().map_or(Work::Due, |replay| last_days(replay, &members, args.days));
    let workplace = session.workplace(&config)?;
    let report = runs::export(session, &config, &workplace, "demo", series.clone(), work).await?;
    simulator.stop().await;
    for failed in report.series.iter().filter_map(|series| series.failure.as_ref()) {
        eprintln!("{}; or name another folder with --dir", failed.message);
    }
    if report.outcome() != Outcome::Done {
        return Ok(report.outcome().exit_code());
    }
    let rows = read_back(&config, &series)?;
    let report = write_report(args, &config, &rows, now)?;
    output::print(&summary(args, &config, &rows, report.as_deref(), now)?)?;
    Ok(0)
}

/// Writes the charts of everything that was exported; `None` where that is nothing.
fn write_report(
    args: &Demo,
    config: &Config,
    found: &[(Series, Vec<Row>, u64)],
    now: DateTime<Utc>,
) -> Result<Option<PathBuf>, CommandError> {
    let first = found.iter().filter_map(|(_, rows, _)| Some(rows.first()?.start)).min();
    let last = found.iter().filter_map(|(_, rows, _)| Some(rows.last()?.end)).max();
    let Some((first, last)) = first.zip(last) else { return Ok(None) };
    let (from, to) = (Some(to_display(first)), Some(to_display(last)));
    let question = Question { job: None, which: Which::All, from, to, resolution: None };
    let out = args.dir.join("report.html");
    report::write(config, &session::exported(config)?, &question, &out, now.trunc_subsecs(0))?;
    Ok(Some(out))
}

fn first_day(now: DateTime<Utc>, zone: Tz, days: u16) -> chrono::NaiveDate {
    let today = LocalPeriod::of(now, PartitionSize::Day, zone).first_day();
    today.checked_sub_days(Days::new(u64::from(days) - 1)).unwrap_or(today)
}

/// The end of the replayed data is long past, so it is asked for as history.
fn last_days(replay: &Replay, members: &[SimulatedStream], days: u16) -> Work {
    let ranges: Vec<TimeRange> = members.iter().filter_map(|member| replay.range(&member.name)).collect();
    let end = ranges.iter().map(TimeRange::end).max().unwrap_or_default();
    let range = TimeRange::new(end - TimeDelta::days(i64::from(days)), end);
    let named = members
        .iter()
        .filter_map(|member| Some((member.name.clone(), Backfill { range: range?, force: false })));
    Work::Backfill(named.collect::<HashMap<_, _>>())
}

fn write_configuration(
    args: &Demo,
    base_url: &str,
    members: &[SimulatedStream],
    timezone: Tz,
    start: Option<chrono::NaiveDate>,
) -> Result<PathBuf, CommandError> {
    let failed = |error: publish::FileError| CommandError::Failed(error.to_string());
    publish::create_folder(&args.dir).map_err(failed)?;
    let path = args.dir.join("exporter.toml");
    if let Some(found) = publish::read_if_present(&path).map_err(failed)?
        && !found.starts_with(SIGNATURE.as_bytes())
    {
        return Err(CommandError::Usage(format!(
            "{} is not from a demonstration and is left as it is; name another folder with --dir",
            path.display()
        )));
    }
    let text = configuration(&ConfigurationOptions {
        base_url,
        streams: members,
        timezone,
        output_dir: "data",
        state_dir: "state",
        concurrency: 8,
        format: file_format(args.format),
        partition: PartitionSize::Month,
        start,
    });
    publish::replace(&path, &args.dir, text.as_bytes()).map_err(failed)?;
    Ok(path)
}

/// Every published row, read back from the files: what the analyst will see.
fn read_back(config: &Config, all: &[Series]) -> Result<Vec<(Series, Vec<Row>, u64)>, CommandError> {
    let Some(ledger) = Ledger::open_if_present(&config.state_dir)? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for series in all {
        let Some(known) = ledger.find_series(&series.key())? else { continue };
        let mut rows = Vec::new();
        for file in ledger.files(known.id)? {
            let path = config.output_dir.join(&file.path);
            let bytes = publish::read_if_present(&path)
                .map_err(|error| CommandError::Failed(error.to_string()))?
                .unwrap_or_default();
            let decoded = series.job.format.decode(&series.context, &bytes);
            rows.extend(
                decoded.map_err(|error| CommandError::Failed(format!("{}: {error}", path.display())))?,
            );
        }
        found.push((series.clone(), rows, ledger.status(known.id)?.missing_buckets));
    }
    Ok(found)
}

fn summary(
    args: &Demo,
    config: &Config,
    found: &[(Series, Vec<Row>, u64)],
    report: Option<&Path>,
    now: DateTime<Utc>,
) -> Result<String, CommandError> {
    let lines = found.iter().map(|(series, rows, missing)| stream_line(series, rows, *missing));
    let header = ["stream", "hours", "missing", "passing by", "interested", "busiest hour", "people"];
    let table = output::table(&header, &[1, 2, 3, 4, 6], lines);
    let files = files_below(&config.output_dir)
        .map_err(|error| CommandError::Failed(format!("{}: {error}", config.output_dir.display())))?;
    let span = found.iter().filter_map(|(series, rows, _)| {
        let zone = series.stream.timezone;
        let first = rows.first().map(|row| local(row.start, zone));
        first.zip(rows.last().map(|row| local(row.end, zone)))
    });
    let span = span.max_by_key(|(_, end)| end.clone());
    let (from, to) = span.unwrap_or_else(|| (local(now, Tz::UTC), local(now, Tz::UTC)));
    let dir = args.dir.display();
    let report = report.map_or_else(String::new, |path| {
        format!("\nreport         {}: open it in a browser", path.display())
    });
    let example = files.first().map_or_else(String::new, |path| path.display().to_string());
    Ok(format!(
        "{} simulated cameras, {from} to {to} local time\n\n{table}\n\n\
         An hour that is missing is one that the service does not have; it is not a zero.\n\n\
         configuration  {dir}/exporter.toml\n\
         files          {} in {dir}/data, such as\n               {example}\n\
         state          {dir}/state{report}\n\n\
         next:\n{}",
        found.len(),
        files.len(),
        next_steps(args, config),
    ))
}

fn stream_line(series: &Series, rows: &[Row], missing: u64) -> Vec<String> {
    let totals = Totals::of(rows);
    let count = |count| totals.count(count).map_or_else(|| "-".to_owned(), grouped);
    let busiest = rows.iter().max_by_key(|row| row.count(Count::PassingBy));
    let hour =
        |row: &Row| row.start.with_timezone(&series.stream.timezone).format("%a %d %b %H:%M").to_string();
    vec![
        series.stream.name.clone(),
        grouped(rows.len() as u64),
        grouped(missing),
        count(Count::PassingBy),
        count(Count::Interested),
        busiest.map_or_else(|| "-".to_owned(), hour),
        busiest.and_then(|row| row.count(Count::PassingBy)).map_or_else(|| "-".to_owned(), grouped),
    ]
}

fn next_steps(args: &Demo, config: &Config) -> String {
    let program = quoted(&program());
    let toml = quoted(&args.dir.join("exporter.toml").display().to_string());
    let extension = match args.format {
        FormatName::Parquet => "parquet",
        FormatName::Csv => "csv",
    };
    let glob =
        args.dir.join(format!("data/hourly/*/*/*.{extension}")).display().to_string().replace('\'', "''");
    let query = format!("select stream, sum(passing_by) from '{glob}' group by 1");
    // What a shell would read inside its quotes becomes a wildcard of the path.
    let query = query.replace(['\\', '"', '$', '`'], "?");
    let address =
        config.angus.data_url.as_str().trim_start_matches("http://").trim_end_matches('/').to_owned();
    let replay =
        args.replay.as_ref().map(|file| format!(" --replay {}", quoted(&file.display().to_string())));
    let zone = args.timezone.map(|zone| format!(" --timezone {zone}"));
    format!(
        "  {program} status --config {toml}\n  \
         {program} simulate --listen {address}{}{} &\n  \
         {program} pull --config {toml}\n  \
         duckdb -c \"{query}\"\n  \
         {program} init          your own configuration",
        replay.unwrap_or_default(),
        zone.unwrap_or_default(),
    )
}

/// What this program was called as.
fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "audience-exporter".to_owned())
}

/// As one word of a POSIX shell.
fn quoted(text: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "/._-:=".contains(character);
    if text.chars().all(is_plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// Published files, in order.
fn files_below(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("data.")) {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}
