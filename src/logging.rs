//! Log events go to standard error as key=value text or JSON lines; a progress bar steps aside for them.

use std::io::{self, Write};

use indicatif::MultiProgress;
use tracing_subscriber::{filter::LevelFilter, fmt::MakeWriter};

use crate::cli::{Global, LogFormat, LogLevel};

/// Begins to log, for the rest of the process.
pub fn start(global: &Global, default: LogLevel, bars: &MultiProgress) {
    let default = if global.quiet { LogLevel::Error } else { default };
    let level = filter(global.log_level.unwrap_or(default));
    let events = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_target(false)
        .with_ansi(false)
        .with_writer(BesideBars(bars.clone()));
    // Fails only where a subscriber is installed already, which then serves as well.
    let _ = match global.log_format {
        LogFormat::Text => events.try_init(),
        LogFormat::Json => events.json().flatten_event(true).try_init(),
    };
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
struct BesideBars(MultiProgress);

struct Line(MultiProgress);

impl<'a> MakeWriter<'a> for BesideBars {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line(self.0.clone())
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
