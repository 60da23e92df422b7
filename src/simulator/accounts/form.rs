//! Fields of a form or of a query: `name=value&name=value`, percent-encoded.

use std::collections::BTreeMap;

use axum::http::HeaderMap;

use super::multipart;
use crate::simulator::answer;

/// The media type of the encoded form.
const ENCODED: &str = "application/x-www-form-urlencoded";

/// Fields by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::simulator) struct Form(BTreeMap<String, String>);

/// Why a body is no form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulator) enum NoForm {
    /// The content type is another.
    OtherType,
    /// The content type is right, the body is not.
    Malformed,
}

impl Form {
    /// Reads a body, encoded as its content type says.
    pub(in crate::simulator) fn from_body(headers: &HeaderMap, body: &[u8]) -> Result<Self, NoForm> {
        if answer::media_type(headers).as_deref() != Some(ENCODED) {
            return Err(NoForm::OtherType);
        }
        std::str::from_utf8(body).ok().and_then(Self::decode).ok_or(NoForm::Malformed)
    }

    /// Reads a multipart body.
    pub(in crate::simulator) fn from_multipart(headers: &HeaderMap, body: &[u8]) -> Result<Self, NoForm> {
        let boundary = multipart::boundary(headers).ok_or(NoForm::OtherType)?;
        let fields = std::str::from_utf8(body).ok().and_then(|body| multipart::fields(boundary, body));
        fields.and_then(Self::collect).ok_or(NoForm::Malformed)
    }

    /// The fields of `encoded`; `None` where it is not properly encoded or names a field twice.
    pub(in crate::simulator) fn decode(encoded: &str) -> Option<Self> {
        let pairs = encoded.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=')?;
            Some((decode_text(name)?, decode_text(value)?))
        });
        Self::collect(pairs.collect::<Option<Vec<_>>>()?)
    }

    fn collect(pairs: Vec<(String, String)>) -> Option<Self> {
        let expected = pairs.len();
        let fields: BTreeMap<String, String> = pairs.into_iter().collect();
        (fields.len() == expected).then_some(Self(fields))
    }

    pub(in crate::simulator) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Whether it holds all of `required`, perhaps some of `optional`, and nothing else.
    pub(in crate::simulator) fn holds(&self, required: &[&str], optional: &[&str]) -> bool {
        let known = |name: &String| required.contains(&name.as_str()) || optional.contains(&name.as_str());
        required.iter().all(|name| self.0.contains_key(*name)) && self.0.keys().all(known)
    }
}

fn decode_text(encoded: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut bytes = encoded.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => hex_digit(bytes.next()?)? * 16 + hex_digit(bytes.next()?)?,
            printable if printable.is_ascii_graphic() => printable,
            _ => return None,
        });
    }
    String::from_utf8(decoded).ok()
}

fn hex_digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(encoded: &str) -> Option<String> {
        Form::decode(&format!("a=1&value={encoded}"))?.get("value").map(str::to_owned)
    }

    #[test]
    fn values_are_decoded() {
        // The first is that of the Simacan contract, section 8, vector 1.
        for (encoded, decoded) in [
            ("p%26w%3D1+%25", "p&w=1 %"),
            ("ops%40example.com", "ops@example.com"),
            ("user_access%20camera_access", "user_access camera_access"),
            ("http://127.0.0.1:8400/callback", "http://127.0.0.1:8400/callback"),
            ("%c3%A9", "é"),
            ("", ""),
            ("a=b", "a=b"),
        ] {
            assert_eq!(value(encoded).as_deref(), Some(decoded), "{encoded}");
        }
    }

    #[test]
    fn what_is_not_encoded_or_comes_twice_is_refused() {
        for encoded in ["%", "%4", "%4x", "%+4", "%ff", "a b", "é", "1&value=2", "1&other"] {
            assert_eq!(value(encoded), None, "{encoded}");
        }
    }

    #[test]
    fn fields_are_all_there_and_no_others() {
        let form = Form::decode("a=1&b=2").unwrap();
        assert!(form.holds(&["a"], &["b", "c"]) && form.holds(&["a", "b"], &[]));
        assert!(!form.holds(&["a"], &[]) && !form.holds(&["a", "b", "c"], &[]));
    }
}
