//! Bodies of requests, up to a limit.

use axum::body::{Body, Bytes};
use futures_util::StreamExt;

/// More than any form holds.
pub(in crate::simulator) const MOST_FORM_BYTES: usize = 64 * 1024;

/// A body of more bytes than allowed, or one that did not arrive.
#[derive(Debug)]
pub(in crate::simulator) struct NoBody;

/// Reads a body of at most `most` bytes. A larger one is read to its end too, because a client that still sends when
/// the answer comes does not see it.
pub(in crate::simulator) async fn read(body: Body, most: usize) -> Result<Bytes, NoBody> {
    let mut pieces = body.into_data_stream();
    let (mut whole, mut fits) = (Vec::new(), true);
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| NoBody)?;
        fits &= whole.len() + piece.len() <= most;
        if fits {
            whole.extend_from_slice(&piece);
        }
    }
    if fits { Ok(whole.into()) } else { Err(NoBody) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_byte_too_many_is_too_many() {
        assert_eq!(read(Body::from("abc"), 3).await.unwrap(), "abc");
        assert!(read(Body::from("abcd"), 3).await.is_err());
    }
}
