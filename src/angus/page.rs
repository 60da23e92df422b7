//! One page of a listing, decoded from its bytes without an intermediate tree.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};

use super::{
    figures::{Figures, Key},
    usual,
};
use crate::time::{parse_label, parse_wire, to_wire};

/// One page as it arrived (section 4). Fields that the service left out are `None`; unknown fields are ignored.
#[derive(Debug, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names are those on the wire")]
pub struct Page {
    pub(super) entities: Entities,
    pub(super) time: Option<Box<str>>,
    pub(super) from_date: Option<Box<str>>,
    pub(super) to_date: Option<Box<str>>,
    pub(super) total_results: Option<u64>,
    pub(super) nb_of_pages: Option<u64>,
    pub(super) page: Option<u64>,
    pub(super) next_page: Option<Box<str>>,
}

impl Page {
    /// The address of the page after this one, as the service names it.
    pub(super) fn next_page(&self) -> Option<&str> {
        self.next_page.as_deref().filter(|next| !next.is_empty())
    }
}

/// The buckets of a page by label, in the order in which they arrived.
#[derive(Debug)]
pub(super) struct Entities(pub(super) Vec<(Label, Figures)>);

/// What names a bucket.
#[derive(Debug)]
pub(super) enum Label {
    /// An instant in the form in which the API is asked: nearly all are.
    Wire(DateTime<Utc>),
    /// Any other text.
    Text(Box<str>),
}

impl Label {
    /// The instant that it names, in whichever form.
    pub(super) fn instant(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Wire(instant) => Some(*instant),
            Self::Text(text) => parse_label(text).ok(),
        }
    }
}

impl From<&str> for Label {
    fn from(text: &str) -> Self {
        parse_wire(text).map_or_else(|| Self::Text(text.into()), Self::Wire)
    }
}

/// As it stood on the page.
impl fmt::Display for Label {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wire(instant) => formatter.write_str(&to_wire(*instant)),
            Self::Text(text) => formatter.write_str(text),
        }
    }
}

/// Buckets of a page that room is made for; the contract knows no number (section 4).
pub(super) const USUAL_BUCKETS: usize = 64;

/// Reads a page. The error tells broken JSON (`is_syntax`, `is_eof`) from JSON of another shape (`is_data`).
pub fn decode_page(body: &[u8]) -> Result<Page, serde_json::Error> {
    match std::str::from_utf8(body) {
        Ok(text) => usual::read(text).map_or_else(|| serde_json::from_str(text), Ok),
        Err(_) => serde_json::from_slice(body),
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
        formatter.write_str("an object of buckets")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entities, A::Error> {
        let mut buckets = Vec::with_capacity(USUAL_BUCKETS);
        while let Some(Key(label)) = map.next_key::<Key<'de>>()? {
            buckets.push((Label::from(&*label), map.next_value()?));
        }
        Ok(Entities(buckets))
    }
}
