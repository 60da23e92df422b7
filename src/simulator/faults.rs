//! What goes wrong on purpose. Whatever is set here, a client that follows the contract ends with the same data.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::http::StatusCode;

use super::chance::{Dice, hash_text};

/// How often things go wrong. A rate is the probability, from 0 to 1, that a request which would succeed meets the
/// fault; a request meets one fault at the most, and of two that are drawn the one further up here. Faults are drawn
/// for each stream and each account by itself, from the seed and the number of its requests, so that those asked in
/// parallel do not change each other's luck.
///
/// Accounts meet only what a client gets over without a person: no garbage, and no answer to a sign-in is cut off or
/// lost, because there is no second one. The answer to a refresh may get lost where a password is at hand (Simacan).
#[derive(Debug, Clone, PartialEq)]
pub struct Faults {
    /// The answer is 500 or 502 with HTML, or 503 without a body.
    pub error_rate: f64,
    /// The answer is 429, to be tried again after a second.
    pub throttle_rate: f64,
    /// The request is carried out, and the connection is closed in the middle of the body.
    pub truncate_rate: f64,
    /// A page is HTML, with status 200.
    pub garbage_rate: f64,
    /// The tokens of the stream or account expire before their time: they are refused until a new one is asked for.
    /// After that one whole answer is delivered before it happens again, because a client gives up when a new token is
    /// refused.
    pub expire_rate: f64,
    /// The answer waits for [`Faults::stall`].
    pub slow_rate: f64,
    /// The request is carried out, then the connection is closed without an answer.
    pub lost_rate: f64,
    /// How long a slow answer waits.
    pub stall: Duration,
    /// How many requests of one stream or account, of all kinds, may meet a fault before a whole page is delivered.
    /// Clients give up after five tries (Angus contract, section 6).
    pub most_in_a_row: u32,
    /// Hours miss people when they end, and have all of them three hours later.
    pub late_data: bool,
}

impl Default for Faults {
    /// Nothing goes wrong.
    fn default() -> Self {
        Self {
            error_rate: 0.0,
            throttle_rate: 0.0,
            truncate_rate: 0.0,
            garbage_rate: 0.0,
            expire_rate: 0.0,
            slow_rate: 0.0,
            lost_rate: 0.0,
            stall: Duration::from_secs(2),
            most_in_a_row: 3,
            late_data: false,
        }
    }
}

/// What goes wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Failed(StatusCode),
    Throttled,
    Truncated,
    Garbage,
    Expired,
    Stalled,
    Lost,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Errand {
    /// A token of a stream.
    Token,
    /// A page of a listing.
    Page,
    /// Tokens of an account, where a lost answer cannot be had again without a person.
    SignIn,
    /// Tokens of an account, where a lost answer costs a sign-in that needs no person.
    Renewal,
    /// Something that an access token opens.
    Call,
    /// Something that a token opens which cannot be renewed.
    FixedCall,
}

impl Errand {
    fn brings_tokens(self) -> bool {
        matches!(self, Self::Token | Self::SignIn | Self::Renewal)
    }

    /// Whether it is done with a token that can expire and be renewed.
    fn spends_token(self) -> bool {
        matches!(self, Self::Page | Self::Call)
    }
}

/// Decides which requests meet a fault.
#[derive(Debug)]
pub(super) struct FaultSchedule {
    faults: Faults,
    seed: u64,
    streams: Mutex<HashMap<String, History>>,
    is_calm: AtomicBool,
}

impl FaultSchedule {
    pub(super) fn new(faults: Faults, seed: u64) -> Self {
        Self { faults, seed, streams: Mutex::default(), is_calm: AtomicBool::new(false) }
    }

    /// While it is calm, nothing goes wrong.
    pub(super) fn set_calm(&self, is_calm: bool) {
        self.is_calm.store(is_calm, Ordering::Relaxed);
    }

    /// What goes wrong with the next request of `client_id`, which may be the name of an account.
    pub(super) fn next(&self, client_id: &str, errand: Errand) -> Option<Fault> {
        if !self.possible() {
            return None;
        }
        let mut streams = self.streams();
        let history = streams.entry(client_id.to_owned()).or_default();
        if errand.spends_token() && history.expired {
            return Some(Fault::Expired);
        }
        history.requests += 1;
        let fault = self.draw(client_id, history, errand);
        history.record(errand, fault);
        fault
    }

    /// Takes note that an answer to `client_id` went out whole.
    pub(super) fn delivered(&self, client_id: &str, errand: Errand) {
        if errand.brings_tokens() || !self.possible() {
            return;
        }
        if let Some(history) = self.streams().get_mut(client_id) {
            history.faults_in_a_row = 0;
            history.recovering = false;
        }
    }

    fn draw(&self, client_id: &str, history: &History, errand: Errand) -> Option<Fault> {
        if history.faults_in_a_row >= self.faults.most_in_a_row {
            return None;
        }
        let mut dice = Dice::new(&[self.seed, hash_text(client_id), history.requests]);
        let failure = match dice.below(3) {
            0 => StatusCode::INTERNAL_SERVER_ERROR,
            1 => StatusCode::BAD_GATEWAY,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        };
        let rates = self.rates(failure);
        let drawn =
            rates.into_iter().find(|(fault, rate)| dice.happens(*rate) && history.bears(errand, *fault));
        drawn.map(|(fault, _)| fault)
    }

    fn rates(&self, failure: StatusCode) -> [(Fault, f64); 7] {
        [
            (Fault::Failed(failure), self.faults.error_rate),
            (Fault::Throttled, self.faults.throttle_rate),
            (Fault::Truncated, self.faults.truncate_rate),
            (Fault::Garbage, self.faults.garbage_rate),
            (Fault::Expired, self.faults.expire_rate),
            (Fault::Stalled, self.faults.slow_rate),
            (Fault::Lost, self.faults.lost_rate),
        ]
    }

    /// Histories are kept only where something can go wrong.
    fn possible(&self) -> bool {
        !self.is_calm.load(Ordering::Relaxed)
            && self.rates(StatusCode::BAD_GATEWAY).iter().any(|(_, rate)| *rate > 0.0)
    }

    fn streams(&self) -> MutexGuard<'_, HashMap<String, History>> {
        // Histories are whole after every step, so a panic elsewhere leaves them usable.
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What happened to one stream or account so far.
#[derive(Debug, Default)]
struct History {
    requests: u64,
    faults_in_a_row: u32,
    /// Its tokens are refused until it gets another.
    expired: bool,
    /// Its tokens expired, and no whole page was delivered since.
    recovering: bool,
}

impl History {
    /// Whether a client that follows the contract gets over `fault`.
    fn bears(&self, errand: Errand, fault: Fault) -> bool {
        match fault {
            // A new token that is refused, and a token answer that is no JSON, are final for a client.
            Fault::Expired => errand.spends_token() && !self.recovering,
            Fault::Garbage => errand == Errand::Page,
            Fault::Truncated | Fault::Lost => errand != Errand::SignIn,
            Fault::Failed(_) | Fault::Throttled | Fault::Stalled => true,
        }
    }

    fn record(&mut self, errand: Errand, fault: Option<Fault>) {
        self.faults_in_a_row += u32::from(fault.is_some());
        match fault {
            None | Some(Fault::Stalled) if errand.brings_tokens() => self.expired = false,
            Some(Fault::Expired) => (self.expired, self.recovering) = (true, true),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(faults: Faults) -> FaultSchedule {
        FaultSchedule::new(faults, 5)
    }

    #[test]
    fn nothing_goes_wrong_unless_asked() {
        let schedule = schedule(Faults::default());
        assert!((0..1000).all(|_| schedule.next("a", Errand::Page).is_none()));
        assert!(schedule.streams().is_empty());
    }

    #[test]
    fn nothing_goes_wrong_while_it_is_calm() {
        let schedule = schedule(Faults { expire_rate: 1.0, ..Faults::default() });
        assert_eq!(schedule.next("a", Errand::Page), Some(Fault::Expired));
        schedule.set_calm(true);
        assert!((0..1000).all(|_| schedule.next("a", Errand::Page).is_none()));
        schedule.set_calm(false);
        assert_eq!(schedule.next("b", Errand::Page), Some(Fault::Expired));
    }

    #[test]
    fn streams_do_not_change_each_others_luck() {
        let faults = Faults { error_rate: 0.3, throttle_rate: 0.2, ..Faults::default() };
        let alone = schedule(faults.clone());
        let alone: Vec<_> = (0..100).map(|_| alone.next("a", Errand::Page)).collect();
        let together = schedule(faults);
        let together: Vec<_> = (0..100)
            .map(|_| {
                together.next("b", Errand::Page);
                together.next("a", Errand::Page)
            })
            .collect();
        assert_eq!(alone, together);
    }

    #[test]
    fn faults_in_a_row_end_even_at_a_rate_of_one() {
        let schedule = schedule(Faults { truncate_rate: 1.0, ..Faults::default() });
        let errands = [Errand::Token, Errand::Token, Errand::Page, Errand::Page, Errand::Token];
        let met = errands.map(|errand| schedule.next("a", errand).is_some());
        assert_eq!(met, [true, true, true, false, false]);
        schedule.delivered("a", Errand::Page);
        assert_eq!(schedule.next("a", Errand::Page), Some(Fault::Truncated));
    }

    #[test]
    fn an_expired_token_stays_expired_until_another_and_the_next_one_delivers_a_page() {
        let schedule = schedule(Faults { expire_rate: 1.0, ..Faults::default() });
        let page = || schedule.next("a", Errand::Page);
        assert_eq!((page(), page()), (Some(Fault::Expired), Some(Fault::Expired)));
        assert_eq!(schedule.next("a", Errand::Token), None);
        assert_eq!((page(), page()), (None, None));
        schedule.delivered("a", Errand::Page);
        assert_eq!(page(), Some(Fault::Expired));
    }

    #[test]
    fn accounts_meet_only_what_they_get_over_without_a_person() {
        let every = |faults: Faults, errand| schedule(faults).next("account", errand);
        let expiring = Faults { expire_rate: 1.0, ..Faults::default() };
        let garbled = Faults { garbage_rate: 1.0, ..Faults::default() };
        for errand in [Errand::SignIn, Errand::Renewal, Errand::FixedCall] {
            assert_eq!(every(expiring.clone(), errand), None, "{errand:?}");
            assert_eq!(every(garbled.clone(), errand), None, "{errand:?}");
        }
        let losing = Faults { lost_rate: 1.0, ..Faults::default() };
        assert_eq!(every(losing.clone(), Errand::SignIn), None);
        for errand in [Errand::Token, Errand::Page, Errand::Renewal, Errand::Call, Errand::FixedCall] {
            assert_eq!(every(losing.clone(), errand), Some(Fault::Lost), "{errand:?}");
        }
    }

    #[test]
    fn rates_are_kept() {
        let schedule = schedule(Faults { error_rate: 0.25, ..Faults::default() });
        let failed = (0..10_000).filter(|_| {
            let fault = schedule.next("a", Errand::Page);
            schedule.delivered("a", Errand::Page);
            fault.is_some()
        });
        let failed = failed.count();
        assert!((2_300..2_700).contains(&failed), "{failed}");
    }
}
