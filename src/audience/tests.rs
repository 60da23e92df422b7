use std::{collections::BTreeSet, path::Path};

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;

use super::*;
use crate::{
    config::Config,
    coverage::{Coverage, Standing},
    ledger::Evidence,
    plan::SeriesRules,
    row::{Count, Mean, Row},
    states::Ground,
    time::{BucketGrid, BucketSize, PartitionSize, TimeRange, parse_bound},
};

const AMSTERDAM: Tz = Tz::Europe__Amsterdam;

fn at(text: &str, zone: Tz) -> DateTime<Utc> {
    parse_bound(text, zone).unwrap()
}

fn rules(zone: Tz) -> SeriesRules {
    SeriesRules {
        grid: BucketGrid::new(BucketSize::Hour, zone),
        partition: PartitionSize::Day,
        settle: TimeDelta::minutes(15),
        lookback: TimeDelta::hours(48),
    }
}

fn row(start: DateTime<Utc>, passing_by: Option<i64>, interested: Option<i64>, stop: Option<f64>) -> Row {
    let mut row = Row::new(start, start + TimeDelta::hours(1));
    row.set_count(Count::PassingBy, passing_by);
    row.set_count(Count::Interested, interested);
    row.set_mean(Mean::StopTime, stop);
    row
}

/// The figures of a row: passing by, interested, stop time.
type Told = (Option<i64>, Option<i64>, Option<f64>);

/// Everything about hours from `first`: what is exported of them (every `Option` inside a `Some` is a row).
#[derive(Debug, Clone)]
struct Story {
    zone: Tz,
    first: DateTime<Utc>,
    /// Row or missing; in order, an hour each.
    hours: Vec<Option<Told>>,
}

fn stories() -> impl Strategy<Value = Story> {
    let zones =
        prop::sample::select(vec![AMSTERDAM, Tz::UTC, Tz::America__Sao_Paulo, Tz::Australia__Lord_Howe]);
    let figures = (
        prop::option::weighted(0.9, 0_i64..500),
        prop::option::weighted(0.9, 0_i64..200),
        prop::option::weighted(0.8, 0.0..90.0),
    );
    let hours = prop::collection::vec(prop::option::weighted(0.85, figures), 1..400);
    (zones, 0_i64..9000, hours).prop_map(|(zone, after, hours)| {
        let first = at("2018-01-01", Tz::UTC) + TimeDelta::hours(after);
        Story { zone, first: rules(zone).grid.ceil(first), hours }
    })
}

impl Story {
    fn start(&self, index: usize) -> DateTime<Utc> {
        self.first + TimeDelta::hours(i64::try_from(index).unwrap())
    }

    fn range(&self) -> TimeRange {
        TimeRange::new(self.first, self.start(self.hours.len())).unwrap()
    }

    fn rows(&self) -> Vec<Row> {
        let rows = self.hours.iter().enumerate();
        let rows = rows.filter_map(|(index, hour)| {
            let (passing_by, interested, stop) = (*hour)?;
            Some(row(self.start(index), passing_by, interested, stop))
        });
        rows.collect()
    }

    fn evidence(&self) -> Evidence {
        let missing = self.hours.iter().enumerate().filter(|(_, hour)| hour.is_none());
        Evidence {
            coverage: Coverage::default().with(self.range(), Standing::Final),
            missing: missing.map(|(index, _)| self.start(index)).collect(),
            ..Evidence::default()
        }
    }

    fn gathered(&self, range: TimeRange, resolution: Resolution) -> Gatherer {
        let (evidence, rules) = (self.evidence(), rules(self.zone));
        let now = self.range().end() + TimeDelta::days(30);
        let expected_until = rules.due_until(now);
        let ground = Ground { rules, start: self.first, evidence: &evidence, now, expected_until };
        let slots = slots(range, resolution, rules.grid, self.zone);
        let mut gatherer = Gatherer::new(range, slots, self.zone);
        gatherer.add(&ground, &self.rows());
        gatherer
    }
}

fn resolutions() -> impl Strategy<Value = Resolution> {
    prop::sample::select(Resolution::ALL.to_vec())
}

proptest! {
    #[test]
    fn points_cover_the_range_once(story in stories(), resolution in resolutions()) {
        let (range, grid) = (story.range(), rules(story.zone).grid);
        let slots = slots(range, resolution, grid, story.zone);
        prop_assert_eq!(slots.first().map(TimeRange::start), Some(range.start()));
        prop_assert_eq!(slots.last().map(TimeRange::end), Some(range.end()));
        for pair in slots.windows(2) {
            prop_assert_eq!(pair[0].end(), pair[1].start());
        }
    }

    #[test]
    fn every_figure_is_that_of_the_rows(story in stories(), resolution in resolutions()) {
        let gathered = story.gathered(story.range(), resolution);
        let rows = story.rows();
        let within = |slot: Option<TimeRange>| {
            let rows = rows.iter().filter(move |row| slot.is_none_or(|slot| slot.contains(row.start)));
            rows.collect::<Vec<&Row>>()
        };
        let points = gathered.slots.iter().zip(&gathered.points).map(|(slot, figures)| (Some(*slot), figures));
        for (slot, figures) in points.chain([(None, &gathered.summary)]) {
            let rows = within(slot);
            let people = |count| rows.iter().filter_map(|row| row.count(count)).reduce(|sum, next| sum + next);
            prop_assert_eq!(figures.totals.count(Count::PassingBy), people(Count::PassingBy));
            prop_assert_eq!(figures.totals.count(Count::Interested), people(Count::Interested));
            prop_assert_eq!(figures.buckets.exported, rows.len() as u64);
            let weighed = rows.iter().filter_map(|row| {
                Some((row.mean(Mean::StopTime)?, row.count(Count::Interested)?)).filter(|(_, weight)| *weight > 0)
            });
            let (seconds, weight) = weighed.fold((0.0, 0), |(seconds, sum), (mean, weight)| {
                (seconds + mean * weight as f64, sum + weight)
            });
            if let Some(mean) = figures.totals.mean(Mean::StopTime) {
 prop_assert!((mean - seconds / weight as f64).abs() < 1e-9);
 } else {
 prop_assert_eq!(weight, 0);
 }
        }
        let lacking = story.hours.iter().filter(|hour| hour.is_none()).count() as u64;
        prop_assert_eq!(gathered.summary.buckets.missing, lacking);
        prop_assert_eq!(gathered.summary.buckets.expected, story.hours.len() as u64);
    }

    #[test]
    fn the_hours_of_the_week_are_means_of_what_began_in_them(story in stories()) {
        let gathered = story.gathered(story.range(), Resolution::Bucket);
        let rows = story.rows();
        for (day, hours) in gathered.week.days().iter().enumerate() {
            for (hour, found) in hours.iter().enumerate() {
                let began = rows.iter().filter(|row| {
                    let local = row.start.with_timezone(&story.zone);
                    local.weekday().num_days_from_monday() as usize == day && local.hour() as usize == hour
                });
                let people: Vec<i64> = began.filter_map(|row| row.count(Count::PassingBy)).collect();
                prop_assert_eq!(found.buckets, people.len() as u64);
                let mean = (!people.is_empty()).then(|| people.iter().sum::<i64>() as f64 / people.len() as f64);
                prop_assert_eq!(found.passing_by(), mean);
            }
        }
    }
}

#[test]
fn what_is_not_there_is_told_apart_and_is_no_zero() {
    let (start, hour) = (at("2026-03-02", AMSTERDAM), TimeDelta::hours(1));
    let hours = |from: i32, to: i32| TimeRange::new(start + hour * from, start + hour * to).unwrap();
    let coverage =
        Coverage::default().with(hours(0, 4), Standing::Final).with(hours(4, 6), Standing::Provisional);
    let evidence = Evidence { coverage, missing: BTreeSet::from([start + hour]), ..Evidence::default() };
    // Of the second hour of those that are not asked yet, late counts are waited for.
    let now = start + hour * 8;
    let rules = rules(AMSTERDAM);
    let expected_until = rules.due_until(now);
    let ground = Ground { rules, start, evidence: &evidence, now, expected_until };
    let whole = hours(0, 9);
    let mut gathered =
        Gatherer::new(whole, slots(whole, Resolution::Bucket, rules.grid, AMSTERDAM), AMSTERDAM);
    // The third hour is exported, and no file holds its row.
    let exported = [0, 3, 4, 5].map(|index| row(start + hour * index, Some(0), None, None));
    gathered.add(&ground, &exported);
    let told = |index: usize| {
        let Figures { buckets, totals } = &gathered.points[index];
        let counts =
            [buckets.expected, buckets.exported, buckets.provisional, buckets.missing, buckets.lacking];
        (counts, buckets.pending, totals.count(Count::PassingBy))
    };
    assert_eq!(told(0), ([1, 1, 0, 0, 0], 0, Some(0)));
    assert_eq!(told(1), ([1, 0, 0, 1, 0], 0, None), "missing");
    assert_eq!(told(2), ([1, 0, 0, 0, 1], 0, None), "its file is damaged");
    assert_eq!(told(4), ([1, 1, 1, 0, 0], 0, Some(0)), "provisional");
    assert_eq!(told(6), ([1, 0, 0, 0, 1], 0, None), "due");
    assert_eq!(told(7), ([0, 0, 0, 0, 0], 1, None), "not settled");
    assert_eq!(told(8), ([0, 0, 0, 0, 0], 1, None), "under way");
    assert_eq!(gathered.summary.totals.count(Count::Interested), None, "nobody knows");
}

const CONFIG: &str = r#"
timezone = "Europe/Amsterdam"
output_dir = "data"
state_dir = "state"

[[streams]]
name = "north"
username = "north@example.com"
client_id = "a"
access_token = "token-a"
timezone = "Europe/Amsterdam"
tags = { site = "mall" }

[[streams]]
name = "south"
username = "south@example.com"
client_id = "b"
access_token = "token-b"
timezone = "Asia/Tokyo"

[[jobs]]
name = "hourly"

[[jobs]]
name = "daily"
time = "by_day"
streams = ["south"]
"#;

fn question(which: Which, from: &str, to: &str) -> Question {
    Question { job: None, which, from: Some(from.to_owned()), to: Some(to.to_owned()), resolution: None }
}

fn only(name: &str) -> Which {
    Which::Streams(vec![name.to_owned()])
}

fn config() -> Config {
    Config::parse(CONFIG, Path::new("/etc/exporter.toml")).unwrap()
}

fn resolved(which: Which, from: &str, to: &str, now: &str) -> Result<Asked, AskError> {
    question(which, from, to).resolve(&config(), at(now, AMSTERDAM))
}

#[test]
fn the_period_before_covers_the_same_hours_of_whole_days_before() {
    let before = |from: &str, to: &str, now: &str| {
        let asked = resolved(only("north"), from, to, now).unwrap();
        let local =
            |instant: DateTime<Utc>| instant.with_timezone(&AMSTERDAM).format("%m-%d %H:%M").to_string();
        (local(asked.before.start()), local(asked.before.end()))
    };
    let told = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    let later = "2027-01-01";
    assert_eq!(before("2026-11-16", "2026-11-23", later), told("11-09 00:00", "11-16 00:00"));
    assert_eq!(before("2026-11-01", "2026-12-01", later), told("10-02 00:00", "11-01 00:00"));
    // A day of 25 hours is compared with one of 24, and the night that is skipped with one that is not.
    assert_eq!(before("2026-10-25", "2026-10-26", later), told("10-24 00:00", "10-25 00:00"));
    assert_eq!(before("2026-03-30", "2026-03-31", later), told("03-29 00:00", "03-30 00:00"));
    assert_eq!(
        before("2026-03-30T02:30:00+02:00", "2026-03-30T12:00:00+02:00", later),
        told("03-29 03:00", "03-29 12:00"),
        "half past two was skipped"
    );
    // Seven hours and a half are compared with those of the day before.
    assert_eq!(
        before("2026-11-16T08:00:00+01:00", "2026-11-16T15:30:00+01:00", later),
        told("11-15 08:00", "11-15 15:30")
    );
    // Of a week that is under way, only as much as has passed.
    assert_eq!(
        before("2026-11-16", "2026-11-23", "2026-11-18T09:45:00+01:00"),
        told("11-09 00:00", "11-11 09:00")
    );
}

#[test]
fn a_question_is_about_what_is_configured() {
    let told = |which: Which, job: Option<&str>, from: &str, to: &str| {
        let asked = Question { job: job.map(str::to_owned), ..question(which, from, to) };
        asked.resolve(&config(), at("2026-11-23", AMSTERDAM)).map(|asked| {
            let names = asked.series.iter().map(|series| series.stream.name.clone());
            (names.collect::<Vec<_>>().join(" "), asked.zone.name(), asked.resolution.as_str())
        })
    };
    let week = ("2026-11-16", "2026-11-23");
    let both = Ok(("north south".to_owned(), "Europe/Amsterdam", "bucket"));
    assert_eq!(told(Which::All, None, week.0, week.1), both);
    let south = Ok(("south".to_owned(), "Asia/Tokyo", "week"));
    assert_eq!(told(Which::All, Some("daily"), "2026-01-01", "2026-11-23"), south);
    let mall = Which::tagged("site:mall").unwrap();
    assert_eq!(told(mall, None, week.0, week.1), Ok(("north".to_owned(), "Europe/Amsterdam", "bucket")));

    let unknown = |message: &str| Err(AskError::Unknown(message.to_owned()));
    assert_eq!(told(only("east"), None, week.0, week.1), unknown("there is no stream \"east\""));
    assert_eq!(told(Which::All, Some("weekly"), week.0, week.1), unknown("there is no job \"weekly\""));
    let message = "job \"daily\" has no streams named north";
    assert_eq!(told(only("north"), Some("daily"), week.0, week.1), unknown(message));
    let nowhere = Which::tagged("site:airport:2").unwrap();
    assert_eq!(
        told(nowhere, None, week.0, week.1),
        unknown("no job has streams with the tag site:airport:2")
    );
    assert!(matches!(Which::tagged("site"), Err(AskError::Wrong(_))));
    assert!(matches!(told(Which::All, None, week.1, week.0), Err(AskError::Wrong(_))));
    assert!(matches!(told(Which::All, None, "monday", week.1), Err(AskError::Wrong(_))));
    assert!(matches!(told(Which::All, None, "1971-01-01", "2199-01-01"), Err(AskError::TooMuch(_))));
}

#[test]
fn pages_one_after_the_other_are_the_whole() {
    let asked = resolved(only("north"), "2026-10-24", "2026-10-27", "2026-11-23").unwrap();
    let gatherer = |range| Gatherer::new(range, asked.slots(range), asked.zone);
    let (range, before) = (gatherer(asked.range), gatherer(asked.before));
    let answer = |after: Option<&str>, limit: usize| {
        let page = Page { after: after.map(|text| at(text, AMSTERDAM)), limit };
        let answer = Answer::new(&asked, [&range, &before], page, at("2026-11-23", AMSTERDAM));
        serde_json::to_value(answer).unwrap()
    };
    let whole = answer(None, usize::MAX);
    assert_eq!(whole["points"].as_array().unwrap().len(), 24 + 25 + 24);
    assert!(whole["next"].is_null());
    let mut points = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = answer(after.as_deref(), 7);
        assert_eq!(page["summary"], whole["summary"]);
        assert_eq!(page["before"]["points"].as_array().unwrap().is_empty(), after.is_some());
        points.extend(page["points"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(next) => after = Some(next.to_owned()),
            None => break,
        }
    }
    assert_eq!(&points, whole["points"].as_array().unwrap());
    // The hour that comes twice is two points, which their offsets tell apart.
    let twice = points.iter().filter(|point| point["local_start"] == "2026-10-25T02:00:00");
    assert_eq!(
        twice.map(|point| point["utc_offset"].as_str().unwrap()).collect::<Vec<_>>(),
        ["+02:00", "+01:00"]
    );
}
