//! What is measured.

use audience_exporter::{
    sink::{CsvCompression, FileFormat, ParquetCompression},
    time::{PartitionSize, parse_label},
};
use chrono::{DateTime, TimeDelta, Utc};

/// Who runs in a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contender {
    /// Fetches all pages and throws them away.
    Limit,
    /// A client without promises.
    Plain,
    /// The exporter, into empty folders.
    Export,
    /// The exporter once more, with nothing changed since.
    Again,
    /// The exporter, into empty folders, five times as much history.
    Long,
}

impl Contender {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Limit => "limit",
            Self::Plain => "plain",
            Self::Export => "exporter",
            Self::Again => "exporter, again",
            Self::Long => "exporter, 5 times",
        }
    }
}

/// Which hours are exported, and by which command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Span {
    /// `backfill` of so many days of history that end with 2023.
    History(i64),
    /// `pull` of everything that is due since the midnight two days ago.
    Due,
}

impl Span {
    /// From and to, at `now`.
    pub(crate) fn bounds(self, now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
        match self {
            Self::History(days) => {
                let end = parse_label("2024-01-01T00:00:00Z").expect("an instant");
                (end - TimeDelta::days(days), end)
            }
            Self::Due => {
                // An hour is due a quarter of an hour after its end, where the configuration does not say otherwise.
                let settled = now - TimeDelta::minutes(15);
                (floor(now, 86_400) - TimeDelta::days(2), floor(settled, 3600))
            }
        }
    }
}

/// The last instant before that is a whole number of steps after midnight; a step is in seconds.
fn floor(instant: DateTime<Utc>, step: i64) -> DateTime<Utc> {
    let seconds = instant.timestamp();
    DateTime::from_timestamp(seconds - seconds.rem_euclid(step), 0).expect("an instant")
}

/// One thing that is measured, with everybody who does it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    pub(crate) streams: usize,
    pub(crate) span: Span,
    pub(crate) partition: PartitionSize,
    pub(crate) format: FileFormat,
    /// Of every answer of the server.
    pub(crate) latency_ms: u64,
    /// Whether the server tells the hours of a page in no order.
    pub(crate) is_unsorted: bool,
    /// Requests in flight of one stream; 1 leaves the configuration without the key.
    pub(crate) per_stream: usize,
    pub(crate) contenders: &'static [Contender],
    /// Whether it only runs when it is named.
    pub(crate) is_long: bool,
}

/// Requests in flight.
pub(crate) const IN_FLIGHT: usize = 16;

const PARQUET: FileFormat = FileFormat::Parquet(ParquetCompression::Zstd);
const CSV: FileFormat = FileFormat::Csv(CsvCompression::None);

const MONTH: Scenario = Scenario {
    name: "month",
    what: "20 streams x 1 year, hourly, Parquet by month",
    streams: 20,
    span: Span::History(365),
    partition: PartitionSize::Month,
    format: PARQUET,
    latency_ms: 0,
    is_unsorted: false,
    per_stream: 1,
    contenders: &[Contender::Limit, Contender::Plain, Contender::Export],
    is_long: false,
};

/// In the order in which they run.
const SCENARIOS: [Scenario; 9] = [
    MONTH,
    Scenario { name: "csv", what: "20 streams x 1 year, hourly, CSV by month", format: CSV, ..MONTH },
    Scenario {
        name: "day",
        what: "20 streams x 1 year, hourly, Parquet by day: 7,300 files",
        partition: PartitionSize::Day,
        ..MONTH
    },
    Scenario {
        name: "unsorted",
        what: "as month, from a service that tells the hours of a page in no order",
        is_unsorted: true,
        is_long: true,
        ..MONTH
    },
    Scenario {
        name: "tick",
        what: "200 streams x the last 2 days, a first pull and a second without news",
        streams: 200,
        span: Span::Due,
        contenders: &[Contender::Limit, Contender::Plain, Contender::Export, Contender::Again],
        ..MONTH
    },
    Scenario {
        name: "fleet",
        what: "2,000 streams x 2 days of history, Parquet by month: memory",
        streams: 2_000,
        span: Span::History(2),
        contenders: &[Contender::Limit, Contender::Export],
        ..MONTH
    },
    Scenario {
        name: "history",
        what: "20 streams x 1 year, and x 5 years: memory",
        contenders: &[Contender::Export, Contender::Long],
        is_long: true,
        ..MONTH
    },
    Scenario {
        name: "latency",
        what: "as month, with 50 ms for every answer",
        latency_ms: 50,
        contenders: &[Contender::Limit, Contender::Export],
        is_long: true,
        ..MONTH
    },
    Scenario {
        name: "one-stream",
        what: "1 stream x 1 year, with 50 ms for every answer, all requests on it",
        streams: 1,
        latency_ms: 50,
        per_stream: IN_FLIGHT,
        contenders: &[Contender::Limit, Contender::Export],
        ..MONTH
    },
];

/// The scenarios of these names, or the short ones where there is none.
pub(crate) fn named(names: &[String]) -> Result<Vec<Scenario>, String> {
    let known = |name: &str| name == "all" || SCENARIOS.iter().any(|scenario| scenario.name == name);
    if let Some(name) = names.iter().find(|name| !known(name)) {
        let all = SCENARIOS.map(|scenario| scenario.name).join(", ");
        return Err(format!("no scenario is called {name}; there are {all}, and all of them as `all`"));
    }
    let is_named = |name: &str| names.iter().any(|named| named == name || named == "all");
    let wanted =
        |scenario: &Scenario| if names.is_empty() { !scenario.is_long } else { is_named(scenario.name) };
    Ok(SCENARIOS.into_iter().filter(wanted).collect())
}
