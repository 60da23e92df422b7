//! The time at the other end.

use chrono::{DateTime, Utc};
use reqwest::{Response, header};

/// The service's time as its `Date` header tells it, to the second.
pub(crate) fn server_time(response: &Response) -> Option<DateTime<Utc>> {
    let date = response.headers().get(header::DATE)?.to_str().ok()?;
    httpdate::parse_http_date(date).ok().map(DateTime::<Utc>::from)
}
