//! `dictionary.csv` and `dictionary.md`: what every column is, written from the list that files are written from.

use super::{Subject, escape, views::rollup_columns};
use crate::row::{Column, ColumnKind, Count, Mean, columns};

const HEADER: [&str; 9] = [
    "column",
    "parquet_type",
    "csv",
    "csv_excel_eu",
    "unit",
    "meaning",
    "empty_means",
    "add_up_by",
    "example",
];

const NEVER_EMPTY: &str = "never empty";
const UNKNOWN: &str = "not asked or not known; never zero";

/// What is to be said of a column, beside what follows from its kind.
struct Entry {
    name: String,
    kind: ColumnKind,
    unit: &'static str,
    meaning: String,
    empty: &'static str,
    adding: &'static str,
    example: &'static str,
}

/// The same as a table for programs; the first column says of which files.
pub(super) fn csv(subject: &Subject<'_>) -> String {
    let mut lines = vec![line("files", &HEADER.map(str::to_owned))];
    lines.extend(of_jobs(subject).iter().map(|entry| line("jobs", &entry.cells())));
    lines.extend(of_rollups(subject).iter().map(|entry| line("roll-ups", &entry.cells())));
    lines.concat()
}

fn line(files: &str, cells: &[String]) -> String {
    let cells: Vec<String> =
        std::iter::once(files).chain(cells.iter().map(String::as_str)).map(escape::csv).collect();
    cells.join(",") + "\n"
}

/// The same for people.
pub(super) fn markdown(subject: &Subject<'_>) -> String {
    let mut text = String::from(
        "# What the columns are\n\nEvery file has every column, in this order, whatever was asked. An empty cell is null in \
         Parquet and an empty field in CSV.\n\n## Files of jobs\n",
    );
    text += &table(&of_jobs(subject));
    let rollups = of_rollups(subject);
    if !rollups.is_empty() {
        text +=
            "\n## Roll-ups\n\nThose by a tag begin with that tag in place of `stream`, and have no other.\n";
        text += &table(&rollups);
    }
    text
}

fn table(entries: &[Entry]) -> String {
    let row = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = "\n".to_owned() + &row(&HEADER.map(|name| name.replace('_', " ")));
    text += &row(&HEADER.map(|_| "---".to_owned()));
    for entry in entries {
        text += &row(&entry.cells().map(|cell| escape::markdown(&cell)));
    }
    text
}

fn of_jobs(subject: &Subject<'_>) -> Vec<Entry> {
    columns(subject.config.tag_keys.iter().map(String::as_str)).iter().map(Entry::of).collect()
}

fn of_rollups(subject: &Subject<'_>) -> Vec<Entry> {
    if subject.config.jobs.iter().all(|job| job.rollups.is_empty()) {
        return Vec::new();
    }
    let of_jobs = |name: &str| of_jobs(subject).into_iter().find(|entry| entry.name == name);
    let columns = rollup_columns(None, &subject.config.tag_keys);
    columns
        .into_iter()
        .filter_map(|column| of_jobs(&column.name).or_else(|| Entry::of_rollup(&column.name, column.kind)))
        .collect()
}

impl Entry {
    fn of(column: &Column) -> Self {
        let (unit, meaning, empty, adding, example) = match column {
            Column::Stream => {
                ("", "the camera's name in the configuration".to_owned(), NEVER_EMPTY, "group by it", "lobby")
            }
            Column::BucketStart => (
                "",
                "the first instant of the bucket".to_owned(),
                NEVER_EMPTY,
                "group by it",
                "2026-11-21T13:00:00Z",
            ),
            Column::BucketEnd => {
                ("", "the first instant after the bucket".to_owned(), NEVER_EMPTY, "", "2026-11-21T14:00:00Z")
            }
            Column::LocalStart => (
                "",
                "the start on the wall clock at the camera; days, weeks and months are those of this column"
                    .to_owned(),
                NEVER_EMPTY,
                "group by it",
                "2026-11-21T14:00:00",
            ),
            Column::UtcOffset => (
                "",
                "the offset of that wall clock, which tells the two hours of one name in autumn apart"
                    .to_owned(),
                NEVER_EMPTY,
                "",
                "+01:00",
            ),
            Column::Count(count) => ("people", meaning_of(*count).to_owned(), UNKNOWN, "sum", "12"),
            Column::Mean(mean) => (
                "seconds",
                mean_meaning(*mean).to_owned(),
                "not known, or nobody was interested",
                "mean weighted by interested, where both are known; never sum or plain average",
                "12.5",
            ),
            Column::Satisfaction => (
                "",
                "the metric's JSON as the service sent it; its meaning is documented nowhere".to_owned(),
                "not asked or not sent",
                "cannot be",
                r#"{"value":0.4}"#,
            ),
            Column::Extras => (
                "",
                "JSON object of whatever else the bucket held".to_owned(),
                "nothing else",
                "cannot be",
                "{}",
            ),
            Column::Tag(key) => (
                "",
                format!("the tag {key} of the stream in the configuration"),
                "the stream has no such tag",
                "group by it",
                "paris-nord",
            ),
        };
        Self { name: column.name(), kind: column.kind(), unit, meaning, empty, adding, example }
    }

    /// Of a column that only roll-ups have.
    fn of_rollup(name: &str, kind: ColumnKind) -> Option<Self> {
        let (unit, meaning, adding, example) = match name {
            "period_start" => (
                "",
                "the first instant of the local day, week or month",
                "group by it",
                "2026-11-15T23:00:00Z",
            ),
            "period_end" => ("", "the first instant after it", "", "2026-11-22T23:00:00Z"),
            "local_date" => ("", "its first local day; weeks begin on Monday", "group by it", "2026-11-16"),
            "buckets_expected" => {
                ("buckets", "buckets of the whole period, of all streams together", "sum", "168")
            }
            "buckets_present" => ("buckets", "those that have a row", "sum", "167"),
            "coverage" => ("share", "present / expected", "divide the sums of the two", "0.994"),
            _ => return None,
        };
        Some(Self {
            name: name.to_owned(),
            kind,
            unit,
            meaning: meaning.to_owned(),
            empty: NEVER_EMPTY,
            adding,
            example,
        })
    }

    fn cells(&self) -> [String; 9] {
        let (parquet, csv, excel) = match self.kind {
            ColumnKind::Text if self.name == "utc_offset" => {
                ("string", "text", "text with UTC before it, such as UTC+01:00")
            }
            ColumnKind::Text => ("string", "text", "text; ' before it where it would be a formula"),
            ColumnKind::Instant => (
                "timestamp(µs, UTC)",
                "2026-11-21T13:00:00Z",
                "local, with offset: 2026-11-21T14:00:00+01:00",
            ),
            ColumnKind::WallClock => ("timestamp(µs), no zone", "2026-11-21T14:00:00", "2026-11-21 14:00:00"),
            ColumnKind::Integer => ("int64", "integer", "integer"),
            ColumnKind::Float => ("float64", "12.5", "12,5"),
        };
        let Self { name, unit, meaning, empty, adding, example, .. } = self;
        [name, parquet, csv, excel, unit, meaning, empty, adding, example].map(ToString::to_string)
    }
}

fn meaning_of(count: Count) -> &'static str {
    match count {
        Count::PassingBy => {
            "who passed by the camera; one person may count in two buckets: these are contacts"
        }
        Count::Interested => "those of them who looked",
        Count::CategorySeniorFemale => "interested people taken for senior and female",
        Count::CategorySeniorMale => "interested people taken for senior and male",
        Count::CategoryYoungFemale => "interested people taken for young and female",
        Count::CategoryYoungMale => {
            "interested people taken for young and male; who has no age or no gender is in none of the four"
        }
        Count::GenderFemale => "interested people taken for female",
        Count::GenderMale => "interested people taken for male",
        Count::GenderUnknown => "interested people whose gender was not found out",
    }
}

fn mean_meaning(mean: Mean) -> &'static str {
    match mean {
        Mean::StopTime => "how long an interested person stopped, on average",
        Mean::AttentionTime => "how long an interested person looked, on average",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_named_as_in_files() {
        assert_eq!(Entry::of(&Column::Tag("site".to_owned())).name, "tag_site");
    }

    #[test]
    fn every_column_of_a_roll_up_is_described() {
        for column in rollup_columns(None, &["site".to_owned()]) {
            let of_job = columns(["site"]).iter().any(|known| known.name() == column.name);
            assert!(of_job || Entry::of_rollup(&column.name, column.kind).is_some(), "{}", column.name);
        }
    }
}
