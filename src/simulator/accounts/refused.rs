//! An answer that ends a request early.

use axum::response::{IntoResponse, Response};

/// What is answered instead. Small, so that results that hold it are.
#[derive(Debug)]
pub(in crate::simulator) struct Refused(Box<Response>);

impl From<Response> for Refused {
    fn from(response: Response) -> Self {
        Self(Box::new(response))
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        *self.0
    }
}
