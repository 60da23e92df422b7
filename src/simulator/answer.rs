//! Answers as they go out: whole, or spoiled by a fault.

use std::io;

use axum::{
    body::Body,
    http::{
        StatusCode,
        header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER},
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
