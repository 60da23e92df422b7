//! What the daemon shows to those who ask: the crew at work, and whether all is well.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::timeout,
};

use super::crew::Crew;
use crate::{
    blocking::blocking,
    metrics::{Gauges, Metrics},
    status::Snapshot,
    wire::Timing,
};

/// A heart that was not heard for so long has stopped: three times its longest rest.
const LONGEST_SILENCE: Duration = Duration::from_secs(30);

/// How long the ledger may take to be written when somebody asks whether it can be.
const LEDGER_PATIENCE: Duration = Duration::from_secs(5);

/// Answers that read much are made so many at a time: fewer than there are threads for what blocks.
const LARGE_ANSWERS: usize = 2;

/// How long those who ask for much wait for their turn.
const TURN_PATIENCE: Duration = Duration::from_secs(10);

/// What the daemon shows.
pub struct Station {
    /// Counts what is done, over all reloads.
    pub metrics: Arc<Metrics>,
    timing: Timing,
    crew: watch::Sender<Arc<Crew>>,
    last_beat: Mutex<Instant>,
    started_at: DateTime<Utc>,
    is_stopping: AtomicBool,
    ledger_check: Arc<tokio::sync::Mutex<()>>,
    turns: Arc<Semaphore>,
}

impl Station {
    pub(super) fn new(crew: Arc<Crew>, metrics: Arc<Metrics>, timing: Timing) -> Self {
        let started_at = timing.clock.now();
        let last_beat = Mutex::new(Instant::now());
        let (crew, is_stopping) = (watch::Sender::new(crew), AtomicBool::new(false));
        let (ledger_check, turns) = (Arc::default(), Arc::new(Semaphore::new(LARGE_ANSWERS)));
        Self { metrics, timing, crew, last_beat, started_at, is_stopping, ledger_check, turns }
    }

    /// When the daemon began.
    pub fn started_at(&self) -> DateTime<Utc> {
        self.started_at
    }

    /// The turn of one who asks for much; to be kept until that is read. `None` where too many are before it.
    pub async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        timeout(TURN_PATIENCE, Arc::clone(&self.turns).acquire_owned()).await.ok()?.ok()
    }

    /// The crew that is at work now.
    pub fn crew(&self) -> Arc<Crew> {
        Arc::clone(&self.crew.borrow())
    }

    pub(super) fn replace(&self, crew: Arc<Crew>) {
        self.crew.send_replace(crew);
    }

    pub(super) fn beat(&self, at: Instant) {
        *self.last_beat.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }

    pub(super) fn stop(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Relaxed)
    }

    /// What keeps it from doing its work, in words for people; empty where it is ready.
    pub async fn obstacles(&self) -> Vec<String> {
        let (crew, now) = (self.crew(), Instant::now());
        let mut obstacles = Vec::new();
        if self.is_stopping() {
            obstacles.push("it is stopping".to_owned());
        }
        let silence =
            now.saturating_duration_since(*self.last_beat.lock().unwrap_or_else(PoisonError::into_inner));
        if silence > LONGEST_SILENCE {
            obstacles.push(format!("the scheduler has been silent for {} s", silence.as_secs()));
        }
        obstacles.extend(
            crew.hung(now).into_iter().map(|lane| format!("the run of {lane} shows no sign of life")),
        );
        obstacles.extend(self.ledger_obstacle(&crew).await);
        obstacles
    }

    async fn ledger_obstacle(&self, crew: &Crew) -> Option<String> {
        let archive = Arc::clone(&crew.workplace.archive);
        let check = async {
            // One at a time: whoever asks while a check waits for the ledger must not make another thread wait for it.
            let turn = Arc::clone(&self.ledger_check).lock_owned().await;
            blocking(move || {
                let outcome = archive.ledger.check_writable();
                drop(turn);
                outcome
            })
            .await
        };
        match timeout(LEDGER_PATIENCE, check).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some(format!("the ledger was not free for {} s", LEDGER_PATIENCE.as_secs())),
        }
    }

    /// Everything that can be measured, as Prometheus reads it.
    pub async fn metrics_text(&self) -> String {
        let crew = self.crew();
        let snapshot: Option<Arc<Snapshot>> = match crew.snapshot().await {
            Ok(snapshot) => Some(snapshot),
            Err(error) => {
                tracing::error!(error = &*error.to_string(), "cannot read the ledger for metrics");
                None
            }
        };
        let disks = crew.disks().await;
        let gauges = Gauges {
            is_ready: self.obstacles().await.is_empty(),
            output_disk: disks.output_dir,
            state_disk: disks.state_dir,
            started_at: self.started_at,
        };
        self.metrics.render(&self.timing.traffic, snapshot.as_deref(), &gauges)
    }
}
