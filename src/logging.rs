//! Log events go to standard error as key=value text or JSON lines; a progress bar steps aside for them. Where standard
//! error is systemd's journal, text carries the priority of each line as sd-daemon(3) has it, and no time: the journal
//! has its own.

use std::{
    io::{self, Write},
    os::fd::AsFd,
};

use indicatif::MultiProgress;
use rustix::fs::fstat;
use tracing::{Level, Metadata};
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets},
    fmt::{MakeWriter, layer},
    layer::SubscriberExt,
    registry,
    util::SubscriberInitExt,
};

use crate::{
    cli::{Global, LogFormat, LogLevel},
    config::Config,
    environment,
};

/// Where systemd tells which stream leads to its journal: `DEVICE:INODE` (systemd.exec(5)).
const JOURNAL_VARIABLE: &str = "JOURNAL_STREAM";

/// Begins to log, for the rest of the process.
pub fn start(global: &Global, default: LogLevel, bars: &MultiProgress) {
    let default = if global.quiet { LogLevel::Error } else { default };
    let level = filter(global.log_level.unwrap_or(default));
    let is_journal = leads_to_journal(io::stderr());
    let tells_priority = is_journal && global.log_format == LogFormat::Text;
    let events = layer()
        .with_target(false)
        .with_ansi(false)
        .with_writer(BesideBars { bars: bars.clone(), tells_priority });
    let events = match global.log_format {
        LogFormat::Text if is_journal => events.without_time().with_level(false).boxed(),
        LogFormat::Text => events.boxed(),
        LogFormat::Json => events.json().flatten_event(true).boxed(),
    };
    let filter = Targets::new().with_default(level);
    // Fails only where a subscriber is installed already, which then serves as well.
    _ = registry().with(events.with_filter(filter)).try_init();
}

/// Tells what in a configuration deserves a look, though it can be acted on.
pub fn tell_warnings(config: &Config) {
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
}

fn leads_to_journal(stream: impl AsFd) -> bool {
    let told = environment::variable(JOURNAL_VARIABLE).and_then(|value| value.into_string().ok());
    let found = fstat(stream).map(|found| format!("{}:{}", found.st_dev, found.st_ino)).ok();
    told.is_some() && told == found
}

/// As sd-daemon(3) has it: what syslog numbers from 3 (error) to 7 (debug).
fn priority(level: Level) -> &'static [u8] {
    match level {
        Level::ERROR => b"<3>",
        Level::WARN => b"<4>",
        Level::INFO => b"<6>",
        _ => b"<7>",
    }
}

fn filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}

/// Standard error, with the bars taken away while something is written.
struct BesideBars {
    bars: MultiProgress,
    tells_priority: bool,
}

struct Line {
    bars: MultiProgress,
    priority: &'static [u8],
}

impl<'a> MakeWriter<'a> for BesideBars {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line { bars: self.bars.clone(), priority: b"" }
    }

    fn make_writer_for(&'a self, event: &Metadata<'_>) -> Line {
        let priority = if self.tells_priority { priority(*event.level()) } else { b"" };
        Line { bars: self.bars.clone(), priority }
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bars.suspend(|| {
            let mut stderr = io::stderr().lock();
            stderr.write_all(std::mem::take(&mut self.priority))?;
            stderr.write(bytes)
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn priorities_are_those_of_syslog() {
        assert_eq!(
            [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE].map(priority),
            [b"<3>", b"<4>", b"<6>", b"<7>", b"<7>"]
        );
        assert!(!leads_to_journal(File::open("/dev/null").unwrap()));
    }
}
