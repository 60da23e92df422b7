//! What each path answers.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{ACCEPT, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};

use super::{
    problem::Problem,
    reply::{Rendered, plain},
};
use crate::{daemon::Station, metrics};

/// The process runs and answers.
pub(super) async fn health() -> Response {
    plain(StatusCode::OK, "ok\n")
}

/// It is scheduled, can write its ledger and does not hang; otherwise 503 with what is in the way, a line each.
pub(super) async fn readiness(State(station): State<Arc<Station>>) -> Response {
    let obstacles = station.obstacles().await;
    if obstacles.is_empty() {
        return plain(StatusCode::OK, "ready\n");
    }
    let lines = obstacles.iter().map(|obstacle| format!("not ready: {obstacle}\n"));
    plain(StatusCode::SERVICE_UNAVAILABLE, lines.collect::<String>())
}

/// For Prometheus: as `OpenMetrics` where that is asked for, as newer servers do, and otherwise in the format before it.
pub(super) async fn metrics(State(station): State<Arc<Station>>, headers: HeaderMap) -> Response {
    let text = station.metrics_text().await;
    let takes = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let (kind, text) = if takes.into_iter().any(|value| value.contains("application/openmetrics-text")) {
        (metrics::CONTENT_TYPE, text)
    } else {
        (metrics::CLASSIC_CONTENT_TYPE, metrics::to_classic(&text))
    };
    ([(CONTENT_TYPE, HeaderValue::from_static(kind))], text).into_response()
}

/// What `status --json` prints.
pub(super) async fn status(State(station): State<Arc<Station>>) -> Result<Rendered, Problem> {
    let crew = station.crew();
    Rendered::new(&crew.snapshot().await?.to_json(&crew.config))
}

/// Nothing is there.
pub(super) async fn unknown() -> Response {
    plain(
        StatusCode::NOT_FOUND,
        "not found: there are /, /healthz, /readyz, /metrics and what is below /api\n",
    )
}
