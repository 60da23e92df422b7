//! Recognises whether an account is still the one that its stored tokens were made for.

use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::secret::Secret;

/// Tells a changed secret from the same one. Only 16 bits of a salted hash are kept: enough to notice a change, and too
/// little to find the secret by trying.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SecretCheck {
    salt: u64,
    check: u16,
}

impl SecretCheck {
    /// Of this secret; `None` where the system has no randomness.
    pub(super) fn of(secret: &Secret) -> Option<Self> {
        let mut salt = [0; 8];
        SystemRandom::new().fill(&mut salt).ok()?;
        let salt = u64::from_le_bytes(salt);
        Some(Self { salt, check: check(salt, secret) })
    }

    /// Whether it can be of this secret.
    pub(super) fn fits(&self, secret: &Secret) -> bool {
        self.check == check(self.salt, secret)
    }
}

fn check(salt: u64, secret: &Secret) -> u16 {
    let digest = Sha256::new().chain_update(salt.to_le_bytes()).chain_update(secret.expose()).finalize();
    u16::from_le_bytes([digest[0], digest[1]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_secret_is_noticed() {
        let secret = |text: &str| Secret::new(text.to_owned());
        let checks: Vec<SecretCheck> = (0..8).filter_map(|_| SecretCheck::of(&secret("old"))).collect();
        assert!(checks.iter().all(|check| check.fits(&secret("old"))));
        assert!(!checks.iter().all(|check| check.fits(&secret("new"))));
    }
}
