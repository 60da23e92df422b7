//! What is known of one account's tokens. Pure: [`super::rules`] moves it from state to state, [`super::store`] keeps it.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::secret::Secret;

/// How long after a password call the next one is allowed (Simacan contract, section 4, rule 2).
pub(super) const PASSWORD_PAUSE: TimeDelta = TimeDelta::minutes(5);

/// How long after a failed renewal the next one is tried (Simacan contract, section 5, state Degraded).
pub(super) const DEGRADED_PAUSE: TimeDelta = TimeDelta::minutes(5);

/// When a token ends, by this machine's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// When it was received.
    pub begins_at: DateTime<Utc>,
    /// When it is time for a new one; not after its end.
    pub renew_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

impl Life {
    /// Of a token received at `begins_at` that lives for `life` and is renewed `margin` before its end, or at nine
    /// tenths of a short life, so that there is time to use it.
    pub fn new(begins_at: DateTime<Utc>, life: TimeDelta, margin: TimeDelta) -> Self {
        let expires_at = begins_at.checked_add_signed(life).unwrap_or(begins_at);
        Self { begins_at, renew_at: expires_at - margin.min(life / 10), expires_at }
    }

    /// The same life where the clock turns out to have been ahead when it began.
    fn clamped(self, now: DateTime<Utc>) -> Self {
        let ahead = (self.begins_at - now).max(TimeDelta::zero());
        Self {
            begins_at: self.begins_at - ahead,
            renew_at: self.renew_at - ahead,
            expires_at: self.expires_at - ahead,
        }
    }
}

/// A token that opens the service.
#[derive(Clone)]
pub struct Access {
    /// Opaque.
    pub token: Arc<Secret>,
    /// When it ends.
    pub life: Life,
}

/// A token that brings the next pair, once.
#[derive(Clone)]
pub struct Refresh {
    /// Opaque.
    pub token: Arc<Secret>,
    /// When it was received.
    pub issued_at: DateTime<Utc>,
}

/// Whether an account can be used without a person.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Standing {
    /// It can.
    #[default]
    Sound,
    /// Renewing failed; it is tried again at `until`.
    Degraded {
        /// When.
        until: DateTime<Utc>,
        /// How it failed.
        message: String,
    },
    /// Username and password were refused: nothing is sent until a person acts.
    Rejected {
        /// What the service said.
        message: String,
    },
    /// A person has to sign in.
    NeedsAuthorization {
        /// Why.
        reason: String,
    },
}

/// What is known of one account's tokens.
#[derive(Clone, Default)]
pub struct Record {
    /// Counts the tokens: a refused token is told from its successor by it.
    pub generation: u64,
    /// The token of this generation.
    pub access: Option<Access>,
    /// The token that brings the next generation.
    pub refresh: Option<Refresh>,
    /// When `refresh` was last sent, where no answer to that is recorded: the service may have spent it.
    pub refresh_sent_at: Option<DateTime<Utc>>,
    /// How often it was sent without any answer being recorded: a process that dies while it asks counts here.
    pub refresh_sends: u32,
    /// When the password was last sent.
    pub password_sent_at: Option<DateTime<Utc>>,
    /// Whether a person is needed.
    pub standing: Standing,
}

impl Record {
    /// Brings times back that a clock which was ahead has left in the future, so that nothing waits for them longer than
    /// it would from now. Says whether anything changed.
    pub fn clamp(&mut self, now: DateTime<Utc>) -> bool {
        let mut changed = false;
        if let Some(access) = self.access.as_mut().filter(|access| access.life.begins_at > now) {
            access.life = access.life.clamped(now);
            changed = true;
        }
        let refresh = self.refresh.as_mut().map(|refresh| &mut refresh.issued_at);
        let times = [refresh, self.password_sent_at.as_mut(), self.refresh_sent_at.as_mut()];
        for time in times.into_iter().flatten().filter(|time| **time > now) {
            *time = now;
            changed = true;
        }
        if let Standing::Degraded { until, .. } = &mut self.standing
            && *until > now + DEGRADED_PAUSE
        {
            *until = now + DEGRADED_PAUSE;
            changed = true;
        }
        changed
    }

    /// The access token, unless it is of the generation that was refused.
    pub fn usable(&self, refused: Option<u64>) -> Option<&Access> {
        self.access.as_ref().filter(|_| refused != Some(self.generation))
    }

    /// Whether the access token can still be used.
    pub fn lives(&self, refused: Option<u64>, now: DateTime<Utc>) -> bool {
        self.usable(refused).is_some_and(|access| now < access.life.expires_at)
    }
}
