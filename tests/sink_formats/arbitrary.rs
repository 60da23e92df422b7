//! Any rows that a file may hold.

use std::collections::BTreeSet;

use audience_exporter::row::{Count, FileContext, Mean, Row};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;

pub(crate) const COUNTS: [Count; 9] = [
    Count::PassingBy,
    Count::Interested,
    Count::CategorySeniorFemale,
    Count::CategorySeniorMale,
    Count::CategoryYoungFemale,
    Count::CategoryYoungMale,
    Count::GenderFemale,
    Count::GenderMale,
    Count::GenderUnknown,
];
pub(crate) const MEANS: [Mean; 2] = [Mean::StopTime, Mean::AttentionTime];

/// Hours at which clocks of [`ZONES`] are turned.
const TURNS: [&str; 4] =
    ["2026-10-25T01:00:00Z", "2026-03-29T01:00:00Z", "2026-04-04T15:00:00Z", "2026-11-01T04:30:00Z"];
const ZONES: [Tz; 8] = [
    Tz::UTC,
    Tz::Europe__Paris,
    Tz::Australia__Lord_Howe,
    Tz::Asia__Kolkata,
    Tz::America__St_Johns,
    Tz::Africa__Monrovia,
    Tz::Pacific__Apia,
    Tz::Asia__Kathmandu,
];

fn arbitrary_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "\"", ",", "\n", "\r\n", "\r", "'", ";", "=1+1", " ", "é", "日本", "\u{feff}"
        ])
        .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 1..8).prop_map(|pieces| pieces.concat())
}

fn arbitrary_count() -> impl Strategy<Value = Option<i64>> {
    prop::option::of(prop_oneof![any::<i64>(), Just(i64::MIN), Just(i64::MAX), 0..1000_i64])
}

fn arbitrary_mean() -> impl Strategy<Value = Option<f64>> {
    use prop::num::f64::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
    let extremes = prop::sample::select(vec![-0.0, 5e-324, f64::MAX, f64::MIN, 20.0, 1e16, 1e-5]);
    prop::option::of(prop_oneof![extremes, POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | ZERO])
}

/// Whole hours of 1970 to 2100, any seconds of them, and the hours around the turns of a clock.
fn arbitrary_start() -> impl Strategy<Value = i64> {
    const END_OF_2099: i64 = 4_102_444_800;
    let turn =
        prop::sample::select(TURNS.map(|text| text.parse::<DateTime<Utc>>().unwrap().timestamp()).to_vec());
    prop_oneof![
        (0..END_OF_2099 / 3600).prop_map(|hour| hour * 3600),
        0..END_OF_2099,
        (turn, -4..4_i64).prop_map(|(turn, half_hours)| turn + 1800 * half_hours),
    ]
}

prop_compose! {
    fn arbitrary_row()(
        seconds in prop_oneof![Just(3600), Just(86_400), 1..1_000_000_i64],
        counts in prop::array::uniform9(arbitrary_count()),
        means in prop::array::uniform2(arbitrary_mean()),
        satisfaction in prop::option::of(arbitrary_text()),
        extras in prop::option::of(arbitrary_text()),
    ) -> Row {
        let mut row = Row::new(DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds));
        COUNTS.into_iter().zip(counts).for_each(|(count, people)| row.set_count(count, people));
        MEANS.into_iter().zip(means).for_each(|(mean, seconds)| row.set_mean(mean, seconds));
        row.satisfaction = satisfaction.map(Into::into);
        row.extras = extras.map(Into::into);
        row
    }
}

prop_compose! {
    pub(crate) fn arbitrary_rows()(
        starts in prop::collection::btree_set(arbitrary_start(), 0..12),
    )(
        rows in prop::collection::vec(arbitrary_row(), starts.len()),
        starts in Just(starts),
    ) -> Vec<Row> {
        at(&starts, rows)
    }
}

fn at(starts: &BTreeSet<i64>, mut rows: Vec<Row>) -> Vec<Row> {
    for (row, start) in rows.iter_mut().zip(starts) {
        let duration = row.end - row.start;
        row.start = DateTime::from_timestamp(*start, 0).unwrap();
        row.end = row.start + duration;
    }
    rows
}

prop_compose! {
    pub(crate) fn arbitrary_context()(
        zone in prop::sample::select(ZONES.to_vec()),
        values in prop::collection::btree_map("[a-z_]{1,8}", prop::option::of(arbitrary_text()), 0..4),
    ) -> FileContext {
        FileContext { stream: "lobby-2".to_owned(), zone, tags: values.into_iter().collect() }
    }
}
