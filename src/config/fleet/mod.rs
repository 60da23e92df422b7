//! `streams_file`: a fleet of streams, one row each, kept in a spreadsheet and saved as CSV.

mod columns;
mod sheet;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use chrono_tz::Tz;

use self::{
    columns::{Columns, TokenColumns},
    sheet::{Row, Sheet},
};
use super::{
    SecretSource, Stream,
    names::Names,
    problem::reason,
    reference,
    report::{Mismatch, Report, Reported, quoted},
    rules,
    section::Section,
    streams::Context,
};

/// Reads the streams of the spreadsheet that `streams_file` names; none where it names none.
pub(super) fn read(root: &mut Section<'_>, context: &Context<'_>, names: &mut Names) -> Vec<Stream> {
    match root.optional_text("streams_file", |text| open(text, context)) {
        Ok(Some((sheet, folder))) => {
            let (timezone, report) = (context.timezone, root.report());
            Fleet { sheet: &sheet, folder: &folder, timezone, names, report }.streams()
        }
        Ok(None) => Vec::new(),
        Err(Reported { .. }) => {
            names.miss();
            Vec::new()
        }
    }
}

/// The spreadsheet, and the folder in which its relative paths start.
fn open(label: &str, context: &Context<'_>) -> Result<(Sheet, PathBuf), Mismatch> {
    let path = rules::path(label, context.base)?;
    let text = (context.read_sheet)(&path).map_err(|error| {
        Mismatch::new("a CSV file in UTF-8", format!("{} ({})", quoted(label), reason(&error)))
    })?;
    let sheet = Sheet::parse(label, &text)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    Ok((sheet, folder.to_owned()))
}

/// A spreadsheet, and what its rows are read with.
struct Fleet<'a> {
    sheet: &'a Sheet,
    folder: &'a Path,
    timezone: Tz,
    names: &'a mut Names,
    report: &'a mut Report,
}

impl Fleet<'_> {
    fn streams(mut self) -> Vec<Stream> {
        let columns = Columns::read(self.sheet, self.report);
        if columns.name.is_err() {
            self.names.miss();
        }
        self.sheet.rows().iter().filter_map(|row| self.stream(row, &columns).ok()).collect()
    }

    fn stream(&mut self, row: &Row, columns: &Columns) -> Result<Stream, Reported> {
        let name = columns.name.and_then(|column| {
            let name = self.names.claim(row.cell(column));
            name.map_err(|mismatch| self.reject(row, column, mismatch))
        });
        let username = columns.username.and_then(|column| self.cell(row, column, rules::filled));
        let client_id = columns.client_id.and_then(|column| self.cell(row, column, rules::filled));
        let access_token = columns.token.and_then(|columns| self.access_token(row, columns));
        let timezone = self.timezone(row, columns.timezone);
        self.judge_cells_beyond_header(row)?;
        Ok(Stream {
            name: name?,
            username: username?,
            client_id: client_id?,
            access_token: access_token?,
            timezone: timezone?,
            tags: tags(row, columns),
        })
    }

    fn cell<T>(
        &mut self,
        row: &Row,
        column: usize,
        rule: impl FnOnce(&str) -> Result<T, Mismatch>,
    ) -> Result<T, Reported> {
        rule(row.cell(column)).map_err(|mismatch| self.reject(row, column, mismatch))
    }

    fn timezone(&mut self, row: &Row, column: Option<usize>) -> Result<Tz, Reported> {
        match column.filter(|column| !row.cell(*column).is_empty()) {
            Some(column) => self.cell(row, column, rules::zone),
            None => Ok(self.timezone),
        }
    }

    fn access_token(&mut self, row: &Row, columns: TokenColumns) -> Result<SecretSource, Reported> {
        let folder = self.folder;
        let is_filled = |column: usize| !row.cell(column).is_empty();
        match columns {
            TokenColumns::File(file) => self.cell(row, file, |text| reference::file(text, folder)),
            TokenColumns::Env(env) => self.cell(row, env, reference::variable),
            TokenColumns::Both { file, env } => match (is_filled(file), is_filled(env)) {
                (true, false) => self.cell(row, file, |text| reference::file(text, folder)),
                (false, true) => self.cell(row, env, reference::variable),
                (both, _) => {
                    let found = if both { "both" } else { "none" };
                    let expected = "a cell in exactly one of access_token_file, access_token_env";
                    Err(self.reject(row, file, Mismatch::new(expected, found)))
                }
            },
        }
    }

    /// What stands beyond the header is not shown: it may be anything, after a comma too many.
    fn judge_cells_beyond_header(&mut self, row: &Row) -> Result<(), Reported> {
        let sheet = self.sheet;
        match row.cells().find(|(column, _)| sheet.header().cell(*column).is_empty()) {
            Some((column, _)) => {
                let place = sheet.place(row, &(column + 1).to_string());
                let mismatch = Mismatch::new("no cell where the header has no name", "one");
                Err(self.report.add(place, mismatch.hint("put quotes around cells with commas")))
            }
            None => Ok(()),
        }
    }

    fn reject(&mut self, row: &Row, column: usize, mismatch: Mismatch) -> Reported {
        let place = self.sheet.place(row, self.sheet.header().cell(column));
        self.report.add(place, mismatch)
    }
}

/// An empty cell is no tag.
fn tags(row: &Row, columns: &Columns) -> BTreeMap<String, String> {
    let cells = columns.tags.iter().map(|(key, column)| (key.clone(), row.cell(*column).to_owned()));
    cells.filter(|(_, text)| !text.is_empty()).collect()
}

#[cfg(test)]
mod tests;
