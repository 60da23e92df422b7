//! Signatures of simulated tokens: JWTs with HS256, of a key that belongs to a seed.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::chance::{Dice, hash_text};

/// The block size of SHA-256.
const BLOCK: usize = 64;

/// Signs with one key.
#[derive(Debug)]
pub(super) struct Signer {
    key: [u8; BLOCK],
}

impl Signer {
    /// A signer whose key belongs to `seed` and `purpose`.
    pub(super) fn new(seed: u64, purpose: &str) -> Self {
        let mut dice = Dice::new(&[seed, hash_text(purpose)]);
        let mut key = [0; BLOCK];
        for bytes in key.chunks_exact_mut(8) {
            bytes.copy_from_slice(&dice.next().to_be_bytes());
        }
        Self { key }
    }

    /// A JWT of `claims`, which are text and numbers only.
    pub(super) fn token(&self, claims: &impl Serialize) -> String {
        let mut token = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
        token.push('.');
        // Text and numbers always serialize.
        URL_SAFE_NO_PAD.encode_string(serde_json::to_vec(claims).unwrap_or_default(), &mut token);
        let signature = self.sign(&token);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        token
    }

    /// HMAC-SHA256 of `text`.
    pub(super) fn sign(&self, text: &str) -> [u8; 32] {
        let hash = |pad: u8, data: &[u8]| -> [u8; 32] {
            Sha256::new().chain_update(self.key.map(|byte| byte ^ pad)).chain_update(data).finalize().into()
        };
        hash(0x5C, &hash(0x36, text.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_hmac_sha256() {
        // RFC 4231, test case 2, with its key padded to a block.
        let mut key = [0; BLOCK];
        key[..4].copy_from_slice(b"Jefe");
        let signature = Signer { key }.sign("what do ya want for nothing?");
        assert_eq!(signature[..4], [0x5B, 0xDC, 0xC1, 0x46]);
        assert_eq!(signature[28..], [0x64, 0xEC, 0x38, 0x43]);
    }

    #[test]
    fn keys_differ_by_seed_and_by_purpose() {
        let sign = |seed, purpose| Signer::new(seed, purpose).sign("x");
        assert_eq!(sign(1, "a"), sign(1, "a"));
        assert_ne!(sign(1, "a"), sign(2, "a"));
        assert_ne!(sign(1, "a"), sign(1, "b"));
    }
}
