//! Looks again and again at how everything is, for alerts and for the page.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use tokio::time::sleep;

use super::crew::Crew;
use crate::config::Config;

/// How often to look, where alerts wait for longer than that anyway.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);

/// How often to look for those who look at the page: since when something lasts need not be known better.
const PAUSE_FOR_THE_PAGE: Duration = Duration::from_mins(5);

/// Looks until a stop is requested. A configuration that tells nobody costs nothing.
pub(super) async fn watch_over(crew: Arc<Crew>) {
    let Some(pause) = pause(&crew.config) else { return };
    loop {
        tokio::select! {
            biased;
            () = crew.workplace.shutdown.requested() => return,
            () = sleep(pause) => {}
        }
        // A defect here must not silence every alert to come.
        if AssertUnwindSafe(look(&crew)).catch_unwind().await.is_err() {
            tracing::error!(
                "a look for trouble ended in a panic, which is a defect of this program; please report it"
            );
        }
    }
}

fn pause(config: &Config) -> Option<Duration> {
    let half = (config.alerts.group_wait / 2).to_std().unwrap_or_default();
    let for_webhook = config.alerts.webhook.as_ref().map(|_| half.clamp(SHORTEST_PAUSE, LONGEST_PAUSE));
    for_webhook.or_else(|| config.http.as_ref().map(|_| PAUSE_FOR_THE_PAGE))
}

async fn look(crew: &Arc<Crew>) {
    let disks = crew.disks().await;
    match crew.snapshot().await {
        Ok(snapshot) => {
            if crew.config.http.is_some() {
                crew.troubles(&snapshot, &disks);
            }
            crew.alerts.check(&snapshot, &disks).await;
        }
        Err(error) => {
            tracing::error!(error = &*error.to_string(), "cannot read the ledger to look for trouble");
        }
    }
}
