//! The page for people. It holds no data: what it shows it asks for below `/api`.

use axum::{
    extract::Path,
    http::{
        HeaderValue,
        header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY},
    },
    response::{IntoResponse, Response},
};

use super::answers;
use crate::page::{INDEX, Kind, find};

/// Nothing is loaded from elsewhere, nothing is run that is not one of the assets, and nobody shows it as part of something
/// else (<https://www.w3.org/TR/CSP3/>).
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// Whether a path is one of the page, which opens for everybody.
pub(super) fn is_part(path: &str) -> bool {
    path == "/" || path.starts_with("/assets/")
}

/// The page itself.
pub(super) async fn index() -> Response {
    shown(Kind::Html, INDEX)
}

/// Something that the page is made of.
pub(super) async fn asset(Path(name): Path<String>) -> Response {
    match find(&name) {
        Some(asset) => shown(asset.kind, asset.text),
        None => answers::unknown().await,
    }
}

fn shown(kind: Kind, text: &'static str) -> Response {
    let headers: [(HeaderName, HeaderValue); 3] = [
        (CONTENT_TYPE, HeaderValue::from_static(kind.media_type())),
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (headers, text).into_response()
}
