//! `README.md` and the notes for spreadsheets.

use super::{
    Subject,
    escape::{code, markdown},
    reading::pattern,
    template::filled,
    views::{ViewNames, bucket},
};
use crate::{
    config::Job,
    rollup::Target,
    sink::{CsvProfile, FileFormat},
};

const README: &str = include_str!("templates/README.md");
const SPREADSHEETS: &str = include_str!("templates/excel-and-power-bi.md");

/// What is what.
pub(super) fn readme(subject: &Subject<'_>) -> String {
    let mut names = ViewNames::new(subject);
    let views = names.of_jobs(subject);
    let example = &views[subject.example()];
    let jobs = subject.config.jobs.iter();
    filled(
        README,
        &[
            ("folder", &code(subject.folder)),
            ("jobs", &jobs.clone().map(|job| line(job)).collect::<String>()),
            (
                "rollups",
                &jobs
                    .flat_map(|job| job.rollups.iter().map(|target| rollup(job, target)))
                    .collect::<String>(),
            ),
            ("by_day", &example.by_day),
            ("by_week", &example.by_week),
            ("streams", &names.streams()),
        ],
    )
}

fn line(job: &Job) -> String {
    let (name, metrics) = (markdown(&job.name), job.metrics.to_parameter().replace(',', ", "));
    let count = job.streams.len();
    format!(
        "| {name} | {} | {count} | {} | {} | {} |\n",
        bucket(job.time),
        code(&pattern(job)),
        described(job.format),
        markdown(&metrics)
    )
}

fn described(format: FileFormat) -> &'static str {
    match format {
        FileFormat::Parquet(_) => "Parquet",
        FileFormat::Csv(_) => "CSV (RFC 4180)",
        FileFormat::ExcelEu(_) => "CSV for Excel (`excel-eu`)",
    }
}

fn rollup(job: &Job, target: &Target) -> String {
    let key = target.by.as_deref().unwrap_or("stream");
    let pattern = format!("{}/{key}=*/year=*/{}", target.folder(&job.name).display(), job.format.file_name());
    format!(
        "- {}: job {} by {}\n",
        code(&pattern),
        markdown(&job.name),
        markdown(&target.folder_name().replace('-', " "))
    )
}

/// How to open the files of each job in Excel and Power BI.
pub(super) fn spreadsheets(subject: &Subject<'_>) -> String {
    let jobs = &subject.config.jobs;
    let best = jobs.iter().find(|job| matches!(job.format, FileFormat::ExcelEu(_)));
    let advice = match best {
        Some(job) => format!("The job {} writes such files.", markdown(&job.name)),
        None => format!(
            "No job here writes such files yet. Give one of them `format = \"csv\"` and `csv_profile = \"{}\"`, or add a job \
             that has both.",
            CsvProfile::ExcelEu.as_str()
        ),
    };
    filled(SPREADSHEETS, &[("advice", &advice), ("folder", &code(subject.folder))])
}
