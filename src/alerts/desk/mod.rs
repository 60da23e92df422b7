//! What people were told of trouble, and what they are to be told next: pure.
//!
//! A trouble is told once when it begins and once when it is over. What is over before it was told is never told. What
//! comes and goes counts as one trouble until it stayed away for a while, as `keep_firing_for` of Prometheus has it: of
//! its way to calm a flapping alert down, and Nagios' percentage of changes, it is the one that a person can predict.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    roster::Roster,
    trouble::{Key, Trouble, TroubleKind},
};
use crate::ledger::{AlertBook, AlertRecord};

/// How troubles of one kind are gathered into one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grouping {
    /// The first of a kind waits at least so long for others: an outage does not meet all streams at once. While others
    /// came within half of that it goes on to wait, up to [`interval`](Self::interval) if that is longer.
    pub wait: TimeDelta,
    /// The least time between two messages of one kind, and how long a trouble that was told must not be seen before it
    /// is over.
    pub interval: TimeDelta,
}

/// Every trouble that is known, and when each kind was told last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Desk {
    known: BTreeMap<Key, Known>,
    sent: BTreeMap<TroubleKind, DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    record: AlertRecord,
    /// As the latest judgement has it; nothing is told before there is one.
    tell_at: DateTime<Utc>,
}

/// One message that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What it is about.
    pub kind: TroubleKind,
    /// What began.
    pub begun: Vec<(Key, AlertRecord)>,
    /// What is over.
    pub over: Vec<(Key, AlertRecord)>,
}

impl Desk {
    /// As a desk before left it. What no kind is known for, an earlier version told.
    pub fn restored(book: &AlertBook) -> Self {
        let known = book.alerts.iter().filter_map(|((kind, subject), record)| {
            let key = Key::new(TroubleKind::parse(kind)?, subject);
            Some((key, Known { record: record.clone(), tell_at: DateTime::<Utc>::MAX_UTC }))
        });
        let sent = book.sent.iter().filter_map(|(kind, at)| Some((TroubleKind::parse(kind)?, *at)));
        Self { known: known.collect(), sent: sent.collect() }
    }

    /// What a desk after this one needs.
    pub fn book(&self) -> AlertBook {
        let word = |kind: &TroubleKind| kind.as_str().to_owned();
        let alerts = self.known.iter().map(|(key, known)| {
            let Key { kind, subject } = key;
            ((word(kind), subject.clone()), known.record.clone())
        });
        AlertBook {
            alerts: alerts.collect(),
            sent: self.sent.iter().map(|(kind, at)| (word(kind), *at)).collect(),
        }
    }

    /// Since when a trouble is known, if it is.
    pub fn seen_at(&self, key: &Key) -> Option<DateTime<Utc>> {
        self.known.get(key).map(|known| known.record.seen_at)
    }

    /// Whether somebody was told of it, or may have been, and not yet that it is over.
    pub fn is_told(&self, key: &Key) -> bool {
        self.known.get(key).is_some_and(|known| known.record.may_be_known())
    }

    /// Takes in everything that is wrong now.
    pub fn update(&mut self, found: Vec<Trouble>, roster: &Roster, now: DateTime<Utc>) {
        let seen: BTreeSet<&Key> = found.iter().map(|trouble| &trouble.key).collect();
        self.known
            .retain(|key, known| roster.knows(key) && (seen.contains(key) || known.record.may_be_known()));
        self.bring_back(now);
        for (key, known) in &mut self.known {
            if !seen.contains(key) {
                known.record.gone_at.get_or_insert(now);
            }
        }
        for trouble in found {
            self.see(trouble, now);
        }
    }

    fn see(&mut self, trouble: Trouble, now: DateTime<Utc>) {
        let Trouble { key, since, tell_at, message } = trouble;
        let since = since.min(now);
        let known = self.known.entry(key).or_insert_with(|| {
            let message = String::new();
            Known {
                record: AlertRecord {
                    since,
                    seen_at: now,
                    tried_at: None,
                    told_at: None,
                    gone_at: None,
                    message,
                },
                tell_at,
            }
        });
        known.tell_at = tell_at;
        known.record.gone_at = None;
        if known.record.told_at.is_none() {
            known.record.since = known.record.since.min(since);
            known.record.message = message;
        }
    }

    /// What a wrong clock left in the future is brought back to now.
    fn bring_back(&mut self, now: DateTime<Utc>) {
        for Known { record, .. } in self.known.values_mut() {
            record.since = record.since.min(now);
            record.seen_at = record.seen_at.min(now);
            record.tried_at = record.tried_at.map(|at| at.min(now));
            record.told_at = record.told_at.map(|at| at.min(now));
            record.gone_at = record.gone_at.map(|at| at.min(now));
        }
        for at in self.sent.values_mut() {
            *at = (*at).min(now);
        }
    }

    /// What is to be told now: at the most one message of each kind.
    pub fn due(&self, grouping: Grouping, now: DateTime<Utc>) -> Vec<Notice> {
        TroubleKind::ALL.into_iter().filter_map(|kind| self.due_of(kind, grouping, now)).collect()
    }

    fn due_of(&self, kind: TroubleKind, grouping: Grouping, now: DateTime<Utc>) -> Option<Notice> {
        if self.sent.get(&kind).is_some_and(|sent| now < *sent + grouping.interval) {
            return None;
        }
        let of_kind = || self.known.iter().filter(move |(key, _)| key.kind == kind);
        let begun = of_kind().filter_map(|(key, known)| ripe(key, known, known.worth_telling_at()?, now));
        let over = of_kind().filter_map(|(key, known)| ripe(key, known, known.over_at(grouping)?, now));
        let (begun, over) =
            (gathered(begun.collect(), grouping, now), gathered(over.collect(), grouping, now));
        (!begun.is_empty() || !over.is_empty()).then_some(Notice { kind, begun, over })
    }

    /// Takes in that a message is about to be sent. Whatever becomes of it, the end of what it tells will be told.
    pub fn attempt(&mut self, notice: &Notice, now: DateTime<Utc>) {
        for (key, _) in &notice.begun {
            if let Some(known) = self.known.get_mut(key) {
                known.record.tried_at.get_or_insert(now);
            }
        }
    }

    /// Takes in that nobody took a message, for certain.
    pub fn withdraw(&mut self, notice: &Notice) {
        for (key, before) in &notice.begun {
            if let Some(known) = self.known.get_mut(key) {
                known.record.tried_at = before.tried_at;
            }
        }
    }

    /// Takes in that somebody took a message.
    pub fn acknowledge(&mut self, notice: &Notice, now: DateTime<Utc>) {
        for (key, _) in &notice.begun {
            if let Some(known) = self.known.get_mut(key) {
                known.record.told_at = Some(now);
            }
        }
        for (key, _) in &notice.over {
            self.known.remove(key);
        }
        self.sent.insert(notice.kind, now);
    }
}

impl Known {
    fn worth_telling_at(&self) -> Option<DateTime<Utc>> {
        let is_new = self.record.told_at.is_none() && self.record.gone_at.is_none();
        is_new.then(|| self.tell_at.max(self.record.seen_at))
    }

    fn over_at(&self, grouping: Grouping) -> Option<DateTime<Utc>> {
        let gone_at = self.record.gone_at.filter(|_| self.record.may_be_known())?;
        Some(gone_at + grouping.interval)
    }
}

impl AlertRecord {
    fn may_be_known(&self) -> bool {
        self.told_at.is_some() || self.tried_at.is_some()
    }
}

/// Something to tell, and since when.
struct Ripe {
    at: DateTime<Utc>,
    told: (Key, AlertRecord),
}

fn ripe(key: &Key, known: &Known, at: DateTime<Utc>, now: DateTime<Utc>) -> Option<Ripe> {
    (at <= now).then(|| Ripe { at, told: (key.clone(), known.record.clone()) })
}

/// What is to be told, once no more of its kind is to be waited for.
fn gathered(ripe: Vec<Ripe>, grouping: Grouping, now: DateTime<Utc>) -> Vec<(Key, AlertRecord)> {
    let times = || ripe.iter().map(|ripe| ripe.at);
    let (Some(first), Some(last)) = (times().min(), times().max()) else { return Vec::new() };
    let Grouping { wait, interval } = grouping;
    let is_quiet = last + wait / 2 <= now || first + wait.max(interval) <= now;
    let is_complete = first + wait <= now && is_quiet;
    if is_complete { ripe.into_iter().map(|ripe| ripe.told).collect() } else { Vec::new() }
}

#[cfg(test)]
mod tests;
