//! The header of the spreadsheet: which column is where.

use super::{Row, Sheet};
use crate::{
    config::{
        report::{Mismatch, NOTHING, Report, Reported},
        rules,
        suggest::{nearest, not_one_of},
    },
    row::TAG_PREFIX,
};

const NAME: &str = "name";
const USERNAME: &str = "username";
const CLIENT_ID: &str = "client_id";
const TOKEN_FILE: &str = "access_token_file";
const TOKEN_ENV: &str = "access_token_env";
const TIMEZONE: &str = "timezone";

/// As messages list them; the last one stands for every tag.
pub(super) const COLUMNS: [&str; 7] = [NAME, USERNAME, CLIENT_ID, TOKEN_FILE, TOKEN_ENV, TIMEZONE, "tag_*"];

/// Where the columns are, counted from 0. What must be there and is not is in the report.
pub(super) struct Columns {
    pub(super) name: Result<usize, Reported>,
    pub(super) username: Result<usize, Reported>,
    pub(super) client_id: Result<usize, Reported>,
    pub(super) token: Result<TokenColumns, Reported>,
    pub(super) timezone: Option<usize>,
    /// By the key of the tag.
    pub(super) tags: Vec<(String, usize)>,
}

/// Where the references to secrets are.
#[derive(Clone, Copy)]
pub(super) enum TokenColumns {
    File(usize),
    Env(usize),
    Both { file: usize, env: usize },
}

impl Columns {
    /// Reads the header.
    pub(super) fn read(sheet: &Sheet, report: &mut Report) -> Self {
        let mut tags = Vec::new();
        for (index, column) in sheet.header().cells() {
            match judge(sheet, index, column) {
                Ok(Some(tag)) => tags.push((tag, index)),
                Ok(None) => {}
                Err(mismatch) => {
                    report.add(sheet.place(sheet.header(), column), mismatch);
                }
            }
        }
        Self {
            name: required(sheet, report, NAME),
            username: required(sheet, report, USERNAME),
            client_id: required(sheet, report, CLIENT_ID),
            token: token(sheet, report),
            timezone: sheet.column(TIMEZONE),
            tags,
        }
    }
}

/// Whether any column of `header` is one that a fleet has. Where none is, it is no header, and must not be shown.
pub(super) fn is_header(header: &Row) -> bool {
    header.cells().any(|(_, column)| COLUMNS.contains(&column))
}

/// The key of the tag, where the column is one.
fn judge(sheet: &Sheet, index: usize, column: &str) -> Result<Option<String>, Mismatch> {
    if sheet.column(column) != Some(index) {
        return Err(Mismatch::new("every column once", "it again"));
    }
    if let Some(key) = column.strip_prefix(TAG_PREFIX) {
        return rules::tag_key(key).map(Some);
    }
    if COLUMNS.contains(&column) {
        return Ok(None);
    }
    let free = COLUMNS.into_iter().filter(|known| sheet.column(known).is_none());
    Err(not_one_of(&COLUMNS, nearest(column, free), "an unknown column"))
}

fn token(sheet: &Sheet, report: &mut Report) -> Result<TokenColumns, Reported> {
    match (sheet.column(TOKEN_FILE), sheet.column(TOKEN_ENV)) {
        (Some(file), Some(env)) => Ok(TokenColumns::Both { file, env }),
        (Some(file), None) => Ok(TokenColumns::File(file)),
        (None, Some(env)) => Ok(TokenColumns::Env(env)),
        (None, None) => Err(missing(sheet, report, TOKEN_FILE, "this column or access_token_env")),
    }
}

fn required(sheet: &Sheet, report: &mut Report, column: &str) -> Result<usize, Reported> {
    sheet.column(column).ok_or_else(|| missing(sheet, report, column, "this column"))
}

fn missing(sheet: &Sheet, report: &mut Report, column: &str, expected: &str) -> Reported {
    report.add(sheet.place(sheet.header(), column), Mismatch::new(expected, NOTHING))
}
