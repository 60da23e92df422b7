//! The table of one scenario, in 80 columns.

use std::fmt::Write;

use super::{contest::Score, measure::Cost, scenario::Contender};

/// Columns of numbers, each this wide or wider where its heading is.
const HEADINGS: [&str; 7] = ["wall s", "CPU s", "peak MiB", "rows/s", "us/row", "x limit", "x plain"];
const WIDTHS: [usize; 7] = [7, 7, 9, 10, 7, 8, 8];

/// The medians of everybody, and how their times compare with those of the limit and of the plain client.
pub(crate) fn of(scores: &[Score]) -> String {
    let mut text = line("", &HEADINGS.map(str::to_owned));
    for score in scores {
        text.push_str(&line(score.contender.as_str(), &cells(score, scores)));
    }
    if let Some(limit) = find(scores, Contender::Limit) {
        let (pages, rows) = (limit.pages as f64, limit.rows as f64);
        let [pages, rows, pages_a_second, rows_a_second] =
            [pages, rows, pages / wall(limit), rows / wall(limit)].map(grouped);
        // Writing to a string cannot fail, here and below.
        _ = writeln!(
            text,
            "  {rows} rows in {pages} pages; the server gave {pages_a_second} pages/s, {rows_a_second} rows/s"
        );
    }
    text
}

fn cells(score: &Score, scores: &[Score]) -> [String; 7] {
    let cpu = median(score, |cost| cost.cpu_seconds);
    let compared = |with| {
        find(scores, with).map_or_else(|| "-".to_owned(), |other| format!("{:.2}", wall(score) / wall(other)))
    };
    [
        format!("{:.3}", wall(score)),
        format!("{cpu:.3}"),
        format!("{:.1}", median(score, |cost| cost.peak_bytes) / f64::from(1 << 20)),
        grouped(score.rows as f64 / wall(score)),
        format!("{:.2}", cpu * 1e6 / score.rows as f64),
        compared(Contender::Limit),
        compared(Contender::Plain),
    ]
}

fn line(name: &str, cells: &[String; 7]) -> String {
    let mut text = format!("  {name:<19}");
    for (cell, width) in cells.iter().zip(WIDTHS) {
        _ = write!(text, " {cell:>width$}");
    }
    text.push('\n');
    text
}

fn find(scores: &[Score], contender: Contender) -> Option<&Score> {
    scores.iter().find(|score| score.contender == contender)
}

fn wall(score: &Score) -> f64 {
    median(score, |cost| cost.wall_seconds)
}

/// Of an even number of runs, the higher of the two in the middle.
fn median(score: &Score, of: impl Fn(&Cost) -> f64) -> f64 {
    let mut values: Vec<f64> = score.costs.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A whole number with commas between thousands.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
