//! The daemon's HTTP address: a page for people at `/`, `/healthz`, `/readyz`, `/metrics`, and what is below `/api`
//! (docs/http.md). It answers questions and takes no orders.

mod answers;
mod connections;
mod gate;
mod history;
mod overview;
mod page;
mod parameters;
mod problem;
mod reply;

use std::{net::SocketAddr, sync::Arc};

use axum::{Router, middleware, routing::get};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::daemon::{StartError, Station};

/// An address that is listened on, though nobody is answered yet.
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

/// An address where askers are answered, until it is dropped.
pub struct Listening {
    /// Where; with the port that the system chose, where it was to choose one.
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl Bound {
    /// Listens on `address`.
    pub async fn to(address: SocketAddr) -> Result<Self, StartError> {
        let failed = |source| StartError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address })
    }

    /// Begins to answer.
    pub fn serve(self, station: &Arc<Station>) -> Listening {
        let Self { listener, address } = self;
        let task = tokio::spawn(connections::serve(listener, router(Arc::clone(station))));
        Listening { address, task }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn router(station: Arc<Station>) -> Router {
    Router::new()
        .route("/healthz", get(answers::health))
        .route("/readyz", get(answers::readiness))
        .route("/metrics", get(answers::metrics))
        .route("/api/status", get(answers::status))
        .route("/api/overview", get(overview::overview))
        .route("/api/calendar", get(history::calendar))
        .route("/api/runs", get(history::runs))
        .route("/api/series", get(history::series))
        .route("/", get(page::index))
        .route("/assets/{name}", get(page::asset))
        .fallback(answers::unknown)
        .layer(middleware::from_fn_with_state(Arc::clone(&station), gate::keep))
        .with_state(station)
}
