//! The contexts of zstd. Making one costs as much as compressing several of our pages, and a file of Parquet has dozens
//! of pages: they are kept and used again. The bytes do not depend on what a context was used for before.

use std::{
    io,
    sync::{Mutex, PoisonError},
};

use zstd::{
    bulk::{Compressor, Decompressor},
    stream::raw::CParameter,
};

/// How hard zstd tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effort {
    /// For pages of Parquet, of some hundred bytes each, encoded already: trying harder takes twice the time and saves a
    /// few bytes in a thousand.
    Page = 1,
    /// For text.
    Text = 3,
}

/// As many threads as may well be at it at once; each context holds a megabyte or so.
const MOST_IDLE: usize = 4;

static PACKERS: Mutex<Vec<Compressor<'static>>> = Mutex::new(Vec::new());
static UNPACKERS: Mutex<Vec<Decompressor<'static>>> = Mutex::new(Vec::new());

/// Compresses one piece after another, each by itself.
pub(super) struct Packer {
    /// Until a piece fails: then the context is not used again.
    compressor: Option<Compressor<'static>>,
}

impl Packer {
    /// With a checksum behind each piece, or without.
    pub(super) fn new(effort: Effort, has_checksum: bool) -> io::Result<Self> {
        let mut compressor = match take(&PACKERS) {
            Some(idle) => idle,
            None => Compressor::new(effort as i32)?,
        };
        compressor.set_compression_level(effort as i32)?;
        compressor.set_parameter(CParameter::ChecksumFlag(has_checksum))?;
        Ok(Self { compressor: Some(compressor) })
    }

    /// Replaces `packed` by what `bytes` are when compressed.
    pub(super) fn pack(&mut self, bytes: &[u8], packed: &mut Vec<u8>) -> io::Result<()> {
        let mut compressor = self.compressor.take().ok_or_else(failed_before)?;
        packed.clear();
        packed.reserve(zstd::compress_bound(bytes.len()));
        compressor.compress_to_buffer(bytes, packed)?;
        self.compressor = Some(compressor);
        Ok(())
    }
}

impl Drop for Packer {
    fn drop(&mut self) {
        give_back(&PACKERS, self.compressor.take());
    }
}

/// Decompresses one piece after another, each by itself.
pub(super) struct Unpacker {
    /// Until a piece fails: then the context is not used again.
    decompressor: Option<Decompressor<'static>>,
}

impl Unpacker {
    pub(super) fn new() -> io::Result<Self> {
        let decompressor = match take(&UNPACKERS) {
            Some(idle) => idle,
            None => Decompressor::new()?,
        };
        Ok(Self { decompressor: Some(decompressor) })
    }

    /// What was compressed to `packed`; an error where it is longer than `most_bytes`.
    pub(super) fn unpack(&mut self, packed: &[u8], most_bytes: usize) -> io::Result<Vec<u8>> {
        let mut decompressor = self.decompressor.take().ok_or_else(failed_before)?;
        let bytes = decompressor.decompress(packed, most_bytes)?;
        self.decompressor = Some(decompressor);
        Ok(bytes)
    }
}

impl Drop for Unpacker {
    fn drop(&mut self) {
        give_back(&UNPACKERS, self.decompressor.take());
    }
}

fn failed_before() -> io::Error {
    io::Error::other("an earlier piece failed")
}

/// A panic cannot leave one of these half changed: they are only ever pushed and popped.
fn take<T>(idle: &Mutex<Vec<T>>) -> Option<T> {
    idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
}

fn give_back<T>(idle: &Mutex<Vec<T>>, context: Option<T>) {
    let mut idle = idle.lock().unwrap_or_else(PoisonError::into_inner);
    if idle.len() < MOST_IDLE {
        idle.extend(context);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever was compressed before, and on whichever context.
        #[test]
        fn a_used_context_makes_the_bytes_of_a_new_one(
            pieces in prop::collection::vec(
                (prop::collection::vec(0..9_u8, 0..3000), any::<bool>(), any::<bool>()), 1..9,
            ),
        ) {
            for (bytes, is_page, has_checksum) in &pieces {
                let effort = if *is_page { Effort::Page } else { Effort::Text };
                let mut packed = Vec::new();
                Packer::new(effort, *has_checksum).unwrap().pack(bytes, &mut packed).unwrap();
                let mut fresh = Compressor::new(effort as i32).unwrap();
                fresh.set_parameter(CParameter::ChecksumFlag(*has_checksum)).unwrap();
                prop_assert_eq!(&packed, &fresh.compress(bytes).unwrap());
                prop_assert_eq!(&Unpacker::new().unwrap().unpack(&packed, bytes.len()).unwrap(), bytes);
            }
        }
    }

    #[test]
    fn a_context_that_failed_is_not_used_again() {
        let mut unpacker = Unpacker::new().unwrap();
        assert!(unpacker.unpack(b"no frame", 99).is_err());
        assert!(unpacker.decompressor.is_none());
        assert!(unpacker.unpack(b"no frame", 99).is_err());
    }
}
