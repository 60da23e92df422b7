//! What cannot be answered.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::reply::Rendered;
use crate::{audience::AskError, ledger::LedgerError, survey::SurveyError};

/// Why there is no answer, for people.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    status: StatusCode,
    message: String,
}

impl Problem {
    /// The question makes no sense.
    pub(super) fn wrong(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: message.into() }
    }

    /// It is about something that is not configured.
    pub(super) fn unknown(message: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, message: message.into() }
    }

    /// It may be answered later.
    pub(super) fn not_now(message: impl Into<String>) -> Self {
        Self { status: StatusCode::SERVICE_UNAVAILABLE, message: message.into() }
    }
}

impl From<AskError> for Problem {
    fn from(error: AskError) -> Self {
        let status = match &error {
            AskError::Wrong(_) => StatusCode::BAD_REQUEST,
            AskError::Unknown(_) => StatusCode::NOT_FOUND,
            AskError::TooMuch(_) => StatusCode::UNPROCESSABLE_ENTITY,
            AskError::NotNow(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self { status, message: error.to_string() }
    }
}

impl From<LedgerError> for Problem {
    fn from(error: LedgerError) -> Self {
        Self::not_now(error.to_string())
    }
}

impl From<SurveyError> for Problem {
    fn from(error: SurveyError) -> Self {
        Self::not_now(error.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.status, Rendered::new(&json!({ "error": self.message }))).into_response()
    }
}
