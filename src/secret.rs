//! Text that must never be shown.

use secrecy::{ExposeSecret, SecretString};

/// A password or token: wiped from memory when dropped, and without `Debug`, `Display` and `Serialize`, so that it
/// cannot reach a log, an error or a file by accident.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes the text over.
    pub fn new(text: String) -> Self {
        Self(SecretString::from(text))
    }

    /// The text itself. Only for the request that needs it: never log it, never put it into an error.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}
