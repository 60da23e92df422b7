//! Being asked to stop.

use std::sync::Arc;

use tokio::sync::watch;

/// Told to everything that should end at its next safe point. Cheap to clone; once requested, requested for ever.
#[derive(Debug, Clone)]
pub struct Shutdown {
    request: Arc<watch::Sender<bool>>,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self { request: Arc::new(watch::Sender::new(false)) }
    }
}

impl Shutdown {
    /// Asks everybody to stop.
    pub fn request(&self) {
        self.request.send_replace(true);
    }

    /// Whether somebody asked.
    pub fn is_requested(&self) -> bool {
        *self.request.borrow()
    }

    /// Waits until somebody asks.
    pub async fn requested(&self) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.request.subscribe().wait_for(|requested| *requested).await;
    }
}
