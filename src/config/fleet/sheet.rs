//! CSV as spreadsheets save it: with a byte order mark, semicolons, blank rows and padded cells.

use csv::{ReaderBuilder, StringRecord, Trim};

use super::columns;
use crate::config::report::{Lines, Mismatch, Place, quoted};

/// A header and the rows below it, none of them blank.
pub(super) struct Sheet {
    label: String,
    header: Row,
    rows: Vec<Row>,
}

/// The cells of one row, trimmed.
pub(super) struct Row {
    line: usize,
    cells: StringRecord,
}

impl Row {
    /// The cell in `column`, counted from 0; empty where the row is too short.
    pub(super) fn cell(&self, column: usize) -> &str {
        self.cells.get(column).unwrap_or_default()
    }

    /// Every cell that is not empty, with its column.
    pub(super) fn cells(&self) -> impl Iterator<Item = (usize, &str)> {
        self.cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty())
    }
}

impl Sheet {
    /// Reads `content`; messages call it `label`.
    pub(super) fn parse(label: &str, content: &str) -> Result<Self, Mismatch> {
        let mismatch =
            |reason: &str| Mismatch::new("a CSV file with a header", format!("{} ({reason})", quoted(label)));
        let mut rows = rows(content).map_err(|_| mismatch("it is not CSV"))?.into_iter();
        let header = rows.next().ok_or_else(|| mismatch("it is empty"))?;
        if !columns::is_header(&header) {
            return Err(mismatch("its first row names no column"));
        }
        Ok(Self { label: label.to_owned(), header, rows: rows.collect() })
    }

    /// The names of the columns.
    pub(super) fn header(&self) -> &Row {
        &self.header
    }

    /// Every row below the header.
    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Where the column of this name is.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.header.cells().find(|(_, cell)| *cell == name).map(|(column, _)| column)
    }

    /// How messages call a cell. It has no line in the TOML file.
    pub(super) fn place(&self, row: &Row, column: &str) -> Place {
        Place { key: format!("{} line {}, column {column}", self.label, row.line), line: None }
    }
}

/// Every row that is not blank.
fn rows(content: &str) -> Result<Vec<Row>, csv::Error> {
    let content = content.strip_prefix('\u{feff}').unwrap_or(content);
    let lines = Lines::new(content);
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .delimiter(delimiter(content))
        .flexible(true)
        .trim(Trim::All)
        .from_reader(content.as_bytes());
    let mut rows = Vec::new();
    for record in reader.records() {
        let cells = record?;
        let row = Row { line: lines.of(first_byte(content, &cells)), cells };
        if row.cells().next().is_some() {
            rows.push(row);
        }
    }
    Ok(rows)
}

/// Semicolon where the first line with anything in it has one and has no comma.
fn delimiter(content: &str) -> u8 {
    let header = content.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    if header.contains(';') && !header.contains(',') { b';' } else { b',' }
}

/// Where the record begins: the reader's position lies before the empty lines that it passed over.
fn first_byte(content: &str, cells: &StringRecord) -> usize {
    let position = cells.position().map_or(0, csv::Position::byte);
    let start = usize::try_from(position).unwrap_or(content.len());
    let rest = content.get(start..).unwrap_or_default();
    start + (rest.len() - rest.trim_start_matches(['\r', '\n']).len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(content: &str) -> Vec<(usize, Vec<String>)> {
        let rows = rows(content).unwrap();
        rows.iter().map(|row| (row.line, row.cells.iter().map(str::to_owned).collect())).collect()
    }

    #[test]
    fn lines_are_those_that_an_editor_shows() {
        let content = "\n\nname,b\n\n,,\nx, 1 \r\n\r\n\"two\nlines\",2\ny\n \nz,3";
        let rows: Vec<(usize, String)> =
            parsed(content).into_iter().map(|(line, cells)| (line, cells[0].clone())).collect();
        let expected = [(3, "name"), (6, "x"), (8, "two\nlines"), (10, "y"), (12, "z")];
        assert_eq!(rows, expected.map(|(line, name)| (line, name.to_owned())));
    }

    #[test]
    fn a_spreadsheet_of_any_country_is_read_the_same() {
        let comma = parsed("name,tag_x\nlobby,a\n");
        assert_eq!(parsed("\u{feff}name;tag_x\r\nlobby ; a\r\n;\r\n"), comma);
        assert_eq!(parsed("\"name\";\"tag_x\"\n\"lobby\";a"), comma);
        assert_eq!(
            comma,
            [(1, vec!["name".to_owned(), "tag_x".to_owned()]), (2, vec!["lobby".to_owned(), "a".to_owned()])]
        );
    }
}
