//! `[[jobs]]`.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use glob::Pattern;

use super::{
    Job, Stream,
    names::{Known, Names},
    report::{Mismatch, NOTHING, Reported, quoted},
    rollups, rules,
    section::Section,
    suggest::{nearest, one_of},
};
use crate::{
    metric::{Metric, MetricSet},
    sink::{CsvCompression, CsvProfile, FileFormat, ParquetCompression},
    time::{BucketSize, PartitionSize},
};

const TIME: &str = "by_hour";
const SCHEDULE: &str = "5 * * * *";
const SETTLE: &str = "15m";
const LOOKBACK: &str = "48h";
const FORMAT: &str = "parquet";
const PARTITION: &str = "day";

const LONGEST_SETTLE: Duration = Duration::from_hours(31 * 24);
const LONGEST_LOOKBACK: Duration = Duration::from_hours(366 * 24);
const LONGEST_RECHECK: Duration = Duration::from_hours(2 * 366 * 24);

/// A file format by its word, with the compressions that it has by theirs; the first one is its default.
type FormatChoice = (&'static str, [(&'static str, FileFormat); 3]);

const FORMATS: [FormatChoice; 2] = [
    (
        "csv",
        [
            ("none", FileFormat::Csv(CsvCompression::None)),
            ("gzip", FileFormat::Csv(CsvCompression::Gzip)),
            ("zstd", FileFormat::Csv(CsvCompression::Zstd)),
        ],
    ),
    (
        "parquet",
        [
            ("zstd", FileFormat::Parquet(ParquetCompression::Zstd)),
            ("snappy", FileFormat::Parquet(ParquetCompression::Snappy)),
            ("none", FileFormat::Parquet(ParquetCompression::None)),
        ],
    ),
];

/// Reads every job, in the order of the configuration. There must be one.
pub(super) fn read(root: &mut Section<'_>, streams: &[Arc<Stream>], stream_names: &Names) -> Known<Job> {
    let mut names = Names::new("job", root.report());
    let problems_before = root.report().problem_count();
    let jobs = root.sections("jobs", &mut names, |section, names| job(section, streams, stream_names, names));
    if jobs.is_empty() && root.report().problem_count() == problems_before {
        root.reject("jobs", Mismatch::new("at least one job, under [[jobs]]", NOTHING));
        names.miss();
    }
    Known { items: jobs.into_iter().map(Arc::new).collect(), names, name_of: |job| &job.name }
}

fn job(
    section: &mut Section<'_>,
    streams: &[Arc<Stream>],
    stream_names: &Names,
    names: &mut Names,
) -> Result<Job, Reported> {
    let name = names.read(section);
    let time = section.text_or("time", TIME, |text| one_of(text, &BucketSize::ALL, BucketSize::as_str));
    let globs = section.texts("streams", |text| stream_glob(text, stream_names));
    let metrics = section.texts("metrics", |text| one_of(text, &Metric::ALL, Metric::as_str));
    let schedule = section.text_or("schedule", SCHEDULE, rules::schedule);
    let start = section.optional("start", rules::date);
    let settle = section.text_or("settle", SETTLE, |text| rules::time_delta(text, LONGEST_SETTLE));
    let lookback = section.text_or("lookback", LOOKBACK, |text| rules::time_delta(text, LONGEST_LOOKBACK));
    let recheck = recheck(section, lookback.as_ref().ok().copied());
    let reconcile = section.optional("reconcile", rules::flag);
    let format = format(section);
    let partition = section
        .text_or("partition", PARTITION, |text| one_of(text, &PartitionSize::ALL, PartitionSize::as_str));
    let streams = globs.map(|globs| matching(streams, globs.as_deref()));
    let rollups = rollups::read(section, time.as_ref().ok().copied(), streams.as_deref().ok());
    let job = Job {
        name: name?,
        time: time?,
        streams: streams?,
        metrics: metrics?.and_then(MetricSet::new).unwrap_or_else(MetricSet::all),
        schedule: schedule?,
        start: start?,
        settle: settle?,
        lookback: lookback?,
        recheck: recheck?,
        reconcile: reconcile?.unwrap_or(false),
        format: format?,
        partition: partition?,
        rollups: rollups?,
    };
    warn_about_lookback(&job, section);
    Ok(job)
}

/// A name or a glob that matches a stream. Streams that are wrong themselves count: they are reported already.
fn stream_glob(text: &str, names: &Names) -> Result<Pattern, Mismatch> {
    let pattern = Pattern::new(text).map_err(|error| {
        Mismatch::new("a stream name or a glob", format!("{} ({})", quoted(text), error.msg))
    })?;
    let has_streams = names.iter().next().is_some();
    if has_streams && names.is_complete() && !names.iter().any(|name| pattern.matches(name)) {
        let mismatch = Mismatch::quoting("the name of a stream or a glob that matches one", text);
        return Err(mismatch.did_you_mean(nearest(text, names.iter())));
    }
    Ok(pattern)
}

/// The streams that any of `globs` matches, each once; without globs, all.
fn matching(streams: &[Arc<Stream>], globs: Option<&[Pattern]>) -> Vec<Arc<Stream>> {
    let is_chosen =
        |stream: &&Arc<Stream>| globs.is_none_or(|globs| globs.iter().any(|glob| glob.matches(&stream.name)));
    streams.iter().filter(is_chosen).cloned().collect()
}

/// The ages of `recheck`, ascending. What is younger than the lookback is pulled at every run anyway.
fn recheck(section: &mut Section<'_>, lookback: Option<TimeDelta>) -> Result<Vec<TimeDelta>, Reported> {
    let ages = section.texts("recheck", |text| {
        let age = rules::time_delta(text, LONGEST_RECHECK)?;
        match lookback {
            Some(lookback) if age <= lookback => {
                Err(Mismatch::quoting("an age that is longer than the lookback", text))
            }
            _ => Ok(age),
        }
    })?;
    let mut ages = ages.unwrap_or_default();
    ages.sort_unstable();
    ages.dedup();
    Ok(ages)
}

/// `format`, `compression` and `csv_profile`, which go together.
fn format(section: &mut Section<'_>) -> Result<FileFormat, Reported> {
    let format = section.text_or("format", FORMAT, |text| one_of(text, &FORMATS, |(word, _)| word));
    let Ok((_, compressions)) = format else {
        section.skip("compression");
        section.skip("csv_profile");
        return format.map(|(_, [(_, default), ..])| default);
    };
    let [(default, _), ..] = compressions;
    let format = section
        .text_or("compression", default, |text| one_of(text, &compressions, |(word, _)| word))
        .map(|(_, format)| format);
    let profile =
        section.optional_text("csv_profile", |text| one_of(text, &CsvProfile::ALL, CsvProfile::as_str));
    match (format?, profile?) {
        (format, None) => Ok(format),
        (format, Some(profile)) => format.in_profile(profile).ok_or_else(|| {
            let mismatch = Mismatch::new("csv_profile only where format = \"csv\"", "it beside parquet");
            section.reject("csv_profile", mismatch.hint("write format = \"csv\", or leave csv_profile out"))
        }),
    }
}

/// Angus contract, section 6: the last two closed buckets are asked again, since late counts restate them.
fn warn_about_lookback(job: &Job, section: &mut Section<'_>) {
    let two_buckets = match job.time {
        BucketSize::Hour => TimeDelta::hours(2),
        BucketSize::Day | BucketSize::Global => TimeDelta::days(2),
    };
    if job.lookback < two_buckets {
        let shown = |delta: TimeDelta| rules::short(delta.to_std().unwrap_or_default());
        section.report().warn(format!(
            "job \"{}\": a lookback of {} is less than two buckets ({}): late counts may never be exported",
            job.name,
            shown(job.lookback),
            shown(two_buckets)
        ));
    }
}
