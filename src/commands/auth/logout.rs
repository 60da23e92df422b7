//! `auth logout`: revoke, then forget.

use super::{CommandError, Session, account, accounts};
use crate::{auth::AccountState, cli::Logout, commands::output};

pub(super) async fn run(session: &Session, args: &Logout) -> Result<u8, CommandError> {
    let config = session.config()?;
    let accounts = accounts(session, &config)?;
    let account = account(&config, &accounts, &args.account)?;
    let name = &args.account;
    let Some(tokens) = account.tokens() else {
        let message =
            format!("account {name} uses a personal access token; take it out of the configuration instead");
        return Err(CommandError::Usage(message));
    };
    let nothing_kept = matches!(account.view(session.clock.now()).state, AccountState::New);
    let failed =
        |error: crate::auth::AuthError| CommandError::Failed(format!("cannot forget its tokens: {error}"));
    // Forgotten first: what is revoked must not be used by anybody who comes meanwhile.
    let record = tokens.forget().await.map_err(failed)?;
    let newest = record.refresh.map(|refresh| refresh.token).or(record.access.map(|access| access.token));
    let how = match (account.sign_in(), newest) {
        (Some(service), Some(token)) => match service.revoke(&token).await {
            Ok(()) => "its tokens are revoked and forgotten".to_owned(),
            Err(reason) => {
                tracing::warn!(account = &**name, reason, "the service did not revoke the token");
                format!("its tokens are forgotten here, but the service did not revoke them ({reason})")
            }
        },
        (None, Some(_)) => "its tokens are forgotten; this service has no way to revoke them".to_owned(),
        (_, None) if nothing_kept => "nothing was kept of it".to_owned(),
        (_, None) => "there were no tokens any more".to_owned(),
    };
    output::print(&format!("signed out of {name}: {how}"))?;
    Ok(0)
}
