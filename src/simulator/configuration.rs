//! The text of a configuration that works against a simulator.

use std::fmt::Write;

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::fleet::{SimulatedStream, access_token};
use crate::{metric::Metric, sink::FileFormat, time::PartitionSize};

/// What a configuration for a simulator depends on.
#[derive(Debug, Clone, Copy)]
pub struct ConfigurationOptions<'a> {
    /// Where the simulator answers, such as `http://127.0.0.1:8080`.
    pub base_url: &'a str,
    /// The streams to export.
    pub streams: &'a [SimulatedStream],
    /// The zone of all streams.
    pub timezone: Tz,
    /// Where files go.
    pub output_dir: &'a str,
    /// Where the ledger goes.
    pub state_dir: &'a str,
    /// Requests in flight over all streams.
    pub concurrency: usize,
    /// The format of files; their compression is left at its default.
    pub format: FileFormat,
    /// How much local time one file covers.
    pub partition: PartitionSize,
    /// The first day to export; `None` = the day of the first run.
    pub start: Option<NaiveDate>,
}

/// The TOML of a configuration with one job, `hourly`, that exports everything.
pub fn configuration(options: &ConfigurationOptions<'_>) -> String {
    let mut toml = String::new();
    push_head(&mut toml, options);
    for stream in options.streams {
        push_stream(&mut toml, stream);
    }
    push_job(&mut toml, options);
    toml
}

fn push_head(toml: &mut String, options: &ConfigurationOptions<'_>) {
    // Writing to a string cannot fail, here and below.
    let _ = write!(
        toml,
        "# A configuration for the simulated Angus API. Everything in it is invented, the access tokens too: they\n\
         # stand here in the clear because they open nothing. Keep real ones in files.\n\n\
         output_dir = {output_dir}\n\
         state_dir = {state_dir}\n\
         timezone = {timezone}\n\n\
         [angus]\n\
         console_url = {base_url}\n\
         data_url = {base_url}\n\
         concurrency = {concurrency}\n\
         requests_per_second = 1000.0\n",
        output_dir = quoted(options.output_dir),
        state_dir = quoted(options.state_dir),
        timezone = quoted(options.timezone.name()),
        base_url = quoted(options.base_url),
        concurrency = options.concurrency,
    );
}

fn push_stream(toml: &mut String, stream: &SimulatedStream) {
    let _ = write!(
        toml,
        "\n[[streams]]\nname = {}\nusername = {}\nclient_id = {}\naccess_token = {}\n",
        quoted(&stream.name),
        quoted(&stream.username),
        quoted(&stream.client_id),
        quoted(&access_token(&stream.client_id)),
    );
    if !stream.tags.is_empty() {
        let tags: Vec<String> =
            stream.tags.iter().map(|(key, value)| format!("{} = {}", quoted(key), quoted(value))).collect();
        let _ = writeln!(toml, "tags = {{ {} }}", tags.join(", "));
    }
}

fn push_job(toml: &mut String, options: &ConfigurationOptions<'_>) {
    let metrics = Metric::ALL.map(|metric| quoted(metric.as_str())).join(", ");
    let format = match options.format {
        FileFormat::Csv(_) | FileFormat::ExcelEu(_) => "csv",
        FileFormat::Parquet(_) => "parquet",
    };
    let _ = write!(
        toml,
        "\n[[jobs]]\nname = \"hourly\"\ntime = \"by_hour\"\nstreams = [\"*\"]\nmetrics = [{metrics}]\n\
         schedule = \"5 * * * *\"\n"
    );
    if let Some(start) = options.start {
        let _ = writeln!(toml, "start = \"{start}\"");
    }
    let _ = write!(toml, "format = \"{format}\"\npartition = \"{}\"\n", options.partition.as_str());
}

/// A TOML basic string. JSON's escapes are a part of TOML's, but for the one control character that JSON leaves as it
/// is.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7F}', "\\u007F")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{
        config::Config,
        metric::MetricSet,
        simulator::fleet::fleet,
        sink::{CsvCompression, ParquetCompression},
    };

    fn options(streams: &[SimulatedStream]) -> ConfigurationOptions<'_> {
        ConfigurationOptions {
            base_url: "http://127.0.0.1:4321",
            streams,
            timezone: Tz::Europe__Paris,
            output_dir: "data",
            state_dir: "state",
            concurrency: 8,
            format: FileFormat::Parquet(ParquetCompression::Zstd),
            partition: PartitionSize::Month,
            start: None,
        }
    }

    #[test]
    fn it_reads_as_a_person_would_write_it() {
        let mut options = options(&[]);
        let fleet = fleet(1);
        options.streams = &fleet;
        options.start = NaiveDate::from_ymd_opt(2026, 1, 1);
        let expected = r#"
output_dir = "data"
state_dir = "state"
timezone = "Europe/Paris"

[angus]
console_url = "http://127.0.0.1:4321"
data_url = "http://127.0.0.1:4321"
concurrency = 8
requests_per_second = 1000.0

[[streams]]
name = "lobby"
username = "simulated@example.com"
client_id = "00000000-0000-4000-8000-000000000000"
access_token = "secret-00000000-0000-4000-8000-000000000000"
tags = { "site" = "paris-nord", "zone" = "entrance" }

[[jobs]]
name = "hourly"
time = "by_hour"
streams = ["*"]
metrics = ["passing_by", "interested", "stop_time", "attention_time", "category", "gender", "satisfaction"]
schedule = "5 * * * *"
start = "2026-01-01"
format = "parquet"
partition = "month"
"#;
        let toml = configuration(&options);
        let (comment, rest) = toml.split_once("files.\n").unwrap();
        assert!(comment.lines().all(|line| line.starts_with('#')), "{comment}");
        assert_eq!(rest, expected);
    }

    #[test]
    fn the_program_accepts_it() {
        let fleet = fleet(14);
        let toml = configuration(&options(&fleet));
        let config =
            Config::parse(&toml, Path::new("exporter.toml")).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((config.streams.len(), config.jobs.len()), (14, 1));
        assert_eq!(config.streams[13].tags, fleet[13].tags);
        assert_eq!(config.jobs[0].metrics, MetricSet::all());
    }

    #[test]
    fn odd_paths_survive() {
        let odd = "C:\\data \"x\"\u{7F}\n";
        let options = ConfigurationOptions {
            output_dir: odd,
            format: FileFormat::Csv(CsvCompression::Gzip),
            ..options(&[])
        };
        let toml = configuration(&options);
        let toml = toml::de::DeTable::parse(&toml).unwrap().into_inner();
        assert_eq!(toml["output_dir"].get_ref().as_str(), Some(odd));
        let job = &toml["jobs"].get_ref()[0].get_ref();
        assert_eq!(job["format"].get_ref().as_str(), Some("csv"));
        assert!(job.get("start").is_none());
    }
}
