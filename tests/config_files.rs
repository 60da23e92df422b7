//! The shipped configurations: each is read without a word of complaint, and what their comments say is so.

use std::{fs, path::Path};

use audience_exporter::config::{Config, Job, SecretSource, Stream};
use proptest::{prelude::*, sample::Index};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config");

fn text(name: &str) -> String {
    fs::read_to_string(Path::new(FOLDER).join(name)).unwrap()
}

fn parse(text: &str, name: &str) -> Config {
    match Config::parse(text, &Path::new(FOLDER).join(name)) {
        Ok(config) => config,
        Err(error) => panic!("{error}"),
    }
}

fn load(name: &str) -> Config {
    parse(&text(name), name)
}

/// `#key = value` says what holds when the line is left out; other comments begin with `# `.
fn with_defaults_uncommented(text: &str) -> String {
    let uncommented = |line: &str| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|first: char| first.is_ascii_lowercase()) => rest.to_owned(),
        _ => line.to_owned(),
    };
    text.lines().map(|line| uncommented(line) + "\n").collect()
}

fn angus(config: &Config) -> impl PartialEq + std::fmt::Debug {
    let angus = &config.angus;
    (
        (angus.console_url.clone(), angus.data_url.clone(), angus.concurrency),
        (angus.requests_per_second.to_bits(), angus.timeout, angus.max_attempts),
    )
}

fn stream(stream: &Stream) -> impl PartialEq + std::fmt::Debug {
    (
        (stream.name.clone(), stream.username.clone(), stream.client_id.clone()),
        (stream.access_token.describe(), stream.timezone, stream.tags.clone()),
    )
}

fn job(job: &Job) -> impl PartialEq + std::fmt::Debug {
    let streams: Vec<String> = job.streams.iter().map(|stream| stream.name.clone()).collect();
    (
        (job.name.clone(), job.time, streams, job.metrics.clone(), job.schedule.as_str().to_owned()),
        (job.start, job.settle, job.lookback, job.format, job.partition),
    )
}

fn assert_same(left: &Config, right: &Config) {
    assert_eq!((&left.output_dir, &left.state_dir), (&right.output_dir, &right.state_dir));
    assert_eq!(left.timezone, right.timezone);
    assert_eq!(angus(left), angus(right));
    assert!(left.streams.iter().map(|each| stream(each)).eq(right.streams.iter().map(|each| stream(each))));
    assert!(left.jobs.iter().map(|each| job(each)).eq(right.jobs.iter().map(|each| job(each))));
    assert_eq!(left.tag_keys, right.tag_keys);
    assert_eq!(left.http.is_some(), right.http.is_some());
    assert_eq!((&left.warnings, &right.warnings), (&Vec::new(), &Vec::new()));
}

#[test]
fn the_defaults_in_the_commented_file_are_the_defaults() {
    let written = text("exporter.toml");
    let minimal = load("minimal.toml");
    assert_same(&load("exporter.toml"), &minimal);
    assert_same(&parse(&with_defaults_uncommented(&written), "exporter.toml"), &minimal);
}

#[test]
fn every_key_is_in_the_commented_file() {
    let written = text("exporter.toml");
    for key in [
        "output_dir state_dir timezone streams_file console_url data_url concurrency requests_per_second timeout",
        "max_attempts name username client_id access_token tags time streams metrics schedule start settle",
        "lookback format partition compression listen",
    ]
    .iter()
    .flat_map(|keys| keys.split(' '))
    {
        assert!(written.contains(&format!("{key} = ")), "{key}");
    }
}

#[test]
fn the_examples_in_comments_are_valid() {
    let examples = text("exporter.toml")
        .replace("# tags = ", "tags = ")
        .replace("# start = ", "start = ")
        .replace("# listen = ", "listen = ");
    let config = parse(&examples, "exporter.toml");
    assert_eq!(config.tag_keys, ["site", "zone"]);
    assert!(config.jobs[0].start.is_some());
    assert!(config.http.is_some());
}

#[test]
fn the_fleet_is_read_whole() {
    let config = load("fleet.toml");
    let names: Vec<&str> = config.streams.iter().map(|stream| stream.name.as_str()).collect();
    assert_eq!(
        names,
        ["lab", "paris-nord-entrance", "paris-nord-atrium", "berlin-mitte-entrance", "london-soho-entrance"]
    );
    assert_eq!(config.tag_keys, ["site", "zone"]);
    assert_eq!(config.jobs.iter().map(|job| job.streams.len()).collect::<Vec<_>>(), [4, 3, 1]);
    assert!(config.warnings.is_empty());
    let SecretSource::File(path) = &config.streams[1].access_token else { panic!("not a file") };
    assert_eq!(path, &Path::new(FOLDER).join("secrets/paris-nord-entrance"));
}

#[test]
fn nobody_real_is_in_a_shipped_file() {
    for name in ["exporter.toml", "minimal.toml", "fleet.toml", "streams.csv"] {
        let text = text(name);
        assert_eq!(text.matches('@').count(), text.matches("ops@example.com").count(), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever an editor or a torn copy makes of the file: an answer, never a panic.
    #[test]
    fn a_damaged_file_is_judged_without_a_panic(cut in any::<(Index, Index)>(), patch in "[\\]\\[{}=\"'#,\\.\na0-]{0,3}") {
        let whole: Vec<char> = with_defaults_uncommented(&text("exporter.toml")).chars().collect();
        let (from, length) = (cut.0.index(whole.len()), cut.1.index(12));
        let kept = whole.iter().skip((from + length).min(whole.len()));
        let damaged: String = whole[..from].iter().copied().chain(patch.chars()).chain(kept.copied()).collect();
        if let Err(error) = Config::parse(&damaged, Path::new("exporter.toml")) {
            prop_assert!(error.to_string().lines().count() > 1);
        }
    }
}
