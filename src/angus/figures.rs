//! One bucket's metrics, read straight from the bytes into a row. Whatever is not understood survives in `extras`.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use chrono::{DateTime, Utc};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    json,
    oddities::{Oddities, Oddity},
};
use crate::{
    metric::Metric,
    row::{Count, Mean, Row},
};

/// The metrics of one bucket, which does not know its own time.
#[derive(Debug)]
pub(super) struct Figures {
    row: Row,
    pub(super) oddities: Oddities,
}

impl Figures {
    /// Bytes of text that it keeps.
    pub(super) fn text_bytes(&self) -> usize {
        let bytes = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len());
        bytes(&self.row.extras) + bytes(&self.row.satisfaction)
    }

    /// Gives the bucket its time.
    pub(super) fn into_row(self, start: DateTime<Utc>, end: DateTime<Utc>) -> Row {
        let mut row = self.row;
        (row.start, row.end) = (start, end);
        row
    }
}

impl<'de> Deserialize<'de> for Figures {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FiguresVisitor)
    }
}

struct FiguresVisitor;

impl<'de> Visitor<'de> for FiguresVisitor {
    type Value = Figures;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of metrics")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Figures, A::Error> {
        let mut reader = Reader::default();
        while let Some(Key(name)) = map.next_key()? {
            reader.metric(&name, map.next_value::<&'de RawValue>()?).map_err(A::Error::custom)?;
        }
        Ok(reader.finish())
    }
}

/// A key that borrows from the input where it can.
#[derive(Deserialize)]
pub(super) struct Key<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// The members of an object, in the order in which they arrived.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Vec::with_capacity(4);
        while let Some(Key(key)) = map.next_key()? {
            members.push((key, map.next_value()?));
        }
        Ok(Members(members))
    }
}

/// What a figure of a bucket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Count(Count),
    Mean(Mean),
}

impl Place {
    /// Of the member `key` of a metric; `None` where the metric has no such member.
    pub(super) fn of(metric: Metric, key: &str) -> Option<Self> {
        let is_value = key == "value";
        match metric {
            Metric::PassingBy => is_value.then_some(Self::Count(Count::PassingBy)),
            Metric::Interested => is_value.then_some(Self::Count(Count::Interested)),
            Metric::StopTime => is_value.then_some(Self::Mean(Mean::StopTime)),
            Metric::AttentionTime => is_value.then_some(Self::Mean(Mean::AttentionTime)),
            Metric::Category => category_of(key).map(Self::Count),
            Metric::Gender => gender_of(key).map(Self::Count),
            Metric::Satisfaction => None,
        }
    }
}

/// Puts the figures of one bucket together.
pub(super) struct Reader {
    /// Its time is set later.
    row: Row,
    /// Canonical JSON by metric name.
    extras: BTreeMap<String, String>,
    oddities: Oddities,
}

impl Default for Reader {
    fn default() -> Self {
        let row = Row::new(DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH);
        Self { row, extras: BTreeMap::new(), oddities: Oddities::default() }
    }
}

impl Reader {
    /// A metric, whatever it is. Members that are not known, and values that are not what the metric promises, go to
    /// `extras`.
    fn metric(&mut self, name: &str, value: &RawValue) -> Result<(), json::TooDeep> {
        if value.get() == "null" {
            return Ok(());
        }
        match Metric::from_keyword(name) {
            Some(Metric::Satisfaction) => self.set_satisfaction(json::canonical(value)?),
            Some(metric) => {
                let Ok(Members(mut members)) = serde_json::from_str(value.get()) else {
                    return self.keep(name, value);
                };
                members.retain(|(key, figure)| !self.understand(metric, key, figure.get()));
                self.keep_members(name, members)?;
            }
            None => self.keep(name, value)?,
        }
        Ok(())
    }

    /// The metric's JSON, in canonical form.
    pub(super) fn set_satisfaction(&mut self, json: String) {
        self.row.satisfaction = Some(json.into_boxed_str());
    }

    /// Takes one member of a metric: `{"value": n}`, or `{"female": 1, …}`. Tells whether it was understood.
    pub(super) fn understand(&mut self, metric: Metric, key: &str, figure: &str) -> bool {
        Place::of(metric, key).is_some_and(|place| self.put(place, figure))
    }

    /// Takes one figure. Tells whether it was understood.
    pub(super) fn put(&mut self, place: Place, figure: &str) -> bool {
        match place {
            Place::Count(count) => {
                self.take(figure, whole_number, |row, people| row.set_count(count, Some(people)))
            }
            Place::Mean(mean) => {
                self.take(figure, finite_number, |row, seconds| row.set_mean(mean, Some(seconds)))
            }
        }
    }

    /// Takes a count that is not below zero.
    pub(super) fn set_count(&mut self, count: Count, people: i64) {
        self.row.set_count(count, Some(people));
    }

    /// Whether `figure` was understood: a number as `read` wants it, not below zero, or null for what is not known.
    fn take<T: Default + PartialOrd>(
        &mut self,
        figure: &str,
        read: impl Fn(&str) -> Option<T>,
        set: impl Fn(&mut Row, T),
    ) -> bool {
        if figure == "null" {
            return true;
        }
        let Some(number) = read(figure) else { return false };
        if number < T::default() {
            self.oddities.note(Oddity::Negative);
            return false;
        }
        set(&mut self.row, number);
        true
    }

    fn keep(&mut self, name: &str, value: &RawValue) -> Result<(), json::TooDeep> {
        self.extras.insert(name.to_owned(), json::canonical(value)?);
        Ok(())
    }

    fn keep_members(
        &mut self,
        name: &str,
        members: Vec<(Cow<'_, str>, &RawValue)>,
    ) -> Result<(), json::TooDeep> {
        if members.is_empty() {
            return Ok(());
        }
        let kept = members.into_iter().map(|(key, member)| Ok((key, json::canonical(member)?)));
        let kept: BTreeMap<Cow<'_, str>, String> = kept.collect::<Result<_, _>>()?;
        let text = json::object(kept.iter().map(|(key, member)| (&**key, &**member)));
        self.extras.insert(name.to_owned(), text);
        Ok(())
    }

    /// The bucket, checked.
    pub(super) fn finish(mut self) -> Figures {
        if !self.extras.is_empty() {
            let extras = json::object(self.extras.iter().map(|(key, value)| (&**key, &**value)));
            self.row.extras = Some(extras.into_boxed_str());
        }
        self.check_means();
        self.check_sums();
        Figures { row: self.row, oddities: self.oddities }
    }

    fn check_means(&mut self) {
        if self.row.count(Count::Interested) != Some(0) {
            return;
        }
        for mean in [Mean::StopTime, Mean::AttentionTime] {
            if self.row.mean(mean).is_some() {
                self.row.set_mean(mean, None);
                self.oddities.note(Oddity::MeanWithoutInterested);
            }
        }
    }

    fn check_sums(&mut self) {
        use Count::{
            CategorySeniorFemale, CategorySeniorMale, CategoryYoungFemale, CategoryYoungMale, GenderFemale,
            GenderMale, GenderUnknown,
        };
        let Some(interested) = self.row.count(Count::Interested) else { return };
        let gender = self.sum(&[GenderFemale, GenderMale, GenderUnknown]);
        if gender.is_some_and(|sum| sum != interested) {
            self.oddities.note(Oddity::GenderSum);
        }
        let category =
            self.sum(&[CategorySeniorFemale, CategorySeniorMale, CategoryYoungFemale, CategoryYoungMale]);
        if category.is_some_and(|sum| sum > interested) {
            self.oddities.note(Oddity::CategorySum);
        }
        if self.row.count(Count::PassingBy).is_some_and(|passing| interested > passing) {
            self.oddities.note(Oddity::InterestedAbovePassingBy);
        }
    }

    fn sum(&self, counts: &[Count]) -> Option<i64> {
        counts.iter().try_fold(0_i64, |sum, count| sum.checked_add(self.row.count(*count)?))
    }
}

fn category_of(key: &str) -> Option<Count> {
    match key {
        "senior_female" => Some(Count::CategorySeniorFemale),
        "senior_male" => Some(Count::CategorySeniorMale),
        "young_female" => Some(Count::CategoryYoungFemale),
        "young_male" => Some(Count::CategoryYoungMale),
        _ => None,
    }
}

fn gender_of(key: &str) -> Option<Count> {
    match key {
        "female" => Some(Count::GenderFemale),
        "male" => Some(Count::GenderMale),
        "?" => Some(Count::GenderUnknown),
        _ => None,
    }
}

/// Above this, a double no longer tells neighbouring integers apart.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A JSON number without a fraction: `3` and `3.0` alike (section 5).
fn whole_number(text: &str) -> Option<i64> {
    if let Ok(number) = text.parse::<i64>() {
        return Some(number);
    }
    let number = finite_number(text)?;
    #[expect(clippy::cast_possible_truncation, reason = "whole and within the range where doubles are exact")]
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}

/// A JSON number that fits into a double.
fn finite_number(text: &str) -> Option<f64> {
    // Rust would also read `inf` and `nan`, which are no JSON and cannot get here; strings and the like begin otherwise.
    text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
        .then(|| text.parse::<f64>().ok())
        .flatten()
        .filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Row, Vec<(Oddity, usize)>) {
        let figures: Figures = serde_json::from_str(text).unwrap();
        let oddities = figures.oddities.iter().collect();
        (figures.into_row(DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH), oddities)
    }

    #[test]
    fn known_metrics_go_to_their_columns() {
        let (row, oddities) = read(
            r#"{"passing_by":{"value":9},"interested":{"value":4.0},"stop_time":{"value":12.5},
                "attention_time":{"value":6},"gender":{"?":1,"female":1,"male":2},
                "category":{"senior_female":0,"senior_male":1,"young_female":1,"young_male":null}}"#,
        );
        assert_eq!(row.count(Count::PassingBy), Some(9));
        assert_eq!(row.count(Count::Interested), Some(4));
        assert_eq!(row.mean(Mean::StopTime), Some(12.5));
        assert_eq!(row.mean(Mean::AttentionTime), Some(6.0));
        assert_eq!(row.count(Count::GenderUnknown), Some(1));
        assert_eq!(row.count(Count::CategoryYoungMale), None);
        assert_eq!((row.satisfaction, row.extras), (None, None));
        assert_eq!(oddities, []);
    }

    #[test]
    fn whatever_is_not_understood_survives_in_extras() {
        for (bucket, extras) in [
            (r#"{"dwell":{"b":1,"a":[2]}}"#, r#"{"dwell":{"a":[2],"b":1}}"#),
            (r#"{"passing_by":{"value":5,"confidence":0.90}}"#, r#"{"passing_by":{"confidence":0.90}}"#),
            (r#"{"passing_by":7}"#, r#"{"passing_by":7}"#),
            (r#"{"passing_by":{"value":"7"}}"#, r#"{"passing_by":{"value":"7"}}"#),
            (r#"{"passing_by":{"value":1.5}}"#, r#"{"passing_by":{"value":1.5}}"#),
            (r#"{"passing_by":{"value":1e300}}"#, r#"{"passing_by":{"value":1e300}}"#),
            (r#"{"stop_time":{"value":1e999}}"#, r#"{"stop_time":{"value":1e999}}"#),
            (r#"{"gender":{"female":1,"other":2}}"#, r#"{"gender":{"other":2}}"#),
            (r#"{"category":[1,2]}"#, r#"{"category":[1,2]}"#),
            (r#"{"passing_by":{"value":-1}}"#, r#"{"passing_by":{"value":-1}}"#),
        ] {
            assert_eq!(read(bucket).0.extras.as_deref(), Some(extras), "{bucket}");
        }
        assert_eq!(read(r#"{"passing_by":null,"gender":{"female":null}}"#).0.extras, None);
    }

    #[test]
    fn what_the_vendor_rules_out_is_reported() {
        for (bucket, oddity) in [
            (r#"{"passing_by":{"value":-1}}"#, Oddity::Negative),
            (r#"{"interested":{"value":0},"stop_time":{"value":3}}"#, Oddity::MeanWithoutInterested),
            (r#"{"interested":{"value":2},"gender":{"?":0,"female":1,"male":0}}"#, Oddity::GenderSum),
            (
                r#"{"interested":{"value":0},"category":{"senior_female":0,"senior_male":1,"young_female":0,"young_male":0}}"#,
                Oddity::CategorySum,
            ),
            (r#"{"interested":{"value":2},"passing_by":{"value":1}}"#, Oddity::InterestedAbovePassingBy),
        ] {
            assert_eq!(read(bucket).1, [(oddity, 1)], "{bucket}");
        }
        assert_eq!(
            read(r#"{"interested":{"value":0},"stop_time":{"value":3}}"#).0.mean(Mean::StopTime),
            None
        );
    }
}
