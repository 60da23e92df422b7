//! The analyst's kit: files that open the published ones in the tools of analysts, made from the configuration alone. Pure:
//! what is written where, and what may be overwritten, is a matter of the caller and of [`Record`].

mod dbt;
mod dictionary;
mod escape;
mod examples;
mod guide;
mod queries;
mod reading;
mod record;
mod template;
#[cfg(test)]
mod tests;
mod views;

pub use record::{RECORD, Record};

use crate::config::{Config, Job};

/// What a kit is made for.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The absolute path of the output folder.
    pub folder: &'a str,
}

/// A file of a kit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KitFile {
    /// Relative to the folder of the kit.
    pub path: &'static str,
    /// Its text.
    pub text: String,
}

impl Subject<'_> {
    /// The job that examples are about: the first one of hours, or the first one.
    fn example(&self) -> usize {
        let is_hourly = |job: &std::sync::Arc<Job>| job.time == crate::time::BucketSize::Hour;
        self.config.jobs.iter().position(is_hourly).unwrap_or(0)
    }
}

/// Every file of the kit but its [`RECORD`], in the order in which a person reads them. The same configuration makes the same
/// texts.
pub fn files(subject: Subject<'_>) -> Vec<KitFile> {
    let subject = &subject;
    let file = |path, text: String| KitFile { path, text: text.trim_end().to_owned() + "\n" };
    vec![
        file("README.md", guide::readme(subject)),
        file("dictionary.md", dictionary::markdown(subject)),
        file("dictionary.csv", dictionary::csv(subject)),
        file("views.sql", views::text(subject)),
        file("queries.sql", queries::text(subject)),
        file("pandas_example.py", examples::pandas(subject)),
        file("polars_example.py", examples::polars(subject)),
        file("excel-and-power-bi.md", guide::spreadsheets(subject)),
        file("dbt/dbt_project.yml", dbt::PROJECT.to_owned()),
        file("dbt/profiles.yml", dbt::PROFILES.to_owned()),
        file("dbt/models/sources.yml", dbt::sources(subject)),
        file("dbt/models/audience_daily.sql", dbt::daily(subject)),
    ]
}
