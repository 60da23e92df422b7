//! The measured hours of one stream, four bytes each.

use std::ops::Range;

/// One line of a file of counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measurement {
    pub(super) hour: i32,
    pub(super) people: u32,
    pub(super) line: u64,
}

/// Two lines for one hour.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Twice {
    pub(super) first_line: u64,
    pub(super) line: u64,
}

/// People by hour. Hours without a gap between them are one run; most files have few gaps.
#[derive(Debug)]
pub(super) struct Series {
    runs: Vec<Run>,
    people: Vec<u32>,
}

#[derive(Debug)]
struct Run {
    first_hour: i32,
    /// Where its first hour lies in `people`.
    position: usize,
}

impl Series {
    /// Takes at least one measurement, in any order.
    pub(super) fn new(mut measurements: Vec<Measurement>) -> Result<Self, Twice> {
        measurements.sort_unstable_by_key(|measurement| (measurement.hour, measurement.line));
        if let Some([first, second]) = measurements.array_windows().find(|[one, next]| one.hour == next.hour)
        {
            return Err(Twice { first_line: first.line, line: second.line });
        }
        let mut runs = Vec::new();
        let mut next_hour = None;
        for (position, measurement) in measurements.iter().enumerate() {
            if next_hour != Some(measurement.hour) {
                runs.push(Run { first_hour: measurement.hour, position });
            }
            next_hour = measurement.hour.checked_add(1);
        }
        Ok(Self { runs, people: measurements.iter().map(|measurement| measurement.people).collect() })
    }

    /// From the first to the last measured hour.
    pub(super) fn span(&self) -> Range<i64> {
        let last = self.runs.len().saturating_sub(1);
        self.hours(0).start..self.hours(last).end
    }

    /// The people of `hour`; `None` where it was not measured.
    pub(super) fn people(&self, hour: i64) -> Option<u32> {
        let run = self.runs.partition_point(|run| i64::from(run.first_hour) <= hour).checked_sub(1)?;
        let hours = self.hours(run);
        let offset = usize::try_from(hour - hours.start).ok()?;
        hours.contains(&hour).then(|| self.people[self.runs[run].position + offset])
    }

    /// The measured hours of `span`, in order.
    pub(super) fn measured(&self, span: &Range<i64>) -> Vec<Range<i64>> {
        let first =
            self.runs.partition_point(|run| i64::from(run.first_hour) <= span.start).saturating_sub(1);
        (first..self.runs.len())
            .map(|run| self.hours(run))
            .take_while(|hours| hours.start < span.end)
            .map(|hours| hours.start.max(span.start)..hours.end.min(span.end))
            .filter(|hours| !hours.is_empty())
            .collect()
    }

    /// The hours of the run at `index`; none where there is no such run.
    fn hours(&self, index: usize) -> Range<i64> {
        let Some(run) = self.runs.get(index) else { return 0..0 };
        let end = self.runs.get(index + 1).map_or(self.people.len(), |next| next.position);
        let first = i64::from(run.first_hour);
        first..first + i64::try_from(end - run.position).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(hours: &[i32]) -> Result<Series, Twice> {
        let measurement =
            |(line, hour): (u64, &i32)| Measurement { hour: *hour, people: hour.unsigned_abs() * 10, line };
        Series::new((1..).zip(hours).map(measurement).collect())
    }

    #[test]
    fn hours_are_found_and_gaps_stay_gaps() {
        let series = series(&[8, 3, 2, 4, 7, 12]).unwrap();
        let people: Vec<Option<u32>> = (1..14).map(|hour| series.people(hour)).collect();
        let expected: Vec<Option<u32>> =
            (1..14).map(|hour| [2, 3, 4, 7, 8, 12].contains(&hour).then_some(hour * 10)).collect();
        assert_eq!(people, expected);
        assert_eq!(series.span(), 2..13);
        assert_eq!(series.measured(&(0..100)), [2..5, 7..9, 12..13]);
        assert_eq!(series.measured(&(3..8)), [3..5, 7..8]);
        assert_eq!(series.measured(&(5..7)), []);
        assert_eq!(series.measured(&(20..30)), []);
        assert_eq!(series.measured(&(-9..0)), []);
    }

    #[test]
    fn an_hour_that_comes_twice_is_refused() {
        assert_eq!(series(&[5, 6, 5]).unwrap_err(), Twice { first_line: 1, line: 3 });
    }
}
