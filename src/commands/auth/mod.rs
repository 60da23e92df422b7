//! `auth`: signing in to accounts, out of them, and how they are.

mod login;
mod logout;
mod status;

use std::sync::Arc;

use super::{
    CommandError,
    session::{self, Session},
};
use crate::{
    auth::{AccountSession, Accounts, Vault},
    cli::{Auth, AuthCommand},
    config::Config,
    exporter::SetupError,
    failure::FailureKind,
    wire::Timing,
};

pub(super) use status::stream_views;

pub(super) async fn run(session: &Session, args: &Auth) -> Result<u8, CommandError> {
    match &args.command {
        AuthCommand::Login(args) => login::run(session, args).await,
        AuthCommand::Status(args) => status::run(session, args),
        AuthCommand::Logout(args) => logout::run(session, args).await,
    }
}

/// Where the configuration's tokens are kept. A person at a terminal may not have the key that the service has: all else
/// is shown nevertheless.
pub(super) fn vault(config: &Config) -> Arc<Vault> {
    let vault = Vault::new(&config.state_dir, config.token_key.as_ref());
    Arc::new(vault.unwrap_or_else(|reason| Vault::without_key(&config.state_dir, reason)))
}

/// Every account of the configuration.
pub(super) fn accounts(session: &Session, config: &Config) -> Result<Accounts, CommandError> {
    let timing = Timing::real(session.clock.clone());
    Ok(Accounts::new(config, &vault(config), &timing).map_err(SetupError::from)?)
}

fn account(config: &Config, accounts: &Accounts, name: &str) -> Result<Arc<AccountSession>, CommandError> {
    let names = config.accounts.iter().map(|account| &*account.name);
    session::known("account", Some(name), names)?;
    accounts.get(name).cloned().ok_or_else(|| CommandError::Usage(format!("there is no account {name}")))
}

/// The exit code of a command that asked one account and came to nothing.
pub(super) fn exit_code(kind: FailureKind) -> u8 {
    match kind {
        FailureKind::Credentials => 3,
        FailureKind::Configuration => 2,
        FailureKind::Busy => 5,
        _ => 1,
    }
}
