//! Accounts, deliveries and inventories: secrets, and a sign-in. Nothing is delivered and nothing written.

use chrono::{DateTime, Utc};

use super::Findings;
use crate::{
    auth::{AccountSession, AccountState},
    commands::session::Session,
    config::{AccountSystem, AngelcamSignIn, Config, SecretSource},
    failure::FailureKind,
    inventory::Inventories,
    report::{ErrandReport, Failure},
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
pub(super) fn check_secrets(config: &Config, findings: &mut Findings) -> Vec<ErrandReport> {
    let mut reports = Vec::new();
    for (name, source) in secrets(config) {
        if let Some(warning) = source.warnings() {
            findings.warn(format!("{name}: {warning}"));
        }
        if let Err(error) = source.resolve() {
            let failure = Failure::new(FailureKind::Configuration, &error);
            findings.fail(format!("{name}: {error}"));
            reports.push(ErrandReport { name, has_done: false, failure: Some(failure) });
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
    reports
}

/// Signs in to every account: to one at Simacan under the rules that hold for its password, to one at Angelcam by asking
/// whose it is. What stands in the way of all is a finding too.
pub(super) async fn check(session: &Session, config: &Config, findings: &mut Findings) -> Vec<ErrandReport> {
    if config.accounts.is_empty() {
        return Vec::new();
    }
    let workplace = match session.workplace(config) {
        Ok(workplace) => workplace,
        Err(error) => {
            findings.fail(format!("accounts: {error}"));
            let failure = Failure::new(FailureKind::Storage, &error);
            return vec![ErrandReport {
                name: "accounts".to_owned(),
                has_done: false,
                failure: Some(failure),
            }];
        }
    };
    session.stop_on_signals();
    let inventories = workplace.inventories();
    let mut reports = Vec::new();
    for account in workplace.accounts.iter() {
        let outcome = tokio::select! {
            outcome = try_account(account, &inventories, session.clock.now()) => outcome,
            () = session.shutdown.requested() => Err(interrupted()),
        };
        let name = format!("account {}", account.account().name);
        match &outcome {
            Ok(found) => findings.ok(format!("{name}: {found}")),
            // An unreadable secret is told already, without a request.
            Err(failure) if failure.kind == FailureKind::Configuration => {}
            Err(failure) if failure.message.starts_with(&name) => findings.fail(&failure.message),
            Err(failure) => findings.fail(format!("{name}: {}", failure.message)),
        }
        reports.push(ErrandReport { name, has_done: outcome.is_ok(), failure: outcome.err() });
    }
    workplace.accounts.finish().await;
    reports
}

fn interrupted() -> Failure {
    Failure::new(FailureKind::Interrupted, "interrupted before it was done")
}

async fn try_account(
    account: &AccountSession,
    inventories: &Inventories,
    now: DateTime<Utc>,
) -> Result<String, Failure> {
    match &account.account().system {
        AccountSystem::Simacan(_) => {
            account.token(None).await.map_err(|error| Failure::new(error.kind(), &error))?;
            let view = account.view(now);
            let until = view.expires_at.map(|end| format!(", its token lasts until {}", to_display(end)));
            Ok(format!("signed in{}", until.unwrap_or_default()))
        }
        AccountSystem::Angelcam(_) => {
            let owner =
                inventories.try_account(account).await.map_err(|error| Failure::new(error.kind(), &error))?;
            let cameras = owner.total_cameras.map(|cameras| format!(", {cameras} cameras"));
            let personal = account.view(now).state == AccountState::PersonalToken;
            let how = if personal { "the personal token is accepted" } else { "signed in" };
            Ok(format!("{how}{}", cameras.unwrap_or_default()))
        }
    }
}
