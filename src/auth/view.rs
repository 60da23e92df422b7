//! How an account is, for those who look: nobody is asked.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::{
    manager::Holder,
    record::{Record, Standing},
    rules::{System, password_held_until},
    store::StoreError,
};

/// A refresh token that nobody used for so long is renewed, so that it stays alive (Angelcam contract, section 4).
pub const LONGEST_IDLE: TimeDelta = TimeDelta::days(7);

/// From this age on, a refresh token may die any day (Angelcam contract, section 4).
pub const OLD_REFRESH_TOKEN: TimeDelta = TimeDelta::days(25);

/// How an account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// There is a token that can be used.
    Ready,
    /// The token has ended; the next one is had when it is needed.
    Renewable,
    /// Never signed in; that is done when it is needed.
    New,
    /// Renewing fails; it is tried again.
    Degraded,
    /// Username and password are refused: a person must act.
    Rejected,
    /// A person must sign in.
    NeedsAuthorization,
    /// A token that a person made by hand.
    PersonalToken,
    /// What is kept of it cannot be read.
    Unreadable,
}

impl AccountState {
    /// The words for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Renewable => "renews when used",
            Self::New => "not signed in yet",
            Self::Degraded => "degraded",
            Self::Rejected => "rejected",
            Self::NeedsAuthorization => "needs authorization",
            Self::PersonalToken => "personal token",
            Self::Unreadable => "unreadable",
        }
    }

    /// Whether it goes on only when a person has done something.
    pub fn needs_a_person(self) -> bool {
        matches!(self, Self::Rejected | Self::NeedsAuthorization | Self::Unreadable)
    }
}

/// How an account or a stream is.
#[derive(Debug, Clone)]
pub struct AccountView {
    /// Its name in the configuration.
    pub name: String,
    /// `angus`, `simacan` or `angelcam`.
    pub kind: &'static str,
    /// How it is.
    pub state: AccountState,
    /// When its token ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// When its refresh token was received.
    pub refresh_issued_at: Option<DateTime<Utc>>,
    /// What is wrong or due, and what to do about it.
    pub message: Option<String>,
}

impl AccountView {
    /// What is kept of the account of `holder`. Blocks.
    pub(super) fn of(holder: &Holder, system: System, now: DateTime<Utc>) -> Self {
        let kind = system.as_str();
        match holder.stored(system, now) {
            Ok((kept, _)) => Self::of_record(&holder.name, system, &kept.record, now),
            Err(error) => Self::unreadable(&holder.name, kind, &error),
        }
    }

    /// One whose token a person made by hand.
    pub(super) fn personal(name: &str, kind: &'static str) -> Self {
        let (name, state) = (name.to_owned(), AccountState::PersonalToken);
        Self { name, kind, state, expires_at: None, refresh_issued_at: None, message: None }
    }

    fn unreadable(name: &str, kind: &'static str, error: &StoreError) -> Self {
        let message = Some(error.to_string());
        Self { state: AccountState::Unreadable, message, ..Self::personal(name, kind) }
    }

    fn of_record(name: &str, system: System, record: &Record, now: DateTime<Utc>) -> Self {
        let state = state(system, record, now);
        let expires_at = record.access.as_ref().map(|access| access.life.expires_at);
        let refresh_issued_at = record.refresh.as_ref().map(|refresh| refresh.issued_at);
        let kind = system.as_str();
        let message = message(name, system, state, record, now);
        Self { name: name.to_owned(), kind, state, expires_at, refresh_issued_at, message }
    }
}

fn state(system: System, record: &Record, now: DateTime<Utc>) -> AccountState {
    match &record.standing {
        Standing::Rejected { .. } => AccountState::Rejected,
        Standing::NeedsAuthorization { .. } => AccountState::NeedsAuthorization,
        Standing::Degraded { until, .. } if now < *until => AccountState::Degraded,
        Standing::Degraded { .. } | Standing::Sound => match (system, &record.refresh) {
            _ if record.lives(None, now) => AccountState::Ready,
            (_, Some(_)) => AccountState::Renewable,
            (System::Angelcam, None) => AccountState::NeedsAuthorization,
            (System::Angus { .. } | System::Simacan { .. }, None) if record.access.is_some() => {
                AccountState::Renewable
            }
            (System::Angus { .. } | System::Simacan { .. }, None) => AccountState::New,
        },
    }
}

fn message(
    name: &str,
    system: System,
    state: AccountState,
    record: &Record,
    now: DateTime<Utc>,
) -> Option<String> {
    let login = format!("run: audience-exporter auth login {name}");
    match (state, &record.standing) {
        (AccountState::Rejected, Standing::Rejected { message }) => {
            Some(format!("sign-in refused ({message}); correct the account in the configuration, or {login}"))
        }
        (AccountState::NeedsAuthorization, Standing::NeedsAuthorization { reason }) => {
            Some(format!("{reason}; {login}"))
        }
        (AccountState::NeedsAuthorization, _) => Some(format!("nobody has signed in yet; {login}")),
        (AccountState::Degraded, Standing::Degraded { until, message }) => {
            Some(format!("{message}; tried again after {}", crate::time::to_display(*until)))
        }
        (AccountState::New | AccountState::Renewable, _)
            if record.refresh.is_none() && matches!(system, System::Simacan { .. }) =>
        {
            let until = password_held_until(record, now)?;
            Some(format!("the password may be sent again after {}", crate::time::to_display(until)))
        }
        _ => {
            let refresh = record.refresh.as_ref().filter(|_| system == System::Angelcam)?;
            let age = now - refresh.issued_at;
            (age > OLD_REFRESH_TOKEN).then(|| {
                format!("its refresh token is {} days old and may end after 30; {login}", age.num_days())
            })
        }
    }
}
