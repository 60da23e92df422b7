//! The project for dbt with dbt-duckdb.

use super::{
    Subject,
    escape::{glob, jinja_text, quoted},
    reading,
    template::filled,
};
use crate::{config::Job, row::Column};

/// `dbt_project.yml`
pub(super) const PROJECT: &str = include_str!("templates/dbt_project.yml");
/// `profiles.yml`
pub(super) const PROFILES: &str = include_str!("templates/profiles.yml");
const SOURCES: &str = include_str!("templates/sources.yml");
const DAILY: &str = include_str!("templates/audience_daily.sql");

/// `sources.yml`: a table for each job, read where it lies.
pub(super) fn sources(subject: &Subject<'_>) -> String {
    let tables: String = subject.config.jobs.iter().map(|job| table(subject, job)).collect();
    filled(SOURCES, &[("tables", &tables)])
}

fn table(subject: &Subject<'_>, job: &Job) -> String {
    let columns = reading::of_job(&subject.config.tag_keys);
    let selected: Vec<String> = columns.iter().map(|column| column.selected(job.format)).collect();
    let source = reading::source(job.format, &format!("'@root@/{}'", reading::pattern(job)), &columns, true);
    // dbt-duckdb formats it with the operator %, after Jinja.
    let table = format!("(SELECT {} FROM {source})", selected.join(", ")).replace('%', "%%");
    let folder = jinja_text(&glob(subject.folder));
    let root = format!(
        "{{{{ env_var('AUDIENCE_FOLDER', {folder}) | replace(\"'\", \"''\") | replace('%', '%%') }}}}"
    );
    let table = filled(&table, &[("root", &root)]);
    let mut text = format!(
        "      - name: {}\n        description: {}\n        config:\n          meta:\n            formatter: oldstyle\n            \
         external_location: {}\n        columns:\n",
        quoted(&job.name),
        quoted(&format!("One row for each stream and {}.", super::views::bucket(job.time))),
        quoted(&table),
    );
    for column in crate::row::columns(subject.config.tag_keys.iter().map(String::as_str)) {
        text += &format!("          - name: {}\n", quoted(&column.name()));
        if column == Column::BucketStart {
            text += "            data_tests: [not_null]\n";
        }
    }
    text
}

/// `audience_daily.sql`: people and weighted means by local day.
pub(super) fn daily(subject: &Subject<'_>) -> String {
    filled(DAILY, &[("job", &jinja_text(&subject.config.jobs[subject.example()].name))])
}
