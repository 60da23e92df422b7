//! What the service manager is told (`sd_notify(3)`); nobody, where there is none.

use std::time::{Duration, Instant};

use sd_notify::NotifyState;

/// The service manager that started the process, if it wants to be told how the daemon is.
pub(super) struct ServiceManager {
    watchdog: Option<Watchdog>,
    last_status: String,
}

struct Watchdog {
    /// Half of what the manager waits for.
    interval: Duration,
    last: Option<Instant>,
}

impl ServiceManager {
    /// As the environment tells (`NOTIFY_SOCKET`, `WATCHDOG_USEC`).
    pub(super) fn of_this_process() -> Self {
        let watchdog =
            sd_notify::watchdog_enabled().map(|timeout| Watchdog { interval: timeout / 2, last: None });
        Self { watchdog, last_status: String::new() }
    }

    /// The daemon listens and its work is scheduled; also after a reload.
    pub(super) fn ready() {
        tell(&[NotifyState::Ready]);
    }

    /// The configuration is read again; [`ready`](Self::ready) must follow.
    pub(super) fn reloading() {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => tell(&[NotifyState::Reloading, now]),
            Err(_) => tell(&[NotifyState::Reloading]),
        }
    }

    /// The daemon ends, and does not hang while it does.
    pub(super) fn stopping() {
        tell(&[NotifyState::Stopping]);
    }

    /// A sentence for `systemctl status`; told only where it is another one than before.
    pub(super) fn status(&mut self, sentence: &str) {
        if self.last_status != sentence {
            tell(&[NotifyState::Status(sentence)]);
            sentence.clone_into(&mut self.last_status);
        }
    }

    /// How long the next sign of life has time after `now`; `None` where nobody waits for one.
    pub(super) fn patience(&self, now: Instant) -> Option<Duration> {
        let watchdog = self.watchdog.as_ref()?;
        let next = watchdog.last.map_or(now, |last| last + watchdog.interval);
        Some(next.saturating_duration_since(now))
    }

    /// The daemon is alive. Whoever does not call this often enough is restarted.
    pub(super) fn alive(&mut self, now: Instant) {
        let Some(watchdog) = &mut self.watchdog else { return };
        let is_due = watchdog.last.is_none_or(|last| now.duration_since(last) >= watchdog.interval);
        if is_due {
            tell(&[NotifyState::Watchdog]);
            watchdog.last = Some(now);
        }
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(error = &*error.to_string(), "cannot tell the service manager");
    }
}
