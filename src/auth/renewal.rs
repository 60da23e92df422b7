//! One renewal: what is decided, asked, and made durable before it is used.

use std::sync::{Arc, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use super::{
    document::Kept,
    error::AuthError,
    manager::Shared,
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

    pub(super) async fn renew(self: &Arc<Self>, refused: Option<u64>) -> Result<Token, AuthError> {
        let _flight = self.flight.lock().await;
        if let Some(token) = self.ready(refused) {
            return Ok(token);
        }
        let (mut kept, _lock) = match self.lock_and_load().await {
            Ok(found) => found,
            Err(error) => return self.fall_back(refused, error),
        };
        loop {
            let failure = match next_step(self.system, &kept.record, refused, self.now()) {
                Step::Use => {
                    let token = token_of(&kept.record);
                    *self.known() = kept;
                    return token.ok_or_else(|| self.busy());
                }
                Step::Stop => Some(why_stopped(&self.holder.name, &kept.record, self.now())),
                Step::Ask(ask) => self.ask(&mut kept, ask).await.err(),
            };
            if let Some(error) = failure {
                *self.known() = kept;
                return self.fall_back(refused, error);
            }
        }
    }

    /// A token that still lives survives a failed renewal.
    fn fall_back(&self, refused: Option<u64>, error: AuthError) -> Result<Token, AuthError> {
        let known = self.known();
        match token_of(&known.record).filter(|_| known.record.lives(refused, self.now())) {
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

    /// Asks the service, and makes durable what that changes. `Ok` = decide anew.
    async fn ask(self: &Arc<Self>, kept: &mut Kept, ask: AskKind) -> Result<(), AuthError> {
        let secret = self.secret_for(kept, ask).await?;
        let now = self.now();
        match ask {
            AskKind::Refresh => kept.record.refresh_sent_at = Some(now),
            AskKind::SignIn => kept.record.password_sent_at = Some(now),
        }
        if self.system.keeps_everything() {
            self.save(kept).await?;
        }
        let outcome = self.attempts(ask, &secret).await;
        crash_point::passed(crash_point::Step::TokenAnswer);
        let settled = settle(self.system, &self.holder.name, &mut kept.record, ask, outcome, self.now());
        if self.system.keeps_everything() || matches!(settled, Settled::Renewed { .. }) {
            self.save_or_remember(kept).await?;
            crash_point::passed(crash_point::Step::TokenDurable);
        }
        self.tell(kept, ask, &settled);
        match settled {
            Settled::Renewed { .. } | Settled::Again => Ok(()),
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
                tracing::warn!(account, system, "refresh token refused, signing in with the password")
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
    async fn attempts(&self, ask: AskKind, secret: &Secret) -> Outcome {
        let mut patience = Patience::new(&self.timing, self.system.retry(ask));
        let mut lost_answers = 0_u32;
        loop {
            let trouble = match self.fetcher.fetch(ask, secret).await {
                Err(NoGrant::Trouble(trouble)) => trouble,
                outcome => return outcome,
            };
            let is_lost = trouble.transport.is_some_and(Transport::may_have_arrived);
            lost_answers += u32::from(is_lost && ask == AskKind::Refresh);
            // A refresh token whose answer was lost is sent once more, and then left alone for a while (Simacan contract,
            // section 4, rule 5; Angelcam contract, section 4).
            if lost_answers > 1 {
                return Err(NoGrant::GaveUp { attempts: lost_answers, trouble });
            }
            match patience.wait(&self.holder.name, trouble.clone()).await {
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
    ) -> Result<AuthError, AuthError> {
        let _flight = self.flight.lock().await;
        let (mut kept, _lock) = self.lock_and_load().await?;
        let account = &*self.holder.name;
        if self.system == System::Angelcam && kept.record.generation == generation {
            needs_authorization(account, &mut kept.record, message);
            self.save(&kept).await?;
            *self.known() = kept.clone();
        }
        Ok(why_stopped(account, &kept.record, self.now()))
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
        let (kept, _lock) = self.lock_and_load().await?;
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
