//! Answers that refuse a request to the Data API.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::answer;

/// An answer with `code` and `message` (Angus contract, section 7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Refusal {
    pub(super) fn expired_token() -> Self {
        Self::unauthorized("expired_jwt", "the token has expired")
    }

    pub(super) fn no_token() -> Self {
        Self::unauthorized("authorization_header_missing", "the Authorization header is missing")
    }

    /// The token was not made here, or its stream is gone. The code is ours: the vendor's is unknown.
    pub(super) fn invalid_token() -> Self {
        Self::unauthorized("invalid_jwt", "the Authorization header holds no token of this service")
    }

    fn unauthorized(code: &'static str, message: &str) -> Self {
        Self { status: StatusCode::UNAUTHORIZED, code, message: message.to_owned() }
    }

    pub(super) fn missing(parameter: &str) -> Self {
        Self::bad_request("missing_mandatory_param", format!("{parameter} is required"))
    }

    pub(super) fn unknown_metric(keyword: &str) -> Self {
        Self::bad_request("unexisting_metric", format!("there is no metric {keyword:?}"))
    }

    pub(super) fn unknown_time(keyword: &str) -> Self {
        Self::bad_request("unexisting_time", format!("there is no time {keyword:?}"))
    }

    /// A parameter that cannot be read. The code is ours: the vendor's is unknown.
    pub(super) fn malformed(message: String) -> Self {
        Self::bad_request("malformed_param", message)
    }

    fn bad_request(code: &'static str, message: String) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code, message }
    }

    pub(super) fn no_such_page(page: usize, pages: usize) -> Self {
        let message = format!("there is no page {page}; the last one is {pages}");
        Self { status: StatusCode::NOT_FOUND, code: "page_not_existing", message }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = serde_json::json!({ "code": self.code, "message": self.message });
        answer::json(self.status, body.to_string())
    }
}

#[cfg(test)]
impl Refusal {
    pub(super) fn code(&self) -> &'static str {
        self.code
    }
}
