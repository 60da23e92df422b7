//! Who is answered.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{AUTHORIZATION, CACHE_CONTROL, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use subtle::ConstantTimeEq;

use super::page;
use crate::{daemon::Station, secret::Secret};

/// Answers only those who send the token, where there is one (RFC 6750, section 2.1); the page holds no data, and asks people
/// for it. No answer is kept by caches, nor taken for something else than it says it is.
pub(super) async fn keep(State(station): State<Arc<Station>>, request: Request, next: Next) -> Response {
    let crew = station.crew();
    let is_open = page::is_part(request.uri().path());
    let mut response = if is_open || is_admitted(crew.http_token.as_ref(), request.headers()) {
        next.run(request).await
    } else {
        let challenge = [(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"audience-exporter\""))];
        let message = "unauthorized: send the token of http.token as `Authorization: Bearer ...`\n";
        (StatusCode::UNAUTHORIZED, challenge, message).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn is_admitted(token: Option<&Secret>, headers: &HeaderMap) -> bool {
    let Some(token) = token else { return true };
    let sent = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
    let Some((scheme, sent)) = sent.split_at_checked("Bearer ".len()) else { return false };
    let is_same = sent.trim_ascii().ct_eq(token.expose().as_bytes());
    scheme.eq_ignore_ascii_case(b"Bearer ") && bool::from(is_same)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(sent: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        if let Some(sent) = sent {
            headers.insert(AUTHORIZATION, sent.parse().unwrap());
        }
        is_admitted(Some(&Secret::new("t0ken".to_owned())), &headers)
    }

    #[test]
    fn only_the_token_opens_the_gate() {
        assert!(admitted(Some("Bearer t0ken")));
        assert!(admitted(Some("bearer t0ken ")), "RFC 9110, section 11.1: schemes ignore case");
        for refused in [
            None,
            Some(""),
            Some("t0ken"),
            Some("Bearer"),
            Some("Bearer "),
            Some("Bearer t0ke"),
            Some("Bearer t0kenn"),
            Some("Bearer T0KEN"),
            Some("Basic t0ken!"),
        ] {
            assert!(!admitted(refused), "{refused:?}");
        }
        assert!(is_admitted(None, &HeaderMap::new()), "no token, anybody");
    }
}
