//! How DuckDB reads the files of a job: exact names in exact folders, with the types of every column. What else lies among
//! them (manifests, the journal of changes, files set aside) matches no pattern.

use super::escape::{sql_name, sql_text};
use crate::{
    config::Job,
    row::{Column, ColumnKind, columns},
    sink::{CsvProfile, FileFormat},
};

/// A column as DuckDB is told of it.
pub(super) struct Typed {
    pub(super) name: String,
    pub(super) kind: ColumnKind,
    /// Whether it is an offset, which has a form of its own in the profile for Excel.
    pub(super) is_offset: bool,
}

/// The columns of a job's files, in order.
pub(super) fn of_job(tag_keys: &[String]) -> Vec<Typed> {
    let all = columns(tag_keys.iter().map(String::as_str));
    all.iter().map(Typed::of).collect()
}

/// Below the folder of a job.
pub(super) fn pattern(job: &Job) -> String {
    format!("{}/stream=*/{}=*/{}", job.name, job.partition.folder_key(), job.format.file_name())
}

/// A table of these columns. `path` is an expression of SQL for a pattern of file names. Where `is_hive`, the names of
/// folders tell which files hold a stream; then no other file is opened to look for it.
pub(super) fn source(format: FileFormat, path: &str, columns: &[Typed], is_hive: bool) -> String {
    // A stream may be called 2024, which is a text.
    let hive = if is_hive {
        "hive_partitioning = true, hive_types_autocast = false"
    } else {
        "hive_partitioning = false"
    };
    match format {
        FileFormat::Parquet(_) => format!("read_parquet({path}, {hive})"),
        FileFormat::Csv(_) => csv(path, CsvProfile::Standard, columns, hive),
        FileFormat::ExcelEu(_) => csv(path, CsvProfile::ExcelEu, columns, hive),
    }
}

fn csv(path: &str, profile: CsvProfile, columns: &[Typed], hive: &str) -> String {
    let dialect = match profile {
        CsvProfile::Standard => "delim = ','",
        CsvProfile::ExcelEu => "delim = ';', decimal_separator = ','",
    };
    let columns: Vec<String> = columns
        .iter()
        .map(|column| format!("{}: {}", sql_text(&column.name), sql_text(column.sql_type())))
        .collect();
    format!(
        "read_csv({path}, {hive}, auto_detect = false, header = true, {dialect}, quote = '\"', escape = '\"', columns = {{{}}})",
        columns.join(", ")
    )
}

impl Typed {
    /// A column that is no column of a job.
    pub(super) fn new(name: &str, kind: ColumnKind) -> Self {
        Self { name: name.to_owned(), kind, is_offset: false }
    }

    fn of(column: &Column) -> Self {
        let is_offset = *column == Column::UtcOffset;
        Self { name: column.name(), kind: column.kind(), is_offset }
    }

    /// Its type in DuckDB.
    pub(super) fn sql_type(&self) -> &'static str {
        match self.kind {
            ColumnKind::Text => "VARCHAR",
            ColumnKind::Instant => "TIMESTAMP WITH TIME ZONE",
            ColumnKind::WallClock => "TIMESTAMP",
            ColumnKind::Integer => "BIGINT",
            ColumnKind::Float => "DOUBLE",
        }
    }

    /// What selects it from [`source`], as it is in every other format.
    pub(super) fn selected(&self, format: FileFormat) -> String {
        let name = sql_name(&self.name);
        let is_excel = matches!(format, FileFormat::ExcelEu(_));
        match self.kind {
            _ if is_excel && self.is_offset => format!("{name}[4:] AS {name}"),
            // No text begins with what stands before formulas: before such a text it stands twice.
            ColumnKind::Text if is_excel && self.name != "stream" => {
                format!("CASE WHEN {name} LIKE '''%' THEN {name}[2:] ELSE {name} END AS {name}")
            }
            _ => name,
        }
    }
}
