//! Authorization codes: given to a browser, exchanged once.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

/// As long as RFC 6749 allows.
const LIFE: TimeDelta = TimeDelta::minutes(10);

struct Code {
    redirect_uri: String,
    scope: String,
    expires: DateTime<Utc>,
}

/// The codes that wait for their exchange.
#[derive(Default)]
pub(super) struct Codes(HashMap<String, Code>);

impl Codes {
    pub(super) fn put(&mut self, code: &str, redirect_uri: &str, scope: &str, now: DateTime<Utc>) {
        let expires = now + LIFE;
        let code_of = Code { redirect_uri: redirect_uri.to_owned(), scope: scope.to_owned(), expires };
        self.0.insert(code.to_owned(), code_of);
    }

    /// Uses up `code` and tells its scope; `None` where it is unknown, used, expired or meant for elsewhere.
    pub(super) fn take(&mut self, code: &str, redirect_uri: &str, now: DateTime<Utc>) -> Option<String> {
        let code = self.0.remove(code)?;
        (code.redirect_uri == redirect_uri && code.expires > now).then_some(code.scope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::parse_label;

    #[test]
    fn a_code_works_once_within_ten_minutes_where_it_was_sent() {
        let now = parse_label("2026-03-02T08:00:00Z").unwrap();
        let mut codes = Codes::default();
        let mut attempt = |redirect_uri, after| {
            codes.put("c", "here", "read", now);
            let first = codes.take("c", redirect_uri, now + after);
            assert_eq!(codes.take("c", "here", now), None, "it is used up");
            first
        };
        let just_in_time = LIFE - TimeDelta::seconds(1);
        assert_eq!(attempt("here", just_in_time).as_deref(), Some("read"));
        assert_eq!(attempt("here", LIFE), None);
        assert_eq!(attempt("there", TimeDelta::zero()), None);
    }
}
