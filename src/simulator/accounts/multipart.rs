//! Forms as `multipart/form-data`, of text fields only.

use axum::http::{HeaderMap, header::CONTENT_TYPE};

/// The boundary that the content type announces; `None` where it is another.
pub(super) fn boundary(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let (media_type, parameters) = text.split_once(';')?;
    let boundary = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("boundary="))?;
    let boundary = boundary.trim_matches('"');
    (media_type.trim().eq_ignore_ascii_case("multipart/form-data") && !boundary.is_empty())
        .then_some(boundary)
}

/// The fields of `body`, in order; `None` where it is malformed or cut off.
pub(super) fn fields(boundary: &str, body: &str) -> Option<Vec<(String, String)>> {
    let delimiter = format!("--{boundary}");
    let mut parts = body.split(delimiter.as_str());
    parts.next().filter(|preamble| preamble.is_empty())?;
    let mut fields = Vec::new();
    for part in parts {
        if part.starts_with("--") {
            return Some(fields);
        }
        let (head, value) = part.strip_prefix("\r\n")?.strip_suffix("\r\n")?.split_once("\r\n\r\n")?;
        fields.push((name(head)?.to_owned(), value.to_owned()));
    }
    None
}

/// The name in `Content-Disposition: form-data; name="code"`.
fn name(head: &str) -> Option<&str> {
    let disposition = head.split("\r\n").find_map(|line| {
        let (header, value) = line.split_once(':')?;
        header.eq_ignore_ascii_case("content-disposition").then_some(value)
    })?;
    disposition.split(';').find_map(|part| part.trim().strip_prefix("name=\"")?.strip_suffix('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "--x\r\nContent-Disposition: form-data; name=\"code\"\r\n\r\na.b.\r\n\
        --x\r\ncontent-type: text/plain\r\ncontent-disposition: form-data; name=\"more\"\r\n\r\n\r\n--x--\r\n";

    #[test]
    fn fields_arrive_as_they_are() {
        let expected = [("code", "a.b."), ("more", "")].map(|(name, value)| (name.into(), value.into()));
        assert_eq!(fields("x", BODY), Some(expected.to_vec()));
    }

    #[test]
    fn what_is_cut_off_or_malformed_is_refused() {
        for body in ["", "code=1", &BODY[..BODY.len() - 5], "--x\r\n\r\nvalue\r\n--x--"] {
            assert_eq!(fields("x", body), None, "{body:?}");
        }
    }

    #[test]
    fn the_boundary_is_that_of_the_content_type() {
        let read = |text: &str| {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, text.parse().unwrap())]);
            boundary(&headers).map(str::to_owned)
        };
        assert_eq!(read("multipart/form-data; boundary=abc").as_deref(), Some("abc"));
        assert_eq!(read("Multipart/Form-Data; charset=utf-8; boundary=\"abc\"").as_deref(), Some("abc"));
        assert_eq!(read("multipart/mixed; boundary=abc"), None);
        assert_eq!(read("multipart/form-data"), None);
    }
}
