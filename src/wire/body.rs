//! Reading a body as far as it helps and no further.

use reqwest::{Response, StatusCode};

use super::{retry::Trouble, transport::transport_trouble};

/// Of the body of a refusal, more than this is not read.
pub(crate) const MAX_ERROR_BODY_BYTES: u64 = 64 << 10;

/// What is believed of the length that an answer announces, before any of it came.
const MOST_ANNOUNCED_BYTES: usize = 1 << 20;

/// What a status says by itself, where the body says nothing.
pub(crate) fn status_words(status: StatusCode) -> String {
    status.canonical_reason().unwrap_or("no further word").to_lowercase()
}

/// Why a body could not be had.
pub(crate) enum BodyError {
    /// It broke off.
    Trouble(Trouble),
    /// It is larger than any answer can be.
    TooLarge,
}

/// The whole body, unless it is larger than `limit` bytes after decompression.
pub(crate) async fn read_whole(response: Response, limit: u64) -> Result<Vec<u8>, BodyError> {
    if response.content_length().is_some_and(|length| length > limit) {
        return Err(BodyError::TooLarge);
    }
    let body = read_at_most(response, limit + 1).await;
    let body = body.map_err(|error| BodyError::Trouble(transport_trouble(&error)))?;
    if body.len() as u64 > limit { Err(BodyError::TooLarge) } else { Ok(body) }
}

/// The first `limit` bytes of the body, or fewer where it ends earlier.
pub(crate) async fn read_at_most(mut response: Response, limit: u64) -> Result<Vec<u8>, reqwest::Error> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    let mut body = Vec::with_capacity(announced.min(limit).min(MOST_ANNOUNCED_BYTES));
    while let Some(chunk) = response.chunk().await? {
        let room = limit - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() == limit {
            break;
        }
    }
    Ok(body)
}
