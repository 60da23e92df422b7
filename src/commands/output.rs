//! Tables, numbers and times as people read them, and results on standard output.

use std::io::{self, Write};

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

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

/// `1,234,567`
pub(super) fn grouped(number: impl TryInto<i64>) -> String {
    let number: i64 = number.try_into().unwrap_or(i64::MAX);
    let digits = number.unsigned_abs().to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    format!("{}{}", if number < 0 { "-" } else { "" }, groups.join(","))
}

/// `1 row`, `2 rows`
pub(super) fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// `2026-11-21 14:00`, in the camera's zone.
pub(super) fn local(instant: DateTime<Utc>, zone: Tz) -> String {
    instant.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string()
}

/// `12d`, `3h`, `15m`: how long something is, in its largest unit.
pub(super) fn rough(duration: TimeDelta) -> String {
    match duration {
        long if long >= TimeDelta::days(2) => format!("{}d", long.num_days()),
        long if long >= TimeDelta::hours(2) => format!("{}h", long.num_hours()),
        long if long >= TimeDelta::minutes(1) => format!("{}m", long.num_minutes()),
        long => format!("{}s", long.num_seconds().max(0)),
    }
}

/// Lines of at most `width` characters, broken at spaces; all but the first are indented. A word that is longer stays whole.
pub(super) fn wrapped(text: &str, width: usize) -> String {
    const INDENT: &str = "  ";
    let mut lines = String::new();
    let mut column = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            lines += &format!("\n{INDENT}{word}");
            column = INDENT.len() + length;
        } else {
            let space = if column > 0 { " " } else { "" };
            lines += &format!("{space}{word}");
            column += space.len() + length;
        }
    }
    lines
}

/// At most `width` characters, cut with an ellipsis.
pub(super) fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// One block a figure, the highest one full; unknown figures are blank.
pub(super) fn sparkline(figures: &[Option<i64>]) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let highest = figures.iter().flatten().copied().max().unwrap_or(0).max(1);
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
    fn numbers_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(45_483_871), "45,483,871");
        assert_eq!(grouped(-1_234), "-1,234");
        assert_eq!(counted(1, "row"), "1 row");
        assert_eq!(counted(1_000, "row"), "1,000 rows");
    }

    #[test]
    fn a_sparkline_shows_zero_low_unknown_blank_and_the_highest_full() {
        assert_eq!(sparkline(&[Some(0), None, Some(7), Some(14)]), "▁ ▄█");
        assert_eq!(sparkline(&[Some(0), Some(0)]), "▁▁");
        assert_eq!(sparkline(&[]), "");
        assert_eq!(sparkline(&[Some(i64::MAX), Some(-1)]), "█▁");
    }

    #[test]
    fn long_text_is_broken_at_spaces() {
        assert_eq!(wrapped("one two three four", 9), "one two\n  three\n  four");
        assert_eq!(wrapped("one  two", 7), "one two");
        assert_eq!(wrapped("unbreakable one", 5), "unbreakable\n  one");
        assert_eq!(wrapped("", 5), "");
    }

    #[test]
    fn durations_show_their_largest_unit() {
        assert_eq!(rough(TimeDelta::seconds(59)), "59s");
        assert_eq!(rough(TimeDelta::minutes(90)), "90m");
        assert_eq!(rough(TimeDelta::hours(47)), "47h");
        assert_eq!(rough(TimeDelta::days(12)), "12d");
    }
}
