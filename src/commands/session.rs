//! What every command shares: options, clock, configuration, and being interrupted.

use indicatif::MultiProgress;

use super::CommandError;
use crate::{
    cli::{Global, Selection},
    clock::Clock,
    config::{Config, nearest},
    ledger::Ledger,
    logging,
    publication::Archive,
    series::Series,
    shutdown::Shutdown,
    wire::Timing,
    workplace::Workplace,
};

/// What was exported; an error where that is nothing.
pub(super) fn exported(config: &Config) -> Result<Archive, CommandError> {
    let nothing = || CommandError::Failed("nothing is exported yet; run pull first".to_owned());
    Ok(Archive::configured(config, Ledger::open_if_present(&config.state_dir)?.ok_or_else(nothing)?))
}

/// One run of the program.
pub(super) struct Session {
    pub(super) global: Global,
    pub(super) clock: Clock,
    pub(super) shutdown: Shutdown,
    pub(super) bars: MultiProgress,
}

impl Session {
    pub(super) fn new(global: Global) -> Self {
        Self { global, clock: Clock::system(), shutdown: Shutdown::default(), bars: MultiProgress::new() }
    }

    /// Reads the configuration.
    pub(super) fn config(&self) -> Result<Config, CommandError> {
        Ok(Config::load(&Config::find(self.global.config.clone()))?)
    }

    /// Reads the configuration for a command that acts on it, and tells the log what in it deserves a look.
    pub(super) fn config_to_act_on(&self) -> Result<Config, CommandError> {
        let config = self.config()?;
        logging::tell_warnings(&config);
        Ok(config)
    }

    /// Opens what the configuration names; asks for nothing yet.
    pub(super) fn workplace(&self, config: &Config) -> Result<Workplace, CommandError> {
        Ok(Workplace::open(config, Timing::real(self.clock.clone()), self.shutdown.clone())?)
    }

    /// The first Ctrl-C or SIGTERM asks for a stop at the next safe point; the second one stops at once, as a crash
    /// would: whatever was under way is done again, and a refresh token that was just sent may be lost.
    pub(super) fn stop_on_signals(&self) {
        let shutdown = self.shutdown.clone();
        tokio::spawn(async move {
            let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
            else {
                return;
            };
            for is_first in [true, false] {
                tokio::select! {
                    _ = tokio::signal::ctrl_c() => {}
                    _ = terminate.recv() => {}
                }
                if is_first {
                    tracing::warn!("stopping at the next safe point; once more stops at once");
                    shutdown.request();
                } else {
                    std::process::exit(130);
                }
            }
        });
    }
}

/// The series that a selection names; unknown names are refused with the nearest known one.
pub(super) fn select(config: &Config, selection: &Selection) -> Result<Vec<Series>, CommandError> {
    let jobs = config.jobs.iter().map(|job| &*job.name);
    known("job", selection.job.as_deref(), jobs)?;
    let streams = config.streams.iter().map(|stream| &*stream.name);
    known("stream", selection.stream.as_deref(), streams)?;
    let series = Series::all(config, selection.job.as_deref(), selection.stream.as_deref());
    match (&selection.job, &selection.stream) {
        (Some(job), Some(stream)) if series.is_empty() => {
            Err(CommandError::Usage(format!("job {job} does not export stream {stream}; see its streams")))
        }
        (None, Some(stream)) if series.is_empty() => Err(CommandError::Usage(format!(
            "no job exports stream {stream}; add it to the streams of a job"
        ))),
        _ => Ok(series),
    }
}

/// Refuses a name that is none of `names`, with the nearest one.
pub(super) fn known<'a>(
    what: &str,
    name: Option<&str>,
    names: impl Iterator<Item = &'a str>,
) -> Result<(), CommandError> {
    let names: Vec<&str> = names.collect();
    match name {
        Some(name) if !names.contains(&name) => {
            let hint = nearest(name, names.iter().copied()).map(|near| format!("; did you mean {near}?"));
            let hint = hint.unwrap_or_else(|| format!("; the configuration has {}", listed(&names)));
            Err(CommandError::Usage(format!("there is no {what} {name}{hint}")))
        }
        _ => Ok(()),
    }
}

fn listed(names: &[&str]) -> String {
    match names {
        [first, .., last] if names.len() > 12 => format!("{} of them, from {first} to {last}", names.len()),
        _ => names.join(", "),
    }
}
