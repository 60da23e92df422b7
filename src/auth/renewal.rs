//! One renewal: what is decided, asked, and made durable before it is used.

use std::sync::{Arc, MutexGuard, PoisonError, atomic::Ordering};

use chrono::{DateTime, Utc};

use super::{
    document::Kept,
    error::AuthError,
    keeping::Unsaved,
    manager::{LastRenewal, Shared},
    record::{Record, Standing},
    rules::{
        AskKind, Grant, NoGrant, Outcome, Settled, Step, System, needs_authorization, next_step, settle,
        why_stopped,
    },
    token::Token,
};
use crate::{
    blocking::blocking,
    crash_point,
    secret::Secret,
    time::to_display,
    wire::{Patience, Transport, Waited},
};

impl Shared {
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.timing.clock.now()
    }

    pub(super) fn known(&self) -> MutexGuard<'_, Kept> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token that is at hand, if it need not be renewed.
    pub(super) fn ready(&self, refused: Option<u64>) -> Option<Token> {
        let known = self.known();
        let step = next_step(self.system, &known.record, refused, self.now());
        if step == Step::Use { token_of(&known.record) } else { None }
    }

    /// The token that is at hand, if it can still be used.
    pub(super) fn living(&self, refused: Option<u64>) -> Option<Token> {
        let known = self.known();
        token_of(&known.record).filter(|_| known.record.lives(refused, self.now()))
    }

    /// `ended` is how many renewals had ended when the caller came: one that ended since is its own, too.
    pub(super) async fn renew(
        self: &Arc<Self>,
        refused: Option<u64>,
        ended: u64,
    ) -> Result<Token, AuthError> {
        let mut last = self.flight.lock().await;
        if let Some(token) = self.ready(refused) {
            return Ok(token);
        }
        let outcome = match &last.failure {
            Some(failure) if last.number > ended => Err(failure.clone()),
            _ => {
                let outcome = self.renew_alone(refused).await;
                let number = self.ended.fetch_add(1, Ordering::SeqCst) + 1;
                *last = LastRenewal { number, failure: outcome.as_ref().err().cloned() };
                outcome
            }
        };
        outcome.or_else(|error| self.fall_back(refused, error))
    }

    async fn renew_alone(self: &Arc<Self>, refused: Option<u64>) -> Result<Token, AuthError> {
        let (mut kept, _lock) = self.lock_and_load().await?;
        loop {
            let token = match next_step(self.system, &kept.record, refused, self.now()) {
                Step::Use => token_of(&kept.record),
                Step::Stop => return Err(why_stopped(&self.holder.name, &kept.record, self.now())),
                // A token that was made a moment ago is good, however short its life.
                Step::Ask(ask) => self.ask(&mut kept, ask).await?,
            };
            if let Some(token) = token {
                return Ok(token);
            }
        }
    }

    /// A token that still lives survives a failed renewal.
    fn fall_back(&self, refused: Option<u64>, error: AuthError) -> Result<Token, AuthError> {
        match self.living(refused) {
            Some(token) => {
                let account = &*self.holder.name;
                tracing::warn!(
                    account,
                    error = &*error.to_string(),
                    "token not renewed, the old one still lives"
                );
                Ok(token)
            }
            None => Err(error),
        }
    }

    /// Asks the service, and makes durable what that changes before it counts. `None` = decide anew.
    async fn ask(self: &Arc<Self>, kept: &mut Kept, ask: AskKind) -> Result<Option<Token>, AuthError> {
        let secret = self.secret_for(kept, ask).await?;
        let now = self.now();
        let may_be_spent = ask == AskKind::Refresh && kept.record.refresh_sent_at.is_some();
        match ask {
            AskKind::Refresh => {
                kept.record.refresh_sent_at = Some(now);
                kept.record.refresh_sends += 1;
            }
            AskKind::SignIn => kept.record.password_sent_at = Some(now),
        }
        if self.system.keeps_everything() {
            self.save(kept).await?;
        }
        let outcome = self.attempts(ask, &secret, may_be_spent).await;
        crash_point::passed(crash_point::Step::TokenAnswer);
        let asked = kept.record.clone();
        let settled = settle(self.system, &self.holder.name, &mut kept.record, ask, outcome, self.now());
        if self.system.keeps_everything() || matches!(settled, Settled::Renewed { .. }) {
            self.save_or_remember(Unsaved::new(kept, &asked)).await?;
            crash_point::passed(crash_point::Step::TokenDurable);
        }
        *self.known() = kept.clone();
        self.tell(kept, ask, &settled);
        match settled {
            Settled::Renewed { .. } => Ok(token_of(&kept.record)),
            Settled::Again => Ok(None),
            Settled::Failed(error) => Err(error),
        }
    }

    fn tell(&self, kept: &Kept, ask: AskKind, settled: &Settled) {
        let (account, system) = (&*self.holder.name, self.system.as_str());
        let how = match ask {
            AskKind::SignIn => "sign-in",
            AskKind::Refresh => "refresh",
        };
        match settled {
            Settled::Renewed { lacks_refresh } => {
                let expires_at = kept.record.access.as_ref().map(|access| to_display(access.life.expires_at));
                tracing::debug!(
                    account,
                    system,
                    how,
                    generation = kept.record.generation,
                    expires_at,
                    "token renewed"
                );
                if *lacks_refresh {
                    tracing::warn!(
                        account,
                        system,
                        "the answer lacks a refresh token; a sign-in is needed when this one ends"
                    );
                }
            }
            Settled::Again => {
                tracing::warn!(account, system, "refresh token refused, signing in with the password");
            }
            Settled::Failed(error) => {
                tracing::debug!(account, system, how, error = &*error.to_string(), "token not renewed");
            }
        }
    }

    async fn secret_for(&self, kept: &Kept, ask: AskKind) -> Result<Arc<Secret>, AuthError> {
        match (ask, &kept.record.refresh, &self.holder.secret) {
            (AskKind::Refresh, Some(refresh), _) => Ok(Arc::clone(&refresh.token)),
            (AskKind::SignIn, _, Some(source)) => {
                let source = source.clone();
                Ok(Arc::new(blocking(move || source.resolve()).await?))
            }
            // The rules ask for neither.
            (AskKind::Refresh, None, _) | (AskKind::SignIn, _, None) => {
                Err(why_stopped(&self.holder.name, &kept.record, self.now()))
            }
        }
    }

    /// One answer, or the end of the patience that this kind of account has.
    async fn attempts(&self, ask: AskKind, secret: &Secret, mut may_be_spent: bool) -> Outcome {
        let mut patience = Patience::new(&self.timing, self.system.retry(ask));
        let mut attempts = 0;
        loop {
            attempts += 1;
            let trouble = match self.fetcher.fetch(ask, secret).await {
                Err(NoGrant::Trouble(trouble)) => trouble,
                outcome => return outcome,
            };
            // A refresh token whose answer was lost is sent once more, and then left alone for a while (Simacan contract,
            // section 4, rule 5; Angelcam contract, section 4).
            if may_be_spent && trouble.transport().is_none_or(Transport::may_have_arrived) {
                return Err(NoGrant::GaveUp { attempts, trouble });
            }
            may_be_spent |=
                ask == AskKind::Refresh && trouble.transport().is_some_and(Transport::may_have_arrived);
            let waited = tokio::select! {
                waited = patience.wait(&self.holder.name, trouble.clone()) => waited,
                // A process that is to end does not wait; what it asked last is answered.
                () = self.renewals.stopped() => return Err(NoGrant::GaveUp { attempts, trouble }),
            };
            match waited {
                Waited::TryAgain => {}
                Waited::GaveUp { attempts, .. } => return Err(NoGrant::GaveUp { attempts, trouble }),
                Waited::Postponed(wait) => return Err(NoGrant::RateLimited(wait)),
            }
        }
    }

    pub(super) fn busy(&self) -> AuthError {
        AuthError::Busy { account: self.holder.name.clone() }
    }

    pub(super) async fn note_refused(
        self: &Arc<Self>,
        generation: u64,
        message: &str,
    ) -> Result<(), AuthError> {
        let _flight = self.flight.lock().await;
        let (mut kept, _lock) = self.lock_and_load().await?;
        let account = &*self.holder.name;
        if self.system == System::Angelcam && kept.record.generation == generation {
            needs_authorization(account, &mut kept.record, message);
            self.save(&kept).await?;
            *self.known() = kept.clone();
        }
        match kept.record.standing {
            Standing::NeedsAuthorization { .. } => Err(why_stopped(account, &kept.record, self.now())),
            _ => Ok(()),
        }
    }

    pub(super) async fn adopt(self: &Arc<Self>, grant: Grant) -> Result<(), AuthError> {
        let _flight = self.flight.lock().await;
        let (mut kept, _lock) = self.lock_and_load().await?;
        settle(self.system, &self.holder.name, &mut kept.record, AskKind::SignIn, Ok(grant), self.now());
        self.save(&kept).await?;
        *self.known() = kept;
        Ok(())
    }

    pub(super) async fn clear_refusal(self: &Arc<Self>) -> Result<(), AuthError> {
        let _flight = self.flight.lock().await;
        let (mut kept, _lock) = self.lock_and_load().await?;
        if !matches!(kept.record.standing, Standing::Sound | Standing::NeedsAuthorization { .. }) {
            kept.record.standing = Standing::Sound;
            self.save(&kept).await?;
        }
        *self.known() = kept;
        Ok(())
    }

    pub(super) async fn forget(self: &Arc<Self>) -> Result<Record, AuthError> {
        let _flight = self.flight.lock().await;
        let (kept, _lock) = match self.lock_and_load().await {
            Err(AuthError::Store(error)) if error.is_unreadable() || error.is_configuration() => {
                tracing::warn!(account = &*self.holder.name, error = &*error.to_string(), "removed unread");
                self.discard().await?;
                *self.known() = Kept::default();
                return Ok(Record::default());
            }
            found => found?,
        };
        let Record { generation, password_sent_at, .. } = kept.record;
        let emptied = Record { generation, password_sent_at, ..Record::default() };
        let emptied = Kept { record: emptied, identity: kept.identity.clone(), secret: kept.secret.clone() };
        self.save(&emptied).await?;
        *self.known() = emptied;
        Ok(kept.record)
    }
}

/// The token of the record's access, where it has one.
fn token_of(record: &Record) -> Option<Token> {
    record.access.as_ref().map(|access| Token::of(access, record.generation))
}
