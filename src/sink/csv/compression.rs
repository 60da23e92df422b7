//! Compression of whole files, with fixed settings so that the same text gives the same bytes.

use std::io::{Read, Write as _};

use flate2::{Compression, GzBuilder, bufread::GzDecoder};

use crate::sink::zstd_pool::{Effort, Packer};
use crate::sink::{DecodeError, EncodeError, MAX_CSV_BYTES};

const GZIP_LEVEL: u32 = 6;

pub(super) fn gzip(text: &[u8]) -> Result<Vec<u8>, EncodeError> {
    // No time and no operating system in the header: the bytes depend on the text alone.
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::new(GZIP_LEVEL));
    encoder.write_all(text).and_then(|()| encoder.finish()).map_err(EncodeError::Compress)
}

pub(super) fn zstd(text: &[u8]) -> Result<Vec<u8>, EncodeError> {
    let compress = || {
        let mut packed = Vec::new();
        // Off by default; with it, damage is found when the file is read.
        Packer::new(Effort::Text, true)?.pack(text, &mut packed)?;
        Ok(packed)
    };
    compress().map_err(EncodeError::Compress)
}

pub(super) fn gunzip(bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let mut decoder = GzDecoder::new(bytes);
    let text = read_limited(&mut decoder, MAX_CSV_BYTES)?;
    check_end(decoder.get_ref())?;
    Ok(text)
}

pub(super) fn unzstd(bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let decoder = zstd::stream::read::Decoder::with_buffer(bytes).map_err(DecodeError::Decompress)?;
    let mut decoder = decoder.single_frame();
    let text = read_limited(&mut decoder, MAX_CSV_BYTES)?;
    check_end(decoder.get_ref())?;
    Ok(text)
}

/// Decompresses as far as a file of ours can reach: a few bytes may stand for any number of them.
fn read_limited(decoder: &mut impl Read, limit_bytes: usize) -> Result<Vec<u8>, DecodeError> {
    let one_too_many = u64::try_from(limit_bytes).map_or(u64::MAX, |limit| limit.saturating_add(1));
    let mut text = Vec::new();
    decoder.take(one_too_many).read_to_end(&mut text).map_err(DecodeError::Decompress)?;
    if text.len() > limit_bytes { Err(DecodeError::TooLarge) } else { Ok(text) }
}

fn check_end(rest: &[u8]) -> Result<(), DecodeError> {
    if rest.is_empty() { Ok(()) } else { Err(DecodeError::TrailingBytes(rest.len())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_would_fill_the_memory_is_refused() {
        let packed = gzip(&[b'0'; 1000]).unwrap();
        assert!(read_limited(&mut GzDecoder::new(&packed[..]), 1000).is_ok());
        let refused = read_limited(&mut GzDecoder::new(&packed[..]), 999);
        assert!(matches!(refused, Err(DecodeError::TooLarge)), "{refused:?}");
    }
}
