//! Encryption of stored tokens with a key that lies elsewhere (ChaCha20-Poly1305, RFC 8439; key by HKDF-SHA256, RFC 5869).

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf,
    rand::{SecureRandom, SystemRandom},
};
use secrecy::zeroize::Zeroizing;
use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// Fewer characters than this are no key but a password.
const SHORTEST_KEY: usize = 32;

/// What the derived key is for (RFC 5869, section 3.2).
const PURPOSE: &[u8] = b"audience-exporter token store 1";

/// A sealed text.
#[derive(Serialize, Deserialize)]
pub(super) struct Sealed {
    nonce: String,
    ciphertext: String,
}

/// Seals and opens texts with one key.
pub(super) struct Seal {
    key: LessSafeKey,
    random: SystemRandom,
}

/// The key is too short to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("token_key is shorter than {SHORTEST_KEY} characters; make one with: openssl rand -base64 32")]
pub struct WeakKey;

impl Seal {
    /// With the key that follows from this text.
    pub(super) fn new(key: &Secret) -> Result<Self, WeakKey> {
        if key.expose().trim().len() < SHORTEST_KEY {
            return Err(WeakKey);
        }
        let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(key.expose().trim().as_bytes());
        let expanded = extracted.expand(&[PURPOSE], &CHACHA20_POLY1305).map_err(|_| WeakKey)?;
        Ok(Self { key: LessSafeKey::new(UnboundKey::from(expanded)), random: SystemRandom::new() })
    }

    /// Seals `text` as that of the file `name`; `None` where the system has no randomness.
    pub(super) fn seal(&self, name: &str, text: &[u8]) -> Option<Sealed> {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).ok()?;
        let mut bytes = text.to_vec();
        let sealing = Nonce::assume_unique_for_key(nonce);
        self.key.seal_in_place_append_tag(sealing, Aad::from(name.as_bytes()), &mut bytes).ok()?;
        Some(Sealed { nonce: STANDARD.encode(nonce), ciphertext: STANDARD.encode(bytes) })
    }

    /// Opens what was sealed as the text of the file `name` with the same key; `None` where it was not.
    pub(super) fn open(&self, name: &str, sealed: &Sealed) -> Option<Zeroizing<Vec<u8>>> {
        let nonce: [u8; NONCE_LEN] = STANDARD.decode(&sealed.nonce).ok()?.try_into().ok()?;
        let mut bytes = Zeroizing::new(STANDARD.decode(&sealed.ciphertext).ok()?);
        let opening = Nonce::assume_unique_for_key(nonce);
        let length = self.key.open_in_place(opening, Aad::from(name.as_bytes()), &mut bytes).ok()?.len();
        bytes.truncate(length);
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(key: &str) -> Seal {
        Seal::new(&Secret::new(key.to_owned())).ok().unwrap()
    }

    #[test]
    fn only_the_same_key_and_name_open_what_was_sealed() {
        let text = "a text that nobody may read";
        let ours = seal("0123456789abcdef0123456789abcdef");
        let sealed = ours.seal("account.partner", text.as_bytes()).unwrap();
        assert_eq!(*ours.open("account.partner", &sealed).unwrap(), text.as_bytes());
        assert!(ours.open("account.other", &sealed).is_none());
        assert!(seal("0123456789abcdef0123456789abcdeX").open("account.partner", &sealed).is_none());
        let again = ours.seal("account.partner", text.as_bytes()).unwrap();
        assert_ne!(sealed.ciphertext, again.ciphertext);
        let damaged = Sealed { nonce: again.nonce, ciphertext: sealed.ciphertext };
        assert!(ours.open("account.partner", &damaged).is_none());
    }

    #[test]
    fn a_password_is_no_key() {
        let error = Seal::new(&Secret::new("short\n".to_owned())).err().unwrap();
        assert!(error.to_string().contains("openssl rand"), "{error}");
    }
}
