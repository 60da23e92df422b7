//! The shape that nearly all figures arrive in, read without a parser: an object without white space whose members are
//! numbers or null, such as `{"female":3,"male":4,"?":1}`. Anything else is left to the JSON library.

/// More members than any metric has (section 5).
const MOST_MEMBERS: usize = 8;

/// The members of a flat object, in the order in which they arrived.
#[derive(Debug, Clone, Copy)]
pub(super) struct FlatObject<'a> {
    members: [(&'a str, &'a str); MOST_MEMBERS],
    count: usize,
}

impl<'a> FlatObject<'a> {
    /// Reads `json`, which is one valid JSON value; `None` where it is not of this shape, whatever it may be then.
    pub(super) fn read(json: &'a str) -> Option<Self> {
        let mut rest = json.strip_prefix('{')?.strip_suffix('}')?;
        let mut object = Self { members: [("", ""); MOST_MEMBERS], count: 0 };
        while !rest.is_empty() {
            let (key, after) = key(rest)?;
            let (figure, after) = figure(after)?;
            *object.members.get_mut(object.count)? = (key, figure);
            object.count += 1;
            rest = after;
        }
        Some(object)
    }

    /// Key and figure of each member.
    pub(super) fn members(&self) -> &[(&'a str, &'a str)] {
        &self.members[..self.count]
    }

    /// Whether it is in canonical form as it is written.
    pub(super) fn is_canonical(&self) -> bool {
        self.members().is_sorted_by(|(one, _), (next, _)| one < next)
    }
}

/// `"female":…` into the key and what follows the colon.
fn key(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix('"')?;
    // A key of other characters may need escapes; the library knows.
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'?' | b'-');
    let length = text.as_bytes().iter().take_while(|byte| is_plain(byte)).count();
    Some((&text[..length], text[length..].strip_prefix("\":")?))
}

/// `12,"male":…` into the figure and what follows the comma.
fn figure(text: &str) -> Option<(&str, &str)> {
    let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
    let length = if text.starts_with("null") {
        "null".len()
    } else {
        text.as_bytes().iter().take_while(|byte| is_part(byte)).count()
    };
    let (figure, rest) = text.split_at(length);
    match rest.strip_prefix(',') {
        _ if figure.is_empty() => None,
        Some(after) if !after.is_empty() => Some((figure, after)),
        Some(_) => None,
        None => rest.is_empty().then_some((figure, rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_flat_objects_of_numbers_are_read() {
        for (json, members) in [
            (r"{}", &[][..]),
            (r#"{"value":12}"#, &[("value", "12")]),
            (r#"{"value":-1.5e+3}"#, &[("value", "-1.5e+3")]),
            (r#"{"?":1,"female":null,"male":0.25}"#, &[("?", "1"), ("female", "null"), ("male", "0.25")]),
            (r#"{"":1}"#, &[("", "1")]),
        ] {
            assert_eq!(FlatObject::read(json).unwrap().members(), members, "{json}");
        }
        for json in [
            "12",
            "null",
            "[1]",
            "\"{}\"",
            r#"{ "value":1}"#,
            r#"{"value": 1}"#,
            r#"{"value":1 }"#,
            r#"{"value":"1"}"#,
            r#"{"value":true}"#,
            r#"{"value":{"a":1}}"#,
            r#"{"value":[1]}"#,
            r#"{"a\"b":1}"#,
            r#"{"é":1}"#,
            r#"{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9}"#,
        ] {
            assert!(FlatObject::read(json).is_none(), "{json}");
        }
    }

    #[test]
    fn canonical_is_what_is_sorted_and_holds_each_key_once() {
        let is_canonical = |json: &str| FlatObject::read(json).unwrap().is_canonical();
        assert!(is_canonical(r#"{"?":1,"female":2,"male":3}"#));
        assert!(!is_canonical(r#"{"male":3,"female":2}"#));
        assert!(!is_canonical(r#"{"male":3,"male":3}"#));
    }
}
