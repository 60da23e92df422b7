//! The figures of a file added up, against those that the service tells for the same time (Angus contract, section 5). Pure.

use std::fmt;

use crate::row::{Count, Mean, Row};

/// How far two means may lie apart and count as the same, as a share of the larger one: what adding up in another order,
/// and a decimal less, make of a double.
pub const MEAN_TOLERANCE: f64 = 1e-6;

/// A number of either kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Figure {
    /// People.
    Count(i64),
    /// Seconds.
    Mean(f64),
}

impl Figure {
    fn is_same(self, other: Self) -> bool {
        match (self, other) {
            (Self::Count(one), Self::Count(other)) => one == other,
            (Self::Mean(one), Self::Mean(other)) => {
                (one - other).abs() <= MEAN_TOLERANCE * one.abs().max(other.abs())
            }
            _ => false,
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(people) => write!(formatter, "{people}"),
            Self::Mean(seconds) => write!(formatter, "{seconds:?}"),
        }
    }
}

/// A figure of which a file and the service tell something else.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// The column's name in the files.
    pub column: &'static str,
    /// The file's.
    pub file: Figure,
    /// The service's; `None` where it has nothing for that time.
    pub service: Option<Figure>,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { column, file, service } = self;
        match service {
            Some(service) => write!(formatter, "{column}: file {file}, service {service}"),
            None => write!(formatter, "{column}: file {file}, service nothing"),
        }
    }
}

/// In one line; `None` where there is no difference.
pub fn worded(differences: &[Difference]) -> Option<String> {
    let words: Vec<String> = differences.iter().map(Difference::to_string).collect();
    (!words.is_empty()).then(|| words.join("; "))
}

/// Every figure that differs, in the order of the columns. `file`: the rows of a file; `service`: what the service tells
/// for parts of the same time, or nothing.
///
/// A count that is unknown in any bucket is not compared, nor a mean of which a bucket with interested people, or their
/// number, is unknown: their sums would say less than the service knows. What the service does not tell differs only where
/// it tells nothing at all.
pub fn differences(file: &[Row], service: &[Row]) -> Vec<Difference> {
    let of_count = |rows: &[Row], count| sum(rows, count).map(Figure::Count);
    let of_mean = |rows: &[Row], mean| weighted_mean(rows, mean).map(Figure::Mean);
    let judge = |column, ours: Option<Figure>, theirs: Option<Figure>| {
        let ours = ours?;
        let differs = match theirs {
            None => service.is_empty(),
            Some(theirs) => !ours.is_same(theirs),
        };
        differs.then_some(Difference { column, file: ours, service: theirs })
    };
    let counts = Count::ALL.into_iter();
    let counts = counts
        .filter_map(|count| judge(count.column_name(), of_count(file, count), of_count(service, count)));
    let means = Mean::ALL.into_iter();
    let means =
        means.filter_map(|mean| judge(mean.column_name(), of_mean(file, mean), of_mean(service, mean)));
    counts.chain(means).collect()
}

/// `None` where there are no rows, or one of them does not know.
fn sum(rows: &[Row], count: Count) -> Option<i64> {
    let known: Option<Vec<i64>> = rows.iter().map(|row| row.count(count)).collect();
    let known = known.filter(|known| !known.is_empty())?;
    Some(known.into_iter().fold(0, i64::saturating_add))
}

/// `None` where nobody was interested, or something that it would weigh is not known.
fn weighted_mean(rows: &[Row], mean: Mean) -> Option<f64> {
    let (mut seconds, mut people) = (0.0, 0_i64);
    for row in rows {
        let interested = row.count(Count::Interested)?;
        if interested > 0 {
            seconds += row.mean(mean)? * interested as f64;
            people = people.saturating_add(interested);
        }
    }
    (people > 0).then(|| seconds / people as f64)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::*;

    fn row(hour: i64, passing_by: Option<i64>, interested: Option<i64>, stop: Option<f64>) -> Row {
        let start = DateTime::from_timestamp(hour * 3600, 0).unwrap();
        let mut row = Row::new(start, start + TimeDelta::hours(1));
        row.set_count(Count::PassingBy, passing_by);
        row.set_count(Count::Interested, interested);
        row.set_mean(Mean::StopTime, stop);
        row
    }

    /// The hours of the contract's sample.
    fn hours() -> Vec<Row> {
        vec![
            row(8, Some(9), Some(4), Some(12.5)),
            row(9, Some(2), Some(0), None),
            row(10, Some(14), Some(6), Some(20.0)),
        ]
    }

    fn told(passing_by: i64, stop: f64) -> Vec<Row> {
        vec![row(8, Some(passing_by), Some(10), Some(stop))]
    }

    fn shown(file: &[Row], service: &[Row]) -> Option<String> {
        worded(&differences(file, service))
    }

    #[test]
    fn angus_section_5_the_sample_agrees_and_a_plain_mean_does_not() {
        assert_eq!(shown(&hours(), &told(25, 17.0)), None);
        assert_eq!(shown(&hours(), &told(25, 17.000_01)), None);
        let plain = shown(&hours(), &told(25, 16.25));
        assert_eq!(plain.as_deref(), Some("stop_time_seconds: file 17.0, service 16.25"));
    }

    #[test]
    fn one_person_more_is_told_with_both_numbers() {
        let more = shown(&hours(), &told(26, 17.0));
        assert_eq!(more.as_deref(), Some("passing_by: file 25, service 26"));
        // In parts, as where a period is longer than one request.
        let parts = [row(8, Some(12), Some(4), Some(12.5)), row(9, Some(13), Some(6), Some(20.0))];
        assert_eq!(shown(&hours(), &parts), None);
    }

    #[test]
    fn what_a_file_does_not_know_wholly_is_not_compared() {
        let mut rows = hours();
        rows[1].set_count(Count::PassingBy, None);
        rows[2].set_mean(Mean::StopTime, None);
        assert_eq!(shown(&rows, &told(99, 99.0)), None);
        rows[0].set_count(Count::Interested, None);
        assert_eq!(shown(&rows, &told(99, 99.0)), None);
    }

    #[test]
    fn a_service_that_has_nothing_disagrees_and_one_that_does_not_know_does_not() {
        let nothing = shown(&hours()[..1], &[]);
        let expected = "passing_by: file 9, service nothing; interested: file 4, service nothing; \
                        stop_time_seconds: file 12.5, service nothing";
        assert_eq!(nothing.as_deref(), Some(expected));
        assert_eq!(shown(&hours(), &[row(8, None, Some(10), None)]), None);
        assert_eq!(shown(&[], &told(25, 17.0)), None);
    }
}
