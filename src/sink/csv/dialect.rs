//! What a CSV file is written like. The first bytes of a file tell its dialect, so that every reader reads both.

use super::{excel::Excel, text};
use crate::{
    row::{Column, FileContext},
    sink::{assemble::usual_words, cell::Cell},
};

/// How cells become the text of a file, and text becomes cells again.
pub(super) trait Dialect: Sized {
    /// What precedes the header.
    const START: &'static [u8];
    /// What stands between two fields.
    const SEPARATOR: u8;
    /// What ends each record.
    const LINE_END: &'static [u8];

    /// For one file, whose instants are of this context.
    fn new(context: &FileContext) -> Self;

    /// Appends the field for what stands in `column`.
    fn push(&mut self, out: &mut Vec<u8>, column: &Column, cell: Cell<'_>);

    /// The cell that `field` stands for in `column`; `None` where it is none of its kind.
    fn parse<'f>(column: &Column, field: &'f [u8]) -> Option<Cell<'f>>;

    /// Reads on after "expected" where a cell of `column` is none.
    fn expected(column: &Column) -> &'static str;
}

/// RFC 4180 with LF.
pub(super) struct Standard;

impl Dialect for Standard {
    const START: &'static [u8] = b"";
    const SEPARATOR: u8 = b',';
    const LINE_END: &'static [u8] = b"\n";

    fn new(_: &FileContext) -> Self {
        Self
    }

    fn push(&mut self, out: &mut Vec<u8>, _: &Column, cell: Cell<'_>) {
        text::push(out, cell);
    }

    fn parse<'f>(column: &Column, field: &'f [u8]) -> Option<Cell<'f>> {
        text::parse(column.kind(), field)
    }

    fn expected(column: &Column) -> &'static str {
        usual_words(column)
    }
}

/// What follows the start of a file in the dialect for Excel; `None` where it is in the other one.
pub(super) fn behind_start_of_excel(csv: &[u8]) -> Option<&[u8]> {
    csv.strip_prefix(Excel::START)
}
