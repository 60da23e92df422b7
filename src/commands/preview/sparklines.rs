//! How counts went, as lines of blocks.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::{
    commands::output::{grouped, sparkline},
    row::{Count, Row},
};

/// Blocks of one line; with the name before it, it fits into 80 columns.
const BLOCKS: usize = 64;

/// What a block stands for.
struct Block {
    /// For people.
    name: String,
    figure: Option<i64>,
}

/// A line for each count: a block a bucket, or a day where that would be too many, of which the last are shown. `rows` and
/// `buckets` are in order.
pub(super) fn drawn(buckets: &[DateTime<Utc>], rows: &[Row], zone: Tz) -> String {
    let counts = [Count::PassingBy, Count::Interested];
    let lines = counts.map(|count| {
        let all = blocks(buckets, rows, zone, count);
        let shown = &all[all.len().saturating_sub(BLOCKS)..];
        let figures: Vec<Option<i64>> = shown.iter().map(|block| block.figure).collect();
        let highest = shown.iter().filter(|block| block.figure.is_some()).max_by_key(|block| block.figure);
        let highest = highest.map(|block| {
            format!("\n            highest {} on {}", grouped(block.figure.unwrap_or(0)), block.name)
        });
        let name = count.column_name().replace('_', " ");
        format!("{name:<10}  {}{}", sparkline(&figures, None), highest.unwrap_or_default())
    });
    lines.join("\n")
}

fn blocks(buckets: &[DateTime<Utc>], rows: &[Row], zone: Tz, count: Count) -> Vec<Block> {
    let figure = |start: &DateTime<Utc>| {
        let row = rows.binary_search_by_key(start, |row| row.start).ok().map(|index| &rows[index]);
        row.and_then(|row| row.count(count))
    };
    let date = |start: &DateTime<Utc>| start.with_timezone(&zone).date_naive();
    if buckets.len() <= BLOCKS {
        let name = |start: &DateTime<Utc>| start.with_timezone(&zone).format("%a %d %b %H:%M").to_string();
        return buckets.iter().map(|start| Block { name: name(start), figure: figure(start) }).collect();
    }
    let days = buckets.chunk_by(|one, next| date(one) == date(next));
    let name = |date: NaiveDate| date.format("%a %d %b %Y").to_string();
    let day = |day: &[DateTime<Utc>]| Block {
        name: day.first().map(|start| name(date(start))).unwrap_or_default(),
        figure: day.iter().filter_map(figure).reduce(i64::saturating_add),
    };
    days.map(day).collect()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn many_buckets_are_drawn_by_day_and_missing_ones_are_blank() {
        let start = DateTime::parse_from_rfc3339("2026-03-02T00:00:00Z").unwrap().to_utc();
        let hour = |index: i32| start + TimeDelta::hours(1) * index;
        let row = |index: i32, people: i64| {
            let mut row = Row::new(hour(index), hour(index + 1));
            row.set_count(Count::PassingBy, Some(people));
            row
        };
        let few: Vec<DateTime<Utc>> = (0..4).map(hour).collect();
        let rows = [row(0, 0), row(2, 8), row(3, 4)];
        let drawn_hours = drawn(&few, &rows, Tz::UTC);
        assert_eq!(
            drawn_hours,
            "passing by  ▁ █▄\n            highest 8 on Mon 02 Mar 02:00\ninterested      "
        );
        let many: Vec<DateTime<Utc>> = (0..96).map(hour).collect();
        let rows = [row(0, 1), row(5, 6), row(30, 14)];
        let by_day = drawn(&many, &rows, Tz::UTC);
        assert!(
            by_day.starts_with("passing by  ▄█  \n            highest 14 on Tue 03 Mar 2026\n"),
            "{by_day}"
        );
    }
}
