//! Form bodies, which hold secrets: they are wiped when they have been sent.

use bytes::Bytes;
use form_urlencoded::byte_serialize;
use secrecy::zeroize::{Zeroize, Zeroizing};

/// How a space is written; the standard allows both, and each contract has its own habit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spaces {
    /// `+` (Simacan contract, vector 1).
    Plus,
    /// `%20` (Angelcam contract, vectors 1 and 3).
    Percent,
}

/// `application/x-www-form-urlencoded`, in the order given.
pub(crate) fn encode_form(fields: &[(&str, &str)], spaces: Spaces) -> Bytes {
    let mut body = Zeroizing::new(String::with_capacity(capacity(fields) * 3));
    for (name, value) in fields {
        if !body.is_empty() {
            body.push('&');
        }
        body.push_str(name);
        body.push('=');
        push_encoded(&mut body, value, spaces);
    }
    wiped(body)
}

/// `multipart/form-data` with this boundary, which must not occur in any value.
pub(crate) fn encode_multipart(fields: &[(&str, &str)], boundary: &str) -> Bytes {
    let overhead = fields.len() * (boundary.len() + 64) + boundary.len() + 8;
    let mut body = Zeroizing::new(String::with_capacity(capacity(fields) + overhead));
    for (name, value) in fields {
        for part in
            ["--", boundary, "\r\nContent-Disposition: form-data; name=\"", name, "\"\r\n\r\n", value, "\r\n"]
        {
            body.push_str(part);
        }
    }
    for part in ["--", boundary, "--\r\n"] {
        body.push_str(part);
    }
    wiped(body)
}

/// `value` as it stands in a query: spaces are `%20`.
pub(crate) fn percent_encode(value: &str) -> String {
    let mut text = String::new();
    push_encoded(&mut text, value, Spaces::Percent);
    text
}

fn push_encoded(text: &mut String, value: &str, spaces: Spaces) {
    for part in byte_serialize(value.as_bytes()) {
        // A plus sign of the value itself is %2B by now.
        text.push_str(if part == "+" && spaces == Spaces::Percent { "%20" } else { part });
    }
}

fn capacity(fields: &[(&str, &str)]) -> usize {
    // Wide enough that the text never moves, which would leave a copy behind that nobody wipes.
    fields.iter().map(|(name, value)| name.len() + value.len() + 2).sum()
}

/// A body that is wiped when it has been sent.
pub(crate) fn wiped(body: Zeroizing<impl AsRef<[u8]> + Zeroize + Send + 'static>) -> Bytes {
    struct Wiped<T: Zeroize>(Zeroizing<T>);
    impl<T: AsRef<[u8]> + Zeroize> AsRef<[u8]> for Wiped<T> {
        fn as_ref(&self) -> &[u8] {
            (*self.0).as_ref()
        }
    }
    Bytes::from_owner(Wiped(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_encoded_as_the_contracts_print_them() {
        let simacan = [("username", "ops@example.com"), ("password", "p&w=1 %")];
        assert_eq!(encode_form(&simacan, Spaces::Plus), "username=ops%40example.com&password=p%26w%3D1+%25");
        let angelcam = [("scope", "user_access camera_access"), ("password", "a+b")];
        assert_eq!(
            encode_form(&angelcam, Spaces::Percent),
            "scope=user_access%20camera_access&password=a%2Bb"
        );
        assert_eq!(encode_form(&[], Spaces::Plus), "");
    }

    #[test]
    fn a_multipart_body_has_a_part_for_each_field() {
        let body = encode_multipart(&[("code", "C1."), ("client_id", "CID")], "frontier");
        let expected = "--frontier\r\nContent-Disposition: form-data; name=\"code\"\r\n\r\nC1.\r\n\
                        --frontier\r\nContent-Disposition: form-data; name=\"client_id\"\r\n\r\nCID\r\n--frontier--\r\n";
        assert_eq!(body, expected);
    }
}
