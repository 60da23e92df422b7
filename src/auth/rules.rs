//! What to do next about an account's tokens, and what an answer changes: the state machines of the contracts as pure
//! functions (Simacan, sections 4 and 5; Angelcam, section 4; Angus, section 2).

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    error::AuthError,
    record::{Access, DEGRADED_PAUSE, Life, PASSWORD_PAUSE, Record, Refresh, Standing},
};
use crate::{
    config::SecretError,
    secret::Secret,
    wire::{RetryPolicy, Transport, Trouble},
};

/// How long a failed renewal of a living stream token is left alone.
const STREAM_PAUSE: TimeDelta = TimeDelta::minutes(1);

/// The rules of one kind of account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// A stream of Angus: every renewal is a sign-in.
    Angus {
        /// How patiently a sign-in is tried.
        retry: RetryPolicy,
    },
    /// Password once, then rotating refresh tokens.
    Simacan {
        /// Whether a refresh refused with 400 and `invalid_grant` may be answered with the password.
        password_after_invalid_grant: bool,
    },
    /// Rotating refresh tokens after a sign-in by a person.
    Angelcam,
}

impl System {
    /// The word in files and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Angus { .. } => "angus",
            Self::Simacan { .. } => "simacan",
            Self::Angelcam => "angelcam",
        }
    }

    /// Whether every change is kept, and not only new tokens: a stream can always sign in again.
    pub(super) fn keeps_everything(self) -> bool {
        !matches!(self, Self::Angus { .. })
    }

    /// How patiently a request is tried. A password is sent once and no more (Simacan contract, section 5).
    pub(super) fn retry(self, ask: AskKind) -> RetryPolicy {
        let seconds = Duration::from_secs;
        match (self, ask) {
            (Self::Angus { retry }, _) => retry,
            (Self::Simacan { .. } | Self::Angelcam, AskKind::SignIn) => {
                RetryPolicy::new(seconds(1), seconds(60), 1)
            }
            (Self::Simacan { .. }, AskKind::Refresh) => RetryPolicy::new(seconds(1), seconds(60), 6),
            (Self::Angelcam, AskKind::Refresh) => RetryPolicy::new(seconds(2), seconds(60), 5),
        }
    }
}

/// What is asked of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskKind {
    /// A token for the account's credentials.
    SignIn,
    /// A new pair for the refresh token.
    Refresh,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The access token can be used.
    Use,
    /// Ask the service.
    Ask(AskKind),
    /// Nothing may be asked.
    Stop,
}

/// What to do for a caller that wants a token, and that saw the one of generation `refused` refused.
pub fn next_step(system: System, record: &Record, refused: Option<u64>, now: DateTime<Utc>) -> Step {
    if record.usable(refused).is_some_and(|access| now < access.life.renew_at) {
        return Step::Use;
    }
    let lives = record.lives(refused, now);
    match renewal(system, record, now) {
        Step::Stop if lives => Step::Use,
        // A stream's sign-in is held back only while there is something to go on with.
        Step::Stop if matches!(system, System::Angus { .. }) => Step::Ask(AskKind::SignIn),
        // A pair without a refresh token is used to its end before the password is sent (Simacan contract, section 3).
        Step::Ask(AskKind::SignIn) if lives && matches!(system, System::Simacan { .. }) => Step::Use,
        step => step,
    }
}

fn renewal(system: System, record: &Record, now: DateTime<Utc>) -> Step {
    match &record.standing {
        Standing::Rejected { .. } | Standing::NeedsAuthorization { .. } => return Step::Stop,
        Standing::Degraded { until, .. } if now < *until => return Step::Stop,
        Standing::Degraded { .. } | Standing::Sound => {}
    }
    match (system, &record.refresh) {
        (System::Angus { .. }, _) => Step::Ask(AskKind::SignIn),
        (System::Simacan { .. } | System::Angelcam, Some(_)) if refresh_held_until(record, now).is_some() => {
            Step::Stop
        }
        (System::Simacan { .. } | System::Angelcam, Some(_)) => Step::Ask(AskKind::Refresh),
        (System::Simacan { .. }, None) if password_held_until(record, now).is_none() => {
            Step::Ask(AskKind::SignIn)
        }
        (System::Simacan { .. } | System::Angelcam, None) => Step::Stop,
    }
}

/// When the password may be sent again, where it may not be sent now.
pub fn password_held_until(record: &Record, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    record.password_sent_at.map(|sent| sent + PASSWORD_PAUSE).filter(|until| now < *until)
}

/// When the refresh token may be sent again, where it may not be sent now: a process that dies again and again while it
/// asks sends it once more, and then leaves it alone for a while (Simacan contract, section 4, rule 5).
pub fn refresh_held_until(record: &Record, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let sent = record.refresh_sent_at.filter(|_| record.refresh_sends >= 2);
    sent.map(|sent| sent + DEGRADED_PAUSE).filter(|until| now < *until)
}

/// Why [`Step::Stop`].
pub fn why_stopped(account: &str, record: &Record, now: DateTime<Utc>) -> AuthError {
    let account = account.to_owned();
    match record.standing.clone() {
        Standing::Rejected { message } => AuthError::Rejected { account, message },
        Standing::NeedsAuthorization { reason } => AuthError::NeedsAuthorization { account, reason },
        Standing::Degraded { until, message } if now < until => {
            AuthError::Degraded { account, message, until }
        }
        Standing::Degraded { .. } | Standing::Sound => {
            match (refresh_held_until(record, now), password_held_until(record, now)) {
                (Some(until), _) => {
                    let message =
                        "the last process ended before the answer to a refresh was stored".to_owned();
                    AuthError::Degraded { account, message, until }
                }
                (None, Some(until)) => AuthError::PasswordHeld { account, until },
                (None, None) => {
                    AuthError::NeedsAuthorization { account, reason: why_empty(record).to_owned() }
                }
            }
        }
    }
}

fn why_empty(record: &Record) -> &'static str {
    match record.generation {
        0 => "nobody has signed in yet",
        _ => "there is no refresh token any more",
    }
}

/// What the service gave.
pub struct Grant {
    /// The access token.
    pub access: Secret,
    /// The refresh token, where the system has them and sent one.
    pub refresh: Option<Secret>,
    /// When the access token ends.
    pub life: Life,
}

/// Why a request to a token address brought no tokens.
pub enum NoGrant {
    /// The credentials or the refresh token are refused.
    Refused {
        /// What the service said.
        message: String,
    },
    /// Refused with a status that says nothing certain about them.
    OddRefusal {
        /// The HTTP status.
        status: u16,
        /// `error` of the body, where it has one.
        code: Option<String>,
        /// What the service said.
        message: String,
    },
    /// It may pass.
    Trouble(Trouble),
    /// So many attempts ended in trouble, the last one like this.
    GaveUp {
        /// How many.
        attempts: u32,
        /// The last one.
        trouble: Trouble,
    },
    /// The service asks for more patience than one run has.
    RateLimited(Duration),
    /// The answer breaks the protocol.
    Protocol(String),
    /// The service answers elsewhere.
    Redirect {
        /// The HTTP status.
        status: u16,
        /// The keys of the configuration that hold the addresses.
        keys: &'static str,
    },
    /// Nothing was sent, because a secret that goes with it could not be read here.
    NotSent(SecretError),
}

/// How a request to a token address ended.
pub type Outcome = Result<Grant, NoGrant>;

/// What came of an answer.
pub enum Settled {
    /// There are new tokens. `lacks_refresh`: without the refresh token that there should be.
    Renewed {
        /// See above.
        lacks_refresh: bool,
    },
    /// Decide anew.
    Again,
    /// There are none.
    Failed(AuthError),
}

/// Changes `record` as the answer demands.
pub fn settle(
    system: System,
    account: &str,
    record: &mut Record,
    ask: AskKind,
    outcome: Outcome,
    now: DateTime<Utc>,
) -> Settled {
    record.refresh_sends = 0;
    let refusal = match outcome {
        Ok(grant) => return renew(system, record, grant),
        Err(NoGrant::Refused { message }) if system == System::Angelcam => {
            return needs_authorization(account, record, &message);
        }
        Err(refused) if ask == AskKind::Refresh && allows_password(system, &refused) => {
            record.refresh = None;
            record.refresh_sent_at = None;
            return Settled::Again;
        }
        Err(NoGrant::NotSent(error)) => {
            record.refresh_sent_at = None;
            return Settled::Failed(error.into());
        }
        Err(other) => other,
    };
    if !is_lost(&refusal) {
        record.refresh_sent_at = None;
    }
    let is_final = is_final(&refusal);
    let error = AuthError::from(refusal);
    match (system, ask) {
        (System::Angus { .. }, _) => degrade(record, &error, now + STREAM_PAUSE),
        (System::Simacan { .. }, AskKind::SignIn) if is_final => {
            let message = brief(&error);
            record.standing = Standing::Rejected { message: message.clone() };
            return Settled::Failed(AuthError::Rejected { account: account.to_owned(), message });
        }
        // It counts against the pause between passwords, and no more (Simacan contract, section 5).
        (System::Simacan { .. }, AskKind::SignIn) => {}
        (System::Simacan { .. } | System::Angelcam, _) => degrade(record, &error, now + DEGRADED_PAUSE),
    }
    Settled::Failed(error)
}

fn renew(system: System, record: &mut Record, grant: Grant) -> Settled {
    let issued_at = grant.life.begins_at;
    let lacks_refresh = grant.refresh.is_none() && !matches!(system, System::Angus { .. });
    record.generation += 1;
    record.access = Some(Access { token: Arc::new(grant.access), life: grant.life });
    record.refresh = grant.refresh.map(|token| Refresh { token: Arc::new(token), issued_at });
    record.refresh_sent_at = None;
    record.standing = Standing::Sound;
    Settled::Renewed { lacks_refresh }
}

/// The account has no tokens left, and only a person can bring new ones.
pub(super) fn needs_authorization(account: &str, record: &mut Record, message: &str) -> Settled {
    record.access = None;
    record.refresh = None;
    record.refresh_sent_at = None;
    let reason = format!("the service no longer accepts its tokens ({message})");
    record.standing = Standing::NeedsAuthorization { reason: reason.clone() };
    Settled::Failed(AuthError::NeedsAuthorization { account: account.to_owned(), reason })
}

/// A refresh refused with 401 is the only case that allows the password (Simacan contract, section 4, rules 1 and 4).
fn allows_password(system: System, refusal: &NoGrant) -> bool {
    match (system, refusal) {
        (System::Simacan { .. }, NoGrant::Refused { .. }) => true,
        (
            System::Simacan { password_after_invalid_grant },
            NoGrant::OddRefusal { status: 400, code: Some(code), .. },
        ) => password_after_invalid_grant && code == "invalid_grant",
        _ => false,
    }
}

/// Whether the service may have spent the refresh token.
fn is_lost(refusal: &NoGrant) -> bool {
    match refusal {
        NoGrant::Trouble(trouble) | NoGrant::GaveUp { trouble, .. } => {
            trouble.transport().is_some_and(Transport::may_have_arrived)
        }
        // What cannot be read may have been a pair.
        NoGrant::Protocol(_) => true,
        _ => false,
    }
}

fn degrade(record: &mut Record, error: &AuthError, until: DateTime<Utc>) {
    record.standing = Standing::Degraded { until, message: brief(error) };
}

/// Whether the same request would bring the same answer.
fn is_final(refusal: &NoGrant) -> bool {
    match refusal {
        NoGrant::Refused { .. }
        | NoGrant::OddRefusal { .. }
        | NoGrant::Protocol(_)
        | NoGrant::Redirect { .. } => true,
        NoGrant::Trouble(_) | NoGrant::GaveUp { .. } | NoGrant::RateLimited(_) | NoGrant::NotSent(_) => false,
    }
}

impl From<NoGrant> for AuthError {
    fn from(refusal: NoGrant) -> Self {
        let unavailable = |attempts, trouble: Trouble| {
            let transport = trouble.transport();
            Self::Unavailable { attempts, message: trouble.message, transport }
        };
        match refusal {
            NoGrant::Refused { message } => Self::Refused { message },
            NoGrant::OddRefusal { status, message, .. } => Self::OddRefusal { status, message },
            NoGrant::Trouble(trouble) => unavailable(1, trouble),
            NoGrant::GaveUp { attempts, trouble } => unavailable(attempts, trouble),
            NoGrant::RateLimited(wait) => Self::RateLimited { wait },
            NoGrant::Protocol(message) => Self::Protocol(message),
            NoGrant::Redirect { status, keys } => Self::Redirect { status, keys },
            NoGrant::NotSent(error) => Self::Secret(error),
        }
    }
}

/// The message without the next step, which the one who shows it adds.
fn brief(error: &AuthError) -> String {
    match error {
        AuthError::Refused { message } | AuthError::Unavailable { message, .. } => message.clone(),
        AuthError::OddRefusal { status, message } => format!("status {status}: {message}"),
        other => other.to_string(),
    }
}
