//! The text of one token file. Its first member is the version; every version that was ever written is read for ever.

use std::{borrow::Cow, sync::Arc};

use chrono::{DateTime, Utc};
use secrecy::zeroize::Zeroizing;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::{
    identity::SecretCheck,
    record::{Access, Life, Record, Refresh, Standing},
    seal::{Seal, Sealed},
};
use crate::{hex::hex, secret::Secret};

/// The version that this program writes.
const VERSION: u64 = 1;

/// A record, and whose it is.
#[derive(Clone, Default)]
pub(super) struct Kept {
    pub(super) record: Record,
    /// Which account at which address, as the configuration tells it.
    pub(super) identity: String,
    /// Recognises the secret that was configured.
    pub(super) secret: Option<SecretCheck>,
}

/// Why a text cannot be used.
pub(super) enum Unreadable {
    Damaged(&'static str),
    Newer(u64),
    NoKey,
    WrongKey,
}

/// The outermost object. Exactly one of the two forms is there.
#[derive(Serialize, Deserialize)]
struct Envelope {
    version: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sealed: Option<Sealed>,
}

#[derive(Serialize, Deserialize)]
struct Document<'a> {
    identity: String,
    #[serde(default)]
    secret: Option<SecretCheck>,
    generation: u64,
    #[serde(borrow)]
    access: Option<AccessText<'a>>,
    #[serde(borrow)]
    refresh: Option<RefreshText<'a>>,
    refresh_sent_at: Option<i64>,
    #[serde(default)]
    refresh_sends: u32,
    password_sent_at: Option<i64>,
    standing: StandingText,
}

/// Tokens are visible ASCII. Those that need no escapes are borrowed.
#[derive(Serialize, Deserialize)]
struct AccessText<'a> {
    #[serde(borrow)]
    token: Cow<'a, str>,
    begins_at: i64,
    renew_at: i64,
    expires_at: i64,
}

#[derive(Serialize, Deserialize)]
struct RefreshText<'a> {
    #[serde(borrow)]
    token: Cow<'a, str>,
    issued_at: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
enum StandingText {
    Sound,
    Degraded { until: i64, message: String },
    Rejected { message: String },
    NeedsAuthorization { reason: String },
}

/// The bytes of the file `name`; `None` where they cannot be encrypted.
pub(super) fn write(name: &str, kept: &Kept, seal: Option<&Seal>) -> Option<Zeroizing<Vec<u8>>> {
    let text = Zeroizing::new(serde_json::to_string(&Document::of(kept)).ok()?);
    let mut envelope = Envelope { version: VERSION, sha256: None, account: None, sealed: None };
    if let Some(seal) = seal {
        envelope.sealed = Some(seal.seal(name, text.as_bytes())?);
    } else {
        envelope.sha256 = Some(digest(&text));
        envelope.account = RawValue::from_string(text.to_string()).ok();
    }
    let mut bytes = Zeroizing::new(serde_json::to_vec(&envelope).ok()?);
    bytes.push(b'\n');
    Some(bytes)
}

/// Reads the bytes of the file `name`.
pub(super) fn read(name: &str, bytes: &[u8], seal: Option<&Seal>) -> Result<Kept, Unreadable> {
    #[derive(Deserialize)]
    struct Version {
        version: u64,
    }
    let Version { version } = serde_json::from_slice(bytes)
        .map_err(|_| Unreadable::Damaged("it is no JSON, or says no version"))?;
    if version > VERSION {
        return Err(Unreadable::Newer(version));
    }
    let envelope: Envelope =
        serde_json::from_slice(bytes).map_err(|_| Unreadable::Damaged("it is JSON of another shape"))?;
    match (envelope.sealed, envelope.account) {
        (Some(sealed), None) => {
            let seal = seal.ok_or(Unreadable::NoKey)?;
            let text = seal.open(name, &sealed).ok_or(Unreadable::WrongKey)?;
            parse(&text)
        }
        (None, Some(account)) if envelope.sha256.as_deref() == Some(&digest(account.get())) => {
            parse(account.get().as_bytes())
        }
        (None, Some(_)) => Err(Unreadable::Damaged("its checksum is wrong")),
        _ => Err(Unreadable::Damaged("it holds no account")),
    }
}

/// Whether these bytes of a file are encrypted.
pub(super) fn is_sealed(bytes: &[u8]) -> bool {
    serde_json::from_slice::<Envelope>(bytes).is_ok_and(|envelope| envelope.sealed.is_some())
}

fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

fn parse(text: &[u8]) -> Result<Kept, Unreadable> {
    let document: Document<'_> =
        serde_json::from_slice(text).map_err(|_| Unreadable::Damaged("its account has another shape"))?;
    document.into_kept().ok_or(Unreadable::Damaged("it holds a time that is none"))
}

impl<'a> Document<'a> {
    fn of(kept: &'a Kept) -> Self {
        let record = &kept.record;
        Self {
            identity: kept.identity.clone(),
            secret: kept.secret.clone(),
            generation: record.generation,
            access: record.access.as_ref().map(|access| AccessText {
                token: Cow::Borrowed(access.token.expose()),
                begins_at: access.life.begins_at.timestamp(),
                renew_at: access.life.renew_at.timestamp(),
                expires_at: access.life.expires_at.timestamp(),
            }),
            refresh: record.refresh.as_ref().map(|refresh| RefreshText {
                token: Cow::Borrowed(refresh.token.expose()),
                issued_at: refresh.issued_at.timestamp(),
            }),
            refresh_sent_at: record.refresh_sent_at.map(|at| at.timestamp()),
            refresh_sends: record.refresh_sends,
            password_sent_at: record.password_sent_at.map(|at| at.timestamp()),
            standing: StandingText::of(&record.standing),
        }
    }

    fn into_kept(self) -> Option<Kept> {
        let secret = |text: Cow<'_, str>| Arc::new(Secret::new(text.into_owned()));
        let access = match self.access {
            Some(AccessText { token, begins_at, renew_at, expires_at }) => {
                let life = Life {
                    begins_at: instant(begins_at)?,
                    renew_at: instant(renew_at)?,
                    expires_at: instant(expires_at)?,
                };
                Some(Access { token: secret(token), life })
            }
            None => None,
        };
        let refresh = match self.refresh {
            Some(RefreshText { token, issued_at }) => {
                Some(Refresh { token: secret(token), issued_at: instant(issued_at)? })
            }
            None => None,
        };
        let record = Record {
            generation: self.generation,
            access,
            refresh,
            refresh_sent_at: optional_instant(self.refresh_sent_at)?,
            refresh_sends: self.refresh_sends,
            password_sent_at: optional_instant(self.password_sent_at)?,
            standing: self.standing.into_standing()?,
        };
        Some(Kept { record, identity: self.identity, secret: self.secret })
    }
}

impl StandingText {
    fn of(standing: &Standing) -> Self {
        match standing.clone() {
            Standing::Sound => Self::Sound,
            Standing::Degraded { until, message } => Self::Degraded { until: until.timestamp(), message },
            Standing::Rejected { message } => Self::Rejected { message },
            Standing::NeedsAuthorization { reason } => Self::NeedsAuthorization { reason },
        }
    }

    fn into_standing(self) -> Option<Standing> {
        Some(match self {
            Self::Sound => Standing::Sound,
            Self::Degraded { until, message } => Standing::Degraded { until: instant(until)?, message },
            Self::Rejected { message } => Standing::Rejected { message },
            Self::NeedsAuthorization { reason } => Standing::NeedsAuthorization { reason },
        })
    }
}

fn instant(seconds: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(seconds, 0)
}

/// The outer `None` is a time that is none.
#[expect(clippy::option_option, reason = "absent and wrong are two things")]
fn optional_instant(seconds: Option<i64>) -> Option<Option<DateTime<Utc>>> {
    seconds.map_or(Some(None), |seconds| instant(seconds).map(Some))
}
