//! Reads the ledger and published files for a question.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::{
    answer::{Answer, Page},
    gather::Gatherer,
    question::{AskError, Asked},
};
use crate::{publication::Archive, row::Row, series::Series, survey::Survey, time::TimeRange};

/// How often a series is read where its files are published anew meanwhile.
const ATTEMPTS: usize = 3;

/// Reads what is known of a question, one stream after the other. `zone` is that of schedules. Blocks.
pub fn answer(
    archive: &Archive,
    asked: &Asked,
    zone: Tz,
    page: Page,
    now: DateTime<Utc>,
) -> Result<Answer, AskError> {
    let gatherer = |range| Gatherer::new(range, asked.slots(range), asked.zone);
    let mut gatherers = [gatherer(asked.range), gatherer(asked.before)];
    for series in &asked.series {
        let known = read(archive, series, zone, [asked.range, asked.before], now)?;
        for (gatherer, rows) in gatherers.iter_mut().zip(&known.rows) {
            gatherer.add(&known.survey.ground(), rows);
        }
    }
    let [range, before] = &gatherers;
    Ok(Answer::new(asked, [range, before], page, now))
}

/// What is known of one series.
struct Known {
    survey: Survey,
    /// The rows of each range, in order.
    rows: [Vec<Row>; 2],
}

/// What is known of one series. Where a file is not what the ledger told a moment ago, it is read again; one that stays so is
/// damaged, and its rows lack.
fn read(
    archive: &Archive,
    series: &Series,
    zone: Tz,
    ranges: [TimeRange; 2],
    now: DateTime<Utc>,
) -> Result<Known, AskError> {
    let not_now = |error: &dyn std::fmt::Display| AskError::NotNow(error.to_string());
    let mut attempt = 1;
    loop {
        let survey = Survey::read(Some(&archive.ledger), series.clone(), zone, now);
        let survey = survey.map_err(|error| not_now(&error))?;
        let mut rows = [Vec::new(), Vec::new()];
        let mut is_sound = true;
        for file in &survey.evidence.files {
            let wanted = ranges.map(|range| range.overlaps(&file.period));
            if !wanted.contains(&true) {
                continue;
            }
            let of_file = archive.rows_of_file(series, file).map_err(|error| not_now(&error))?;
            is_sound &= of_file.is_some();
            for row in of_file.into_iter().flatten() {
                for (range, rows) in ranges.iter().zip(&mut rows) {
                    if range.contains(row.start) {
                        rows.push(row.clone());
                    }
                }
            }
        }
        if is_sound || attempt == ATTEMPTS {
            for rows in &mut rows {
                rows.sort_by_key(|row| row.start);
            }
            return Ok(Known { survey, rows });
        }
        attempt += 1;
    }
}
