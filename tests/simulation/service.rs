//! The simulated Data API: what it answers at any time follows from the seed alone. Its pages are read by the real code.

use audience_exporter::{
    angus::{Listing, ListingBuilder, NextStep, Query, decode_page},
    row::{Count, Mean, Row},
    time::{BucketSize, Window, to_display, to_wire},
};
use chrono::{DateTime, TimeDelta, Utc};

use crate::simulation::chance::Chance;

/// How much of a listing goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Honest,
    /// Nothing is answered after the first pages.
    Silent,
    /// The last page lacks a bucket that it counts.
    Incomplete,
    /// A bucket that is on its way comes between two pages.
    Changing,
}

/// The service.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Service {
    pub(crate) seed: u64,
    /// Figures of earlier buckets change no more from here on.
    pub(crate) quiet_from: DateTime<Utc>,
}

/// What becomes of one bucket.
struct Fate {
    /// From when on it is told; `None`: never.
    appears: Option<DateTime<Utc>>,
    /// When it is not told although it was.
    hidden: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// When its figures change.
    restated: Vec<DateTime<Utc>>,
    numbers: Chance,
}

impl Service {
    /// `scale`: a lookback; most of what happens to a bucket happens while it is younger.
    fn fate(&self, window: &Window, start: DateTime<Utc>, scale: TimeDelta) -> Fate {
        let end = window.grid().bucket_end(start);
        let size = window.grid().size().as_str().len() as u64;
        let mut chance = Chance::new(&[self.seed, size, start.timestamp().cast_unsigned()]);
        let is_new = self.quiet_from < end;
        let appears = match chance.below(100) {
            0..6 => None,
            6..14 if !is_new => Some((end + chance.up_to(scale * 2)).min(self.quiet_from)),
            _ => Some(end),
        };
        let mut restated = Vec::new();
        for (per_mille, most) in [(400, 1), (150, 1), (200, 6), (80, 30)] {
            if chance.happens(per_mille) {
                restated.push(end + chance.up_to(scale * most));
            }
        }
        restated.retain(|at| *at < self.quiet_from);
        let hides_at = end + chance.up_to(scale * 3);
        let hides = chance.happens(40) && hides_at < self.quiet_from;
        let back_at = (hides_at + chance.up_to(scale * 2)).min(self.quiet_from);
        Fate { appears, hidden: hides.then_some((hides_at, back_at)), restated, numbers: chance }
    }

    /// The bucket as the service knows it at `now`.
    pub(crate) fn truth(
        &self,
        window: &Window,
        start: DateTime<Utc>,
        scale: TimeDelta,
        now: DateTime<Utc>,
    ) -> Option<Row> {
        let Fate { appears, hidden, restated, mut numbers } = self.fate(window, start, scale);
        let is_hidden = hidden.is_some_and(|(from, to)| from <= now && now < to);
        if is_hidden || appears.is_none_or(|appears| now < appears) {
            return None;
        }
        let versions = restated.iter().filter(|at| **at <= now).count();
        let mut row = Row::new(start, window.grid().bucket_end(start));
        let passing_by = i64::try_from(numbers.below(4) * numbers.below(60)).unwrap();
        // A restatement may bring back what was told before.
        let late = [0, 3, 7, 0, 3][versions.min(4)];
        row.set_count(Count::PassingBy, Some(passing_by + late));
        row.set_count(Count::Interested, Some((passing_by + late) / 3));
        // Of nobody there is no mean (Angus contract, section 5).
        let has_mean = late != 7 && row.count(Count::Interested) > Some(0);
        row.set_mean(Mean::StopTime, has_mean.then_some((passing_by + late) as f64 / 8.0));
        Some(row)
    }

    /// When the bucket last changed, up to `now`.
    pub(crate) fn last_change(
        &self,
        window: &Window,
        start: DateTime<Utc>,
        scale: TimeDelta,
        now: DateTime<Utc>,
    ) -> DateTime<Utc> {
        let Fate { appears, hidden, restated, .. } = self.fate(window, start, scale);
        let hidden = hidden.into_iter().flat_map(|(from, to)| [from, to]);
        let all = appears.into_iter().chain(hidden).chain(restated).filter(|at| *at <= now);
        all.max().unwrap_or(window.grid().bucket_end(start))
    }

    /// What it answers for a window, page by page; `None` where that makes no listing.
    pub(crate) fn list(
        &self,
        window: &Window,
        scale: TimeDelta,
        now: DateTime<Utc>,
        mood: Mood,
        page_size: usize,
    ) -> Option<Vec<Row>> {
        let truth: Vec<Row> =
            window.bucket_starts().filter_map(|start| self.truth(window, start, scale, now)).collect();
        let listing = walk(window, &truth, mood, page_size);
        let is_told_all =
            mood == Mood::Honest || (window.grid().size() == BucketSize::Global && mood != Mood::Silent);
        let Some(listing) = listing else {
            assert!(mood != Mood::Honest, "a complete listing was refused");
            return None;
        };
        assert!(is_told_all || truth.is_empty(), "a listing that is not complete was taken for one");
        assert!(listing.rows == truth, "a listing is not what was told: {:?}", listing.rows);
        Some(truth)
    }
}

/// The pages of these rows, read as a client does.
fn walk(window: &Window, rows: &[Row], mood: Mood, page_size: usize) -> Option<Listing> {
    let is_global = window.grid().size() == BucketSize::Global;
    let mood = if is_global && mood != Mood::Silent { Mood::Honest } else { mood };
    let pages: Vec<&[Row]> = if rows.is_empty() { vec![rows] } else { rows.chunks(page_size).collect() };
    let mut builder = ListingBuilder::new(Query::from(*window));
    for (index, page) in pages.iter().enumerate() {
        let is_last = index + 1 == pages.len();
        if mood == Mood::Silent && is_last {
            return None;
        }
        let told =
            if mood == Mood::Incomplete && is_last { &page[..page.len().saturating_sub(1)] } else { page };
        let total = rows.len() + usize::from(mood == Mood::Changing && is_last);
        let body = body(window, told, total, index + 1, pages.len());
        let step = builder.push(decode_page(body.as_bytes()).unwrap()).ok()?;
        assert_eq!(step == NextStep::Finish, is_last, "pages are left");
    }
    builder.finish().ok()
}

fn body(window: &Window, rows: &[Row], total: usize, page: usize, pages: usize) -> String {
    let size = window.grid().size();
    let label =
        |row: &Row| if size == BucketSize::Global { "global".to_owned() } else { to_display(row.start) };
    let entity = |row: &Row| {
        let count = |count| row.count(count).unwrap();
        let stop_time = row.mean(Mean::StopTime).map_or("null".to_owned(), |mean| mean.to_string());
        format!(
            "{:?}:{{\"passing_by\":{{\"value\":{}}},\"interested\":{{\"value\":{}}},\"stop_time\":{{\"value\":{stop_time}}}}}",
            label(row),
            count(Count::PassingBy),
            count(Count::Interested),
        )
    };
    let entities: Vec<String> = rows.iter().map(entity).collect();
    let (from, to, time) = (to_wire(window.start()), to_wire(window.end()), size.as_str());
    let next = if page < pages { "more" } else { "" };
    format!(
        "{{\"entities\":{{{}}},\"from_date\":\"{from}\",\"to_date\":\"{to}\",\"time\":\"{time}\",\
         \"total_results\":{total},\"nb_of_pages\":{pages},\"page\":{page},\"next_page\":\"{next}\"}}",
        entities.join(",")
    )
}
