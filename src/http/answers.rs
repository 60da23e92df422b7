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

use crate::{daemon::Station, metrics};

const PLAIN: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

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

/// As `status --json` prints it.
pub(super) async fn status(State(station): State<Arc<Station>>) -> Response {
    let crew = station.crew();
    let text = match crew.snapshot().await {
        Ok(snapshot) => {
            serde_json::to_string_pretty(&snapshot.to_json(&crew.config)).map_err(|error| error.to_string())
        }
        Err(error) => Err(error.to_string()),
    };
    match text {
        Ok(text) => ([(CONTENT_TYPE, JSON)], text + "\n").into_response(),
        Err(error) => plain(StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")),
    }
}

/// Nothing is there.
pub(super) async fn unknown() -> Response {
    plain(StatusCode::NOT_FOUND, "not found: there are /healthz, /readyz, /metrics and /api/status\n")
}

fn plain(status: StatusCode, text: impl Into<String>) -> Response {
    (status, [(CONTENT_TYPE, PLAIN)], text.into()).into_response()
}
