//! Whole configurations, right and wrong.

mod accounts;
mod deliveries;
mod documented;
mod inventories;
mod messages;
mod rollups;
mod service;

use std::{fs, path::Path};

use super::{Config, ConfigError, SecretSource};

/// As short as can be; tests change a part of it.
const VALID: &str = r#"output_dir = "data"
state_dir = "state"
[[streams]]
name = "lobby"
username = "ops@example.com"
client_id = "1111"
access_token = { file = "secrets/lobby" }
[[jobs]]
name = "hourly"
"#;

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, Path::new("exporter.toml"))
}

fn valid(text: &str) -> Config {
    parse(text).unwrap_or_else(|error| panic!("{error}"))
}

/// Every problem of `text`, one a line.
fn problems(text: &str) -> Vec<String> {
    match parse(text) {
        Err(ConfigError::Invalid(problems)) => problems.iter().map(ToString::to_string).collect(),
        Err(error) => panic!("{error}"),
        Ok(_) => Vec::new(),
    }
}

/// `VALID` with `line` below the line `after`, or at the top.
fn with(after: &str, line: &str) -> String {
    if after.is_empty() {
        format!("{line}\n{VALID}")
    } else {
        VALID.replacen(after, &format!("{after}\n{line}"), 1)
    }
}

const STREAM: &str = "[[streams]]";
const JOB: &str = "[[jobs]]";

#[test]
fn a_syntax_error_is_one_problem_and_hides_only_what_may_follow_from_it() {
    let text =
        "timezone = \"Mars\"\nstate_dir = \"state\noutput_dir = 7\n[[jobs]]\nname = \"x\"\nname = \"y\"\n";
    assert_eq!(
        problems(text),
        [
            "line 1: timezone: expected a time zone such as Europe/Paris; found \"Mars\"",
            "line 2: expected valid TOML; found a syntax error (invalid basic string, expected `\"`)",
            "line 6: expected valid TOML; found a syntax error (duplicate key)",
        ]
    );
}

#[test]
fn every_problem_is_told_at_once() {
    let text = r#"output_dir = "data"
state_dir = "data/state"
timezone = "Europe/Pari"
[angus]
concurency = 4
[[streams]]
name = "Lobby"
username = "ops@example.com"
access_token = "s3cret"
[[streams]]
name = "hall"
username = ""
client_id = "2"
access_token = { env = "HALL" }
tags = { Site = "x" }
[[jobs]]
name = "hourly"
streams = ["Lobby", "hal"]
metrics = [
  "gender",
  "pasing_by",
]
schedule = "99 * * * *"
[https]
"#;
    let error = parse(text).err().unwrap().to_string();
    assert!(!error.contains("s3cret"));
    assert_eq!(
        error,
        r#"exporter.toml has 11 problems
  line 2: state_dir: expected a folder outside of output_dir, or in it under a name that begins with _ or .; found "data/state"
  line 3: timezone: expected a time zone such as Europe/Paris; found "Europe/Pari"; did you mean "Europe/Paris"?
  line 5: angus.concurency: expected one of console_url, data_url, ...; found an unknown key; did you mean "concurrency"?
  line 6: streams[0].client_id: expected a string; found nothing
  line 7: streams[0].name: expected a name like [a-z0-9][a-z0-9_-]*, at most 64 characters; found "Lobby"
  line 12: streams[1].username: expected a text that is not empty; found an empty one
  line 15: streams[1].tags.Site: expected a tag key like [a-z0-9_]+, at most 64 characters; found "Site"
  line 18: jobs[0].streams[1]: expected the name of a stream or a glob that matches one; found "hal"; did you mean "hall"?
  line 21: jobs[0].metrics[1]: expected one of passing_by, interested, ...; found "pasing_by"; did you mean "passing_by"?
  line 23: jobs[0].schedule: expected a cron line of five fields, or of six with seconds; found "99 * * * *" (number out of bounds)
  line 24: https: expected one of output_dir, state_dir, ...; found an unknown key; did you mean "http"?"#
    );
}

#[test]
fn an_empty_file_lacks_everything() {
    let error = parse("").err().unwrap().to_string();
    assert_eq!(
        error,
        "exporter.toml has 4 problems
  output_dir: expected a string; found nothing
  state_dir: expected a string; found nothing
  streams: expected at least one stream, under [[streams]] or in a streams_file; found nothing
  jobs: expected at least one job, under [[jobs]]; found nothing"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error = Config::load(Path::new("no/such/exporter.toml")).err().unwrap();
    assert_eq!(
        error.to_string(),
        "no/such/exporter.toml cannot be read: no such file; `audience-exporter init` writes one"
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("exporter.toml");
    fs::write(&path, b"output_dir = \"\xff\"").unwrap();
    let error = Config::load(&path).err().unwrap().to_string();
    assert_eq!(error, format!("{} cannot be read: it is not UTF-8 text", path.display()));
}

#[test]
fn paths_start_at_the_file_and_tags_become_columns() {
    let text = with(STREAM, "tags = { zone = \"entrance\", site = \"\" }");
    let config = Config::parse(&text, Path::new("/etc/x/exporter.toml")).ok().unwrap();
    assert_eq!(config.output_dir, Path::new("/etc/x/data"));
    assert_eq!(config.state_dir, Path::new("/etc/x/state"));
    assert_eq!(config.streams[0].access_token.describe(), "file /etc/x/secrets/lobby");
    assert_eq!(config.tag_keys, ["zone"]);
}

#[test]
fn globs_choose_each_stream_once_in_the_order_of_the_file() {
    let (head, job) = VALID.split_at(VALID.find(JOB).unwrap());
    let stream = &head[head.find(STREAM).unwrap()..];
    let more = ["hall-1", "hall-2"].map(|name| stream.replacen("lobby", name, 1)).concat();
    let config = valid(&format!("{head}{more}{job}streams = [\"hall-*\", \"hall-1\", \"lo??y\"]"));
    let names: Vec<&str> = config.jobs[0].streams.iter().map(|stream| stream.name.as_str()).collect();
    assert_eq!(names, ["lobby", "hall-1", "hall-2"]);
}

#[test]
fn a_date_may_be_a_string_or_a_date_of_toml() {
    for start in ["\"2026-01-02\"", "2026-01-02"] {
        let config = valid(&with(JOB, &format!("start = {start}")));
        assert_eq!(config.jobs[0].start.map(|date| date.to_string()), Some("2026-01-02".to_owned()));
    }
}

#[test]
fn what_deserves_a_look_is_a_warning() {
    let literal = valid(&VALID.replace("{ file = \"secrets/lobby\" }", "\"s3cret\""));
    assert!(matches!(literal.streams[0].access_token, SecretSource::Literal(_)));
    assert_eq!(
        literal.warnings,
        ["stream \"lobby\": its access_token stands in the configuration; \
         move it into a file and write access_token = { file = \"secrets/lobby\" }"]
    );
    for (lines, shown) in [
        ("lookback = \"119m\"", Some("119m is less than two buckets (2h)")),
        ("lookback = \"2h\"", None),
        ("time = \"by_day\"\nlookback = \"47h\"", Some("47h is less than two buckets (2d)")),
        ("time = \"global\"", None),
    ] {
        let expected = shown
            .map(|shown| format!("job \"hourly\": a lookback of {shown}: late counts may never be exported"));
        assert_eq!(valid(&with(JOB, lines)).warnings, Vec::from_iter(expected), "{lines}");
    }
}
