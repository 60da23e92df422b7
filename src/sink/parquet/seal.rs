//! A checksum over the whole file, kept inside the file.
//!
//! The Parquet library writes no checksums of pages, so that a flipped bit in a number would read as another number;
//! and on damaged lengths it panics or allocates without bound. Therefore each file carries the SHA-256 of its own
//! bytes, with the digest itself taken as zeros, in its key-value metadata, which other readers pass over. Nothing is
//! handed to the library before the digest was found right.

use parquet::file::metadata::KeyValue;
use sha2::{Digest, Sha256};

use crate::sink::DecodeError;

pub(super) const KEY: &str = "audience-exporter.sha256";

/// As many hexadecimal digits as a SHA-256 has.
pub(super) const BLANK: [u8; 64] = [b'0'; 64];

/// The metadata to write into a file that is to be sealed.
pub(super) fn blank() -> KeyValue {
    KeyValue::new(KEY.to_owned(), String::from_utf8_lossy(&BLANK).into_owned())
}

/// Fills the blank digest in a finished file; `None` where there is none.
pub(super) fn seal(mut file: Vec<u8>) -> Option<Vec<u8>> {
    let position = digest_position(&file)?;
    let digest = digest(&file, position);
    file[position..position + BLANK.len()].copy_from_slice(&digest);
    Some(file)
}

/// Refuses a file that is not as it was sealed.
pub(super) fn verify(file: &[u8]) -> Result<(), DecodeError> {
    let position = digest_position(file).ok_or(DecodeError::Unsealed)?;
    let sealed = &file[position..position + BLANK.len()];
    if sealed == digest(file, position) { Ok(()) } else { Err(DecodeError::BrokenSeal) }
}

/// The footer stands last and holds its strings as they are, each behind its length, and ours behind its key. So the
/// digest is found without reading a footer that may be damaged.
fn digest_position(file: &[u8]) -> Option<usize> {
    // What Thrift puts between the two: the value is the next field, binary, and so long.
    let between = [0x18, 64];
    let marker = [KEY.as_bytes(), &between].concat();
    let position = file.windows(marker.len()).rposition(|window| window == marker)? + marker.len();
    (file.len() - position >= BLANK.len()).then_some(position)
}

fn digest(file: &[u8], position: usize) -> [u8; 64] {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let digest = Sha256::new()
        .chain_update(&file[..position])
        .chain_update(BLANK)
        .chain_update(&file[position + BLANK.len()..])
        .finalize();
    let mut text = BLANK;
    for (pair, byte) in text.chunks_exact_mut(2).zip(digest) {
        pair[0] = HEX[usize::from(byte >> 4)];
        pair[1] = HEX[usize::from(byte & 15)];
    }
    text
}
