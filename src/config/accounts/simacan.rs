//! Accounts at Simacan: a password once, then refresh tokens that change with every use.

use reqwest::Url;

use super::Secrets;
use crate::config::{SecretSource, report::Reported, rules, section::Section, urls};

/// An account at Simacan (Simacan contract, sections 1 to 4).
pub struct SimacanAccount {
    /// Where tokens are made; the path is joined to it.
    pub base_url: Url,
    /// The login.
    pub username: String,
    /// The password, which is sent only where there is no refresh token, or none that still works.
    pub password: SecretSource,
    /// Whether a refresh that is refused with 400 and `invalid_grant` may be answered with the password (section 4,
    /// rule 4).
    pub password_after_invalid_grant: bool,
}

pub(super) fn read(section: &mut Section<'_>, secrets: &Secrets<'_>) -> Result<SimacanAccount, Reported> {
    let base_url = section.text("base_url", urls::base);
    let username = section.text("username", rules::filled);
    let password = secrets.required(section, "password");
    let password_after_invalid_grant = section.optional("password_after_invalid_grant", rules::flag);
    Ok(SimacanAccount {
        base_url: base_url?,
        username: username?,
        password: password?,
        password_after_invalid_grant: password_after_invalid_grant?.unwrap_or(false),
    })
}
