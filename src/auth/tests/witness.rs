//! Sees every request, every answer, every token that is used and what lies on the disk, and complains of each broken
//! law.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::{
    super::{
        record::{PASSWORD_PAUSE, Record, Standing},
        rules::{AskKind, Grant, System},
        token::Token,
    },
    disk::Disk,
    service::Call,
    watch::Watch,
};

/// What it has seen so far.
pub(super) struct Witness {
    system: System,
    watch: Watch,
    disk: Disk,
    /// What lay on the disk the last time.
    newest: Pair,
    /// What another account left there.
    foreign: Option<Pair>,
    /// Every access token that ever lay on the disk.
    stored: BTreeSet<String>,
    /// Every access token that was granted, with the refresh token that was spent for it.
    granted: BTreeMap<String, Option<String>>,
    /// Refresh tokens that the service refused.
    refused: BTreeSet<String>,
    /// The last refresh token that lay on the disk.
    last_refresh: Option<String>,
    last_password: Option<Moment>,
    doubt: Option<Doubt>,
    complaints: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Pair {
    generation: u64,
    access: Option<String>,
    refresh: Option<String>,
}

#[derive(Debug, Clone, Copy)]
struct Moment {
    elapsed_seconds: i64,
    moves_forward: u64,
}

/// A renewal that lost an answer: of which process, when its first request was noted, and what was sent since.
#[derive(Debug, PartialEq, Eq)]
struct Doubt {
    process: usize,
    noted_at: Option<DateTime<Utc>>,
    secret: String,
    sent_since: u32,
}

impl Witness {
    pub(super) fn new(system: System, watch: &Watch, disk: &Disk) -> Self {
        Self {
            system,
            watch: watch.clone(),
            disk: disk.clone(),
            newest: Pair::default(),
            foreign: None,
            stored: BTreeSet::new(),
            granted: BTreeMap::new(),
            refused: BTreeSet::new(),
            last_refresh: None,
            last_password: None,
            doubt: None,
            complaints: Vec::new(),
        }
    }

    pub(super) fn complain(&mut self, complaint: String) {
        self.complaints.push(complaint);
    }

    /// Every broken law so far.
    pub(super) fn complaints(&mut self) -> Vec<String> {
        self.look();
        std::mem::take(&mut self.complaints)
    }

    /// How many pairs were ever stored.
    pub(super) fn stored(&mut self) -> usize {
        self.look();
        self.stored.len()
    }

    fn expect(&mut self, holds: bool, law: impl FnOnce(&Self) -> String) {
        if !holds {
            let complaint = law(self);
            self.complain(complaint);
        }
    }

    /// Looks at the disk.
    pub(super) fn look(&mut self) -> Option<Record> {
        if self.disk.is_vandalised() {
            return None;
        }
        let record = self.disk.kept().map(|kept| kept.record);
        let found = record.as_ref().map(Pair::of).unwrap_or_default();
        let is_refused = |refresh: &String| self.refused.contains(refresh);
        let needs_person = record
            .as_ref()
            .is_some_and(|record| matches!(record.standing, Standing::NeedsAuthorization { .. }));
        if self.foreign.as_ref() == Some(&found) {
            return record;
        }
        let is_whole = found.generation > self.newest.generation
            || found.generation == self.newest.generation
                && (found.access == self.newest.access || needs_person && found.access.is_none())
                && (found.refresh == self.newest.refresh
                    || found.refresh.is_none()
                        && (needs_person || self.newest.refresh.as_ref().is_none_or(is_refused)));
        let newest = self.newest.clone();
        self.expect(is_whole, |_| format!("{found:?} took the place of {newest:?}"));
        let is_granted = found.access.as_ref().is_none_or(|access| self.granted.contains_key(access));
        self.expect(is_granted, |_| format!("{found:?} was never granted"));
        self.stored.extend(found.access.clone());
        if found.refresh.is_some() {
            self.last_refresh.clone_from(&found.refresh);
        }
        self.newest = found;
        record
    }

    /// A request leaves.
    pub(super) fn sees_call(&mut self, process: usize, ask: AskKind, secret: &str) {
        let Some(record) = self.look().filter(|_| !matches!(self.system, System::Angus { .. })) else {
            let is_free = matches!(self.system, System::Angus { .. });
            return self.expect(is_free, |_| format!("process {process} asks, and nothing of it is noted"));
        };
        let needs_person =
            matches!(record.standing, Standing::Rejected { .. } | Standing::NeedsAuthorization { .. });
        self.expect(!needs_person, |_| format!("process {process} asks, and a person is needed"));
        match ask {
            AskKind::SignIn => self.sees_password(&record),
            AskKind::Refresh => self.sees_refresh(&record, secret),
        }
    }

    fn sees_password(&mut self, record: &Record) {
        let now = self.watch.now();
        let is_simacan = matches!(self.system, System::Simacan { .. });
        self.expect(is_simacan, |_| "a password is sent that nobody may have".to_owned());
        self.expect(record.password_sent_at == Some(whole_seconds(now)), |_| {
            format!("a password is sent, and its time is not noted: {:?}", record.password_sent_at)
        });
        self.expect(record.refresh.is_none(), |_| "a password is sent beside a refresh token".to_owned());
        let is_last_refused = self.last_refresh.as_ref().is_none_or(|last| self.refused.contains(last));
        // A pair without a refresh token is a cold start when it ends (Simacan contract, section 3).
        let lacks_refresh = self.newest.access.is_some() && self.newest.refresh.is_none();
        self.expect(is_last_refused || lacks_refresh, |seen| {
            format!("a password is sent, and {:?} was never refused", seen.last_refresh)
        });
        let moment = Moment {
            elapsed_seconds: self.watch.elapsed_seconds(),
            moves_forward: self.watch.moves_forward(),
        };
        let is_late_enough = self.last_password.is_none_or(|last| {
            moment.elapsed_seconds - last.elapsed_seconds >= PASSWORD_PAUSE.num_seconds()
                || moment.moves_forward != last.moves_forward
        });
        self.expect(is_late_enough, |seen| {
            format!("passwords are sent at {moment:?} and {:?}", seen.last_password)
        });
        self.last_password = Some(moment);
    }

    fn sees_refresh(&mut self, record: &Record, secret: &str) {
        let now = self.watch.now();
        let on_disk = record.refresh.as_ref().map(|refresh| refresh.token.expose().to_owned());
        self.expect(on_disk.as_deref() == Some(secret), |_| format!("{secret} is sent, {on_disk:?} is kept"));
        self.expect(record.refresh_sent_at.is_some_and(|sent| sent <= now), |_| {
            format!("{secret} is sent, and that is not noted")
        });
        let is_spent = |(access, spent): (&String, &Option<String>)| {
            spent.as_deref() == Some(secret) && self.stored.contains(access)
        };
        let is_spent = self.granted.iter().any(is_spent);
        self.expect(!is_spent, |_| format!("{secret} is sent again, and the pair for it was stored"));
    }

    /// The service has decided, whether that arrives or not.
    pub(super) fn sees_answer(&mut self, call: &Call, grant: Option<&Grant>) {
        if let Some(grant) = grant {
            let spent = (call.ask == AskKind::Refresh).then(|| call.secret.clone());
            self.granted.insert(grant.access.expose().to_owned(), spent);
        }
        if call.ask != AskKind::Refresh {
            return;
        }
        if call.is_refused {
            self.refused.insert(call.secret.clone());
        }
        if call.mood.hears() {
            self.doubt(call);
        }
    }

    fn doubt(&mut self, call: &Call) {
        let noted_at = self.disk.kept().and_then(|kept| kept.record.refresh_sent_at);
        let is_this = |doubt: &&mut Doubt| {
            (doubt.process, &doubt.secret, doubt.noted_at) == (call.process, &call.secret, noted_at)
        };
        let sent_since = self.doubt.as_mut().filter(is_this).map(|doubt| {
            doubt.sent_since += 1;
            doubt.sent_since
        });
        self.expect(sent_since.is_none_or(|sent| sent <= 1), |_| {
            format!("{} is sent {sent_since:?} times after an answer was lost", call.secret)
        });
        if sent_since.is_none() && call.mood.is_lost() {
            let secret = call.secret.clone();
            self.doubt = Some(Doubt { process: call.process, noted_at, secret, sent_since: 0 });
        }
    }

    /// What a person's sign-in brought.
    pub(super) fn sees_person(&mut self, grant: &Grant) {
        self.granted.insert(grant.access.expose().to_owned(), None);
    }

    /// A person signs out: what there was may vanish.
    pub(super) fn sees_sign_out(&mut self) {
        self.newest = Pair { generation: self.newest.generation, ..Pair::default() };
        self.last_refresh = None;
    }

    /// Another account, or another password of it: all begins anew.
    pub(super) fn sees_another_account(&mut self) {
        self.look();
        self.foreign = Some(std::mem::take(&mut self.newest));
        self.last_refresh = None;
        self.last_password = None;
    }

    /// Somebody uses a token.
    pub(super) fn sees_use(&mut self, token: &Token) {
        self.look();
        let text = token.text().expose().to_owned();
        self.expect(self.stored.contains(&text), |_| format!("{text} is used, and was never stored"));
    }
}

impl Pair {
    fn of(record: &Record) -> Self {
        Self {
            generation: record.generation,
            access: record.access.as_ref().map(|access| access.token.expose().to_owned()),
            refresh: record.refresh.as_ref().map(|refresh| refresh.token.expose().to_owned()),
        }
    }
}

/// As times lie on the disk.
fn whole_seconds(time: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp(time.timestamp(), 0).unwrap()
}
