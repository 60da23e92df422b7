//! What the target said in the body of an answer. Pure.

use serde_json::Value;

use crate::wire::Discretion;

const UUID_BYTES: usize = 36;

/// The receipt in the body of an upload that was accepted: a bare UUID, one in a JSON string, or the first one anywhere
/// (Simacan contract, section 6).
pub(super) fn first_uuid(body: &[u8]) -> Option<String> {
    let found = body.windows(UUID_BYTES).enumerate().find(|(start, window)| {
        let before = start.checked_sub(1).and_then(|index| body.get(index));
        let after = body.get(start + UUID_BYTES);
        is_uuid(window) && ![before, after].into_iter().flatten().any(u8::is_ascii_alphanumeric)
    });
    found.map(|(_, uuid)| String::from_utf8_lossy(uuid).into_owned())
}

fn is_uuid(text: &[u8]) -> bool {
    text.iter().enumerate().all(|(index, byte)| match index {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

/// Why the target said no, on one line and without secrets: its own words where it has any that are meant for people.
pub(super) fn refusal(status: u16, body: &[u8], discretion: &Discretion) -> String {
    let words = words(body).or_else(|| {
        let status = reqwest::StatusCode::from_u16(status).ok()?;
        Some(status.canonical_reason()?.to_lowercase())
    });
    let message =
        words.map_or_else(|| format!("status {status}"), |words| format!("status {status}: {words}"));
    discretion.shown(&message)
}

/// `detail` or `message` of a JSON object, or else the body itself, unless it is a page for browsers.
fn words(body: &[u8]) -> Option<String> {
    let fields: Value = serde_json::from_slice(body).unwrap_or_default();
    let field = |name| fields.get(name).and_then(Value::as_str).map(str::to_owned);
    let whole = || {
        Some(String::from_utf8_lossy(body).into_owned()).filter(|text| !text.trim_start().starts_with('<'))
    };
    let words = field("detail").or_else(|| field("message")).or_else(whole)?;
    let words = words.trim().trim_end_matches('.');
    (!words.is_empty()).then(|| words.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    const RECEIPT: &str = "7b0c5c0e-2f0a-4f0b-9a51-0c3b7f6f1a11";

    #[test]
    fn a_receipt_is_read_bare_in_a_string_or_as_the_first_of_the_body() {
        let other = "00000000-0000-0000-0000-000000000000";
        for body in [
            RECEIPT.to_owned(),
            format!("\"{RECEIPT}\""),
            format!(" {RECEIPT}\r\n"),
            format!(r#"{{"tags":[1,"x"],"id":"{RECEIPT}","other":"{other}"}}"#),
            format!("<ok>urn:uuid:{RECEIPT}</ok>{other}"),
            format!("x{other} {other}7 {RECEIPT}"),
        ] {
            assert_eq!(first_uuid(body.as_bytes()).as_deref(), Some(RECEIPT), "{body}");
        }
        let upper = RECEIPT.to_uppercase();
        assert_eq!(first_uuid(upper.as_bytes()), Some(upper.clone()));
    }

    #[test]
    fn a_body_without_a_receipt_has_none() {
        let cut = &RECEIPT[..35];
        for body in ["", "ok", "{}", cut, "7b0c5c0e2f0a4f0b9a510c3b7f6f1a11", &RECEIPT.replace('b', "g")] {
            assert_eq!(first_uuid(body.as_bytes()), None, "{body}");
        }
    }

    fn said(status: u16, body: &str) -> String {
        refusal(status, body.as_bytes(), &Discretion::new([Secret::new("s3cret".to_owned())]))
    }

    #[test]
    fn the_words_of_a_refusal_are_kept_on_one_line_and_without_secrets() {
        for (status, body, expected) in [
            (400, r#"{"detail":"bad field","message":"other"}"#, "status 400: bad field"),
            (422, r#"{"message":"no such\ncarrier."}"#, "status 422: no suchcarrier"),
            (400, "line 2: s3cret is no date\r\n", "status 400: line 2: [redacted] is no date"),
            (422, r#"{"detail":[{"loc":["body"]}]}"#, r#"status 422: {"detail":[{"loc":["body"]}]}"#),
            (404, "<html>not here</html>", "status 404: not found"),
            (404, "  ", "status 404: not found"),
            (499, "", "status 499"),
        ] {
            assert_eq!(said(status, body), expected);
        }
        assert_eq!(said(400, &"x".repeat(1000)).len(), 200);
    }
}
