//! The only code that knows tokio-cron-scheduler. It says "look at the clock" once a second and nothing else: the
//! library takes a zone's offset once for ever, reads cron lines in its own way and has no clock to put in.

use tokio::sync::mpsc;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

/// Every second, in UTC.
const EVERY_SECOND: &str = "* * * * * *";

/// The heartbeat could not be started.
#[derive(Debug, thiserror::Error)]
#[error("cannot start the scheduler: {0}")]
pub struct HeartbeatError(#[from] JobSchedulerError);

/// Beats once a second until it is stopped.
pub struct Heartbeat {
    scheduler: JobScheduler,
    beats: mpsc::Receiver<()>,
}

impl Heartbeat {
    /// Begins to beat.
    pub async fn start() -> Result<Self, HeartbeatError> {
        // One beat that nobody took yet says all that two would.
        let (sender, beats) = mpsc::channel(1);
        let scheduler = JobScheduler::new().await?;
        let beat = Job::new_async(EVERY_SECOND, move |_, _| {
            _ = sender.try_send(());
            Box::pin(async {})
        })?;
        scheduler.add(beat).await?;
        scheduler.start().await?;
        Ok(Self { scheduler, beats })
    }

    /// Waits for the next beat. `false` when there will be none.
    pub async fn beat(&mut self) -> bool {
        self.beats.recv().await.is_some()
    }

    /// Stops beating.
    pub async fn stop(mut self) {
        if let Err(error) = self.scheduler.shutdown().await {
            tracing::warn!(error = &*error.to_string(), "cannot stop the scheduler");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_beats_more_than_once() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut heartbeat = Heartbeat::start().await.unwrap();
            assert!(heartbeat.beat().await && heartbeat.beat().await);
            heartbeat.stop().await;
        });
    }
}
