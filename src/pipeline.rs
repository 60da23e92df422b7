//! Asking for one window, and what is told of it. `exporter/windows.rs` drives it, `publication/` publishes what it brings.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    angus::{AngusClient, AskingListener, FetchError, Oddities, StreamSession},
    clock::Clock,
    crash_point::{self, Step},
    failure::FailureKind,
    locks::LockError,
    plan::PlannedWindow,
    publication::{Archive, Asked, Damage, PublishError, Published},
    row::Row,
    series::Series,
    shutdown::Shutdown,
    time::{Window, to_display},
};

/// What a service's answer may take, and the part of a second that its `Date` does not tell.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::seconds(10);

/// Damaged files of one series that a log names one by one; of more it tells the number.
const MAX_DAMAGE_NAMED: usize = 20;

/// What was asked for and has arrived, whole.
#[derive(Debug)]
pub struct Brought {
    /// In order, one a bucket.
    pub rows: Vec<Row>,
    /// When, and by which run.
    pub asked: Asked,
}

/// What every window needs.
pub struct Pipeline {
    /// Asks the Data API.
    pub client: AngusClient,
    /// Keeps files and ledger.
    pub archive: Arc<Archive>,
    /// Tells the time.
    pub clock: Clock,
    /// Tells when to stop.
    pub shutdown: Shutdown,
}

/// Why a window was not exported. Nothing of it was published or recorded, and it stays due.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum WindowError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Publish(#[from] PublishError),
    #[error(
        "this machine's clock is {} ahead of the service's, so hours seem due that are not over; set the clock",
        humantime::format_duration(std::time::Duration::from_secs(*.seconds))
    )]
    ClockAhead { seconds: u64 },
    #[error("interrupted before it was done")]
    Interrupted,
}

impl WindowError {
    /// The reason, for labels and decisions.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Fetch(error) => error.kind(),
            Self::Publish(error) => error.kind(),
            Self::ClockAhead { .. } => FailureKind::Configuration,
            Self::Interrupted => FailureKind::Interrupted,
        }
    }
}

impl PublishError {
    /// The reason, for labels and decisions.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Lock(LockError::Held { .. }) => FailureKind::Busy,
            Self::Ledger(error) if error.is_busy() => FailureKind::Busy,
            _ => FailureKind::Storage,
        }
    }
}

impl Pipeline {
    /// Asks for one window on behalf of `run`. It may be given up at any time. `asking` is told of every attempt.
    pub async fn bring(
        &self,
        series: &Series,
        session: &StreamSession,
        planned: &PlannedWindow,
        run: i64,
        asking: AskingListener<'_>,
    ) -> Result<Brought, WindowError> {
        let window = planned.window;
        // Before the first request: what is asked from here on is at least as young as this.
        let began = self.clock.now();
        let listing = tokio::select! {
            listing = self.client.list(session, &series.job.metrics, window.into(), asking) => listing?,
            () = self.shutdown.requested() => return Err(WindowError::Interrupted),
        };
        let skew = self.client.clock_skew();
        check_clock(&window, self.clock.now(), skew)?;
        crash_point::passed(Step::Page);
        report_oddities(series, &window, &listing.oddities);
        Ok(Brought { rows: listing.rows, asked: Asked { at: asked_at(began, skew), run } })
    }
}

fn report_oddities(series: &Series, window: &Window, oddities: &Oddities) {
    let (job, stream) = (&*series.job.name, &*series.stream.name);
    let (from, to) = (to_display(window.start()), to_display(window.end()));
    for (oddity, buckets) in oddities.iter() {
        let oddity = oddity.as_str();
        tracing::warn!(
            job,
            stream,
            from,
            to,
            oddity,
            buckets,
            "odd figures, exported as far as they make sense"
        );
    }
}

/// Refuses what is not over by the service's own clock, which is `skew` ahead of ours: it would be recorded as missing,
/// or as zero.
pub fn check_clock(window: &Window, now: DateTime<Utc>, skew: Option<TimeDelta>) -> Result<(), WindowError> {
    let Some(skew) = skew else { return Ok(()) };
    if window.end() <= now + skew + CLOCK_TOLERANCE {
        return Ok(());
    }
    Err(WindowError::ClockAhead { seconds: skew.num_seconds().unsigned_abs() })
}

/// When something was asked, given what our clock said then, and by how much the service's is ahead of it. Where ours is
/// ahead, the service's counts: by ours, buckets would be final whose late counts are still to come.
pub fn asked_at(clock: DateTime<Utc>, skew: Option<TimeDelta>) -> DateTime<Utc> {
    clock + skew.filter(|skew| *skew < -CLOCK_TOLERANCE).unwrap_or_default()
}

/// Tells the log what a publication found.
pub fn report(series: &Series, published: &Published) {
    let (job, stream) = (&*series.job.name, &*series.stream.name);
    report_damage(series, &published.damaged);
    if let Some(first) = published.vanished.first() {
        let (buckets, first) = (published.vanished.len(), to_display(*first));
        tracing::warn!(
            job,
            stream,
            buckets,
            first,
            "buckets vanished from the service, their rows were kept"
        );
    }
}

/// Tells the log which published files are not what they were.
pub fn report_damage(series: &Series, damaged: &[Damage]) {
    let (job, stream) = (&*series.job.name, &*series.stream.name);
    if damaged.len() > MAX_DAMAGE_NAMED {
        let files = damaged.len();
        tracing::warn!(job, stream, files, "many published files are damaged or gone, asking for them again");
    }
    for damage in damaged.iter().take(MAX_DAMAGE_NAMED) {
        let (file, reason) = (damage.path.display(), &*damage.reason);
        match &damage.set_aside {
            Some(aside) => {
                let set_aside = aside.display();
                tracing::warn!(job, stream, %file, reason, %set_aside, "published file is damaged, asking for it again");
            }
            None => {
                tracing::warn!(job, stream, %file, reason, "published file is damaged, asking for it again");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_ahead_makes_nothing_older_than_it_is() {
        let clock = DateTime::from_timestamp(1_770_000_000, 0).unwrap();
        let asked = |skew: i64| (clock - asked_at(clock, Some(TimeDelta::seconds(skew)))).num_seconds();
        assert_eq!([-86_400, -11, -10, 0, 11, 86_400].map(asked), [86_400, 11, 0, 0, 0, 0]);
        assert_eq!(asked_at(clock, None), clock);
    }
}
