//! The accounts of a configuration, each with its connections and its tokens.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use reqwest::{RequestBuilder, Response, StatusCode, header};

use super::{
    angelcam::AngelcamAuth,
    answer::fits_into_a_header,
    error::AuthError,
    fetch::Fetcher,
    manager::{Holder, Renewals, TokenManager},
    refusals::Refusals,
    rules::System,
    simacan::SimacanAuth,
    store::Vault,
    token::Token,
    view::{AccountView, LONGEST_IDLE, OLD_REFRESH_TOKEN},
};
use crate::{
    blocking::blocking,
    config::{Account, AccountSystem, AngelcamAccount, AngelcamSignIn, Config, SecretError, SecretSource},
    shutdown::Shutdown,
    wire::{
        ClientSetupError, Endpoint, Http, MAX_ERROR_BODY_BYTES, RetryReason, Timing, Trouble, read_at_most,
    },
};

/// The longest that one request to an account's systems may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Every account of one configuration.
pub struct Accounts {
    sessions: BTreeMap<String, Arc<AccountSession>>,
    renewals: Renewals,
}

/// One account: its connections and its tokens.
pub struct AccountSession {
    account: Arc<Account>,
    http: Http,
    timing: Timing,
    tokens: Tokens,
}

/// Where an account's tokens come from.
enum Tokens {
    Managed(TokenManager),
    /// Made by a person, for ever (Angelcam contract, section 5).
    Personal(SecretSource),
}

impl Accounts {
    /// Sets up connections, but makes none. Tokens are kept in `vault`.
    pub fn new(config: &Config, vault: &Arc<Vault>, timing: &Timing) -> Result<Self, ClientSetupError> {
        let renewals = Renewals::default();
        // Trusted certificates are read for it, which takes its time.
        if config.accounts.is_empty() {
            return Ok(Self { sessions: BTreeMap::new(), renewals });
        }
        let http = Http::new(TIMEOUT, &timing.traffic)?;
        let sessions = config.accounts.iter().map(|account| {
            let session = AccountSession::new(account, &http, vault, timing, &renewals);
            (account.name.clone(), Arc::new(session))
        });
        Ok(Self { sessions: sessions.collect(), renewals })
    }

    /// From now on nobody waits for another attempt at a renewal once this is requested.
    pub fn stop_on(&self, shutdown: &Shutdown) {
        self.renewals.stop_on(shutdown.clone());
    }

    /// The account of this name.
    pub fn get(&self, name: &str) -> Option<&Arc<AccountSession>> {
        self.sessions.get(name)
    }

    /// Every account, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<AccountSession>> {
        self.sessions.values()
    }

    /// How each account is, by name. Blocks; asks nobody.
    pub fn views(&self, now: DateTime<Utc>) -> Vec<AccountView> {
        self.iter().map(|session| session.view(now)).collect()
    }

    /// Renews refresh tokens that nobody used for a week, so that they stay alive (Angelcam contract, section 4), and
    /// warns of those that may end any day.
    pub async fn keep_alive(&self, now: DateTime<Utc>) {
        for session in self.iter() {
            session.keep_alive(now).await;
        }
    }

    /// Waits until no token is being renewed: what was asked is not thrown away.
    pub async fn finish(&self) {
        self.renewals.finish().await;
    }
}

impl AccountSession {
    fn new(
        account: &Arc<Account>,
        http: &Http,
        vault: &Arc<Vault>,
        timing: &Timing,
        renewals: &Renewals,
    ) -> Self {
        let (name, clock) = (&*account.name, timing.clock.clone());
        let managed = |holder, system, fetcher| {
            Tokens::Managed(TokenManager::new(holder, system, fetcher, timing.clone(), renewals.clone()))
        };
        let tokens = match &account.system {
            AccountSystem::Simacan(simacan) => managed(
                Holder::of_simacan(name, simacan, vault),
                System::Simacan { password_after_invalid_grant: simacan.password_after_invalid_grant },
                Fetcher::Simacan(SimacanAuth::new(http.clone(), simacan, clock)),
            ),
            AccountSystem::Angelcam(angelcam) => match &angelcam.sign_in {
                AngelcamSignIn::OAuth(client) => managed(
                    Holder::of_angelcam(name, client, vault),
                    System::Angelcam,
                    Fetcher::Angelcam(AngelcamAuth::new(http.clone(), client.clone(), clock)),
                ),
                AngelcamSignIn::PersonalToken(source) => Tokens::Personal(source.clone()),
            },
        };
        Self { account: Arc::clone(account), http: http.clone(), timing: timing.clone(), tokens }
    }

    /// The account.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// How it is. Blocks; asks nobody.
    pub fn view(&self, now: DateTime<Utc>) -> AccountView {
        match &self.tokens {
            Tokens::Managed(tokens) => tokens.view(now),
            Tokens::Personal(_) => AccountView::personal(&self.account.name, self.account.system.as_str()),
        }
    }

    /// What signs a person in at Angelcam; `None` where no person can.
    pub fn sign_in(&self) -> Option<AngelcamAuth> {
        match &self.account.system {
            AccountSystem::Angelcam(AngelcamAccount { sign_in: AngelcamSignIn::OAuth(client), .. }) => {
                let (http, clock) = (self.http.clone(), self.timing.clock.clone());
                Some(AngelcamAuth::new(http, client.clone(), clock))
            }
            _ => None,
        }
    }

    async fn keep_alive(self: &Arc<Self>, now: DateTime<Utc>) {
        let Tokens::Managed(tokens) = &self.tokens else { return };
        let session = Arc::clone(self);
        let view = blocking(move || session.view(now)).await;
        let idle = view.refresh_issued_at.map(|issued_at| now - issued_at);
        if let Some(days) = idle.filter(|idle| *idle > OLD_REFRESH_TOKEN).map(|idle| idle.num_days()) {
            let account = &*self.account.name;
            tracing::warn!(account, days, "the refresh token is old and may end after 30 days");
        }
        if tokens.system() != System::Angelcam || idle.is_none_or(|idle| idle < LONGEST_IDLE) {
            return;
        }
        if let Err(error) = tokens.token(None).await {
            let account = &*self.account.name;
            tracing::warn!(
                account,
                error = &*error.to_string(),
                "an idle refresh token could not be renewed"
            );
        }
    }

    /// What keeps its tokens; `None` for a personal token, which nobody need keep.
    pub fn tokens(&self) -> Option<&TokenManager> {
        match &self.tokens {
            Tokens::Managed(tokens) => Some(tokens),
            Tokens::Personal(_) => None,
        }
    }

    /// A token that can be used; see [`TokenManager::token`].
    pub async fn token(&self, refused: Option<&Token>) -> Result<Token, AuthError> {
        match &self.tokens {
            Tokens::Managed(tokens) => tokens.token(refused).await,
            Tokens::Personal(source) => {
                let place = source.describe();
                let source = source.clone();
                let token = blocking(move || source.resolve()).await?;
                if fits_into_a_header(token.expose()) {
                    return Ok(Token::personal(token));
                }
                let defect = "holds white space or other characters that no header can carry";
                Err(SecretError::Unusable { place, defect }.into())
            }
        }
    }

    /// Sends what `build` makes, with a token. A 401 renews the token and repeats the request, once (all three
    /// contracts); a second one is [`CallError::RefusedAgain`]. No other status is judged here. It counts as `endpoint`.
    pub async fn send(
        &self,
        endpoint: Endpoint,
        build: impl Fn(&Http) -> RequestBuilder,
    ) -> Result<Reply, CallError> {
        let mut refusals = Refusals::begin(self.timing.clock.now());
        loop {
            let token = self.token(refusals.last()).await?;
            let header = token
                .header()
                .map_err(|_| AuthError::Protocol("the token fits into no header".to_owned()))?;
            let request = build(&self.http).header(header::AUTHORIZATION, header);
            let response = self.http.send(endpoint, request).await.map_err(CallError::Trouble)?;
            if response.status() != StatusCode::UNAUTHORIZED {
                return Ok(Reply { response, token });
            }
            if matches!(self.tokens, Tokens::Personal(_)) || refusals.is_last(&token) {
                return Err(self.refused_again(response, &token).await);
            }
            refusals.add(token);
            self.timing.traffic.repeats(RetryReason::TokenRefused);
        }
    }

    async fn refused_again(&self, response: Response, token: &Token) -> CallError {
        let body = read_at_most(response, MAX_ERROR_BODY_BYTES).await.unwrap_or_default();
        let shown = token.discretion().shown(&String::from_utf8_lossy(&body));
        let message =
            if shown.trim().is_empty() { "status 401".to_owned() } else { format!("status 401: {shown}") };
        match &self.tokens {
            Tokens::Managed(tokens) => match tokens.refused_again(token, &message).await {
                Err(error) => CallError::SignIn(error),
                Ok(()) => CallError::RefusedAgain { message },
            },
            Tokens::Personal(source) => CallError::SignIn(AuthError::PersonalTokenRefused {
                account: self.account.name.clone(),
                place: source.describe(),
                message,
            }),
        }
    }
}

/// An answer other than 401, and the token that brought it.
pub struct Reply {
    /// The answer.
    pub response: Response,
    /// For keeping it out of messages.
    pub token: Token,
}

/// Why there is no answer to judge.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CallError {
    /// There is no token to ask with.
    #[error(transparent)]
    SignIn(#[from] AuthError),
    /// A token that was made a moment ago is refused as well.
    #[error("a new token is refused as well ({message})")]
    RefusedAgain {
        /// What the service said.
        message: String,
    },
    /// The connection failed.
    #[error("{}", .0.message)]
    Trouble(Trouble),
}
