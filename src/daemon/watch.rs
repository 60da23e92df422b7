//! Looks again and again at how everything is, for alerts.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use tokio::time::sleep;

use super::crew::Crew;

/// How often to look, where alerts wait for longer than that anyway.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);

/// Looks until a stop is requested. A configuration that tells nobody costs nothing.
pub(super) async fn watch_over(crew: Arc<Crew>) {
    let alerts = &crew.config.alerts;
    if alerts.webhook.is_none() {
        return;
    }
    let half = (alerts.group_wait / 2).to_std().unwrap_or_default();
    let pause = half.clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
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

async fn look(crew: &Arc<Crew>) {
    let disks = crew.disks().await;
    match crew.snapshot().await {
        Ok(snapshot) => crew.alerts.check(&snapshot, &disks).await,
        Err(error) => {
            tracing::error!(error = &*error.to_string(), "cannot read the ledger to look for trouble");
        }
    }
}
