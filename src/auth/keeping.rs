//! What is known of an account, beside other processes: locked, loaded, and saved before it counts.

use std::{
    path::Path,
    sync::{Arc, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::{
    document::Kept,
    error::AuthError,
    identity::SecretCheck,
    manager::{Holder, Shared},
    record::{Record, Refresh, Standing},
    rules::System,
    store::StoreError,
};
use crate::{
    blocking::blocking,
    locks::{Lock, LockError, Patience},
    sink::publish::Durability,
};

/// How long another process may take to renew before we give up waiting for it.
const LOCK_PATIENCE: Duration = Duration::from_mins(5);

/// How long to wait between two looks at a lock that another process holds.
const LOCK_POLL: Duration = Duration::from_millis(20);

/// What an answer changed and what could not be made durable yet: it must be before it is used.
pub(super) struct Unsaved {
    kept: Kept,
    /// The state that the answer was asked for.
    generation: u64,
    refresh: Option<Refresh>,
}

impl Unsaved {
    /// `kept` is what an answer made of `asked`.
    pub(super) fn new(kept: &Kept, asked: &Record) -> Self {
        Self { kept: kept.clone(), generation: asked.generation, refresh: asked.refresh.clone() }
    }

    /// Whether nobody made anything of that state since: neither another process, nor a person who signed in or out.
    fn follows(&self, found: &Record) -> bool {
        let needs_person =
            matches!(found.standing, Standing::Rejected { .. } | Standing::NeedsAuthorization { .. });
        let follows = found.generation == self.generation
            && text(found.refresh.as_ref()) == text(self.refresh.as_ref())
            && !needs_person;
        if !follows {
            tracing::warn!("a token that could not be stored is dropped, because there is a later state");
        }
        follows
    }
}

impl Shared {
    /// Takes the account's lock between processes, and then looks at what is kept: another one may have been here.
    pub(super) async fn lock_and_load(self: &Arc<Self>) -> Result<(Kept, Option<Lock>), AuthError> {
        let Some(vault) = &self.holder.vault else { return Ok((self.known().clone(), None)) };
        let (shared, now) = (Arc::clone(self), self.now());
        let (lock, stored) =
            self.locked(vault.state_dir(), move || shared.holder.stored(shared.system, now)).await?;
        let (mut kept, changed) = stored?;
        let unsaved = self.unsaved().take().filter(|unsaved| unsaved.follows(&kept.record));
        if let Some(unsaved) = unsaved {
            kept = unsaved.kept.clone();
            self.save_or_remember(unsaved).await?;
        } else if changed && (self.system.keeps_everything() || kept.record.access.is_some()) {
            self.save(&kept).await?;
        }
        *self.known() = kept.clone();
        Ok((kept, Some(lock)))
    }

    fn unsaved(&self) -> MutexGuard<'_, Option<Unsaved>> {
        self.unsaved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes what is kept of the account, be it readable or not.
    pub(super) async fn discard(self: &Arc<Self>) -> Result<(), AuthError> {
        let Some(vault) = self.holder.vault.clone() else { return Ok(()) };
        let (shared, of) = (Arc::clone(self), Arc::clone(&vault));
        let (_lock, removed) = self.locked(vault.state_dir(), move || of.remove(&shared.holder.key)).await?;
        Ok(removed?)
    }

    /// Does something that blocks as soon as the account's lock is had.
    async fn locked<T: Send + 'static>(
        &self,
        state_dir: &Path,
        work: impl Fn() -> T + Clone + Send + 'static,
    ) -> Result<(Lock, T), AuthError> {
        let began = Instant::now();
        loop {
            let (state_dir, name) = (state_dir.to_owned(), format!("token.{}", self.holder.key));
            let work = work.clone();
            // Each look is short, so that those who wait never take the threads of those who work.
            let looked = move || {
                let lock = Lock::acquire(&state_dir, &name, Patience::None)?;
                Ok((lock, work()))
            };
            match blocking(looked).await {
                Ok(done) => return Ok(done),
                Err(LockError::File(error)) => return Err(StoreError::from(error).into()),
                Err(LockError::Held { .. }) if began.elapsed() < LOCK_PATIENCE => {
                    tokio::time::sleep(LOCK_POLL).await;
                }
                Err(LockError::Held { .. }) => return Err(self.busy()),
            }
        }
    }

    /// Keeps it: durably, where it could not be had again.
    pub(super) async fn save(self: &Arc<Self>, kept: &Kept) -> Result<(), StoreError> {
        let Some(vault) = self.holder.vault.clone() else { return Ok(()) };
        let (shared, mut kept) = (Arc::clone(self), kept.clone());
        blocking(move || {
            let holder = &shared.holder;
            kept.identity.clone_from(&holder.identity);
            if kept.secret.is_none() {
                kept.secret =
                    holder.secret.as_ref().and_then(|source| SecretCheck::of(&source.resolve().ok()?));
            }
            // The token of a stream can always be had again.
            let is_irreplaceable = shared.system.keeps_everything();
            let durability = if is_irreplaceable { Durability::Durable } else { Durability::Whole };
            vault.save(&holder.key, &kept, durability)
        })
        .await
    }

    /// Makes it durable, or else keeps it for the next try: it may hold the only copy of a refresh token.
    pub(super) async fn save_or_remember(self: &Arc<Self>, unsaved: Unsaved) -> Result<(), StoreError> {
        let saved = self.save(&unsaved.kept).await;
        if saved.is_err() {
            *self.unsaved() = Some(unsaved);
        }
        saved
    }

    /// What is known of the account; where it is kept over restarts, what is kept. Blocks; asks nobody.
    pub(super) fn peek(&self) -> Result<Record, StoreError> {
        match self.holder.vault {
            Some(_) => Ok(self.holder.stored(self.system, self.now())?.0.record),
            None => Ok(self.known().record.clone()),
        }
    }
}

impl Holder {
    /// What is kept, as far as it is this account's, and whether that differs from what is on disk. Blocks.
    pub(super) fn stored(&self, system: System, now: DateTime<Utc>) -> Result<(Kept, bool), StoreError> {
        let found = match self.vault.as_ref().map(|vault| vault.load(&self.key)).transpose() {
            // A stream can always sign in again.
            Err(error) if error.is_unreadable() && !system.keeps_everything() => {
                tracing::warn!(stream = &*self.name, error = &*error.to_string(), "stored token not used");
                None
            }
            found => found?.flatten(),
        };
        let Some(mut kept) = found.filter(|kept| kept.identity == self.identity) else {
            return Ok((Kept { identity: self.identity.clone(), ..Kept::default() }, false));
        };
        let is_reconciled = self.reconcile(system, &mut kept);
        let is_clamped = kept.record.clamp(now);
        let needs_sealing = self.vault.as_ref().is_some_and(|vault| vault.needs_sealing(&self.key));
        Ok((kept, is_reconciled || is_clamped || needs_sealing))
    }

    /// A changed secret is another credential: what was refused may be accepted now, and a stream's old token is not
    /// what the configuration asks for. Says whether it changed.
    fn reconcile(&self, system: System, kept: &mut Kept) -> bool {
        let Some(secret) = self.secret.as_ref().and_then(|source| source.resolve().ok()) else {
            return false;
        };
        if kept.secret.as_ref().is_none_or(|check| check.fits(&secret)) {
            return false;
        }
        kept.secret = SecretCheck::of(&secret);
        match system {
            System::Angus { .. } => kept.record.access = None,
            System::Simacan { .. } | System::Angelcam => {
                kept.record.password_sent_at = None;
                if matches!(kept.record.standing, Standing::Rejected { .. }) {
                    kept.record.standing = Standing::Sound;
                }
            }
        }
        true
    }
}

fn text(refresh: Option<&Refresh>) -> Option<&str> {
    refresh.map(|refresh| refresh.token.expose())
}
