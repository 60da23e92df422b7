//! A crew at work: its lanes as tasks, and the agenda that gives them hints.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::task::JoinSet;

use super::{
    crew::{Crew, Receivers},
    lane::{Duty, Hint, Lane, Offer},
    watch::watch_over,
    work::work,
    workshop::Workshop,
};
use crate::{
    scheduler::{Agenda, Tick},
    time::to_display,
};

/// A crew at work.
pub(super) struct Running {
    pub(super) crew: Arc<Crew>,
    tasks: JoinSet<()>,
    agenda: Agenda,
    /// The lane of each entry of the agenda.
    scheduled: Vec<Arc<Lane>>,
    traffic_seen: u64,
    last_beat: (DateTime<Utc>, Instant),
}

/// A wall clock that goes by so much less or more than time itself was set, or the machine slept.
const CLOCK_JUMP: TimeDelta = TimeDelta::seconds(60);

/// While something is done, whether it goes on is looked at so often.
const WHILE_BUSY: Duration = Duration::from_secs(1);

impl Running {
    /// Puts the lanes to work in `workshop`.
    pub(super) fn start(crew: Arc<Crew>, receivers: Receivers, workshop: &Workshop) -> Self {
        let scheduled: Vec<Arc<Lane>> =
            crew.lanes.iter().filter(|lane| lane.duty().schedule().is_some()).cloned().collect();
        let lines = scheduled.iter().filter_map(|lane| lane.duty().schedule().cloned());
        let now = crew.now();
        let agenda = Agenda::new(lines, crew.config.timezone, now);
        let mut tasks = JoinSet::new();
        for (lane, hints) in crew.lanes.iter().zip(receivers) {
            workshop.spawn(&mut tasks, work(Arc::clone(&crew), Arc::clone(lane), hints));
        }
        tasks.spawn(watch_over(Arc::clone(&crew)));
        Self { crew, tasks, agenda, scheduled, traffic_seen: 0, last_beat: (now, Instant::now()) }
    }

    /// Looks at the clock, and gives hints to lanes whose time has come.
    pub(super) fn beat(&mut self, now: DateTime<Utc>, at: Instant) {
        self.notice_jump(now, at);
        for tick in self.agenda.look(now) {
            self.tick(tick, now);
        }
        for lane in &self.crew.lanes {
            lane.beat(at);
        }
        self.notice_traffic(at);
    }

    /// How long after such a beat there is nothing to look at.
    pub(super) fn rest(&self, now: DateTime<Utc>, at: Instant) -> Duration {
        let ticks = (0..self.scheduled.len()).filter_map(|entry| self.agenda.next(entry));
        let ticks = ticks.map(|next| (next - now).to_std().unwrap_or_default());
        let lanes = &self.crew.lanes;
        let looks = lanes.iter().filter_map(|lane| lane.looks_again_at());
        let looks = looks.map(|next| next.saturating_duration_since(at));
        let is_busy = lanes.iter().any(|lane| lane.running_since().is_some());
        let busy = is_busy.then_some(WHILE_BUSY);
        ticks.chain(looks).chain(busy).min().unwrap_or(Duration::MAX)
    }

    /// What was missed is made up for by one run; that it was is told.
    fn notice_jump(&mut self, now: DateTime<Utc>, at: Instant) {
        let (last_now, last_at) = std::mem::replace(&mut self.last_beat, (now, at));
        let passed = TimeDelta::from_std(at.saturating_duration_since(last_at)).unwrap_or_default();
        let jump = now - last_now - passed;
        if jump.abs() > CLOCK_JUMP {
            let seconds = jump.num_seconds();
            tracing::warn!(
                seconds,
                "the clock was set, or this machine slept; what was missed is made up for"
            );
        }
    }

    fn tick(&self, Tick { entry, due }: Tick, now: DateTime<Utc>) {
        let Some(lane) = self.scheduled.get(entry) else { return };
        let name = &*lane.duty().name();
        tracing::debug!(lane = name, due = to_display(due), late_seconds = (now - due).num_seconds(), "tick");
        let Offer::Overlapped { since, is_first } = lane.offer(Hint::Schedule) else { return };
        self.crew.metrics.run_overlapped(name);
        if is_first {
            let running_since = to_display(since);
            tracing::warn!(
                job = name,
                running_since,
                "the run of before is still going; the next one follows it at once"
            );
        }
    }

    /// Lanes that export show life by themselves; that the others go on is seen on the wire.
    fn notice_traffic(&mut self, at: Instant) {
        let traffic = self.crew.workplace.timing.traffic.total();
        if std::mem::replace(&mut self.traffic_seen, traffic) == traffic {
            return;
        }
        for lane in self.crew.lanes.iter().filter(|lane| !matches!(lane.duty(), Duty::Export(_))) {
            lane.show_life(at);
        }
    }

    /// Asks every lane to end at its next safe point.
    pub(super) fn request_stop(&self) {
        self.crew.workplace.shutdown.request();
    }

    /// Waits until every lane has ended.
    pub(super) async fn ended(&mut self) {
        while self.tasks.join_next().await.is_some() {}
    }

    /// Ends every lane where it stands, as a crash would.
    pub(super) fn abandon(&mut self) {
        self.tasks.abort_all();
    }

    /// How it is, in a sentence for `systemctl status`.
    pub(super) fn sentence(&self) -> String {
        let parts = [Some(self.doing()), self.next(), self.unwell()];
        parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }

    fn doing(&self) -> String {
        let running = self.crew.lanes.iter().filter(|lane| lane.running_since().is_some());
        let names: Vec<String> = running.map(|lane| lane.duty().name()).collect();
        if names.is_empty() { "idle".to_owned() } else { format!("running {}", names.join(", ")) }
    }

    /// Which lane of the agenda comes next, and when.
    fn next(&self) -> Option<String> {
        let lanes = self.scheduled.iter().enumerate();
        let times = lanes.filter_map(|(entry, lane)| Some((self.agenda.next(entry)?, lane)));
        let (at, lane) = times.min_by_key(|(at, _)| *at)?;
        let zone = self.crew.config.timezone;
        let local = at.with_timezone(&zone).format("%Y-%m-%d %H:%M");
        Some(format!("next {} at {local} {}", lane.duty().name(), zone.name()))
    }

    /// The lanes whose last run failed.
    fn unwell(&self) -> Option<String> {
        let failing = self.crew.lanes.iter().filter(|lane| lane.failures() > 0);
        let how = failing.filter_map(|lane| Some(format!("{} {}", lane.duty().name(), lane.last_outcome()?)));
        let how: Vec<String> = how.collect();
        (!how.is_empty()).then(|| format!("last time {}", how.join(", ")))
    }
}
