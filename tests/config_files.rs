//! The shipped configurations: each is read without a word of complaint, and what their comments say is so.

use std::{fs, path::Path};

use audience_exporter::{
    config::{
        Account, AccountSystem, AngelcamSignIn, Config, Delivery, Inventory, Job, SecretSource, Stream,
    },
    sink::{CsvCompression, FileFormat},
};
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

/// Rewrites each line of `text`; `rewrite` is told whether it stands in a section that is off, `# [[name]]`.
fn rewritten(text: &str, rewrite: impl Fn(&str, bool) -> String) -> String {
    let mut is_off = false;
    let lines = text.lines().map(|line| {
        is_off = line.starts_with("# [[") || (is_off && !line.starts_with('['));
        rewrite(line, is_off) + "\n"
    });
    lines.collect()
}

/// `#key = value` says what holds when the line is left out; other comments begin with `# `.
fn with_defaults_uncommented(text: &str) -> String {
    rewritten(text, |line, is_off| match line.strip_prefix('#') {
        Some(rest) if !is_off && rest.starts_with(|first: char| first.is_ascii_lowercase()) => {
            rest.to_owned()
        }
        _ => line.to_owned(),
    })
}

/// Turns on the sections that are off, with every example in them.
fn with_sections_on(text: &str) -> String {
    rewritten(text, |line, is_off| match line.strip_prefix("# ") {
        Some(rest) if is_off && is_toml(rest) => rest.to_owned(),
        _ => line.to_owned(),
    })
}

fn is_toml(line: &str) -> bool {
    let is_key = |key: &str| key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    line.starts_with("[[") || line.split_once(" = ").is_some_and(|(key, _)| is_key(key))
}

fn angus(config: &Config) -> impl PartialEq + std::fmt::Debug {
    let angus = &config.angus;
    (
        (angus.console_url.clone(), angus.data_url.clone()),
        (angus.concurrency, angus.per_stream_concurrency),
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

fn account(account: &Account) -> (String, Vec<Option<String>>) {
    let described = |secret: &SecretSource| Some(secret.describe());
    let details = match &account.system {
        AccountSystem::Simacan(simacan) => vec![
            Some(simacan.base_url.to_string()),
            Some(simacan.username.clone()),
            described(&simacan.password),
            Some(simacan.password_after_invalid_grant.to_string()),
        ],
        AccountSystem::Angelcam(angelcam) => {
            let mut details = vec![Some(angelcam.api_url.to_string()), angelcam.space_id.clone()];
            match &angelcam.sign_in {
                AngelcamSignIn::PersonalToken(token) => details.push(described(token)),
                AngelcamSignIn::OAuth(client) => details.extend([
                    Some(client.client_id.clone()),
                    client.client_secret.as_ref().and_then(described),
                    client.redirect_uri.as_ref().map(ToString::to_string),
                    Some(client.scope.clone()),
                    Some(client.authorize_url.to_string()),
                    Some(client.token_url.to_string()),
                    Some(client.revoke_url.to_string()),
                    Some(client.multipart_exchange.to_string()),
                ]),
            }
            details
        }
    };
    (account.name.clone(), details)
}

fn delivery(delivery: &Delivery) -> impl PartialEq + std::fmt::Debug {
    (
        (delivery.name.clone(), delivery.job.name.clone(), delivery.account.name.clone()),
        (delivery.url.clone(), delivery.method, delivery.content_type),
        (delivery.status_url.clone(), delivery.repeat_lost_posts),
    )
}

fn inventory(inventory: &Inventory) -> impl PartialEq + std::fmt::Debug {
    let schedule = inventory.schedule.as_str().to_owned();
    (inventory.name.clone(), inventory.account.name.clone(), schedule, inventory.format)
}

fn assert_same(left: &Config, right: &Config) {
    assert_eq!((&left.output_dir, &left.state_dir), (&right.output_dir, &right.state_dir));
    assert_eq!(left.timezone, right.timezone);
    assert_eq!(angus(left), angus(right));
    assert!(left.streams.iter().map(|each| stream(each)).eq(right.streams.iter().map(|each| stream(each))));
    assert!(left.jobs.iter().map(|each| job(each)).eq(right.jobs.iter().map(|each| job(each))));
    assert!(
        left.accounts.iter().map(|each| account(each)).eq(right.accounts.iter().map(|each| account(each)))
    );
    let (one, other) = (&left.deliveries, &right.deliveries);
    assert!(one.iter().map(|each| delivery(each)).eq(other.iter().map(|each| delivery(each))));
    let (one, other) = (&left.inventories, &right.inventories);
    assert!(one.iter().map(|each| inventory(each)).eq(other.iter().map(|each| inventory(each))));
    let token_key = |config: &Config| config.token_key.as_ref().map(SecretSource::describe);
    assert_eq!(token_key(left), token_key(right));
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
fn the_sections_that_are_off_can_be_turned_on_and_tell_their_defaults() {
    let on = with_sections_on(&text("exporter.toml"));
    let config = parse(&on, "exporter.toml");
    let systems = config.accounts.iter().map(|account| account.system.as_str());
    assert_eq!(systems.collect::<Vec<_>>(), ["simacan", "angelcam"]);
    assert_eq!((config.deliveries.len(), config.inventories.len()), (1, 1));
    let everything = with_defaults_uncommented(&on);
    for key in ["password_after_invalid_grant", "exchange_encoding", "repeat_lost_posts", "format"] {
        assert!(everything.contains(&format!("\n{key} = ")), "{key}");
    }
    assert_same(&parse(&everything, "exporter.toml"), &config);
}

#[test]
fn every_key_is_in_the_commented_file() {
    let written = text("exporter.toml");
    for key in [
        "output_dir state_dir timezone streams_file console_url data_url concurrency per_stream_concurrency requests_per_second timeout",
        "max_attempts name username client_id access_token tags time streams metrics schedule start settle",
        "lookback format csv_profile partition compression listen token_key kind base_url password",
        "password_after_invalid_grant client_secret redirect_uri scope authorize_url token_url revoke_url api_url",
        "space_id exchange_encoding personal_access_token job account url method content_type status_url",
        "repeat_lost_posts",
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
        .replace("# token_key = ", "token_key = ")
        .replace("# listen = ", "listen = ")
        .replace("#format = \"parquet\"", "format = \"csv\"")
        .replace("# csv_profile = ", "csv_profile = ");
    let config = parse(&examples, "exporter.toml");
    assert_eq!(config.tag_keys, ["site", "zone"]);
    assert!(config.jobs[0].start.is_some());
    assert!(config.token_key.is_some());
    assert!(config.http.is_some());
    assert_eq!(config.jobs[0].format, FileFormat::ExcelEu(CsvCompression::None));
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

    /// Whatever an editor or a torn copy makes of the file, with everything on: an answer, never a panic.
    #[test]
    fn a_damaged_file_is_judged_without_a_panic(cut in any::<(Index, Index)>(), patch in "[\\]\\[{}=\"'#,\\.\na0-]{0,3}") {
        let whole: Vec<char> = with_defaults_uncommented(&with_sections_on(&text("exporter.toml"))).chars().collect();
        let (from, length) = (cut.0.index(whole.len()), cut.1.index(12));
        let kept = whole.iter().skip((from + length).min(whole.len()));
        let damaged: String = whole[..from].iter().copied().chain(patch.chars()).chain(kept.copied()).collect();
        if let Err(error) = Config::parse(&damaged, Path::new("exporter.toml")) {
            prop_assert!(error.to_string().lines().count() > 1);
        }
    }
}
