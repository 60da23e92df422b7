//! What became of a file that the target took (Simacan contract, section 6): it imports files later. Pure.

use serde_json::Value;

use crate::wire::Discretion;

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Import {
    /// Nothing yet, or nothing that we know the word for.
    UnderWay,
    Succeeded,
    /// It will not be imported.
    Failed {
        message: String,
    },
}

/// Reads a status answer: of API version 4, or of version 3, which has the attempt's fields at the top. Whatever else
/// it holds is not looked at.
pub(super) fn read_import(body: &[u8], discretion: &Discretion) -> Import {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let attempt = body.get("importAttempt").unwrap_or(&body);
    match attempt.get("status").and_then(Value::as_str) {
        Some("Succeeded") => Import::Succeeded,
        Some("Failed") => {
            let words =
                first_error(&body).or_else(|| first_error(attempt)).unwrap_or("the status does not say why");
            Import::Failed { message: discretion.shown(&format!("the import failed: {words}")) }
        }
        _ => Import::UnderWay,
    }
}

/// The first message of the first step that has one.
fn first_error(owner: &Value) -> Option<&str> {
    let steps = owner.get("steps")?.as_array()?;
    let errors = steps.iter().filter_map(|step| step.get("errors")?.as_array()).flatten();
    errors.filter_map(|error| error.get("message")?.as_str()).find(|message| !message.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Import {
        read_import(body.as_bytes(), &Discretion::new([]))
    }

    fn failed(message: &str) -> Import {
        Import::Failed { message: format!("the import failed: {message}") }
    }

    #[test]
    fn both_versions_are_read() {
        let steps = r#""steps":[{"status":"Succeeded","errors":[]},
            {"id":1,"status":"Failed","errors":[{"id":2,"message":"no\n stop 7"},{"message":"other"}]}]"#;
        for (body, expected) in [
            (r#"{"importAttempt":{"status":"Running"},"steps":[],"items":[]}"#.to_owned(), Import::UnderWay),
            (r#"{"importAttempt":{"status":"ShouldStart"}}"#.to_owned(), Import::UnderWay),
            (
                r#"{"importAttempt":{"status":"Succeeded","tags":{"version":5}}}"#.to_owned(),
                Import::Succeeded,
            ),
            (format!(r#"{{"importAttempt":{{"status":"Failed"}},{steps}}}"#), failed("no stop 7")),
            (r#"{"status":"Running","steps":[]}"#.to_owned(), Import::UnderWay),
            (r#"{"status":"Succeeded","tags":{"version":"5.3"},"steps":[]}"#.to_owned(), Import::Succeeded),
            (format!(r#"{{"status":"Failed",{steps}}}"#), failed("no stop 7")),
            (
                r#"{"importAttempt":{"status":"Failed"},"steps":[]}"#.to_owned(),
                failed("the status does not say why"),
            ),
        ] {
            assert_eq!(read(&body), expected, "{body}");
        }
    }

    #[test]
    fn what_is_not_known_is_not_finished() {
        for body in [
            "",
            "<html>",
            "[]",
            "7",
            "{}",
            r#"{"status":7}"#,
            r#"{"status":"succeeded"}"#,
            r#"{"importAttempt":null}"#,
        ] {
            assert_eq!(read(body), Import::UnderWay, "{body}");
        }
    }
}
