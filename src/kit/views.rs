//! `views.sql`.

use std::collections::BTreeSet;

use super::{
    Subject,
    escape::{sql_name, sql_text},
    reading::{self, Typed},
    template::filled,
};
use crate::{
    config::Job,
    row::{ColumnKind, Count, Mean, TAG_PREFIX},
    time::BucketSize,
};

const VIEWS: &str = include_str!("templates/views.sql");
const JOB: &str = include_str!("templates/job.sql");
const FIGURES: &str = include_str!("templates/figures.sql");

/// The names of views, each given once: `hourly_by_day` may be a view of the job `hourly`, and a job.
pub(super) struct ViewNames {
    taken: BTreeSet<String>,
    streams: String,
}

impl ViewNames {
    /// Those of jobs are taken.
    pub(super) fn new(subject: &Subject<'_>) -> Self {
        let taken = subject.config.jobs.iter().map(|job| job.name.clone()).collect();
        let mut names = Self { taken, streams: String::new() };
        names.streams = names.give("streams");
        names
    }

    /// The view of all streams, as an identifier.
    pub(super) fn streams(&self) -> String {
        sql_name(&self.streams)
    }

    /// `wanted`, or what is like it and free, as it is written nowhere else.
    fn give(&mut self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        while !self.taken.insert(name.clone()) {
            name.push('_');
        }
        name
    }

    /// The views of every job, in their order.
    pub(super) fn of_jobs(&mut self, subject: &Subject<'_>) -> Vec<JobViews> {
        subject.config.jobs.iter().map(|job| JobViews::new(job, &subject.config.tag_keys, self)).collect()
    }
}

/// The names of the views of a job, as identifiers.
pub(super) struct JobViews {
    pub(super) job: String,
    pub(super) parts: String,
    pub(super) by_hour: String,
    pub(super) by_day: String,
    pub(super) by_week: String,
    pub(super) by_month: String,
    pub(super) by_stream: String,
    pub(super) all_by_day: String,
    /// Of each tag, by day.
    pub(super) by_tags: Vec<String>,
    pub(super) hour_of_week: String,
    pub(super) missing: String,
    pub(super) files: String,
    /// Of each roll-up, in its order.
    pub(super) rollups: Vec<String>,
}

impl JobViews {
    fn new(job: &Job, tag_keys: &[String], names: &mut ViewNames) -> Self {
        let mut name = |suffix: &str| sql_name(&names.give(&format!("{}_{suffix}", job.name)));
        Self {
            job: sql_name(&job.name),
            parts: name("parts"),
            by_hour: name("by_hour"),
            by_day: name("by_day"),
            by_week: name("by_week"),
            by_month: name("by_month"),
            by_stream: name("by_stream"),
            all_by_day: name("all_by_day"),
            by_tags: tag_keys.iter().map(|key| name(&format!("by_tag_{key}"))).collect(),
            hour_of_week: name("hour_of_week"),
            missing: name("missing"),
            files: name("files"),
            rollups: job
                .rollups
                .iter()
                .map(|target| name(&format!("rollup_{}", target.folder_name().replace('-', "_"))))
                .collect(),
        }
    }
}

/// The text of the file.
pub(super) fn text(subject: &Subject<'_>) -> String {
    let mut names = ViewNames::new(subject);
    let all = names.of_jobs(subject);
    let jobs = || subject.config.jobs.iter().zip(&all);
    let tag_columns: String = tag_names(subject).iter().flat_map(|name| [", ", name]).collect();
    filled(
        VIEWS,
        &[
            ("folder", &sql_text(&super::escape::glob(subject.folder))),
            ("streams", &names.streams()),
            ("rows_of_streams", &rows_of_streams(subject)),
            ("tag_columns", &tag_columns),
            (
                "jobs",
                &jobs().map(|(job, views)| of_job(subject, job, views, &names.streams())).collect::<String>(),
            ),
            ("rollups", &jobs().map(|(job, views)| rollups(subject, job, views)).collect::<String>()),
        ],
    )
}

/// The columns of tags, as identifiers.
fn tag_names(subject: &Subject<'_>) -> Vec<String> {
    subject.config.tag_keys.iter().map(|key| sql_name(&format!("{TAG_PREFIX}{key}"))).collect()
}

fn rows_of_streams(subject: &Subject<'_>) -> String {
    let rows = subject.config.streams.iter().map(|stream| {
        let tags = subject.config.tag_keys.iter().map(|key| stream.tags.get(key));
        let tags = tags.map(|tag| tag.map_or_else(|| "NULL".to_owned(), |tag| sql_text(tag)));
        let cells = [sql_text(&stream.name), sql_text(stream.timezone.name())].into_iter().chain(tags);
        format!("    ({})", cells.collect::<Vec<_>>().join(", "))
    });
    rows.collect::<Vec<_>>().join(",\n")
}

fn of_job(subject: &Subject<'_>, job: &Job, views: &JobViews, streams: &str) -> String {
    let columns = reading::of_job(&subject.config.tag_keys);
    let path = format!("getvariable('folder') || {}", sql_text(&format!("/{}", reading::pattern(job))));
    filled(
        JOB,
        &[
            ("title", &job.name),
            ("bucket", bucket(job.time)),
            ("job", &views.job),
            ("parts", &views.parts),
            ("files", &views.files),
            ("columns", &selected(&columns, job)),
            ("source", &reading::source(job.format, &path, &columns, true)),
            ("manifests", &sql_text(&format!("/{}/stream=*/_manifest.json", job.name))),
            ("views", &(grouped(subject, job, views) + &missing(job, views, streams))),
        ],
    )
}

/// What a bucket of a job is, in words.
pub(super) fn bucket(size: BucketSize) -> &'static str {
    match size {
        BucketSize::Hour => "hour",
        BucketSize::Day => "day of UTC",
        BucketSize::Global => "local day",
    }
}

fn selected(columns: &[Typed], job: &Job) -> String {
    columns.iter().map(|column| column.selected(job.format)).collect::<Vec<_>>().join(", ")
}

/// The views that add rows up, each by the columns that it begins with.
fn grouped(subject: &Subject<'_>, job: &Job, views: &JobViews) -> String {
    const DAY: &str = "CAST(date_trunc('day', local_start) AS DATE) AS day";
    const WEEK: &str =
        "CAST(date_trunc('week', local_start) AS DATE) AS week, strftime(local_start, '%G-W%V') AS iso_week";
    let tags = tag_names(subject);
    let stream = [&["stream".to_owned()][..], &tags].concat().join(", ");
    let mut text = String::new();
    let mut add = |about: &str, name: &str, keys: &str, more: &str| {
        text += &format!(
            "\n-- {about}\nCREATE OR REPLACE VIEW {name} AS\nSELECT {keys},\n{}{more}\nFROM {}\nGROUP BY ALL;\n",
            FIGURES.trim_end(),
            views.parts
        );
    };
    if job.time == BucketSize::Hour {
        let keys = format!("{stream}, date_trunc('hour', local_start) AS local_hour, utc_offset");
        add(
            "By local hour. The hour that comes twice in autumn is two, which utc_offset tells apart.",
            &views.by_hour,
            &keys,
            "",
        );
    }
    add("By local day.", &views.by_day, &format!("{stream}, {DAY}"), "");
    add(
        "By ISO week, from Monday. The first and the last one may be cut: look at `buckets`.",
        &views.by_week,
        &format!("{stream}, {WEEK}"),
        "",
    );
    let month = "CAST(date_trunc('month', local_start) AS DATE) AS month";
    add("By local month.", &views.by_month, &format!("{stream}, {month}"), "");
    add(
        "By stream, over all that is published.",
        &views.by_stream,
        &stream,
        ",\n    min(local_start) AS first_start,\n    max(local_start) AS last_start",
    );
    let count = ",\n    count(DISTINCT stream) AS streams";
    add("All streams together, by local day of each camera.", &views.all_by_day, DAY, count);
    for (name, tag) in views.by_tags.iter().zip(&tags) {
        add("The streams of each tag together, by local day.", name, &format!("{tag}, {DAY}"), count);
    }
    if job.time == BucketSize::Hour {
        let keys = "stream, isodow(local_start) AS weekday, hour(local_start) AS hour_of_day";
        let means = ",\n    avg(passing_by) AS mean_passing_by,\n    avg(interested) AS mean_interested";
        let about = "By hour of the week: 1 is Monday. `mean_passing_by` is people in one such hour, unknown hours left out.";
        add(about, &views.hour_of_week, keys, means);
    }
    text
}

/// The buckets that lie between rows and have none.
fn missing(job: &Job, views: &JobViews, streams: &str) -> String {
    let (rows, name) = (&views.job, &views.missing);
    // A day as 24 hours: an interval of a day would be one of the session's zone.
    let step = match job.time {
        BucketSize::Hour => "to_hours(1)",
        BucketSize::Day => "to_hours(24)",
        BucketSize::Global => {
            return format!(
                "\n-- Local days without a row, between the first and the last row of a stream: not known, and not zero.\n\
                 CREATE OR REPLACE VIEW {name} AS\nSELECT stream, CAST(expected AS TIMESTAMP) AS local_start\nFROM (\n    \
                 SELECT stream, CAST(unnest(generate_series(CAST(min(local_start) AS DATE), CAST(max(local_start) AS DATE),\n        \
                 INTERVAL 1 DAY)) AS DATE) AS expected\n    FROM {rows} GROUP BY stream\n) AS span\n\
                 ANTI JOIN {rows} AS known ON known.stream = span.stream AND CAST(known.local_start AS DATE) = expected;\n"
            );
        }
    };
    format!(
        "\n-- Buckets without a row, between the first and the last row of a stream: not known, and not zero.\n\
         CREATE OR REPLACE VIEW {name} AS\nSELECT span.stream, bucket_start, timezone(cameras.timezone, bucket_start) AS local_start\n\
         FROM (\n    SELECT stream, unnest(generate_series(min(bucket_start), max(bucket_start), {step})) AS bucket_start\n    \
         FROM {rows} GROUP BY stream\n) AS span\nANTI JOIN {rows} USING (stream, bucket_start)\n\
         LEFT JOIN {streams} AS cameras ON cameras.stream = span.stream;\n"
    )
}

fn rollups(subject: &Subject<'_>, job: &Job, views: &JobViews) -> String {
    let one = |(target, name): (&crate::rollup::Target, &String)| {
        let key = target.by.as_deref();
        let columns = rollup_columns(key, &subject.config.tag_keys);
        let folder = format!("/{}", target.folder(&job.name).display());
        let pattern = format!("{folder}/{}=*/year=*/{}", key.unwrap_or("stream"), job.format.file_name());
        let path = format!("getvariable('folder') || {}", sql_text(&pattern));
        let selected: Vec<String> = columns
            .iter()
            .map(|column| match &*column.name {
                "local_date" => "CAST(local_date AS DATE) AS local_date".to_owned(),
                _ => column.selected(job.format),
            })
            .collect();
        format!(
            "\n-- Roll-up of job {} to {}, as it is published.\nCREATE OR REPLACE VIEW {name} AS\nSELECT {}\nFROM {};\n",
            job.name,
            target.folder_name(),
            selected.join(", "),
            reading::source(job.format, &path, &columns, false)
        )
    };
    job.rollups.iter().zip(&views.rollups).map(one).collect()
}

/// The columns of a roll-up by the tag of this key, or of each stream by itself.
pub(super) fn rollup_columns(key: Option<&str>, tag_keys: &[String]) -> Vec<Typed> {
    use ColumnKind::{Float, Instant, Integer, Text};
    let tag = |key: &str| Typed::new(&format!("{TAG_PREFIX}{key}"), Text);
    let owner = key.map_or_else(|| Typed::new("stream", Text), tag);
    let period = [
        ("period_start", Instant),
        ("period_end", Instant),
        ("local_date", Text),
        ("buckets_expected", Integer),
        ("buckets_present", Integer),
        ("coverage", Float),
    ];
    let (people, parts) = Count::ALL.split_at(2);
    let counts = |counts: &[Count]| {
        counts.iter().map(|count| Typed::new(count.column_name(), Integer)).collect::<Vec<_>>()
    };
    let means = Mean::ALL.map(|mean| Typed::new(mean.column_name(), Float));
    let tags = tag_keys.iter().filter(|_| key.is_none()).map(|key| tag(key));
    std::iter::once(owner)
        .chain(period.map(|(name, kind)| Typed::new(name, kind)))
        .chain(counts(people))
        .chain(means)
        .chain(counts(parts))
        .chain(tags)
        .collect()
}
