//! Pages by derived deserialisation.

use std::fmt;

use audience_exporter::time::parse_label;
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};

use super::Record;

/// What is read of a page.
#[derive(Deserialize)]
pub(super) struct Page {
    pub(super) entities: Entities,
    pub(super) nb_of_pages: usize,
}

/// The hours of a page, as they came.
pub(super) struct Entities(pub(super) Vec<Entity>);

/// One hour.
pub(super) struct Entity {
    start: i64,
    metrics: Metrics,
}

#[derive(Deserialize)]
struct Metrics {
    passing_by: Value<i64>,
    interested: Value<i64>,
    stop_time: Value<Option<f64>>,
    attention_time: Value<Option<f64>>,
    category: Category,
    gender: Gender,
    satisfaction: Option<Value<f64>>,
}

#[derive(Deserialize)]
struct Value<T> {
    value: T,
}

#[derive(Deserialize)]
struct Category {
    senior_female: i64,
    senior_male: i64,
    young_female: i64,
    young_male: i64,
}

#[derive(Deserialize)]
struct Gender {
    #[serde(rename = "?")]
    unknown: i64,
    female: i64,
    male: i64,
}

impl Entity {
    pub(super) fn into_record(self, stream: usize) -> Record {
        let Metrics { passing_by, interested, stop_time, attention_time, category, gender, satisfaction } =
            self.metrics;
        Record {
            stream,
            start: self.start,
            counts: [
                passing_by.value,
                interested.value,
                category.senior_female,
                category.senior_male,
                category.young_female,
                category.young_male,
                gender.female,
                gender.male,
                gender.unknown,
            ],
            numbers: [stop_time.value, attention_time.value, satisfaction.map(|share| share.value)],
        }
    }
}

impl<'de> Deserialize<'de> for Entities {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntitiesVisitor)
    }
}

struct EntitiesVisitor;

impl<'de> Visitor<'de> for EntitiesVisitor {
    type Value = Entities;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("hours by their labels")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entities, A::Error> {
        let mut entities = Vec::with_capacity(64);
        while let Some((label, metrics)) = map.next_entry::<&str, Metrics>()? {
            entities
                .push(Entity { start: parse_label(label).map_err(A::Error::custom)?.timestamp(), metrics });
        }
        Ok(Entities(entities))
    }
}
