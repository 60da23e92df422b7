//! The answer as programs and the page read it: docs/http.md has every field.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;

use super::{
    figures::Figures,
    gather::Gatherer,
    question::Asked,
    week::{HourOfWeek, Week},
};
use crate::{
    row::{Count, Mean},
    time::{BucketSize, TimeRange, to_display, to_local, utc_offset},
};

/// Which of the points are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Only those that start later.
    pub after: Option<DateTime<Utc>>,
    /// At most so many.
    pub limit: usize,
}

/// What was asked, and what is known of it.
#[derive(Debug, Serialize)]
pub struct Answer {
    job: String,
    streams: Vec<String>,
    timezone: &'static str,
    unit: &'static str,
    resolution: &'static str,
    from: String,
    to: String,
    now: String,
    summary: FiguresJson,
    points: Vec<PointJson>,
    next: Option<String>,
    before: BeforeJson,
    week: Vec<Vec<HourJson>>,
}

#[derive(Debug, Serialize)]
struct PointJson {
    start: String,
    end: String,
    local_start: String,
    utc_offset: String,
    #[serde(flatten)]
    figures: FiguresJson,
}

#[derive(Debug, Serialize)]
struct BeforeJson {
    from: String,
    to: String,
    summary: FiguresJson,
    points: Vec<PointJson>,
}

#[derive(Debug, Serialize)]
struct HourJson {
    passing_by: Option<f64>,
    buckets: u64,
}

#[derive(Debug, Serialize)]
struct FiguresJson {
    expected: u64,
    exported: u64,
    provisional: u64,
    missing: u64,
    lacking: u64,
    pending: u64,
    suspect: u64,
    passing_by: Option<i64>,
    interested: Option<i64>,
    stop_time_seconds: Option<f64>,
    attention_time_seconds: Option<f64>,
    gender_female: Option<i64>,
    gender_male: Option<i64>,
    gender_unknown: Option<i64>,
    category_senior_female: Option<i64>,
    category_senior_male: Option<i64>,
    category_young_female: Option<i64>,
    category_young_male: Option<i64>,
    age_senior: Option<i64>,
    age_young: Option<i64>,
    age_unknown: Option<i64>,
}

impl Answer {
    /// What was gathered of the range that was asked for, and of the one before.
    pub fn new(asked: &Asked, [range, before]: [&Gatherer; 2], page: Page, now: DateTime<Utc>) -> Self {
        let skipped = page.after.map_or(0, |after| range.slots.partition_point(|slot| slot.start() <= after));
        let end = range.slots.len().min(skipped.saturating_add(page.limit));
        let next = range.slots.get(end).and_then(|_| range.slots.get(end.checked_sub(1)?));
        let is_by_hour = asked.grid.size() == BucketSize::Hour;
        let job = asked.series.first().map(|series| series.job.name.clone());
        let points_before = if page.after.is_none() { before.slots.len() } else { 0 };
        Self {
            job: job.unwrap_or_default(),
            streams: asked.series.iter().map(|series| series.stream.name.clone()).collect(),
            timezone: asked.zone.name(),
            unit: asked.grid.size().noun(),
            resolution: asked.resolution.as_str(),
            from: to_display(range.range.start()),
            to: to_display(range.range.end()),
            now: to_display(now),
            summary: FiguresJson::new(&range.summary),
            points: points(range, skipped..end, asked.zone),
            next: next.map(|last| to_display(last.start())),
            before: BeforeJson {
                from: to_display(before.range.start()),
                to: to_display(before.range.end()),
                summary: FiguresJson::new(&before.summary),
                points: points(before, 0..points_before, asked.zone),
            },
            week: if is_by_hour { week(&range.week) } else { Vec::new() },
        }
    }

    /// The streams, by name.
    pub fn streams(&self) -> &[String] {
        &self.streams
    }

    /// How many buckets are there, and how many are expected.
    pub fn coverage(&self) -> (u64, u64) {
        (self.summary.exported, self.summary.expected)
    }
}

fn points(gathered: &Gatherer, told: std::ops::Range<usize>, zone: Tz) -> Vec<PointJson> {
    let all = gathered.slots.iter().zip(&gathered.points);
    let told = all.skip(told.start).take(told.len());
    told.map(|(slot, figures)| PointJson::new(*slot, figures, zone)).collect()
}

fn week(week: &Week) -> Vec<Vec<HourJson>> {
    let hour = |hour: &HourOfWeek| HourJson { passing_by: hour.passing_by(), buckets: hour.buckets };
    week.days().iter().map(|day| day.iter().map(hour).collect()).collect()
}

impl PointJson {
    fn new(slot: TimeRange, figures: &Figures, zone: Tz) -> Self {
        Self {
            start: to_display(slot.start()),
            end: to_display(slot.end()),
            local_start: to_local(slot.start(), zone),
            utc_offset: utc_offset(slot.start(), zone),
            figures: FiguresJson::new(figures),
        }
    }
}

impl FiguresJson {
    fn new(Figures { buckets, totals }: &Figures) -> Self {
        let count = |count| totals.count(count);
        let sum = |counts: &[Count]| counts.iter().map(|known| count(*known)).sum::<Option<i64>>();
        let senior = sum(&[Count::CategorySeniorFemale, Count::CategorySeniorMale]);
        let young = sum(&[Count::CategoryYoungFemale, Count::CategoryYoungMale]);
        let of_no_age = |interested: i64| Some((interested - senior? - young?).max(0));
        Self {
            expected: buckets.expected,
            exported: buckets.exported,
            provisional: buckets.provisional,
            missing: buckets.missing,
            lacking: buckets.lacking,
            pending: buckets.pending,
            suspect: buckets.suspect,
            passing_by: count(Count::PassingBy),
            interested: count(Count::Interested),
            stop_time_seconds: totals.mean(Mean::StopTime),
            attention_time_seconds: totals.mean(Mean::AttentionTime),
            gender_female: count(Count::GenderFemale),
            gender_male: count(Count::GenderMale),
            gender_unknown: count(Count::GenderUnknown),
            category_senior_female: count(Count::CategorySeniorFemale),
            category_senior_male: count(Count::CategorySeniorMale),
            category_young_female: count(Count::CategoryYoungFemale),
            category_young_male: count(Count::CategoryYoungMale),
            age_senior: senior,
            age_young: young,
            age_unknown: count(Count::Interested).and_then(of_no_age),
        }
    }
}
