//! A service with tokens of its own: it rotates them, remembers which ones are spent, and ends a chain whose spent
//! refresh token comes again.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;

use super::{
    super::{
        record::Life,
        rules::{AskKind, Grant, NoGrant, Outcome, System},
        token::Token,
    },
    Script,
    disk::{Disk, Health},
    watch::Watch,
    witness::Witness,
};
use crate::{
    secret::Secret,
    wire::{RetryReason, Transport, Trouble},
};

/// The password that the service takes.
pub(super) const PASSWORD: &str = "open sesame";

/// How long its access tokens live, in seconds.
pub(super) const LIFE_SECONDS: i64 = 3600;

/// How the service is disposed towards one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    /// It does what it should.
    Honest,
    /// As [`Self::Honest`], but a new pair lacks its refresh token.
    WithoutRefresh,
    /// 401, whatever was sent.
    Unauthorized,
    /// 400 with `invalid_grant`, whatever was sent.
    InvalidGrant,
    /// 503.
    Unavailable,
    /// 429, and a `Retry-After` of this many seconds.
    Busy(u64),
    /// 200, and nothing that can be read.
    Garbage,
    /// No connection is made.
    Unreachable,
    /// The request is lost on its way.
    LostBefore,
    /// The answer is lost on its way.
    LostAfter,
    /// The answer never comes; the request is carried out or not.
    Silent {
        /// Which of both.
        acts: bool,
    },
    /// As [`Self::Honest`], but it takes so many seconds until the answer is read.
    Slow(i64),
    /// As [`Self::Honest`], but the disk falls ill before the answer is there.
    Fatal(Health),
}

impl Mood {
    /// Whether the request reaches the service.
    pub(super) fn hears(self) -> bool {
        self != Self::Unreachable
    }

    /// Whether the client cannot know if the request was carried out.
    pub(super) fn is_lost(self) -> bool {
        matches!(self, Self::LostBefore | Self::LostAfter | Self::Silent { .. })
    }
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) process: usize,
    pub(super) ask: AskKind,
    pub(super) secret: String,
    pub(super) mood: Mood,
    /// Whether the answer told that what was sent is worth nothing.
    pub(super) is_refused: bool,
    /// Whether the answer brought new tokens.
    pub(super) is_granted: bool,
}

/// The service. Cheap to clone; every clone is the same service.
#[derive(Clone)]
pub(super) struct Service {
    pub(super) system: System,
    watch: Watch,
    disk: Disk,
    witness: Arc<Mutex<Witness>>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    moods: VecDeque<Mood>,
    issued: u32,
    /// The refresh token that brings the next pair.
    current: Option<String>,
    /// The access tokens that the target takes.
    good: BTreeSet<String>,
    calls: Vec<Call>,
    in_flight: u32,
    /// Callers that must have come before anything is answered.
    awaited_callers: usize,
}

impl Service {
    pub(super) fn new(system: System, watch: &Watch, disk: &Disk, witness: &Arc<Mutex<Witness>>) -> Self {
        let (watch, disk, witness) = (watch.clone(), disk.clone(), Arc::clone(witness));
        Self { system, watch, disk, witness, state: Arc::default() }
    }

    /// The next requests meet these moods, and those after them an honest service.
    pub(super) fn expect(&self, moods: impl IntoIterator<Item = Mood>) {
        self.state().moods = moods.into_iter().collect();
    }

    /// Nothing is answered before so many callers have come.
    pub(super) fn await_callers(&self, count: usize) {
        self.state().awaited_callers = count;
    }

    /// A caller has come, and waits for what there is to wait for.
    pub(super) fn caller_came(&self) {
        let mut state = self.state();
        state.awaited_callers = state.awaited_callers.saturating_sub(1);
    }

    /// Every access token ends now.
    pub(super) fn expire_early(&self) {
        self.state().good.clear();
    }

    /// Whether the target takes this token.
    pub(super) fn takes(&self, token: &Token) -> bool {
        self.state().good.contains(token.text().expose())
    }

    /// Every request so far.
    pub(super) fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    /// What was asked so far, with which secret.
    pub(super) fn asked(&self) -> Vec<(AskKind, String)> {
        self.state().calls.iter().map(|call| (call.ask, call.secret.clone())).collect()
    }

    /// The pair that a person's sign-in brings.
    pub(super) fn person_signs_in(&self) -> Grant {
        self.state().grant(self.system, self.watch.now(), None)
    }

    /// The service as one process sees it. Where an answer never comes, `hung` is told.
    pub(super) fn seen_by(&self, process: usize, hung: &Arc<Notify>) -> Script {
        let (service, hung) = (self.clone(), Arc::clone(hung));
        Script(Arc::new(move |ask, secret| {
            let (service, hung) = (service.clone(), Arc::clone(&hung));
            Box::pin(async move { service.answer(process, ask, secret, &hung).await })
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    async fn answer(&self, process: usize, ask: AskKind, secret: String, hung: &Notify) -> Outcome {
        let _in_flight = InFlight::begin(self);
        self.witness.lock().unwrap().sees_call(process, ask, &secret);
        // Whoever else wants to ask gets the chance.
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
        while self.state().awaited_callers > 0 {
            tokio::task::yield_now().await;
        }
        let mood = self.state().moods.pop_front().unwrap_or(Mood::Honest);
        if let Mood::Fatal(health) = mood {
            self.disk.turn(health);
        }
        let outcome = self.state().outcome(self.system, ask, &secret, mood, self.watch.now());
        if let Mood::Slow(seconds) = mood {
            self.watch.pass(seconds);
        }
        let is_refused = !mood.is_lost() && self.is_refusal(ask, &outcome);
        let is_granted = !mood.is_lost() && outcome.is_ok();
        let call = Call { process, ask, secret, mood, is_refused, is_granted };
        self.witness.lock().unwrap().sees_answer(&call, outcome.as_ref().ok());
        self.state().calls.push(call);
        if matches!(mood, Mood::Silent { .. }) {
            hung.notify_one();
            std::future::pending::<()>().await;
        }
        if mood.is_lost() { Err(trouble(Transport::Interrupted)) } else { outcome }
    }

    /// Whether the answer says that what was sent is worth nothing, or for a password, that it never will be.
    fn is_refusal(&self, ask: AskKind, outcome: &Outcome) -> bool {
        match (self.system, ask, outcome) {
            (_, _, Err(NoGrant::Refused { .. })) => true,
            (System::Simacan { .. }, AskKind::SignIn, Err(refusal)) => {
                matches!(refusal, NoGrant::OddRefusal { .. } | NoGrant::Protocol(_))
            }
            _ => false,
        }
    }
}

/// Counts a request for as long as it is under way, also where its process is killed.
struct InFlight(Service);

impl InFlight {
    fn begin(service: &Service) -> Self {
        let in_flight = {
            let mut state = service.state();
            state.in_flight += 1;
            state.in_flight
        };
        if in_flight > 1 {
            service.witness.lock().unwrap().complain("two renewals are in flight".to_owned());
        }
        Self(service.clone())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.state().in_flight -= 1;
    }
}

impl State {
    fn outcome(
        &mut self,
        system: System,
        ask: AskKind,
        secret: &str,
        mood: Mood,
        now: DateTime<Utc>,
    ) -> Outcome {
        match mood {
            Mood::Honest | Mood::LostAfter | Mood::Silent { acts: true } | Mood::Slow(_) | Mood::Fatal(_) => {
                self.honest(system, ask, secret, now)
            }
            Mood::WithoutRefresh => self.honest(system, ask, secret, now).map(|grant| {
                self.current = None;
                Grant { refresh: None, ..grant }
            }),
            Mood::Unauthorized => Err(refused()),
            // Of Angelcam's token address, any 400 or 401 is a refusal.
            Mood::InvalidGrant if system == System::Angelcam => Err(refused()),
            Mood::InvalidGrant => Err(NoGrant::OddRefusal {
                status: 400,
                code: Some("invalid_grant".to_owned()),
                message: "invalid_grant".to_owned(),
            }),
            Mood::Unavailable => Err(answered(None)),
            Mood::Busy(seconds) => Err(answered(Some(Duration::from_secs(seconds)))),
            Mood::Garbage => Err(NoGrant::Protocol("it is no JSON object with tokens".to_owned())),
            Mood::Unreachable => Err(trouble(Transport::Connect)),
            Mood::LostBefore | Mood::Silent { acts: false } => Err(trouble(Transport::Interrupted)),
        }
    }

    fn honest(&mut self, system: System, ask: AskKind, secret: &str, now: DateTime<Utc>) -> Outcome {
        match ask {
            AskKind::SignIn if secret == PASSWORD => Ok(self.grant(system, now, None)),
            AskKind::SignIn => Err(refused()),
            AskKind::Refresh if self.current.as_deref() == Some(secret) => {
                Ok(self.grant(system, now, Some(secret)))
            }
            AskKind::Refresh => {
                // A refresh token that is spent says that somebody stole one of both.
                self.current = None;
                if system == System::Angelcam {
                    self.good.clear();
                }
                Err(refused())
            }
        }
    }

    fn grant(&mut self, system: System, now: DateTime<Utc>, spent: Option<&str>) -> Grant {
        self.issued += 1;
        let (access, refresh) = (format!("A{}", self.issued), format!("R{}", self.issued));
        // Angelcam contract, section 4: all earlier tokens, access tokens included, are invalid.
        if system == System::Angelcam && spent.is_some() {
            self.good.clear();
        }
        self.good.insert(access.clone());
        let has_refresh = !matches!(system, System::Angus { .. });
        self.current = has_refresh.then(|| refresh.clone());
        let life = Life::new(now, TimeDelta::seconds(LIFE_SECONDS), TimeDelta::seconds(60));
        Grant { access: Secret::new(access), refresh: has_refresh.then(|| Secret::new(refresh)), life }
    }
}

fn refused() -> NoGrant {
    NoGrant::Refused { message: "invalid_grant".to_owned() }
}

fn answered(retry_after: Option<Duration>) -> NoGrant {
    NoGrant::Trouble(Trouble::answered(503, "status 503", retry_after))
}

fn trouble(transport: Transport) -> NoGrant {
    let message = transport.words().to_owned();
    NoGrant::Trouble(Trouble { reason: RetryReason::Transport(transport), retry_after: None, message })
}
