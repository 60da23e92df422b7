//! `pandas_example.py` and `polars_example.py`.

use super::{Subject, escape::quoted, reading::pattern, template::filled};
use crate::{config::Job, sink::FileFormat};

const PANDAS: &str = include_str!("templates/pandas_example.py");
const POLARS: &str = include_str!("templates/polars_example.py");

/// For pandas.
pub(super) fn pandas(subject: &Subject<'_>) -> String {
    example(subject, PANDAS)
}

/// For Polars.
pub(super) fn polars(subject: &Subject<'_>) -> String {
    example(subject, POLARS)
}

fn example(subject: &Subject<'_>, template: &str) -> String {
    let jobs = &subject.config.jobs;
    filled(
        template,
        &[
            ("folder", &quoted(subject.folder)),
            ("job", &quoted(&jobs[subject.example()].name)),
            ("jobs", &jobs.iter().map(|job| entry(job)).collect::<String>()),
            ("tags", &tags(subject)),
        ],
    )
}

/// A line of a dictionary of Python: where the files of a job lie below its folder, and in which profile they are.
fn entry(job: &Job) -> String {
    let kind = match job.format {
        FileFormat::Parquet(_) => "parquet",
        FileFormat::Csv(_) => "csv",
        FileFormat::ExcelEu(_) => "excel-eu",
    };
    format!("    {}: ({}, {}),\n", quoted(&job.name), quoted(&pattern(job)), quoted(kind))
}

fn tags(subject: &Subject<'_>) -> String {
    let tags: Vec<String> = subject.config.tag_keys.iter().map(|key| quoted(&format!("tag_{key}"))).collect();
    tags.join(", ")
}
