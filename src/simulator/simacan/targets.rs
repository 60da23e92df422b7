//! The planning inbox: what is sent here is checked, kept and acknowledged (Simacan contract, section 6).

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header::CONTENT_TYPE},
    response::Response,
};
use bytes::Bytes;
use serde_json::Value;

use super::{Received, content::Media, refusal, text};
use crate::simulator::{
    accounts::{
        Refused, System, body,
        gate::{self, Visitor},
        lock,
    },
    faults::Errand,
    server::Server,
};

/// The largest body that is taken. The vendor's limit is unknown.
const MOST_BYTES: usize = 64 * 1024 * 1024;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

pub(super) async fn receive(
    State(server): State<Arc<Server>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let body = body::read(body, MOST_BYTES).await.ok();
    server.simacan.admit(&headers, server.now())?;
    let delivery = Received { method: method.to_string(), path: path_of(&uri), ..check(&headers, body)? };
    gate::carry_out(&server, Visitor::of(System::Simacan, Errand::Call), || keep(&server, delivery)).await
}

/// The path with the prefix that routing took away.
fn path_of(uri: &Uri) -> String {
    format!("{}{}", System::Simacan.prefix(), uri.path())
}

/// Everything about a delivery that can be checked without knowing those before it. Method and path are left empty.
fn check(headers: &HeaderMap, body: Option<Bytes>) -> Result<Received, Refused> {
    let unsupported = || refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "this content type is not taken");
    let media = Media::of(headers).ok_or_else(unsupported)?;
    let too_large = || refusal(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 64 MiB");
    let body = body.ok_or_else(too_large)?;
    let idempotency_key = read_key(headers)?;
    let origin = media.read(&body).map_err(|problem| refusal(StatusCode::BAD_REQUEST, &problem))?;
    Ok(Received {
        method: String::new(),
        path: String::new(),
        idempotency_key,
        content_type: text(headers, &CONTENT_TYPE).unwrap_or_default().to_owned(),
        stream: origin.stream,
        first_bucket: origin.bucket_start,
        body,
        receipt: String::new(),
        times: 1,
    })
}

fn read_key(headers: &HeaderMap) -> Result<Option<String>, Refused> {
    if !headers.contains_key(IDEMPOTENCY_KEY) {
        return Ok(None);
    }
    let detail = "Idempotency-Key: expected a SHA-256 in lower-case hexadecimal";
    let key = text(headers, &IDEMPOTENCY_KEY).filter(|key| is_sha256(key));
    key.map(|key| Some(key.to_owned())).ok_or_else(|| refusal(StatusCode::BAD_REQUEST, detail))
}

fn keep(server: &Server, mut delivery: Received) -> Result<String, Refused> {
    delivery.receipt = server.simacan.mint.uuid(server.now());
    let receipt = lock(&server.simacan.inbox).keep(delivery);
    let conflict = "this Idempotency-Key came with another body before";
    let receipt = receipt.ok_or_else(|| refusal(StatusCode::UNPROCESSABLE_ENTITY, conflict))?;
    Ok(Value::String(receipt).to_string())
}

fn is_sha256(key: &str) -> bool {
    key.len() == 64 && key.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
