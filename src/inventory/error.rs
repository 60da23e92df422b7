//! Why there is no inventory, by meaning.

use std::time::Duration;

use crate::{
    auth::AuthError,
    config::{Account, AccountSystem, AngelcamSignIn},
    failure::FailureKind,
    ledger::LedgerError,
    locks::LockError,
    publication::PublishError,
};

/// Why the cameras of an account could not be listed, or their table not be published. No variant ever holds a secret,
/// nor anything that a camera or a person's page said.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum InventoryError {
    #[error("{}{error}", account_where_lacking(.account, .error))]
    SignIn { account: String, error: AuthError },
    #[error(
        "account {account}: a new token is refused as well ({message}); sign in again: audience-exporter auth login {account}"
    )]
    RefusedAgain { account: String, message: String },
    #[error("account {account}: refused with status {status}: {message}; {next_step}")]
    Refused { account: String, status: u16, message: String, next_step: String },
    #[error(
        "account {account}: no usable answer after {attempts} attempts: {message}; it will be asked again at the next run"
    )]
    Unavailable { account: String, attempts: u32, message: String },
    #[error(
        "account {account}: deferred, its limits on requests leave no room for another {}; run it again after that",
        humantime::format_duration(whole_seconds(*.wait))
    )]
    Deferred { account: String, wait: Duration },
    #[error("account {account}: unexpected answer: {reason}; check its api_url")]
    Protocol { account: String, reason: String },
    #[error(
        "account {account}: the answer is a redirect (status {status}), which is never followed; check its api_url"
    )]
    Redirect { account: String, status: u16 },
    #[error("account {account} gives no inventories; name one of kind angelcam")]
    OtherSystem { account: String },
    #[error(transparent)]
    Publish(#[from] PublishError),
    #[error("interrupted before it was done")]
    Interrupted,
}

impl InventoryError {
    /// The reason, for labels and decisions.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::SignIn { error, .. } => error.kind(),
            Self::RefusedAgain { .. } => FailureKind::Credentials,
            Self::Refused { .. } => FailureKind::Refused,
            Self::Unavailable { .. } => FailureKind::Unavailable,
            Self::Deferred { .. } => FailureKind::RateLimited,
            Self::Protocol { .. } => FailureKind::Protocol,
            Self::Redirect { .. } | Self::OtherSystem { .. } => FailureKind::Configuration,
            Self::Publish(error) => error.kind(),
            Self::Interrupted => FailureKind::Interrupted,
        }
    }

    /// Whether another process takes this inventory right now.
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Publish(PublishError::Lock(LockError::Held { .. })))
    }

    /// The service says no.
    pub(super) fn refused(account: &Account, status: u16, message: String) -> Self {
        let name = account.name.clone();
        Self::Refused { next_step: next_step(account, status), account: name, status, message }
    }
}

impl From<LedgerError> for InventoryError {
    fn from(error: LedgerError) -> Self {
        Self::Publish(error.into())
    }
}

/// What a person can do about a refusal.
fn next_step(account: &Account, status: u16) -> String {
    let AccountSystem::Angelcam(angelcam) = &account.system else { return String::new() };
    match (status, &angelcam.sign_in) {
        (403, AngelcamSignIn::OAuth(_)) => format!(
            "check its scope and space_id, and sign in again: audience-exporter auth login {}",
            account.name
        ),
        (403, AngelcamSignIn::PersonalToken(_)) => {
            "check what its personal access token may do, and its space_id".to_owned()
        }
        _ => "check its api_url and space_id".to_owned(),
    }
}

/// Most reasons for which there is no token name the account themselves.
fn account_where_lacking(account: &str, error: &AuthError) -> String {
    match error {
        AuthError::Rejected { .. }
        | AuthError::NeedsAuthorization { .. }
        | AuthError::PersonalTokenRefused { .. }
        | AuthError::PasswordHeld { .. }
        | AuthError::Degraded { .. }
        | AuthError::Busy { .. } => String::new(),
        _ => format!("account {account}: "),
    }
}

/// A part of a second counts as a whole.
fn whole_seconds(wait: Duration) -> Duration {
    Duration::from_secs(wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign_in_problem_names_the_account_once_and_keeps_its_kind() {
        let (account, message) = ("partner".to_owned(), "no".to_owned());
        let lacking = AuthError::NeedsAuthorization { account: account.clone(), reason: message.clone() };
        for error in [
            lacking,
            AuthError::Busy { account: account.clone() },
            AuthError::Refused { message: message.clone() },
            AuthError::Unavailable { attempts: 5, message, transport: None },
            AuthError::RateLimited { wait: Duration::from_secs(7) },
            AuthError::Protocol("odd".to_owned()),
        ] {
            let kind = error.kind();
            let error = InventoryError::SignIn { account: account.clone(), error };
            assert_eq!(error.kind(), kind);
            let shown = error.to_string();
            let without_commands = shown.replace("auth login partner", "");
            assert_eq!(without_commands.matches("partner").count(), 1, "{shown}");
        }
    }

    #[test]
    fn a_deferral_tells_whole_seconds() {
        let deferred = |millis| {
            let wait = Duration::from_millis(millis);
            InventoryError::Deferred { account: "partner".to_owned(), wait }.to_string()
        };
        assert!(deferred(40_001_000).contains("another 11h 6m 41s; "), "{}", deferred(40_001_000));
        assert!(deferred(1_001).contains("another 2s; "));
        let endless = InventoryError::Deferred { account: "partner".to_owned(), wait: Duration::MAX };
        assert!(!endless.to_string().is_empty());
    }
}
