//! The way of a request through a system with accounts: noted, perhaps forced to fail, perhaps unlucky.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{
    Refused, System, body,
    visits::{Asked, Forced},
};
use crate::simulator::{
    answer,
    faults::{Errand, Fault},
    server::Server,
};

/// Whose request it is, and what it is about.
#[derive(Debug, Clone, Copy)]
pub(in crate::simulator) struct Visitor {
    pub(in crate::simulator) system: System,
    /// Whose luck it shares. The space in it keeps it apart from the client ids of streams.
    pub(in crate::simulator) name: &'static str,
    pub(in crate::simulator) errand: Errand,
}

impl Visitor {
    pub(in crate::simulator) const fn of(system: System, errand: Errand) -> Self {
        let name = match (system, errand) {
            (System::Simacan, _) => "simacan account",
            // What cannot be renewed must not share the fate of what can.
            (System::Angelcam, Errand::FixedCall) => "angelcam personal token",
            (System::Angelcam, _) => "angelcam account",
        };
        Self { system, name, errand }
    }
}

/// Notes every request, those that lead nowhere too, and does what a test wants to happen to it.
pub(in crate::simulator) async fn pass(
    State((server, system)): State<(Arc<Server>, System)>,
    request: Request,
    next: Next,
) -> Response {
    let forced = server.visits.note(Asked::of(system, &request));
    server.wait_latency().await;
    match forced {
        None => next.run(request).await,
        Some(Forced::Lost) => {
            drop(next.run(request).await);
            answer::lost()
        }
        Some(Forced::Refused(status)) => {
            // Whatever it holds is not looked at, but a client that still sends does not see an answer.
            _ = body::read(request.into_body(), 0).await;
            let refusal = system.refusal(status).into_response();
            if status == StatusCode::TOO_MANY_REQUESTS {
                answer::with_retry_after(refusal, 1)
            } else {
                refusal
            }
        }
    }
}

/// Does `work`, whose result is JSON or a refusal, unless bad luck comes before it; after it, only the answer suffers.
pub(in crate::simulator) async fn carry_out(
    server: &Server,
    visitor: Visitor,
    work: impl FnOnce() -> Result<String, Refused>,
) -> Result<Response, Refused> {
    let fault = server.next_fault(visitor.name, visitor.errand).await;
    match fault {
        Some(Fault::Truncated | Fault::Lost) | None => {}
        Some(before) => {
            if before == Fault::Expired {
                server.expire_access_tokens(visitor.system);
            }
            return Ok(visitor.system.fault(before));
        }
    }
    let body = work()?;
    if let Some(fault) = fault {
        return Ok(answer::spoil(body, fault));
    }
    server.delivered(visitor.name, visitor.errand);
    Ok(answer::json(StatusCode::OK, body))
}
