//! One page of a listing, decoded from its bytes without an intermediate tree.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};

use super::figures::{Figures, Key};

/// One page as it arrived (section 4). Fields that the service left out are `None`; unknown fields are ignored.
#[derive(Debug, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names are those on the wire")]
pub struct Page<'a> {
    #[serde(borrow)]
    pub(super) entities: Entities<'a>,
    #[serde(borrow)]
    pub(super) time: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) from_date: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) to_date: Option<Cow<'a, str>>,
    pub(super) total_results: Option<u64>,
    pub(super) nb_of_pages: Option<u64>,
    pub(super) page: Option<u64>,
    #[serde(borrow)]
    pub(super) next_page: Option<Cow<'a, str>>,
}

/// The buckets of a page by label, in the order in which they arrived.
#[derive(Debug)]
pub(super) struct Entities<'a>(pub(super) Vec<(Cow<'a, str>, Figures)>);

/// Reads a page. The error tells broken JSON (`is_syntax`, `is_eof`) from JSON of another shape (`is_data`).
pub fn decode_page(body: &[u8]) -> Result<Page<'_>, serde_json::Error> {
    serde_json::from_slice(body)
}

impl<'de: 'a, 'a> Deserialize<'de> for Entities<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntitiesVisitor)
    }
}

struct EntitiesVisitor;

impl<'de> Visitor<'de> for EntitiesVisitor {
    type Value = Entities<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of buckets")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entities<'de>, A::Error> {
        let mut buckets = Vec::new();
        while let Some(Key(label)) = map.next_key()? {
            buckets.push((label, map.next_value()?));
        }
        Ok(Entities(buckets))
    }
}
