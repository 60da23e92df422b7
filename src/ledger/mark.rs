//! How far the -wal file is known to be on disk, in a small file of its own beside the ledger.
//!
//! Several transactions may be on their way to the disk at once, in any order. So after the machine lost its power whole
//! ones may stand behind one that is not, and that is no damage: nobody was told that they are kept. What lies before the
//! mark was synced, and is damaged where it is not whole. The mark itself is never synced: an older one is as true.

use super::wal::Generation;
use crate::sink::publish;

/// What the name of a ledger's mark ends in.
pub(super) const SUFFIX: &str = "-synced";

/// Two salts, a length, and the beginning of their hash, the weightiest byte of each number first.
const LENGTH: usize = 24;
const SEALED: usize = 16;

/// The -wal file of this generation is on disk up to here; what a restarted one holds is another generation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) generation: Generation,
    pub(super) bytes: u64,
}

impl Mark {
    pub(super) fn to_bytes(self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        bytes[..4].copy_from_slice(&self.generation.0.to_be_bytes());
        bytes[4..8].copy_from_slice(&self.generation.1.to_be_bytes());
        bytes[8..SEALED].copy_from_slice(&self.bytes.to_be_bytes());
        let seal = publish::hash(&bytes[..SEALED]);
        bytes[SEALED..].copy_from_slice(&seal[..LENGTH - SEALED]);
        bytes
    }

    /// One that is not whole says nothing, like the one that a new file begins with.
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        let number = |at: usize| bytes.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
        let number = |at| number(at).map_or(0, u32::from_be_bytes);
        let mark = Self {
            generation: (number(0), number(4)),
            bytes: u64::from(number(8)) << 32 | u64::from(number(12)),
        };
        if mark.to_bytes() == bytes { mark } else { Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_was_written_and_says_nothing_where_a_bit_of_it_changed() {
        let mark = Mark { generation: (7, u32::MAX), bytes: (1 << 40) + 32 };
        let written = mark.to_bytes();
        assert_eq!(Mark::from_bytes(&written), mark);
        for bit in 0..LENGTH * 8 {
            let mut bytes = written;
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Mark::from_bytes(&bytes), Mark::default(), "bit {bit}");
        }
        assert_eq!(Mark::from_bytes(&written[..LENGTH - 1]), Mark::default());
        assert_eq!(Mark::from_bytes(&[]), Mark::default());
    }
}
