//! Refusals of the API: a title, a detail and the status once more (Angelcam contract, section 7).

use axum::http::{HeaderValue, StatusCode, header::WWW_AUTHENTICATE};
use serde_json::{Value, json};

use crate::simulator::{accounts::Refused, answer};

/// A refusal with the title that belongs to `status`.
pub(in crate::simulator) fn refusal(status: StatusCode, detail: impl Into<Value>) -> Refused {
    let body = json!({ "title": title(status), "detail": detail.into(), "status": status.as_u16() });
    let mut response = answer::json(status, body.to_string());
    if status == StatusCode::UNAUTHORIZED {
        let realm = HeaderValue::from_static("Bearer realm=\"api\"");
        response.headers_mut().insert(WWW_AUTHENTICATE, realm);
    }
    response.into()
}

fn title(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "not_authenticated",
        StatusCode::FORBIDDEN => "permission_denied",
        StatusCode::NOT_FOUND => "not_found",
        StatusCode::METHOD_NOT_ALLOWED => "method_not_allowed",
        StatusCode::TOO_MANY_REQUESTS => "throttled",
        server if server.is_server_error() => "bad_gateway",
        _ => "invalid",
    }
}

/// The token opens nothing, or not any more.
pub(in crate::simulator) fn bad_token() -> Refused {
    refusal(StatusCode::UNAUTHORIZED, "Invalid token.")
}

/// Too many requests; there is room again after `seconds`.
pub(in crate::simulator) fn throttled(seconds: u64) -> Refused {
    let plural = if seconds == 1 { "" } else { "s" };
    let detail = format!("Request was throttled. Expected available in {seconds} second{plural}.");
    refusal(StatusCode::TOO_MANY_REQUESTS, detail)
}

/// A parameter that cannot be used, with what is wrong with it.
pub(super) fn invalid(parameter: &str, problem: &str) -> Refused {
    let mut field = serde_json::Map::new();
    field.insert(parameter.to_owned(), json!([problem]));
    refusal(StatusCode::BAD_REQUEST, vec![Value::Object(field)])
}
