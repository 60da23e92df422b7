//! How an import goes on after the upload was acknowledged (Simacan contract, section 6, status body of v4).

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde_json::{Value, json};

use super::{Simacan, inbox::Received, refusal};
use crate::simulator::{
    accounts::{
        Refused, System,
        gate::{self, Visitor},
        lock,
    },
    answer,
    faults::Errand,
    server::Server,
};

/// The same for every import: how long they take is nobody's concern.
const END_TIME: &str = "2026-01-01T00:00:00.000Z";

pub(super) async fn show(
    State(server): State<Arc<Server>>,
    Path(receipt): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    server.simacan.admit(&headers, server.now())?;
    gate::carry_out(&server, Visitor::of(System::Simacan, Errand::Call), || server.simacan.attempt(&receipt))
        .await
}

impl Simacan {
    /// The import of `receipt`: running when it is asked after first, over from then on.
    fn attempt(&self, receipt: &str) -> Result<String, Refused> {
        let mut inbox = lock(&self.inbox);
        let asked = inbox.ask(receipt);
        let (received, times) =
            asked.ok_or_else(|| refusal(StatusCode::NOT_FOUND, "there is no such attempt"))?;
        let error = self.failing_import.as_deref();
        let (status, steps) = match error {
            _ if times == 0 => ("Running", json!([])),
            None => ("Succeeded", json!([step(receipt, "Succeeded", error)])),
            Some(_) => ("Failed", json!([step(receipt, "Failed", error)])),
        };
        let attempt = attempt(receipt, status, received);
        Ok(json!({ "importAttempt": attempt, "steps": steps, "items": [] }).to_string())
    }
}

fn attempt(receipt: &str, status: &str, received: &Received) -> Value {
    let media_type = answer::essence(&received.content_type);
    json!({
        "id": receipt,
        "name": received.stream.as_deref().unwrap_or("simulated"),
        "planningCreationTime": END_TIME,
        "shipper": "simulated",
        "triggerType": "Http",
        "status": status,
        "file": { "fileName": format!("{receipt}.data"), "directory": "inbox" },
        "tags": { "mimeType": media_type, "version": 1, "schema": "none", "source": "simulated" },
    })
}

fn step(receipt: &str, status: &str, error: Option<&str>) -> Value {
    let errors: Vec<Value> = error.iter().map(|message| json!({ "id": 1, "message": message })).collect();
    json!({
        "id": receipt,
        "endTime": END_TIME,
        "status": status,
        "errors": errors,
        "name": "import",
        "processingStepType": "Import",
    })
}
