//! Answers as they go out: whole, or spoiled by a fault.

use std::{io, net::SocketAddr};

use axum::{
    body::Body,
    http::{
        HeaderMap, StatusCode,
        header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, RETRY_AFTER},
    },
    response::{Html, IntoResponse, Response},
};
use futures_util::stream::{self, StreamExt};

use super::{faults::Fault, refusal::Refusal};

/// The media type of every answer that is not HTML.
pub(super) const JSON: &str = "application/json";

/// What a proxy says when the system behind it is away.
const HTML: Html<&str> =
    Html("<html><head><title>Error</title></head><body><h1>Try again later</h1></body></html>");

/// An answer of `status` that holds JSON.
pub(super) fn json(status: StatusCode, body: String) -> Response {
    (status, [(CONTENT_TYPE, JSON)], body).into_response()
}

/// What is sent instead of the good answer `body`. A stall has no other look than a whole answer, late.
pub(super) fn spoil(body: String, fault: Fault) -> Response {
    match fault {
        Fault::Failed(StatusCode::SERVICE_UNAVAILABLE) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Fault::Failed(status) => (status, HTML).into_response(),
        Fault::Throttled => (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "1")]).into_response(),
        Fault::Garbage => HTML.into_response(),
        Fault::Expired => Refusal::expired_token().into_response(),
        Fault::Truncated => truncated(&body),
        Fault::Stalled => json(StatusCode::OK, body),
        Fault::Lost => lost(),
    }
}

/// Closes the connection; nothing of an answer is seen. The head is not written out before the body is asked for, and
/// that fails at once.
pub(super) fn lost() -> Response {
    let nothing = stream::once(async { Err::<Vec<u8>, _>(io::Error::from(io::ErrorKind::ConnectionReset)) });
    Body::from_stream(nothing).into_response()
}

/// `response`, to be tried again after `seconds`.
pub(super) fn with_retry_after(mut response: Response, seconds: u64) -> Response {
    response.headers_mut().insert(RETRY_AFTER, seconds.into());
    response
}

/// The media type of a request in lower case, without parameters.
pub(super) fn media_type(headers: &HeaderMap) -> Option<String> {
    headers.get(CONTENT_TYPE)?.to_str().ok().map(essence)
}

/// A content type in lower case, without parameters.
pub(super) fn essence(content_type: &str) -> String {
    let (essence, _parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    essence.trim().to_ascii_lowercase()
}

/// Where the client asked, as far as its Host header is one; else at `address`.
pub(super) fn base_url(headers: &HeaderMap, address: SocketAddr) -> String {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    match headers.get(HOST).and_then(|host| host.to_str().ok()) {
        Some(host) if host.bytes().all(allowed) => format!("http://{host}"),
        _ => format!("http://{address}"),
    }
}

/// Announces the whole body and closes the connection after its first half.
fn truncated(body: &str) -> Response {
    let half = body.as_bytes()[..body.len() / 2].to_vec();
    let lost = async {
        // The first half is written out while this waits; without it, the client may see nothing at all.
        tokio::task::yield_now().await;
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    };
    let body_stream = stream::iter([Ok(half)]).chain(stream::once(lost));
    let headers = [(CONTENT_TYPE, JSON.to_owned()), (CONTENT_LENGTH, body.len().to_string())];
    (headers, Body::from_stream(body_stream)).into_response()
}
