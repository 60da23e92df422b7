//! Rows as JSON, for other systems: no file of ours has this form, so nothing reads it back.
//!
//! An object a row, its keys the columns in their order. Times and numbers are written as in CSV; what is empty there
//! is null here.

use super::{
    EncodeError,
    cell::{Cell, Cells, fields},
    csv::text,
    rules,
};
use crate::row::{FileContext, Row};

/// What a row takes as a rule, so that the buffer need not grow often.
const TYPICAL_ROW_BYTES: usize = 640;

/// How rows stand together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonLayout {
    /// One array.
    Array,
    /// Each on a line of its own.
    Lines,
}

impl JsonLayout {
    /// The rows, which are strictly ascending.
    pub fn encode(self, context: &FileContext, rows: &[Row]) -> Result<Vec<u8>, EncodeError> {
        rules::check(rows)?;
        let fields = fields(context);
        let keys: Vec<String> = fields.iter().map(|field| json_text(&field.column.name())).collect();
        let mut cells = Cells::new(context);
        let (mut out, mut scratch) = (Vec::with_capacity(TYPICAL_ROW_BYTES * (rows.len() + 1)), Vec::new());
        out.extend_from_slice(self.opening());
        for (index, row) in rows.iter().enumerate() {
            if index > 0 {
                out.extend_from_slice(self.separator());
            }
            for (position, (field, key)) in fields.iter().zip(&keys).enumerate() {
                out.push(if position == 0 { b'{' } else { b',' });
                out.extend_from_slice(key.as_bytes());
                out.push(b':');
                push_value(&mut out, cells.get(field, row), &mut scratch);
            }
            out.push(b'}');
        }
        out.extend_from_slice(self.closing(rows));
        Ok(out)
    }

    fn opening(self) -> &'static [u8] {
        match self {
            Self::Array => b"[",
            Self::Lines => b"",
        }
    }

    fn separator(self) -> &'static [u8] {
        match self {
            Self::Array => b",",
            Self::Lines => b"\n",
        }
    }

    fn closing(self, rows: &[Row]) -> &'static [u8] {
        match self {
            Self::Array => b"]",
            Self::Lines if rows.is_empty() => b"",
            Self::Lines => b"\n",
        }
    }
}

fn push_value(out: &mut Vec<u8>, cell: Cell<'_>, scratch: &mut Vec<u8>) {
    match cell {
        Cell::Null => out.extend_from_slice(b"null"),
        Cell::Text(text) => out.extend_from_slice(json_text(text).as_bytes()),
        Cell::Instant(_) | Cell::WallClock(_) => {
            out.push(b'"');
            out.extend_from_slice(text::format(cell, scratch));
            out.push(b'"');
        }
        Cell::Integer(_) | Cell::Float(_) => out.extend_from_slice(text::format(cell, scratch)),
    }
}

/// With its quotes.
fn json_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use chrono_tz::Tz;
    use serde_json::Value;

    use super::*;
    use crate::row::{Count, Mean, columns};

    fn context() -> FileContext {
        let tags = vec![("site".to_owned(), Some("a \"b\",\n".to_owned())), ("zone".to_owned(), None)];
        FileContext { stream: "lobby".to_owned(), zone: Tz::Europe__Paris, tags }
    }

    fn rows() -> Vec<Row> {
        let start: DateTime<Utc> = "2026-10-25T00:00:00Z".parse().unwrap();
        let hour = |start| Row::new(start, start + TimeDelta::hours(1));
        let mut full = hour(start);
        full.set_count(Count::PassingBy, Some(i64::MAX));
        full.set_count(Count::Interested, Some(0));
        full.set_mean(Mean::StopTime, Some(20.0));
        full.set_mean(Mean::AttentionTime, Some(5e-324));
        full.satisfaction = Some(r#"{"a":1.50}"#.into());
        vec![full, hour(start + TimeDelta::hours(1))]
    }

    const FIRST: &str = r#"{"stream":"lobby","bucket_start":"2026-10-25T00:00:00Z","bucket_end":"2026-10-25T01:00:00Z","local_start":"2026-10-25T02:00:00","utc_offset":"+02:00","passing_by":9223372036854775807,"interested":0,"stop_time_seconds":20.0,"attention_time_seconds":5e-324,"category_senior_female":null,"category_senior_male":null,"category_young_female":null,"category_young_male":null,"gender_female":null,"gender_male":null,"gender_unknown":null,"satisfaction":"{\"a\":1.50}","extras":null,"tag_site":"a \"b\",\n","tag_zone":null}"#;

    fn encoded(layout: JsonLayout, rows: &[Row]) -> String {
        String::from_utf8(layout.encode(&context(), rows).unwrap()).unwrap()
    }

    #[test]
    fn a_row_is_an_object_with_every_column_in_order() {
        assert_eq!(encoded(JsonLayout::Array, &rows()[..1]), format!("[{FIRST}]"));
        let object: serde_json::Map<String, Value> = serde_json::from_str(FIRST).unwrap();
        let names: Vec<String> = columns(["site", "zone"]).iter().map(crate::row::Column::name).collect();
        assert_eq!(object.len(), names.len());
        let places: Vec<_> = names.iter().map(|name| FIRST.find(&format!("\"{name}\":")).unwrap()).collect();
        assert!(places.is_sorted());
        assert_eq!(object["attention_time_seconds"].as_f64(), Some(5e-324));
        assert_eq!(object["passing_by"].as_i64(), Some(i64::MAX));
    }

    #[test]
    fn an_array_and_lines_hold_the_same_rows() {
        let array: Vec<Value> = serde_json::from_str(&encoded(JsonLayout::Array, &rows())).unwrap();
        let lines = encoded(JsonLayout::Lines, &rows());
        assert!(lines.ends_with("}\n"), "{lines}");
        let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(array, lines);
        assert_eq!(array.len(), 2);
        assert_eq!(
            (encoded(JsonLayout::Array, &[]), encoded(JsonLayout::Lines, &[])),
            ("[]".into(), String::new())
        );
    }

    #[test]
    fn rows_that_no_file_may_hold_are_refused() {
        let mut rows = rows();
        rows[1].set_mean(Mean::StopTime, Some(f64::INFINITY));
        assert!(JsonLayout::Lines.encode(&context(), &rows).is_err());
        rows.swap(0, 1);
        assert!(JsonLayout::Array.encode(&context(), &rows).is_err());
    }
}
