//! The tokens of one account: a cache that owns their expiry, one renewal at a time in this process and beside others,
//! and what must be durable before it is used.

use std::{
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use reqwest::Url;
use tokio::sync::{OwnedRwLockReadGuard, RwLock};

use super::{
    document::Kept,
    error::AuthError,
    fetch::Fetcher,
    keeping::Unsaved,
    record::Record,
    rules::{Grant, System},
    store::{StoreError, Vault},
    token::Token,
    view::AccountView,
};
use crate::{
    config::{OAuthClient, SecretSource, SimacanAccount, Stream},
    shutdown::Shutdown,
    wire::Timing,
};

/// The renewals of one process: those under way, which it waits for before it ends, and whether it is to end.
#[derive(Clone, Default)]
pub(crate) struct Renewals {
    under_way: Arc<RwLock<()>>,
    shutdown: Arc<OnceLock<Shutdown>>,
}

impl Renewals {
    /// From now on nobody waits for another attempt once this is requested.
    pub(super) fn stop_on(&self, shutdown: Shutdown) {
        // Only the first one counts; a process has one.
        _ = self.shutdown.set(shutdown);
    }

    /// Waits until the process is to end.
    pub(super) async fn stopped(&self) {
        match self.shutdown.get() {
            Some(shutdown) => shutdown.requested().await,
            None => std::future::pending().await,
        }
    }

    /// Waits until none is under way.
    pub(super) async fn finish(&self) {
        drop(self.under_way.write().await);
    }
}

/// How long a caller waits for a renewal while there is a token that still lives: a service that hangs must not use up
/// what is left of it (Simacan contract, section 4, rule 9: off the request path).
const LONGEST_EARLY_WAIT: Duration = Duration::from_secs(5);

/// Whose tokens, and where they are kept.
pub struct Holder {
    /// The account or the stream, for messages.
    pub name: String,
    /// The name of its file and its lock: `account.partner`, `stream.lobby`.
    pub key: String,
    /// Which account at which address; tokens of another one are not used.
    pub identity: String,
    /// The account's secret; `None` where only a person has it.
    pub secret: Option<SecretSource>,
    /// Where tokens are kept over restarts; `None` = nowhere.
    pub vault: Option<Arc<Vault>>,
}

impl Holder {
    /// Of a stream.
    pub(crate) fn of_stream(stream: &Stream, console_url: &Url, vault: Option<&Arc<Vault>>) -> Self {
        Self {
            name: stream.name.clone(),
            key: format!("stream.{}", stream.name),
            identity: format!("angus {console_url} {} {}", stream.client_id, stream.username),
            secret: Some(stream.access_token.clone()),
            vault: vault.cloned(),
        }
    }

    /// Of an account at Simacan.
    pub(super) fn of_simacan(name: &str, simacan: &SimacanAccount, vault: &Arc<Vault>) -> Self {
        let identity = format!("simacan {} {}", simacan.base_url, simacan.username);
        Self::of_account(name, identity, Some(simacan.password.clone()), vault)
    }

    /// Of a person's account at Angelcam.
    pub(super) fn of_angelcam(name: &str, client: &OAuthClient, vault: &Arc<Vault>) -> Self {
        let identity = format!("angelcam {} {}", client.token_url, client.client_id);
        Self::of_account(name, identity, None, vault)
    }

    fn of_account(name: &str, identity: String, secret: Option<SecretSource>, vault: &Arc<Vault>) -> Self {
        let (key, vault) = (format!("account.{name}"), Some(Arc::clone(vault)));
        Self { name: name.to_owned(), key, identity, secret, vault }
    }
}

/// Keeps the tokens of one account. Cheap to clone; every clone is the same account.
#[derive(Clone)]
pub struct TokenManager {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) holder: Holder,
    pub(super) system: System,
    pub(super) fetcher: Fetcher,
    pub(super) timing: Timing,
    /// What was last seen of the account.
    pub(super) known: Mutex<Kept>,
    pub(super) unsaved: Mutex<Option<Unsaved>>,
    /// One renewal at a time.
    pub(super) flight: tokio::sync::Mutex<LastRenewal>,
    /// How many renewals have ended.
    pub(super) ended: AtomicU64,
    pub(super) renewals: Renewals,
}

/// How the last renewal ended, for those who waited for it.
#[derive(Default)]
pub(super) struct LastRenewal {
    pub(super) number: u64,
    pub(super) failure: Option<AuthError>,
}

impl TokenManager {
    /// Knows nothing yet.
    pub(crate) fn new(
        holder: Holder,
        system: System,
        fetcher: Fetcher,
        timing: Timing,
        renewals: Renewals,
    ) -> Self {
        let shared = Shared {
            holder,
            system,
            fetcher,
            timing,
            known: Mutex::default(),
            unsaved: Mutex::default(),
            flight: tokio::sync::Mutex::default(),
            ended: AtomicU64::default(),
            renewals,
        };
        Self { shared: Arc::new(shared) }
    }

    /// The rules that it follows.
    pub fn system(&self) -> System {
        self.shared.system
    }

    /// How the account is. Blocks; asks nobody.
    pub fn view(&self, now: DateTime<Utc>) -> AccountView {
        AccountView::of(&self.shared.holder, self.shared.system, now)
    }

    /// A token that can be used. A caller that saw one refused names it: then only a later one is good.
    ///
    /// Whoever comes while it is renewed waits for the outcome. A renewal that has begun is seen through, also where the
    /// caller loses interest: its answer may be the only copy of the next refresh token.
    pub async fn token(&self, refused: Option<&Token>) -> Result<Token, AuthError> {
        let refused = refused.map(Token::generation);
        if let Some(token) = self.shared.ready(refused) {
            return Ok(token);
        }
        let ended = self.shared.ended.load(Ordering::SeqCst);
        let renewal = self.see_through(async move |shared| shared.renew(refused, ended).await);
        match self.shared.living(refused) {
            // It goes on without us, and who comes later has the use of it.
            Some(living) => tokio::time::timeout(LONGEST_EARLY_WAIT, renewal).await.unwrap_or(Ok(living)),
            None => renewal.await,
        }
    }

    /// Notes that a token that was renewed a moment ago is refused as well: where only a person can help, nothing more
    /// is asked, and the error says so (Angelcam contract, section 7).
    pub async fn refused_again(&self, token: &Token, message: &str) -> Result<(), AuthError> {
        let (generation, message) = (token.generation(), message.to_owned());
        self.see_through(async move |shared| shared.note_refused(generation, &message).await).await
    }

    /// Takes over what a person brought by signing in.
    pub async fn adopt(&self, grant: Grant) -> Result<(), AuthError> {
        self.see_through(async move |shared| shared.adopt(grant).await).await
    }

    /// Forgets that the account was refused or degraded, because a person wants it tried again.
    pub async fn clear_refusal(&self) -> Result<(), AuthError> {
        self.see_through(async |shared| shared.clear_refusal().await).await
    }

    /// Forgets all tokens, and returns those that there were. When the password was last sent is remembered.
    pub async fn forget(&self) -> Result<Record, AuthError> {
        self.see_through(async |shared| shared.forget().await).await
    }

    /// What is kept of the account. Blocks; asks nobody.
    pub fn peek(&self) -> Result<Record, StoreError> {
        self.shared.peek()
    }

    async fn see_through<T, F>(
        &self,
        work: impl FnOnce(Arc<Shared>) -> F + Send + 'static,
    ) -> Result<T, AuthError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, AuthError>> + Send + 'static,
    {
        let shared = Arc::clone(&self.shared);
        let under_way: OwnedRwLockReadGuard<()> = Arc::clone(&shared.renewals.under_way).read_owned().await;
        let task = tokio::spawn(async move {
            let _under_way = under_way;
            work(shared).await
        });
        match task.await {
            Ok(outcome) => outcome,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime ends, and nobody waits for this any more.
                Err(_) => Err(AuthError::Busy { account: self.shared.holder.name.clone() }),
            },
        }
    }
}
