//! A survey as programs and the page read it: docs/http.md has every field.

use serde::Serialize;

use super::{Finding, Survey};
use crate::{
    calendar::{Calendar, DayJson, TallyJson},
    time::to_display,
};

/// More findings are not told; how many there are is.
const MAX_FINDINGS: usize = 100;

/// What became of the buckets of a series, day by day.
#[derive(Debug, Serialize)]
pub struct CalendarJson {
    job: String,
    stream: String,
    timezone: &'static str,
    unit: &'static str,
    from: Option<String>,
    to: Option<String>,
    days: Vec<DayJson>,
    total: TallyJson,
    troubles: Vec<FindingJson>,
    troubles_in_all: usize,
}

#[derive(Debug, Serialize)]
struct FindingJson {
    state: &'static str,
    from: Option<String>,
    to: Option<String>,
    buckets: Option<usize>,
    message: String,
}

impl CalendarJson {
    /// The calendar of the survey.
    pub fn new(survey: &Survey, calendar: &Calendar) -> Self {
        let (series, findings) = (&survey.series, survey.findings(calendar));
        Self {
            job: series.job.name.clone(),
            stream: series.stream.name.clone(),
            timezone: series.stream.timezone.name(),
            unit: series.job.time.noun(),
            from: calendar.range.map(|range| to_display(range.start())),
            to: calendar.range.map(|range| to_display(range.end())),
            days: calendar.days.iter().map(DayJson::from).collect(),
            total: TallyJson::from(&calendar.total()),
            troubles: findings
                .iter()
                .take(MAX_FINDINGS)
                .map(|found| FindingJson::new(survey, found))
                .collect(),
            troubles_in_all: findings.len(),
        }
    }
}

impl FindingJson {
    fn new(survey: &Survey, Finding { kind, range, message }: &Finding) -> Self {
        let grid = survey.series.rules.grid;
        Self {
            state: kind,
            from: range.map(|range| to_display(range.start())),
            to: range.map(|range| to_display(range.end())),
            buckets: range.map(|range| grid.bucket_starts(range).count()),
            message: message.clone(),
        }
    }
}
