//! Streams and their jobs.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::Judge;
use crate::{
    alerts::{
        roster::series_subject,
        trouble::{Key, Trouble, TroubleKind},
    },
    auth::AccountState,
    failure::FailureKind,
    ledger::LastError,
    status::{SeriesView, Snapshot},
    time::local_midnight,
};

/// Data that lack at the end are left to the next run for so long: the daemon may just have started.
const RUN_PATIENCE: TimeDelta = TimeDelta::minutes(15);

impl Judge<'_> {
    /// What is wrong with streams, and with their jobs.
    pub(super) fn of_streams(&self, snapshot: &Snapshot) -> Vec<Trouble> {
        let mut troubles = self.refused(snapshot);
        let is_refused = |view: &SeriesView| {
            let [series, stream] = refusals(view);
            troubles.contains_key(&series) || troubles.contains_key(&stream)
        };
        let others = snapshot.series.iter().flat_map(|view| self.of_series(view, is_refused(view)));
        let others: Vec<Trouble> = others.collect();
        troubles.extend(others.into_iter().map(|trouble| (trouble.key.clone(), trouble)));
        troubles.into_values().collect()
    }

    /// What goes on only when somebody acts. Refused credentials concern the whole stream.
    fn refused(&self, snapshot: &Snapshot) -> BTreeMap<Key, Trouble> {
        let mut works: BTreeMap<&str, bool> = BTreeMap::new();
        for view in &snapshot.series {
            *works.entry(&view.series.stream.name).or_default() |= view.last_error().is_none();
        }
        let mut refused = BTreeMap::new();
        for view in &snapshot.series {
            let Some(error) = view.last_error() else { continue };
            if let Some(key) = self.refusal(view, error, works[&*view.series.stream.name]) {
                let trouble = self.lasting(key.clone(), TimeDelta::zero(), &error.message);
                refused.entry(key).or_insert(trouble);
            }
        }
        let rejected = [AccountState::Rejected, AccountState::NeedsAuthorization];
        for view in snapshot.streams.iter().filter(|view| rejected.contains(&view.state)) {
            let key = Key::new(TroubleKind::Refused, &view.name);
            let message = view.message.clone().unwrap_or_else(|| view.state.as_str().to_owned());
            let trouble = self.lasting(key.clone(), TimeDelta::zero(), message);
            refused.entry(key).or_insert(trouble);
        }
        refused
    }

    /// Which refusal the last error of a series is. What was refused stays refused until a run ends well: that a later
    /// one was interrupted, or met an outage, says nothing about credentials.
    fn refusal(&self, view: &SeriesView, error: &LastError, stream_works: bool) -> Option<Key> {
        let [series, stream] = refusals(view);
        let is = |kind: FailureKind| error.kind == kind.as_str();
        if is(FailureKind::Credentials) || (!stream_works && self.is_known(&stream)) {
            Some(stream)
        } else if is(FailureKind::Refused) || is(FailureKind::Configuration) || self.is_known(&series) {
            Some(series)
        } else {
            None
        }
    }

    /// What is wrong with one job of a stream that is not, or is, refused. What was told stays what it is.
    fn of_series(&self, view: &SeriesView, is_refused: bool) -> Vec<Trouble> {
        let (stale, failing) = (key(TroubleKind::Stale, view), key(TroubleKind::Failing, view));
        let is_told = [&stale, &failing].map(|key| self.desk.is_told(key));
        let stale = self.stale(stale, view).filter(|_| match is_told {
            [true, _] => true,
            [false, is_failing] => !is_refused && !is_failing,
        });
        let failing = self.failing(failing, view).filter(|_| is_told[1] || (!is_refused && stale.is_none()));
        [stale, failing, self.silent(view)].into_iter().flatten().collect()
    }

    fn stale(&self, key: Key, view: &SeriesView) -> Option<Trouble> {
        let seen_at = self.seen_at(&key);
        let lack = match view.exported_until() {
            None => self.never_exported(view, seen_at),
            Some(until) => self.late(view, until, seen_at).or_else(|| self.gap(view, seen_at)),
        }?;
        let message = match view.last_error() {
            Some(error) => format!("{}; at the last run: {}", lack.what, error.message),
            None => format!("{}; see: audience-exporter status, and its log", lack.what),
        };
        Some(Trouble { key, since: lack.since, tell_at: lack.tell_at, message })
    }

    /// A series without any data is known from the moment when this was first looked at; the next run after that, and
    /// the bound, are waited for.
    fn never_exported(&self, view: &SeriesView, seen_at: DateTime<Utc>) -> Option<Lack> {
        let series = &view.series;
        let begins = series.job.start.map(|date| local_midnight(date, series.stream.timezone));
        let due_until = series.rules.due_until(self.now - self.settings.stale_after);
        if begins.is_some_and(|begins| due_until <= begins) {
            return None;
        }
        let tell_at = self.after_next_run(view, seen_at);
        Some(Lack { since: seen_at, tell_at, what: "nothing was exported yet".to_owned() })
    }

    /// Nothing new at the end, although a run was to bring it for longer than the bound.
    fn late(&self, view: &SeriesView, until: DateTime<Utc>, seen_at: DateTime<Utc>) -> Option<Lack> {
        let rules = &view.series.rules;
        // Most series end here, and their schedule need not be asked.
        if rules.due_until(self.now - self.settings.stale_after) <= until {
            return None;
        }
        let due_at = rules.grid.bucket_end(rules.grid.floor(until)) + rules.settle;
        if self.now < self.after_next_run(view, due_at - TimeDelta::seconds(1)) {
            return None;
        }
        let what = "nothing newer is there".to_owned();
        Some(Lack { since: until, tell_at: seen_at + RUN_PATIENCE, what })
    }

    /// Data in the midst that lack, or were lost: due since that is known.
    fn gap(&self, view: &SeriesView, seen_at: DateTime<Utc>) -> Option<Lack> {
        let gaps = &view.exported.as_ref()?.gaps;
        let first = gaps.first()?;
        let [from, to] = [first.start(), first.end()].map(|end| self.local(end));
        let more = match gaps.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more {}", if more == 1 { "range" } else { "ranges" }),
        };
        let what = format!("{from} to {to}{more} lack although later data are there");
        Some(Lack { since: seen_at, tell_at: self.after_next_run(view, seen_at), what })
    }

    /// When what was due at `instant` lacks for too long: the first run after it had its chance.
    fn after_next_run(&self, view: &SeriesView, instant: DateTime<Utc>) -> DateTime<Utc> {
        let run = view.series.job.schedule.next_after(instant, self.zone).unwrap_or(instant);
        run.checked_add_signed(self.settings.stale_after).unwrap_or(run)
    }

    /// Longer than data could be late: where they are, that is told instead. An interruption says nothing new.
    fn failing(&self, key: Key, view: &SeriesView) -> Option<Trouble> {
        let error = view.last_error()?;
        if error.kind == FailureKind::Interrupted.as_str() && !self.is_known(&key) {
            return None;
        }
        let grid = &view.series.rules.grid;
        let bucket = grid.bucket_end(grid.floor(self.now)) - grid.floor(self.now);
        let bearable = self.settings.stale_after + bucket + RUN_PATIENCE;
        Some(self.lasting(key, bearable, &error.message))
    }

    fn silent(&self, view: &SeriesView) -> Option<Trouble> {
        let since = view.exported.as_ref()?.silent_since?;
        let silence = view.exported_until()? - since;
        if silence < self.settings.silent_after {
            return None;
        }
        let message =
            "the service answers completely and has no data; check the camera and its stream on the console";
        let trouble = self.lasting(key(TroubleKind::Silent, view), TimeDelta::zero(), message);
        Some(Trouble { since, ..trouble })
    }
}

/// Due data that lack.
struct Lack {
    since: DateTime<Utc>,
    tell_at: DateTime<Utc>,
    what: String,
}

fn key(kind: TroubleKind, view: &SeriesView) -> Key {
    Key::new(kind, series_subject(&view.series.job.name, &view.series.stream.name))
}

/// The refusal of a series alone, and that of its whole stream.
fn refusals(view: &SeriesView) -> [Key; 2] {
    [key(TroubleKind::Refused, view), Key::new(TroubleKind::Refused, &view.series.stream.name)]
}
