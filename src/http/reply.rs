//! Answers as they go out.

use axum::{
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::problem::Problem;

const PLAIN: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// JSON that is written already.
pub(super) struct Rendered(String);

impl Rendered {
    /// The value as JSON. Large ones are to be written where nobody else is held up.
    pub(super) fn new(value: &impl Serialize) -> Result<Self, Problem> {
        let text = serde_json::to_string(value);
        text.map(|text| Self(text + "\n")).map_err(|error| Problem::not_now(error.to_string()))
    }
}

impl IntoResponse for Rendered {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, JSON)], self.0).into_response()
    }
}

/// Text for people.
pub(super) fn plain(status: StatusCode, text: impl Into<String>) -> Response {
    (status, [(CONTENT_TYPE, PLAIN)], text.into()).into_response()
}
