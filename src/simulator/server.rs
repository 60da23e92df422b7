//! The routes of the simulated systems: a console that makes tokens and a Data API that lists entities; the systems with
//! accounts have theirs in folders of their own.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::{Query, State, rejection::QueryRejection},
    http::{
        HeaderMap, StatusCode,
        header::{AUTHORIZATION, CONTENT_TYPE, LOCATION},
    },
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{
    RequestCounts, SimulatorOptions,
    accounts::{System, visits::Visits},
    angelcam::{self, Angelcam},
    answer::{self, JSON},
    ask::{Ask, Parameters},
    faults::{Errand, Fault, FaultSchedule},
    fleet::access_token,
    listing::Listing,
    page,
    refusal::Refusal,
    simacan::{self, Simacan},
    tokens::{Credentials, TokenOffice},
};
use crate::clock::Clock;

/// Where tokens are made. Without the slash at its end it redirects, which clients must not follow.
const TOKEN_PATH: &str = "/api-token-authstream/";

/// A hundred years: with more, the expiry of a token is no date.
const LONGEST_TOKEN_LIFE: TimeDelta = TimeDelta::days(36_500);

/// All systems, served from one address.
pub(super) struct Server {
    options: SimulatorOptions,
    clock: Clock,
    address: SocketAddr,
    tokens: TokenOffice,
    faults: FaultSchedule,
    counters: Counters,
    pub(super) visits: Visits,
    pub(super) simacan: Simacan,
    pub(super) angelcam: Angelcam,
}

/// A token's life as far as dates reach.
pub(super) fn life(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(LONGEST_TOKEN_LIFE).min(LONGEST_TOKEN_LIFE)
}

#[derive(Default)]
struct Counters {
    tokens: AtomicU64,
    entities: AtomicU64,
    faults: AtomicU64,
}

impl Server {
    pub(super) fn new(options: SimulatorOptions, clock: Clock, address: SocketAddr) -> Self {
        Self {
            tokens: TokenOffice::new(options.seed, life(options.token_life)),
            faults: FaultSchedule::new(options.faults.clone(), options.seed),
            visits: Visits::default(),
            simacan: Simacan::new(&options.accounts, options.seed),
            angelcam: Angelcam::new(&options.accounts, options.seed),
            options,
            clock,
            address,
            counters: Counters::default(),
        }
    }

    pub(super) fn into_router(self: Arc<Self>) -> Router {
        Router::new()
            .route(TOKEN_PATH, post(answer_token))
            .route(TOKEN_PATH.trim_end_matches('/'), any(redirect_to_slash))
            .route("/api/1/entities", get(answer_entities))
            .nest(System::Simacan.prefix(), simacan::routes(&self))
            .nest(System::Angelcam.prefix(), angelcam::routes(&self))
            .with_state(self)
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub(super) fn set_calm(&self, is_calm: bool) {
        self.faults.set_calm(is_calm);
    }

    /// Every access token of `system` made so far is refused from now on.
    pub(super) fn expire_access_tokens(&self, system: System) {
        match system {
            System::Simacan => self.simacan.expire_access_tokens(),
            System::Angelcam => self.angelcam.expire_access_tokens(),
        }
    }

    pub(super) fn requests(&self) -> RequestCounts {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        RequestCounts {
            tokens: count(&self.counters.tokens),
            entities: count(&self.counters.entities),
            faults: count(&self.counters.faults),
        }
    }

    /// The answer to a token request; on failure, the body of a refusal.
    async fn token(&self, body: &[u8]) -> Result<Response, Value> {
        let credentials = Credentials::read(body)?;
        let client_id = credentials.client_id.as_str();
        if self.options.camera(client_id).is_none() || credentials.access_token != access_token(client_id) {
            return Err(json!({ "non_field_errors": ["Unable to log in with provided credentials."] }));
        }
        let token = self.tokens.issue(&credentials.username, client_id, self.clock.now());
        let body = json!({ "token": token }).to_string();
        Ok(self.deliver(client_id, Errand::Token, body).await)
    }

    /// The answer to a request for entities.
    async fn entities(
        &self,
        headers: &HeaderMap,
        parameters: Result<Query<Parameters>, QueryRejection>,
    ) -> Result<Response, Refusal> {
        let now = self.clock.now();
        let client_id = self.tokens.verify(bearer_token(headers)?, now)?;
        let camera = self.options.camera(&client_id).ok_or_else(Refusal::invalid_token)?;
        let Query(parameters) = parameters.map_err(|rejection| Refusal::malformed(rejection.body_text()))?;
        let ask = Ask::read(&parameters, now)?;
        let listing = Listing::new(&camera, &ask, now, self.options.faults.late_data);
        let body = page::render(&ask, &listing, self.options.page_size, &self.base_url(headers))?;
        Ok(self.deliver(&client_id, Errand::Page, body).await)
    }

    /// Sends the good answer `body`, unless something goes wrong.
    async fn deliver(&self, client_id: &str, errand: Errand, body: String) -> Response {
        if let Some(fault) = self.next_fault(client_id, errand).await {
            return answer::spoil(body, fault);
        }
        self.delivered(client_id, errand);
        answer::json(StatusCode::OK, body)
    }

    /// Takes note that a whole answer goes out. A client that lost patience in a stall hung up, and this is never
    /// reached.
    pub(super) fn delivered(&self, client_id: &str, errand: Errand) {
        self.faults.delivered(client_id, errand);
    }

    /// What goes wrong with a request that would succeed. A stall is over when this returns.
    pub(super) async fn next_fault(&self, client_id: &str, errand: Errand) -> Option<Fault> {
        let fault = self.faults.next(client_id, errand)?;
        self.counters.faults.fetch_add(1, Ordering::Relaxed);
        match fault {
            Fault::Stalled => {
                tokio::time::sleep(self.options.faults.stall).await;
                None
            }
            spoiled => Some(spoiled),
        }
    }

    pub(super) async fn wait_latency(&self) {
        if !self.options.latency.is_zero() {
            tokio::time::sleep(self.options.latency).await;
        }
    }

    /// Where the client asked.
    pub(super) fn base_url(&self, headers: &HeaderMap) -> String {
        answer::base_url(headers, self.address)
    }
}

/// The token of `Authorization: Bearer <token>`, with exactly one space.
fn bearer_token(headers: &HeaderMap) -> Result<&str, Refusal> {
    let header = headers.get(AUTHORIZATION).ok_or_else(Refusal::no_token)?;
    let token = header.to_str().ok().and_then(|text| text.strip_prefix("Bearer "));
    token.ok_or_else(Refusal::invalid_token)
}

async fn answer_token(State(server): State<Arc<Server>>, headers: HeaderMap, body: Bytes) -> Response {
    server.counters.tokens.fetch_add(1, Ordering::Relaxed);
    server.wait_latency().await;
    let is_json =
        headers.get(CONTENT_TYPE).is_some_and(|media| media.as_bytes().starts_with(JSON.as_bytes()));
    if !is_json {
        let body = json!({ "detail": "Unsupported media type in request." });
        return answer::json(StatusCode::UNSUPPORTED_MEDIA_TYPE, body.to_string());
    }
    let refuse = |problem: Value| answer::json(StatusCode::BAD_REQUEST, problem.to_string());
    server.token(&body).await.unwrap_or_else(refuse)
}

async fn redirect_to_slash(State(server): State<Arc<Server>>) -> Response {
    server.counters.tokens.fetch_add(1, Ordering::Relaxed);
    (StatusCode::MOVED_PERMANENTLY, [(LOCATION, TOKEN_PATH)]).into_response()
}

async fn answer_entities(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    parameters: Result<Query<Parameters>, QueryRejection>,
) -> Response {
    server.counters.entities.fetch_add(1, Ordering::Relaxed);
    server.wait_latency().await;
    server.entities(&headers, parameters).await.unwrap_or_else(IntoResponse::into_response)
}
