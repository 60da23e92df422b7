//! Tables as people read them, and results on standard output.

use std::io::{self, Write};

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

pub(super) use crate::wording::{counted, grouped, local, rough};

/// What a terminal shows side by side at the least.
pub(super) const COLUMNS: usize = 80;

/// Prints a result. A reader that went away is not an error worth a message.
pub(super) fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(format!("{text}\n").as_bytes())?;
    stdout.flush()
}

/// Prints a value as JSON that people can read too.
pub(super) fn print_json(value: &impl serde::Serialize) -> io::Result<()> {
    print(&serde_json::to_string_pretty(value).map_err(io::Error::other)?)
}

/// A table without frames; the columns named in `right` are aligned to the right.
pub(super) fn table(header: &[&str], right: &[usize], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header);
    table.add_rows(rows);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if right.contains(&index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let text = table.to_string();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// Lines of at most `width` characters, broken at spaces; all but the first are indented. A word that is longer stays whole,
/// and so does a command of this program, which people copy, where it fits into a line.
pub(super) fn wrapped(text: &str, width: usize) -> String {
    const INDENT: &str = "  ";
    let mut lines = String::new();
    let mut column = 0;
    let mut rest = text.trim();
    while let Some(word) = rest.split_whitespace().next() {
        let command = command(rest).filter(|command| command.chars().count() + INDENT.len() <= width);
        let piece = command.unwrap_or(word);
        let length = piece.chars().count();
        if column > 0 && column + 1 + length > width {
            lines += &format!("\n{INDENT}{piece}");
            column = INDENT.len() + length;
        } else {
            let space = if column > 0 { " " } else { "" };
            lines += &format!("{space}{piece}");
            column += space.len() + length;
        }
        rest = rest[piece.len()..].trim_start();
    }
    lines
}

/// The command of this program that a text begins with, and what ends it.
fn command(text: &str) -> Option<&str> {
    let end = text.find([',', ';', ')']).map_or(text.len(), |end| end + 1);
    text.starts_with("audience-exporter ").then(|| &text[..end])
}

/// At most `width` characters, cut with an ellipsis.
pub(super) fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// One block a figure; `full` fills one, or else the highest does. Unknown figures are blank.
pub(super) fn sparkline(figures: &[Option<i64>], full: Option<i64>) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let highest = full.or_else(|| figures.iter().flatten().copied().max()).unwrap_or(0).max(1);
    let block = |figure: &Option<i64>| match figure {
        None => ' ',
        Some(figure) => {
            let step = i128::from(*figure.clamp(&0, &highest)) * 7 / i128::from(highest);
            let step = usize::try_from(step).unwrap_or(0);
            BLOCKS[step.min(7)]
        }
    };
    figures.iter().map(block).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_shows_zero_low_unknown_blank_and_the_highest_full() {
        assert_eq!(sparkline(&[Some(0), None, Some(7), Some(14)], None), "▁ ▄█");
        assert_eq!(sparkline(&[Some(0), Some(0)], None), "▁▁");
        assert_eq!(sparkline(&[], None), "");
        assert_eq!(sparkline(&[Some(i64::MAX), Some(-1)], None), "█▁");
        assert_eq!(sparkline(&[Some(5), Some(10), Some(99)], Some(10)), "▄██");
    }

    #[test]
    fn long_text_is_broken_at_spaces() {
        assert_eq!(wrapped("one two three four", 9), "one two\n  three\n  four");
        assert_eq!(wrapped("one  two", 7), "one two");
        assert_eq!(wrapped("unbreakable one", 5), "unbreakable\n  one");
        assert_eq!(wrapped("", 5), "");
        assert_eq!(
            wrapped("now run: audience-exporter pull -q, or so", 30),
            "now run:\n  audience-exporter pull -q,\n  or so"
        );
    }
}
