//! Texts that were never made before: ids and opaque tokens.

use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};

use crate::{hex::hex, simulator::signer::Signer};

/// Makes ids. Two that were started at different times make different ones, so that nothing of before a restart fits.
pub(in crate::simulator) struct Mint {
    signer: Signer,
    made: AtomicU64,
}

impl Mint {
    pub(in crate::simulator) fn new(seed: u64, purpose: &str) -> Self {
        Self { signer: Signer::new(seed, purpose), made: AtomicU64::new(0) }
    }

    pub(in crate::simulator) fn signer(&self) -> &Signer {
        &self.signer
    }

    /// A new UUID.
    pub(in crate::simulator) fn uuid(&self, now: DateTime<Utc>) -> String {
        uuid(self.fresh(now))
    }

    /// A new text of 64 hexadecimal digits.
    pub(in crate::simulator) fn opaque(&self, now: DateTime<Utc>) -> String {
        hex(&self.fresh(now))
    }

    fn fresh(&self, now: DateTime<Utc>) -> [u8; 32] {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        self.signer.sign(&format!("{number} {now}"))
    }
}

/// The UUID (version 4, variant 1 by its looks) of the first half of `bytes`.
pub(in crate::simulator) fn uuid(bytes: [u8; 32]) -> String {
    let mut half = [0; 16];
    half.copy_from_slice(&bytes[..16]);
    half[6] = half[6] & 0x0F | 0x40;
    half[8] = half[8] & 0x3F | 0x80;
    let digits = hex(&half);
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::parse_label;

    #[test]
    fn a_uuid_has_its_version_and_variant() {
        assert_eq!(uuid([0xFF; 32]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(uuid([0; 32]), "00000000-0000-4000-8000-000000000000");
    }

    #[test]
    fn nothing_is_made_twice_not_even_after_a_restart() {
        let now = parse_label("2026-03-02T08:00:00Z").unwrap();
        let mint = Mint::new(1, "tests");
        assert_ne!(mint.opaque(now), mint.opaque(now));
        assert_ne!(mint.uuid(now), mint.uuid(now));
        let first = |now| Mint::new(1, "tests").uuid(now);
        assert_eq!(first(now), first(now));
        assert_ne!(first(now), first(now + chrono::TimeDelta::seconds(1)));
    }
}
