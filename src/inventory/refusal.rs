//! What an answer of the API means (Angelcam contract, section 7): pure, so that the whole table can be read and tested.

use serde::Deserialize;
use serde_json::Value;

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Read its body.
    Usable,
    /// The token is to blame.
    SignInAgain,
    /// The account asked too often.
    Throttled,
    /// A passing failure of the service.
    TryAgain,
    /// A redirect, which is never followed.
    Redirect,
    /// Asking again would bring the same.
    Refused,
}

/// What an answer means: by its status first, and by its `title` where the contract says nothing about the status.
/// `detail` decides nothing.
#[expect(clippy::match_same_arms, reason = "the order of the arms is the order of precedence")]
pub(super) fn judge(status: u16, title: Option<&str>) -> Verdict {
    match (status, title) {
        (200..=299, _) => Verdict::Usable,
        (300..=399, _) => Verdict::Redirect,
        (400 | 403 | 404 | 405, _) => Verdict::Refused,
        (401, _) => Verdict::SignInAgain,
        (429, _) => Verdict::Throttled,
        (402..=499, Some("throttled" | "rate_limited")) => Verdict::Throttled,
        (408, _) | (402..=499, Some("bad_gateway")) => Verdict::TryAgain,
        (402..=499, _) => Verdict::Refused,
        (_, _) => Verdict::TryAgain,
    }
}

/// What the service said instead of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The code of the error.
    pub(super) title: Option<String>,
    /// Its explanation, be it a text, a list or an object.
    pub(super) detail: Option<String>,
}

impl Refusal {
    /// Reads the body as far as it helps. What is no JSON is a proxy's page, and tells nothing.
    pub(super) fn read(body: &[u8]) -> Self {
        #[derive(Deserialize, Default)]
        struct Envelope {
            title: Option<Value>,
            detail: Option<Value>,
        }
        let Envelope { title, detail } = serde_json::from_slice(body).unwrap_or_default();
        let title = title.as_ref().and_then(Value::as_str).map(str::to_owned);
        let detail = detail.as_ref().map(words).filter(|words| !words.is_empty());
        Self { title, detail }
    }

    /// `title: detail`, as far as they are there.
    pub(super) fn message(&self) -> Option<String> {
        let texts: Vec<&str> =
            [&self.title, &self.detail].into_iter().flatten().map(String::as_str).collect();
        (!texts.is_empty()).then(|| texts.join(": ").trim_end_matches('.').to_owned())
    }
}

/// `[{"limit":["bad"]}]` → `limit: bad`.
fn words(detail: &Value) -> String {
    match detail {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(words).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(field, messages)| format!("{field}: {}", words(messages)));
            fields.collect::<Vec<_>>().join(", ")
        }
        Value::Bool(_) | Value::Number(_) => detail.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(body: &str) -> String {
        Refusal::read(body.as_bytes()).message().unwrap_or_default()
    }

    #[test]
    fn every_status_has_its_documented_meaning() {
        for status in 100..=599 {
            let expected = match status {
                200..=299 => Verdict::Usable,
                300..=399 => Verdict::Redirect,
                401 => Verdict::SignInAgain,
                408 => Verdict::TryAgain,
                429 => Verdict::Throttled,
                400..=499 => Verdict::Refused,
                _ => Verdict::TryAgain,
            };
            for title in [None, Some("something_new"), Some("invalid"), Some("not_authenticated")] {
                assert_eq!(judge(status, title), expected, "{status} {title:?}");
            }
        }
    }

    #[test]
    fn a_title_tells_apart_only_what_the_status_leaves_open() {
        for status in [400, 401, 403, 404, 405, 429, 502, 503, 200, 301] {
            for title in ["throttled", "rate_limited", "bad_gateway", "not_found"] {
                assert_eq!(judge(status, Some(title)), judge(status, None), "{status} {title}");
            }
        }
        for status in [402, 418, 499] {
            assert_eq!(judge(status, Some("throttled")), Verdict::Throttled);
            assert_eq!(judge(status, Some("rate_limited")), Verdict::Throttled);
            assert_eq!(judge(status, Some("bad_gateway")), Verdict::TryAgain);
        }
    }

    #[test]
    fn angelcam_vector_14_a_refusal_is_read_whatever_its_detail_looks_like() {
        let vectors = [
            (r#"{"title":"permission_denied","detail":"no","status":403}"#, "permission_denied: no"),
            (r#"{"title":"invalid","detail":[{"limit":["bad"]}],"status":400}"#, "invalid: limit: bad"),
            (r#"{"title":"invalid","detail":"bad","status":400}"#, "invalid: bad"),
        ];
        for (body, expected) in vectors {
            assert_eq!(message(body), expected);
        }
        assert_eq!(
            (judge(403, Some("permission_denied")), judge(400, Some("invalid"))),
            (Verdict::Refused, Verdict::Refused)
        );
    }

    #[test]
    fn a_refusal_of_any_other_shape_says_what_it_can() {
        for (body, expected) in [
            (
                r#"{"title":"invalid","detail":{"limit":["bad","worse"],"tags":"odd"}}"#,
                "invalid: limit: bad, worse, tags: odd",
            ),
            (r#"{"title":"invalid","detail":["one","two"]}"#, "invalid: one, two"),
            (r#"{"title":"not_found","detail":"Not found."}"#, "not_found: Not found"),
            (r#"{"title":"invalid"}"#, "invalid"),
            (r#"{"detail":"Not found."}"#, "Not found"),
            (r#"{"title":7,"detail":7}"#, "7"),
            (r#"{"title":null,"detail":null}"#, ""),
            (r#"{"title":"invalid","detail":[]}"#, "invalid"),
            ("{}", ""),
            ("[]", ""),
            ("<html>", ""),
            ("", ""),
        ] {
            assert_eq!(message(body), expected, "{body}");
        }
    }
}
