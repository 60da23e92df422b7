//! What one seed's story is about: when and where it plays, and which jobs run.

use std::path::Path;

use audience_exporter::{config::Config, series::Series, time::parse_label};
use chrono::{DateTime, TimeDelta, Utc};

use crate::simulation::chance::Chance;

/// When the clocks of some zone were changed a few days before.
const ENDS: [&str; 6] = [
    "2026-03-31T05:00:00Z",
    "2026-10-27T05:00:00Z",
    "2026-11-04T05:00:00Z",
    "2026-04-08T05:00:00Z",
    "2026-09-08T05:00:00Z",
    "2026-07-01T05:00:00Z",
];

const ZONES: [&str; 7] = [
    "Europe/Paris",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Asia/Kolkata",
    "Pacific/Chatham",
    "UTC",
];

const FORMATS: [&str; 8] = [
    "format = \"csv\"",
    "format = \"csv\"",
    "format = \"csv\"",
    "format = \"csv\"",
    "format = \"csv\"",
    "format = \"csv\"\ncompression = \"gzip\"",
    "format = \"csv\"\ncompression = \"zstd\"",
    "format = \"parquet\"",
];

/// The days at the end of a story in which much happens, and in which hours may be exported, too.
pub(crate) const HOURLY_DAYS: i64 = 5;

/// A year, its jobs, and their series under two configurations that differ in a tag.
pub(crate) struct Plot {
    pub(crate) begin: DateTime<Utc>,
    pub(crate) end: DateTime<Utc>,
    pub(crate) styles: [Vec<Series>; 2],
    pub(crate) told: String,
}

impl Plot {
    pub(crate) fn new(chance: &mut Chance, state_dir: &Path) -> Self {
        let end = parse_label(chance.one_of(&ENDS)).unwrap();
        let begin = end - TimeDelta::days(365);
        let jobs = format!("{}{}", yearly_job(chance, begin), later_job(chance, end));
        let zone = chance.one_of(&ZONES);
        let series = |tag: &str| {
            let text = format!(
                "output_dir = \"/data\"\nstate_dir = \"{}\"\n\
                 [[streams]]\nname = \"lobby\"\nusername = \"u\"\nclient_id = \"c\"\n\
                 access_token = {{ env = \"NONE\" }}\ntimezone = \"{zone}\"\ntags = {{ door = \"{tag}\" }}\n{jobs}",
                state_dir.display()
            );
            match Config::parse(&text, &state_dir.join("exporter.toml")) {
                Ok(config) => Series::all(&config, None, None),
                Err(error) => panic!("{error:?}\n{text}"),
            }
        };
        let styles = [series("north"), series("south")];
        Self { begin, end, styles, told: format!("{zone}, until {end}\n{jobs}") }
    }
}

fn yearly_job(chance: &mut Chance, begin: DateTime<Utc>) -> String {
    let lookback = chance.one_of(&["8d", "5d"]);
    let recheck = chance.one_of(&["recheck = [\"20d\", \"60d\"]", "recheck = [\"30d\"]", ""]);
    let partition = chance.one_of(&["month", "month", "month", "month", "month", "month", "month", "year"]);
    let (format, start) = (chance.one_of(&FORMATS), begin.date_naive());
    format!(
        "[[jobs]]\nname = \"year\"\ntime = \"by_day\"\npartition = \"{partition}\"\nlookback = \"{lookback}\"\n\
         settle = \"3h\"\nstart = \"{start}\"\n{recheck}\n{format}\n"
    )
}

/// Smaller buckets, or such as follow the local day, exported in the last days only.
fn later_job(chance: &mut Chance, end: DateTime<Utc>) -> String {
    let ((time, days, lookback, partition), recheck) = chance.one_of(&[
        (("by_hour", HOURLY_DAYS, "30h", "day"), "recheck = [\"3d\"]"),
        (("by_hour", HOURLY_DAYS, "30h", "month"), ""),
        (("global", 25, "2d", "month"), "recheck = [\"9d\"]"),
        (("global", 25, "3d", "day"), ""),
    ]);
    let (format, start) = (chance.one_of(&FORMATS), (end - TimeDelta::days(days)).date_naive());
    format!(
        "[[jobs]]\nname = \"later\"\ntime = \"{time}\"\npartition = \"{partition}\"\nlookback = \"{lookback}\"\n\
         start = \"{start}\"\n{recheck}\n{format}\n"
    )
}
