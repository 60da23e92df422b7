//! JSON in canonical form: the same value is always the same text, whatever order and spacing it arrived in.

use std::{borrow::Cow, collections::BTreeMap, fmt::Write};

use serde::Deserialize;
use serde_json::value::RawValue;

/// Nested deeper than this, a value is refused: it is no metric, and reading it would cost the stack.
const MAX_DEPTH: usize = 64;

/// A value that is nested too deep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a value is nested deeper than {MAX_DEPTH} levels")]
pub(super) struct TooDeep;

#[derive(Deserialize)]
struct Object<'a>(#[serde(borrow)] BTreeMap<Cow<'a, str>, &'a RawValue>);

#[derive(Deserialize)]
struct Array<'a>(#[serde(borrow)] Vec<&'a RawValue>);

/// Sorts the keys of every object and drops white space; numbers and text stay as they were written. Of a doubled
/// key the last value counts.
pub(super) fn canonical(value: &RawValue) -> Result<String, TooDeep> {
    let mut text = String::with_capacity(value.get().len());
    write_canonical(value, 0, &mut text)?;
    Ok(text)
}

/// An object with these members, whose values are canonical already.
pub(super) fn object<'a>(members: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::from("{");
    for (key, value) in members {
        separate(&mut text);
        write_key(key, &mut text);
        text.push_str(value);
    }
    text.push('}');
    text
}

fn write_canonical(value: &RawValue, depth: usize, text: &mut String) -> Result<(), TooDeep> {
    if depth > MAX_DEPTH {
        return Err(TooDeep);
    }
    let raw = value.get().trim();
    if let Some(Object(members)) = raw.starts_with('{').then(|| serde_json::from_str(raw).ok()).flatten() {
        text.push('{');
        for (key, member) in members {
            separate(text);
            write_key(&key, text);
            write_canonical(member, depth + 1, text)?;
        }
        text.push('}');
    } else if let Some(Array(items)) = raw.starts_with('[').then(|| serde_json::from_str(raw).ok()).flatten()
    {
        text.push('[');
        for item in items {
            separate(text);
            write_canonical(item, depth + 1, text)?;
        }
        text.push(']');
    } else {
        text.push_str(raw);
    }
    Ok(())
}

fn separate(text: &mut String) {
    if !text.ends_with(['{', '[']) {
        text.push(',');
    }
}

fn write_key(key: &str, text: &mut String) {
    // Writing to a String cannot fail, and a str is always valid JSON text.
    let _ = write!(text, "{}:", serde_json::Value::from(key));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical_of(text: &str) -> Result<String, TooDeep> {
        canonical(&RawValue::from_string(text.to_owned()).unwrap())
    }

    #[test]
    fn keys_are_sorted_white_space_goes_and_scalars_stay_as_written() {
        let text = "{ \"b\" : [1.50, 1e3, \"a { b\" ] , \"a\": {\"y\":null,\"x\":true} }";
        assert_eq!(canonical_of(text).unwrap(), r#"{"a":{"x":true,"y":null},"b":[1.50,1e3,"a { b"]}"#);
        assert_eq!(canonical_of("{}").unwrap(), "{}");
        assert_eq!(canonical_of("[[],{}]").unwrap(), "[[],{}]");
        assert_eq!(canonical_of(r#"{"k\"":"é\n"}"#).unwrap(), r#"{"k\"":"é\n"}"#);
    }

    #[test]
    fn a_hostile_depth_is_refused_before_the_stack_is_spent() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        if let Ok(raw) = RawValue::from_string(deep) {
            assert_eq!(canonical(&raw), Err(TooDeep));
        }
        let nested = format!("{}1{}", "[".repeat(65), "]".repeat(65));
        assert_eq!(canonical_of(&nested), Err(TooDeep));
    }
}
