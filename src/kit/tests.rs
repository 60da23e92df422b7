//! Kits of whole configurations. That their files run in the tools that they are for is proved by `tests/kit/run`.

use std::path::Path;

use super::*;

const STREAMS: &str = r#"output_dir = "data"
state_dir = "state"
timezone = "Europe/Paris"
[[streams]]
name = "2024"
username = "ops@example.com"
client_id = "1111"
access_token = "planted"
tags = { site = "l'\"Est\"; DROP TABLE x --\n", zone = "=1+1" }
"#;

fn kit(jobs: &str, folder: &str) -> Vec<KitFile> {
    let config = match Config::parse(&format!("{STREAMS}{jobs}"), Path::new("exporter.toml")) {
        Ok(config) => config,
        Err(error) => panic!("{error}"),
    };
    let made = files(Subject { config: &config, folder });
    assert_eq!(made, files(Subject { config: &config, folder }), "not the same again");
    made
}

#[track_caller]
fn text<'k>(kit: &'k [KitFile], path: &str) -> &'k str {
    &kit.iter().find(|file| file.path == path).unwrap().text
}

const JOBS: &str = r#"
[[jobs]]
name = "hourly"
partition = "month"
rollup = ["week"]
rollup_by = ["site"]
[[jobs]]
name = "hourly_by_day"
format = "csv"
csv_profile = "excel-eu"
compression = "zstd"
[[jobs]]
name = "select"
time = "global"
format = "csv"
compression = "gzip"
partition = "year"
"#;

#[test]
fn every_place_of_every_template_is_filled_and_nothing_secret_is_told() {
    for file in kit(JOBS, "/srv/data") {
        let left = file.text.lines().find(|line| line.contains('@'));
        assert_eq!(left, None, "{}", file.path);
        for secret in ["planted", "ops", "1111"] {
            assert!(!file.text.contains(secret), "{} in {}", secret, file.path);
        }
        assert!(file.text.ends_with('\n') && !file.text.ends_with("\n\n"), "{}", file.path);
    }
}

#[test]
fn views_read_exactly_the_published_files() {
    let kit = kit(JOBS, "/srv/o'brien [1]");
    let views = text(&kit, "views.sql");
    for expected in [
        "SET VARIABLE folder = '/srv/o''brien [[]1]';",
        "FROM read_parquet(getvariable('folder') || '/hourly/stream=*/month=*/data.parquet', hive_partitioning = true,",
        "FROM read_csv(getvariable('folder') || '/hourly_by_day/stream=*/date=*/data.csv.zst', ",
        "delim = ';', decimal_separator = ',', ",
        "\"utc_offset\"[4:] AS \"utc_offset\"",
        "'/select/stream=*/year=*/data.csv.gz', ",
        "delim = ',', quote",
        "'/_rollup/hourly/week/stream=*/year=*/data.parquet', hive_partitioning = false)",
        "'/_rollup/hourly/week-by-site/site=*/year=*/data.parquet', hive_partitioning = false)",
        "('2024', 'Europe/Paris', 'l''\"Est\"; DROP TABLE x --\n', '=1+1')",
    ] {
        assert!(views.contains(expected), "no {expected} in {views}");
    }
}

/// A view of a job gives way to a job of the same name.
#[test]
fn no_view_replaces_another() {
    let kit = kit(JOBS, "/srv/data");
    let made = text(&kit, "views.sql").split("CREATE OR REPLACE VIEW ").skip(1);
    let mut names: Vec<&str> = made.map(|rest| rest.split(" AS").next().unwrap()).collect();
    assert!(names.contains(&"\"hourly_by_day\"") && names.contains(&"\"hourly_by_day_\""), "{names:?}");
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(text(&kit, "queries.sql").contains("FROM \"hourly_by_day_\"\n"));
}

#[test]
fn what_a_job_does_not_have_is_not_there() {
    let days = "[[jobs]]\nname = \"days\"\ntime = \"global\"\n";
    let kit = kit(days, "/srv/data");
    for path in ["views.sql", "queries.sql"] {
        assert!(
            !text(&kit, path).contains("hour_of_week") && !text(&kit, path).contains("_by_hour"),
            "{path}"
        );
    }
    assert!(!text(&kit, "dictionary.csv").contains("roll-ups"));
    assert!(text(&kit, "excel-and-power-bi.md").contains("No job here writes such files yet"));
}

#[test]
fn the_dictionary_has_every_column_in_order() {
    let kit = kit(JOBS, "/srv/data");
    let mut reader = csv::Reader::from_reader(text(&kit, "dictionary.csv").as_bytes());
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let of = |files: &str| -> Vec<String> {
        records.iter().filter(|record| &record[0] == files).map(|record| record[1].to_owned()).collect()
    };
    let columns = crate::row::columns(["site", "zone"]);
    assert_eq!(of("jobs"), columns.iter().map(crate::row::Column::name).collect::<Vec<_>>());
    assert_eq!(of("roll-ups")[..3], ["stream", "period_start", "period_end"]);
    let lines = text(&kit, "dictionary.md").lines().filter(|line| line.starts_with("| ")).count();
    // Two tables have a header and a line below it.
    assert_eq!(lines, records.len() + 4);
}

/// The job without a format of its own is the default, and the profile is told to Python and dbt as well.
#[test]
fn python_and_dbt_know_the_profile() {
    let kit = kit(JOBS, "/srv/100%/{{ x }}");
    for path in ["pandas_example.py", "polars_example.py"] {
        let script = text(&kit, path);
        assert!(
            script.contains(
                "\"hourly_by_day\": (\"hourly_by_day/stream=*/date=*/data.csv.zst\", \"excel-eu\"),"
            ),
            "{script}"
        );
        assert!(script.contains("FOLDER = \"/srv/100%/{{ x }}\"\n"), "{script}");
    }
    let sources = text(&kit, "dbt/models/sources.yml");
    assert!(sources.contains("env_var('AUDIENCE_FOLDER', '/srv/100%/{{ x }}')"), "{sources}");
    assert!(sources.contains("LIKE '''%%'"), "{sources}");
}
