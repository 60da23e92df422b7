//! Bodies of deliveries: whether they are what they say, and of which stream and bucket they begin.

use axum::http::HeaderMap;
use csv::{ReaderBuilder, StringRecord};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::simulator::answer;

/// What is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    Csv,
    Json,
    JsonLines,
    Xml,
}

/// Where a delivery comes from, by its first row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Origin {
    pub(super) stream: Option<String>,
    pub(super) bucket_start: Option<String>,
}

impl Media {
    /// What the headers say; `None` where that is not taken.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        Some(match answer::media_type(headers)?.as_str() {
            "text/csv" => Self::Csv,
            "application/json" => Self::Json,
            "application/x-ndjson" => Self::JsonLines,
            "text/xml" => Self::Xml,
            _ => return None,
        })
    }

    /// Reads all of `body`; the error says what is wrong with it.
    pub(super) fn read(self, body: &[u8]) -> Result<Origin, String> {
        let text = std::str::from_utf8(body).map_err(|error| format!("the body is not UTF-8: {error}"))?;
        match self {
            Self::Csv => read_csv(text),
            Self::Json => read_json(text),
            Self::JsonLines => read_json_lines(text),
            Self::Xml if text.trim_start().starts_with('<') => Ok(Origin::default()),
            Self::Xml => Err("the body is no XML".to_owned()),
        }
    }
}

/// Comma-separated, a header first, as many fields on every line, and none of them quoted.
fn read_csv(text: &str) -> Result<Origin, String> {
    if let Some(line) = text.lines().position(|line| line.contains('"')) {
        return Err(format!("CSV, line {}: fields must not be quoted", line + 1));
    }
    let mut reader = ReaderBuilder::new().quoting(false).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| format!("CSV: {error}"))?.clone();
    if header.is_empty() {
        return Err("CSV: there is no header".to_owned());
    }
    let mut first = None;
    for record in reader.records() {
        let record = record.map_err(|error| format!("CSV: {error}"))?;
        first.get_or_insert(record);
    }
    Ok(first.map(|record| origin(&header, &record)).unwrap_or_default())
}

fn origin(header: &StringRecord, record: &StringRecord) -> Origin {
    let field = |name: &str| {
        let column = header.iter().position(|column| column.eq_ignore_ascii_case(name))?;
        record.get(column).map(str::to_owned)
    };
    Origin { stream: field("stream"), bucket_start: field("bucket_start") }
}

/// An array of objects, or one object.
fn read_json(text: &str) -> Result<Origin, String> {
    let no_json = |error: serde_json::Error| format!("JSON: {error}");
    if text.trim_start().starts_with('[') {
        let rows: Vec<&RawValue> = serde_json::from_str(text).map_err(no_json)?;
        return first_origin(&rows);
    }
    let row: &RawValue = serde_json::from_str(text).map_err(no_json)?;
    first_origin(&[row])
}

/// An object on every line.
fn read_json_lines(text: &str) -> Result<Origin, String> {
    let rows: Result<Vec<&RawValue>, _> = text.lines().map(serde_json::from_str).collect();
    let rows = rows.map_err(|error| format!("JSON lines: {error}"))?;
    if rows.is_empty() {
        return Err("JSON lines: the body is empty".to_owned());
    }
    first_origin(&rows)
}

fn first_origin(rows: &[&RawValue]) -> Result<Origin, String> {
    if rows.iter().any(|row| !row.get().starts_with('{')) {
        return Err("JSON: expected objects".to_owned());
    }
    // What is JSON but has other types there is of no stream that we know.
    let origin = rows.first().and_then(|row| serde_json::from_str(row.get()).ok());
    Ok(origin.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lobby() -> Origin {
        Origin { stream: Some("lobby".into()), bucket_start: Some("2026-01-01T00:00:00Z".into()) }
    }

    #[test]
    fn the_first_row_tells_stream_and_bucket() {
        let csv = "Bucket_Start,people,STREAM\n2026-01-01T00:00:00Z,1,lobby\n2026-01-01T01:00:00Z,2,hall\n";
        let row = r#"{"people":1,"stream":"lobby","bucket_start":"2026-01-01T00:00:00Z"}"#;
        for (media, body) in [
            (Media::Csv, csv.to_owned()),
            (Media::Json, row.to_owned()),
            (Media::Json, format!(" [{row}, {{}}] ")),
            (Media::JsonLines, format!("{row}\n{{}}\n")),
        ] {
            assert_eq!(media.read(body.as_bytes()), Ok(lobby()), "{body}");
        }
    }

    #[test]
    fn bodies_of_something_else_are_taken_too() {
        for (media, body) in [
            (Media::Csv, "trip,stop\n"),
            (Media::Csv, "trip,stop\n1,2\n"),
            (Media::Json, "[]"),
            (Media::Json, r#"{"stream":7}"#),
            (Media::Xml, "\n<trips/>"),
        ] {
            assert_eq!(media.read(body.as_bytes()), Ok(Origin::default()), "{body}");
        }
    }

    #[test]
    fn what_is_not_what_it_says_is_refused() {
        for (media, body) in [
            (Media::Csv, &b""[..]),
            (Media::Csv, b"a,b\n1\n"),
            (Media::Csv, b"a,b\n1,\"x, y\"\n"),
            (Media::Csv, b"a,b\n1,\xFF\n"),
            (Media::Json, b""),
            (Media::Json, b"[{}"),
            (Media::Json, b"[{}] x"),
            (Media::Json, b"[1]"),
            (Media::Json, b"\"text\""),
            (Media::JsonLines, b""),
            (Media::JsonLines, b"{}\n\n{}"),
            (Media::JsonLines, b"[{}]"),
            (Media::Xml, b"trips"),
        ] {
            assert!(media.read(body).is_err(), "{media:?}: {}", String::from_utf8_lossy(body));
        }
        let quoted = Media::Csv.read(b"a,b\n1,\"x, y\"\n").unwrap_err();
        assert_eq!(quoted, "CSV, line 2: fields must not be quoted");
    }

    #[test]
    fn media_types_are_told_without_case_and_parameters() {
        let of = |text: &str| {
            Media::of(&HeaderMap::from_iter([(axum::http::header::CONTENT_TYPE, text.parse().unwrap())]))
        };
        assert_eq!(of("Text/CSV; charset=utf-8"), Some(Media::Csv));
        assert_eq!(of("application/x-ndjson"), Some(Media::JsonLines));
        assert_eq!(of("application/jsonx"), None);
        assert_eq!(Media::of(&HeaderMap::new()), None);
    }
}
