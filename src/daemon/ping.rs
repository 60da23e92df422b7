//! What the dead man's switch is told of one run: its start, and after that its end. A run never waits for it.

use std::sync::Arc;

use tokio::task::JoinHandle;

use crate::alerts::Heartbeat;

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RunEnd {
    /// All that was due is done.
    Well,
    /// Not all of it, for the reason in this line.
    Failed(String),
    /// Somebody asked the daemon to stop, which is neither.
    Stopped,
}

/// One run, whose start is being told.
pub(super) struct Ping {
    heartbeat: Arc<Heartbeat>,
    start: JoinHandle<()>,
}

impl Ping {
    /// A run begins.
    pub(super) fn start(heartbeat: &Arc<Heartbeat>) -> Self {
        let telling = Arc::clone(heartbeat);
        let start = tokio::spawn(async move { telling.start().await });
        Self { heartbeat: Arc::clone(heartbeat), start }
    }

    /// The run ended like this, which is told once its start was.
    pub(super) fn end(self, end: RunEnd) {
        let Self { heartbeat, start } = self;
        tokio::spawn(async move {
            // Where telling the start came to nothing, the end is told all the same.
            _ = start.await;
            match end {
                RunEnd::Well => heartbeat.success().await,
                RunEnd::Failed(summary) => heartbeat.fail(&summary).await,
                RunEnd::Stopped => {}
            }
        });
    }
}
