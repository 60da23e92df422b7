//! What the service answers, as far as we keep it (Angelcam contract, section 6). Everything else is passed over in the
//! body itself and copied nowhere: `streams`, `live_snapshot` and `event_api_hash` of a camera are secrets, and the names
//! and addresses of the person behind an account concern nobody here.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::ledger::CameraRecord;

/// An answer that is not what was asked for. It tells nothing of the answer, which may hold secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// A page of some proxy, or a body that was cut short.
    NotJson,
    /// JSON, but not of the documented shape.
    OtherShape(String),
}

/// Whose cameras an account sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The number that the service knows the person by.
    pub id: i64,
    /// Cameras of the person's own, where the service tells it.
    pub own_cameras: Option<u64>,
    /// Cameras that others share with the person, where the service tells it.
    pub shared_cameras: Option<u64>,
    /// All of them, where the service tells it.
    pub total_cameras: Option<u64>,
}

/// One page of a listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Page {
    /// How many cameras the whole listing should hold.
    pub(super) count: u64,
    /// Where the service says that the next page lies; `None` at the end.
    pub(super) next: Option<String>,
    /// The cameras in the order of the page, `None` in place of an entry without a usable id.
    pub(super) entries: Vec<Option<CameraRecord>>,
}

/// Reads what `me/` answers.
pub(super) fn decode_owner(body: &[u8]) -> Result<Owner, Unreadable> {
    #[derive(Deserialize)]
    struct Fields<'a> {
        #[serde(borrow)]
        id: &'a RawValue,
        my_cameras_count: Option<&'a RawValue>,
        shared_cameras_count: Option<&'a RawValue>,
        total_cameras_count: Option<&'a RawValue>,
    }
    let fields: Fields<'_> = serde_json::from_slice(body).map_err(|error| unreadable(&error))?;
    Ok(Owner {
        id: value(fields.id).ok_or_else(|| Unreadable::OtherShape("its id is no number".to_owned()))?,
        own_cameras: fields.my_cameras_count.and_then(value),
        shared_cameras: fields.shared_cameras_count.and_then(value),
        total_cameras: fields.total_cameras_count.and_then(value),
    })
}

/// Reads a page of `cameras/`.
pub(super) fn decode_page(body: &[u8]) -> Result<Page, Unreadable> {
    #[derive(Deserialize)]
    struct Fields<'a> {
        count: u64,
        next: Option<String>,
        #[serde(borrow)]
        results: Vec<&'a RawValue>,
    }
    let Fields { count, next, results } = serde_json::from_slice(body).map_err(|error| unreadable(&error))?;
    let next = next.filter(|next| !next.is_empty());
    Ok(Page { count, next, entries: results.into_iter().map(camera).collect() })
}

/// A camera of which only the id must be right; whatever else is of another type counts as not told.
fn camera(entry: &RawValue) -> Option<CameraRecord> {
    #[derive(Deserialize)]
    struct Fields<'a> {
        #[serde(borrow)]
        id: &'a RawValue,
        name: Option<&'a RawValue>,
        #[serde(rename = "type")]
        kind: Option<&'a RawValue>,
        status: Option<&'a RawValue>,
        tags: Option<&'a RawValue>,
    }
    // Where fields are expected, serde takes a list of their values too.
    let object = Some(entry.get()).filter(|text| text.starts_with('{'))?;
    let fields: Fields<'_> = serde_json::from_str(object).ok()?;
    let tags: Option<Vec<&RawValue>> = fields.tags.and_then(|tags| serde_json::from_str(tags.get()).ok());
    Some(CameraRecord {
        id: value(fields.id).filter(|id| *id >= 1)?,
        name: fields.name.and_then(text),
        kind: fields.kind.and_then(text),
        status: fields.status.and_then(text),
        tags: tags.unwrap_or_default().into_iter().filter_map(text).collect(),
        absences: 0,
    })
}

fn value<T: DeserializeOwned>(raw: &RawValue) -> Option<T> {
    serde_json::from_str(raw.get()).ok()
}

/// Empty text says as much as none, and CSV cannot tell them apart.
fn text(raw: &RawValue) -> Option<String> {
    value(raw).filter(|text: &String| !text.is_empty())
}

/// Without the words of the JSON reader, which quote what it read.
fn unreadable(error: &serde_json::Error) -> Unreadable {
    if error.is_data() {
        let (line, column) = (error.line(), error.column());
        Unreadable::OtherShape(format!("its JSON is of another shape from line {line}, column {column} on"))
    } else {
        Unreadable::NotJson
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(body: &str) -> Page {
        decode_page(body.as_bytes()).unwrap()
    }

    /// The only camera of a listing of this entry.
    fn only(entry: &str) -> Option<CameraRecord> {
        let mut page = page(&format!(r#"{{"count":1,"next":null,"previous":null,"results":[{entry}]}}"#));
        assert_eq!(page.entries.len(), 1, "{entry}");
        page.entries.remove(0)
    }

    fn bare(id: i64) -> CameraRecord {
        CameraRecord { id, name: None, kind: None, status: None, tags: Vec::new(), absences: 0 }
    }

    #[test]
    fn angelcam_vector_12_what_is_unknown_is_kept_as_text_and_what_is_secret_is_dropped() {
        let page = page(
            r#"{"count":2,"next":null,"previous":null,"results":[
                {"id":7,"name":"Hall","type":"h266","status":"asleep","snapshot":null,"live_snapshot":null,"streams":[],
                 "applications":["LSA",{"code":"CRA"}],"tags":["shop"],"event_api_hash":"x"},
                {"name":"no id"}]}"#,
        );
        let hall = CameraRecord {
            id: 7,
            name: Some("Hall".to_owned()),
            kind: Some("h266".to_owned()),
            status: Some("asleep".to_owned()),
            tags: vec!["shop".to_owned()],
            absences: 0,
        };
        assert_eq!(page, Page { count: 2, next: None, entries: vec![Some(hall), None] });
    }

    #[test]
    fn an_entry_without_a_usable_id_is_none() {
        for entry in [
            "{}",
            "[]",
            "7",
            "null",
            "true",
            r#""7""#,
            r#"[7,"Hall","h264","online",[]]"#,
            r#"{"id":null}"#,
            r#"{"id":0}"#,
            r#"{"id":-1}"#,
            r#"{"id":"7"}"#,
            r#"{"id":7.5}"#,
            r#"{"id":[7]}"#,
            r#"{"id":9223372036854775808}"#,
            r#"{"id":7,"id":8}"#,
        ] {
            assert_eq!(only(entry), None, "{entry}");
        }
        assert_eq!(only(r#"{"id":1}"#), Some(bare(1)));
        assert_eq!(only(r#"{"id":9223372036854775807}"#), Some(bare(i64::MAX)));
    }

    #[test]
    fn whatever_else_is_odd_costs_only_itself() {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        for odd in ["null", "7", "true", "{}", "[{}]", "\"\"", "[\"\", null, 7, [\"a\"]]", &deep] {
            let entry = format!(
                r#"{{"id":7,"name":{odd},"type":{odd},"status":{odd},"tags":{odd},"applications":{odd},
                     "streams":{odd},"snapshot":{odd},"live_snapshot":{odd},"event_api_hash":{odd},"new":{odd}}}"#
            );
            assert_eq!(only(&entry), Some(bare(7)), "{odd:.40}");
        }
        let tags = only(r#"{"id":7,"tags":["b",null,"a","b",7]}"#).unwrap().tags;
        assert_eq!(tags, ["b", "a", "b"]);
        assert_eq!(only(r#"{"id":7,"name":"Caf\u00e9 \n"}"#).unwrap().name.as_deref(), Some("Café \n"));
    }

    #[test]
    fn an_answer_of_another_kind_is_told_apart_and_not_quoted() {
        for body in ["", "<html>", "{", r#"{"count":1,"results":["planted"#, "\u{0}"] {
            assert_eq!(decode_page(body.as_bytes()), Err(Unreadable::NotJson), "{body}");
            assert_eq!(decode_owner(body.as_bytes()), Err(Unreadable::NotJson), "{body}");
        }
        for body in [
            "[]",
            "null",
            "{}",
            r#""planted""#,
            r#"{"count":1,"next":null}"#,
            r#"{"next":null,"results":[]}"#,
            r#"{"count":-1,"results":[]}"#,
            r#"{"count":"planted","results":[]}"#,
            r#"{"count":1,"next":7,"results":[]}"#,
            r#"{"count":1,"results":"planted"}"#,
            r#"{"count":1,"results":{"planted":1}}"#,
        ] {
            let error = decode_page(body.as_bytes()).unwrap_err();
            assert!(matches!(error, Unreadable::OtherShape(_)), "{body}: {error:?}");
            assert!(!format!("{error:?}").contains("planted"), "{error:?}");
        }
        for body in ["[]", "{}", r#"{"id":null}"#, r#"{"id":"planted"}"#, r#"{"id":1.5}"#] {
            let error = decode_owner(body.as_bytes()).unwrap_err();
            assert!(matches!(error, Unreadable::OtherShape(_)), "{body}: {error:?}");
            assert!(!format!("{error:?}").contains("planted"), "{error:?}");
        }
    }

    #[test]
    fn of_a_person_only_the_number_and_the_counts_are_kept() {
        let body = r#"{"id":42,"email":"ops@example.com","first_name":"A","last_name":"B","phone":null,"root_site":3,
            "my_cameras_count":2,"shared_cameras_count":"1","total_cameras_count":3,"available_features":{}}"#;
        let owner = decode_owner(body.as_bytes()).unwrap();
        let expected = Owner { id: 42, own_cameras: Some(2), shared_cameras: None, total_cameras: Some(3) };
        assert_eq!(owner, expected);
    }

    #[test]
    fn an_empty_next_is_the_end() {
        assert_eq!(page(r#"{"count":0,"next":"","results":[]}"#).next, None);
        assert_eq!(page(r#"{"count":0,"results":[]}"#).next, None);
        assert_eq!(page(r#"{"count":0,"next":"/x","results":[]}"#).next.as_deref(), Some("/x"));
    }
}
