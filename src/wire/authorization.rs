//! The one place where a secret becomes a header.

use reqwest::header::{HeaderValue, InvalidHeaderValue};
use secrecy::zeroize::Zeroizing;

use crate::secret::Secret;

/// How a token is shown to a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// `Bearer`, capital B, one space (all three contracts).
    Bearer,
    /// `PersonalAccessToken` (Angelcam contract, section 5).
    PersonalAccessToken,
}

/// The value of an `Authorization` header. It is marked as sensitive, so that no `Debug` of a request shows it. Fails
/// for a token that no header can carry; the error shows nothing of it.
pub(crate) fn authorization(scheme: Scheme, token: &Secret) -> Result<HeaderValue, InvalidHeaderValue> {
    let word = match scheme {
        Scheme::Bearer => "Bearer",
        Scheme::PersonalAccessToken => "PersonalAccessToken",
    };
    let text = Zeroizing::new(format!("{word} {}", token.expose()));
    let mut value = HeaderValue::from_str(&text)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_carries_the_token_and_does_not_show_it() {
        let token = Secret::new("planted".to_owned());
        let bearer = authorization(Scheme::Bearer, &token).unwrap();
        assert_eq!(bearer.as_bytes(), b"Bearer planted");
        assert_eq!(format!("{bearer:?}"), "Sensitive");
        let personal = authorization(Scheme::PersonalAccessToken, &token).unwrap();
        assert_eq!(personal.as_bytes(), b"PersonalAccessToken planted");
        let error = authorization(Scheme::Bearer, &Secret::new("plan\nted".to_owned())).unwrap_err();
        assert!(!format!("{error:?} {error}").contains("plan"));
    }
}
