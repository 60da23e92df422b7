//! A service, a clock, a disk, and processes that a test starts and kills.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

use futures_util::future::join_all;
use tokio::{
    runtime::{Builder, Runtime},
    sync::Notify,
};

use super::{
    super::{
        error::AuthError,
        fetch::Fetcher,
        manager::{Holder, Renewals, TokenManager},
        record::Record,
        rules::System,
        token::Token,
    },
    disk::{Disk, KEY},
    service::{PASSWORD, Service},
    watch::Watch,
    witness::Witness,
};
use crate::{config::SecretSource, secret::Secret, wire::RetryPolicy};

/// The rules of Simacan as they are by default.
pub(super) const SIMACAN: System = System::Simacan { password_after_invalid_grant: false };

/// The rules of a stream.
pub(super) const ANGUS: System =
    System::Angus { retry: RetryPolicy::new(Duration::from_millis(500), Duration::from_mins(1), 6) };

/// Which account it is, as the configuration tells it.
pub(super) const IDENTITY: &str = "the account at its address";

/// A secret that stands in the configuration.
pub(super) fn literal(text: &str) -> SecretSource {
    SecretSource::Literal(Secret::new(text.to_owned()))
}

/// One account at one system.
pub(super) struct Stage {
    pub(super) watch: Watch,
    pub(super) disk: Disk,
    pub(super) service: Service,
    witness: Arc<Mutex<Witness>>,
    started: AtomicUsize,
}

/// A process of its own: killed when it is dropped, wherever it is.
pub(super) struct Process {
    pub(super) manager: TokenManager,
    renewals: Renewals,
    runtime: Runtime,
    hung: Arc<Notify>,
    witness: Arc<Mutex<Witness>>,
    service: Service,
}

/// What became of one request to the target.
pub(super) struct Use {
    /// The token of the first try, and whether the target took it.
    pub(super) first: Option<(Token, bool)>,
    /// The same of the repeat, where there was one.
    pub(super) repeat: Option<(Token, bool)>,
    /// Why there was no token.
    pub(super) error: Option<AuthError>,
}

impl Stage {
    pub(super) fn new(system: System) -> Self {
        let (watch, disk) = (Watch::default(), Disk::new());
        let witness = Arc::new(Mutex::new(Witness::new(system, &watch, &disk)));
        let service = Service::new(system, &watch, &disk, &witness);
        Self { watch, disk, service, witness, started: AtomicUsize::new(0) }
    }

    /// Starts a process with one thread.
    pub(super) fn start(&self) -> Process {
        self.start_as(IDENTITY, literal(PASSWORD))
    }

    /// Starts a process with two threads.
    pub(super) fn start_with_two_threads(&self) -> Process {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        self.start_in(runtime, IDENTITY, literal(PASSWORD))
    }

    /// Starts a process whose configuration tells another account, or another secret of it.
    pub(super) fn start_as(&self, identity: &str, secret: SecretSource) -> Process {
        self.start_in(Builder::new_current_thread().enable_all().build().unwrap(), identity, secret)
    }

    fn start_in(&self, runtime: Runtime, identity: &str, secret: SecretSource) -> Process {
        let number = self.started.fetch_add(1, Ordering::SeqCst);
        let system = self.service.system;
        let holder = Holder {
            name: "partner".to_owned(),
            key: KEY.to_owned(),
            identity: identity.to_owned(),
            secret: (system != System::Angelcam).then_some(secret),
            vault: Some(self.disk.vault()),
        };
        let hung = Arc::new(Notify::new());
        let fetcher = Fetcher::Scripted(self.service.seen_by(number, &hung));
        let renewals = Renewals::default();
        let timing = self.watch.timing();
        let manager = TokenManager::new(holder, system, fetcher, timing, renewals.clone());
        let (witness, service) = (Arc::clone(&self.witness), self.service.clone());
        Process { manager, renewals, runtime, hung, witness, service }
    }

    /// What is kept.
    pub(super) fn record(&self) -> Record {
        self.disk.kept().unwrap_or_default().record
    }

    /// How many pairs were ever stored.
    pub(super) fn stored(&self) -> usize {
        self.witness.lock().unwrap().stored()
    }

    /// The configuration becomes that of another account: what was kept is worth nothing.
    pub(super) fn change_account(&self) {
        self.witness.lock().unwrap().sees_another_account();
    }

    /// The laws that were broken.
    pub(super) fn complaints(&self) -> Vec<String> {
        self.disk.assert_private();
        self.witness.lock().unwrap().complaints()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.complaints(), Vec::<String>::new());
        }
    }
}

impl Process {
    /// The manager's answer to one caller.
    pub(super) fn token(&self, refused: Option<&Token>) -> Result<Token, AuthError> {
        let token = self.ask(refused);
        if let Ok(token) = &token {
            self.witness.lock().unwrap().sees_use(token);
        }
        token
    }

    /// The same, and nobody looks at it.
    pub(super) fn ask(&self, refused: Option<&Token>) -> Result<Token, AuthError> {
        self.runtime.block_on(self.manager.token(refused))
    }

    /// A caller begins to wait for a token, and is gone.
    pub(super) fn begin_and_lose_interest(&self) {
        self.runtime.block_on(async {
            let mut asking = pin!(self.manager.token(None));
            poll_fn(|context| {
                assert!(asking.as_mut().poll(context).is_pending());
                Poll::Ready(())
            })
            .await;
        });
    }

    /// Waits until no token is being renewed.
    pub(super) fn finish(&self) {
        self.runtime.block_on(self.renewals.finish());
    }

    /// A person signs in.
    pub(super) fn sign_in(&self) -> Result<(), AuthError> {
        let grant = self.service.person_signs_in();
        self.witness.lock().unwrap().sees_person(&grant);
        let adopted = self.runtime.block_on(self.manager.adopt(grant));
        self.witness.lock().unwrap().look();
        adopted
    }

    /// A person wants it tried again.
    pub(super) fn clear_refusal(&self) -> Result<(), AuthError> {
        self.runtime.block_on(self.manager.clear_refusal())
    }

    /// A person signs out.
    pub(super) fn sign_out(&self) -> Result<Record, AuthError> {
        let forgotten = self.runtime.block_on(self.manager.forget());
        if forgotten.is_ok() {
            self.witness.lock().unwrap().sees_sign_out();
        }
        forgotten
    }

    /// So many requests to the target at once, each of which repeats itself once after a 401. They may have seen
    /// `refused` before. `None` where an answer never came: then this process is stuck.
    pub(super) fn requests(&self, count: usize, refused: Option<&Token>) -> Option<Vec<Use>> {
        // Whoever came only after a renewal had ended would rightly ask for another one.
        self.service.await_callers(count);
        let uses = self.runtime.block_on(async {
            let tasks = (0..count).map(|_| {
                let (manager, service, refused) =
                    (self.manager.clone(), self.service.clone(), refused.cloned());
                tokio::spawn(async move { Use::of(&manager, &service, refused).await })
            });
            tokio::select! {
                uses = join_all(tasks) => Some(uses),
                () = self.hung.notified() => None,
            }
        })?;
        let uses: Vec<Use> = uses.into_iter().map(|used| used.unwrap()).collect();
        let mut witness = self.witness.lock().unwrap();
        for (token, _) in uses.iter().flat_map(|used| used.first.iter().chain(&used.repeat)) {
            witness.sees_use(token);
        }
        Some(uses)
    }
}

impl Use {
    async fn of(manager: &TokenManager, service: &Service, refused: Option<Token>) -> Self {
        let mut used = Self { first: None, repeat: None, error: None };
        let mut first = pin!(manager.token(refused.as_ref()));
        let mut has_come = false;
        let first = poll_fn(|context| {
            let polled = first.as_mut().poll(context);
            if !std::mem::replace(&mut has_come, true) {
                service.caller_came();
            }
            polled
        });
        match first.await {
            Ok(token) => {
                let is_taken = service.takes(&token);
                used.first = Some((token, is_taken));
            }
            Err(error) => used.error = Some(error),
        }
        if let Some((token, false)) = &used.first {
            match manager.token(Some(token)).await {
                Ok(token) => {
                    let is_taken = service.takes(&token);
                    used.repeat = Some((token, is_taken));
                }
                Err(error) => used.error = Some(error),
            }
        }
        used
    }

    /// The token that the target took.
    pub(super) fn taken(&self) -> Option<&Token> {
        let last = self.repeat.as_ref().or(self.first.as_ref())?;
        last.1.then_some(&last.0)
    }
}
