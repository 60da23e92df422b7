//! Connections: so many at a time, and none for ever. Whoever opens more than that, or says nothing, must not take file
//! descriptors away from the export.

use std::{sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::{sleep, timeout},
};

/// Dashboards and probes need a few.
const MAX_CONNECTIONS: usize = 64;

/// How long an asker may take to ask, and a connection may idle.
const LONGEST_ASKING: Duration = Duration::from_secs(10);

/// How long a connection may last, whatever it is used for.
const LONGEST_CONNECTION: Duration = Duration::from_mins(10);

/// How long to wait when there is no descriptor left to accept with.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Answers until its task is aborted; connections end with it.
pub(super) async fn serve(listener: TcpListener, router: Router) {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
        while connections.try_join_next().is_some() {}
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::debug!(error = &*error.to_string(), "cannot accept a connection");
                sleep(PAUSE_AFTER_FAILURE).await;
                continue;
            }
        };
        let router = router.clone();
        connections.spawn(async move {
            // That an asker went away, or took too long, is nobody's concern.
            _ = timeout(LONGEST_CONNECTION, answer(stream, router)).await;
            drop(permit);
        });
    }
}

async fn answer(stream: TcpStream, router: Router) -> Result<(), hyper::Error> {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(LONGEST_ASKING);
    builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)).await
}
