//! The columns of a roll-up.

use chrono_tz::Tz;

use super::RollupRow;
use crate::{
    row::{ColumnKind, Count, FileContext, Mean, TAG_PREFIX},
    sink::{Cell, EncodeError, FileFormat, Table, TableColumn},
};

/// Whose figures a file holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Owner<'a> {
    /// One stream: its name comes first, its tags last.
    Stream(&'a FileContext),
    /// Streams whose tag of this key has this value, which comes first.
    Group { key: &'a str, value: Option<&'a str> },
}

/// What a row holds besides its owner, in order.
enum Figure {
    Start,
    End,
    LocalDate,
    Expected,
    Present,
    Coverage,
    Count(Count),
    Mean(Mean),
}

use Figure::{Coverage, End, Expected, LocalDate, Present, Start};

/// Counts and means as the files of a job have them.
const FIGURES: [Figure; 17] = [
    Start,
    End,
    LocalDate,
    Expected,
    Present,
    Coverage,
    Figure::Count(Count::PassingBy),
    Figure::Count(Count::Interested),
    Figure::Mean(Mean::StopTime),
    Figure::Mean(Mean::AttentionTime),
    Figure::Count(Count::CategorySeniorFemale),
    Figure::Count(Count::CategorySeniorMale),
    Figure::Count(Count::CategoryYoungFemale),
    Figure::Count(Count::CategoryYoungMale),
    Figure::Count(Count::GenderFemale),
    Figure::Count(Count::GenderMale),
    Figure::Count(Count::GenderUnknown),
];

impl Figure {
    fn column(&self) -> TableColumn {
        let (name, kind, is_nullable) = match self {
            Start => ("period_start", ColumnKind::Instant, false),
            End => ("period_end", ColumnKind::Instant, false),
            LocalDate => ("local_date", ColumnKind::Text, false),
            Expected => ("buckets_expected", ColumnKind::Integer, false),
            Present => ("buckets_present", ColumnKind::Integer, false),
            Coverage => ("coverage", ColumnKind::Float, false),
            Figure::Count(count) => (count.column_name(), ColumnKind::Integer, true),
            Figure::Mean(mean) => (mean.column_name(), ColumnKind::Float, true),
        };
        TableColumn { name: name.to_owned(), kind, is_nullable, repeats: false }
    }

    fn cell<'a>(&self, row: &'a RollupRow) -> Cell<'a> {
        let integer = |number: u64| Cell::Integer(i64::try_from(number).unwrap_or(i64::MAX));
        match self {
            Start => Cell::Instant(row.range.start()),
            End => Cell::Instant(row.range.end()),
            LocalDate => Cell::Text(&row.local_date),
            Expected => integer(row.expected),
            Present => integer(row.totals.buckets),
            Coverage => Cell::Float(row.coverage()),
            Figure::Count(count) => row.totals.count(*count).map_or(Cell::Null, Cell::Integer),
            Figure::Mean(mean) => row.totals.mean(*mean).map_or(Cell::Null, Cell::Float),
        }
    }
}

/// A column that holds the same text in every row.
struct Label<'a> {
    name: String,
    is_nullable: bool,
    cell: Cell<'a>,
}

impl<'a> Label<'a> {
    fn tag(key: &str, value: Option<&'a str>) -> Self {
        Self { name: format!("{TAG_PREFIX}{key}"), is_nullable: true, cell: Cell::text(value) }
    }

    fn column(&self) -> TableColumn {
        let (name, is_nullable) = (self.name.clone(), self.is_nullable);
        TableColumn { name, kind: ColumnKind::Text, is_nullable, repeats: true }
    }
}

impl<'a> Owner<'a> {
    /// What stands before the figures, and what behind them.
    fn labels(self) -> (Label<'a>, Vec<Label<'a>>) {
        match self {
            Self::Stream(context) => {
                let cell = Cell::Text(&context.stream);
                let tags = context.tags.iter().map(|(key, value)| Label::tag(key, value.as_deref()));
                (Label { name: "stream".to_owned(), is_nullable: false, cell }, tags.collect())
            }
            Self::Group { key, value } => (Label::tag(key, value), Vec::new()),
        }
    }
}

/// The bytes of a file with these rows, whose periods are those of `zone`.
pub(super) fn encode(
    format: FileFormat,
    zone: Tz,
    owner: Owner<'_>,
    rows: &[RollupRow],
) -> Result<Vec<u8>, EncodeError> {
    let (before, behind) = owner.labels();
    let figures = FIGURES.iter().map(Figure::column);
    let columns = [before.column()].into_iter().chain(figures).chain(behind.iter().map(Label::column));
    let cells = |row| {
        let figures = FIGURES.iter().map(|figure| figure.cell(row));
        [before.cell].into_iter().chain(figures).chain(behind.iter().map(|label| label.cell)).collect()
    };
    format.encode_table(&Table { zone, columns: columns.collect(), rows: rows.iter().map(cells).collect() })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use chrono::{DateTime, TimeDelta};
    use parquet::file::reader::{FileReader, SerializedFileReader};

    use super::*;
    use crate::{
        row::{Row, Totals},
        sink::ParquetCompression,
        time::TimeRange,
    };

    #[test]
    fn parquet_has_the_documented_types() {
        let start = DateTime::from_timestamp(1_792_890_000, 0).unwrap();
        let range = TimeRange::new(start, start + TimeDelta::days(1)).unwrap();
        let totals = Totals::of(&[Row::new(start, start + TimeDelta::hours(1))]);
        let row = RollupRow { range, local_date: "2026-10-24".to_owned(), expected: 24, totals };
        let owner = Owner::Group { key: "site", value: None };
        let file = encode(FileFormat::Parquet(ParquetCompression::Zstd), Tz::UTC, owner, &[row]).unwrap();
        let reader = SerializedFileReader::new(Bytes::from(file)).unwrap();
        let mut schema = Vec::new();
        parquet::schema::printer::print_schema(&mut schema, reader.metadata().file_metadata().schema());
        let schema = String::from_utf8(schema).unwrap();
        let expected = "message schema {\n  OPTIONAL BYTE_ARRAY tag_site (STRING);\n  \
            REQUIRED INT64 period_start (TIMESTAMP(MICROS,true));\n  \
            REQUIRED INT64 period_end (TIMESTAMP(MICROS,true));\n  REQUIRED BYTE_ARRAY local_date (STRING);\n  \
            REQUIRED INT64 buckets_expected;\n  REQUIRED INT64 buckets_present;\n  REQUIRED DOUBLE coverage;\n  \
            OPTIONAL INT64 passing_by;\n  OPTIONAL INT64 interested;\n  OPTIONAL DOUBLE stop_time_seconds;\n";
        assert!(schema.starts_with(expected), "{schema}");
        let row = reader.get_row_iter(None).unwrap().next().unwrap().unwrap().to_string();
        assert!(row.starts_with("{tag_site: null, period_start: 2026-10-25 "), "{row}");
        assert!(row.contains("buckets_expected: 24, buckets_present: 1, coverage: 0.041666"), "{row}");
    }
}
