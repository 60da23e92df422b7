//! Accounts, deliveries and inventories: secrets, and a sign-in. Nothing is delivered and nothing written.

use chrono::{DateTime, Utc};

use super::Findings;
use crate::{
    auth::{AccountSession, AccountState, AuthError},
    commands::{CommandError, session::Session},
    config::{AccountSystem, AngelcamSignIn, Config, SecretSource},
    inventory::{Inventories, InventoryError},
    report::{ErrandReport, SeriesFailure},
    time::to_display,
};

/// Every secret that belongs to no stream, with a name for people.
fn secrets(config: &Config) -> Vec<(String, &SecretSource)> {
    let mut secrets: Vec<(String, &SecretSource)> =
        config.token_key.iter().map(|key| ("token_key".to_owned(), key)).collect();
    for account in &config.accounts {
        let name = |key: &str| format!("{} of account {}", key, account.name);
        match &account.system {
            AccountSystem::Simacan(simacan) => secrets.push((name("password"), &simacan.password)),
            AccountSystem::Angelcam(angelcam) => match &angelcam.sign_in {
                AngelcamSignIn::PersonalToken(source) => {
                    secrets.push((name("personal_access_token"), source));
                }
                AngelcamSignIn::OAuth(client) => {
                    secrets
                        .extend(client.client_secret.as_ref().map(|source| (name("client_secret"), source)));
                }
            },
        }
    }
    secrets
}

/// Whether every secret of an account can be read. Makes no request.
pub(super) fn check_secrets(config: &Config, findings: &mut Findings) {
    for (name, source) in secrets(config) {
        if let Some(warning) = source.warnings() {
            findings.warn(format!("{name}: {warning}"));
        }
        if let Err(error) = source.resolve() {
            findings.fail(format!("{name}: {error}"));
        }
    }
    for account in &config.accounts {
        let uses = |other: &str| other == account.name;
        let is_used = config.deliveries.iter().any(|delivery| uses(&delivery.account.name))
            || config.inventories.iter().any(|inventory| uses(&inventory.account.name));
        if !is_used {
            findings.warn(format!("account {} is in no delivery and no inventory", account.name));
        }
    }
}

/// Signs in to every account: to one at Simacan under the rules that hold for its password, to one at Angelcam by asking
/// whose it is.
pub(super) async fn check(
    session: &Session,
    config: &Config,
    findings: &mut Findings,
) -> Result<Vec<ErrandReport>, CommandError> {
    if config.accounts.is_empty() {
        return Ok(Vec::new());
    }
    let workplace = session.workplace(config)?;
    let inventories = workplace.inventories();
    let mut reports = Vec::new();
    for account in workplace.accounts.iter() {
        let outcome = try_account(account, &inventories, session.clock.now()).await;
        let name = format!("account {}", account.account().name);
        let failure = outcome.as_ref().err().cloned();
        match outcome {
            Ok(found) => findings.ok(format!("{name}: {found}")),
            Err(failure) => findings.fail(failure.message),
        }
        reports.push(ErrandReport { name, has_done: failure.is_none(), failure });
    }
    workplace.accounts.finish().await;
    Ok(reports)
}

async fn try_account(
    account: &AccountSession,
    inventories: &Inventories,
    now: DateTime<Utc>,
) -> Result<String, SeriesFailure> {
    match &account.account().system {
        AccountSystem::Simacan(_) => {
            account.token(None).await.map_err(|error| of_sign_in(&error))?;
            let view = account.view(now);
            let until = view.expires_at.map(|end| format!(", its token lasts until {}", to_display(end)));
            Ok(format!("signed in{}", until.unwrap_or_default()))
        }
        AccountSystem::Angelcam(_) => {
            let owner = inventories.try_account(account).await.map_err(|error| of_inventory(&error))?;
            let cameras = owner.total_cameras.map(|cameras| format!(", {cameras} cameras"));
            let personal = account.view(now).state == AccountState::PersonalToken;
            let how = if personal { "the personal token is accepted" } else { "signed in" };
            Ok(format!("{how}{}", cameras.unwrap_or_default()))
        }
    }
}

fn of_sign_in(error: &AuthError) -> SeriesFailure {
    SeriesFailure { kind: error.kind(), message: error.to_string() }
}

fn of_inventory(error: &InventoryError) -> SeriesFailure {
    SeriesFailure { kind: error.kind(), message: error.to_string() }
}
