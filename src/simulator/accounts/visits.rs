//! What was asked of the systems with accounts, and what a test wants to happen next.

use std::{
    collections::{HashMap, VecDeque},
    sync::Mutex,
};

use axum::{extract::Request, http::StatusCode};

use super::{System, lock};

/// What can be asked of the two systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `/simacan/api/v1/auth/password`
    SimacanPassword,
    /// `/simacan/api/v1/auth/refresh`
    SimacanRefresh,
    /// `/simacan/trips/insertOrUpdate`
    SimacanTrips,
    /// `/simacan/otm/api/v5/trips`
    SimacanOtmTrips,
    /// `/simacan/api/v4/attempts/{uuid}`
    SimacanAttempts,
    /// `/angelcam/oauth/authorize/`
    AngelcamAuthorize,
    /// `/angelcam/oauth/token/`
    AngelcamToken,
    /// `/angelcam/oauth/token-revoke/`
    AngelcamRevoke,
    /// `/angelcam/v1/me/`
    AngelcamMe,
    /// `/angelcam/v1/cameras/`
    AngelcamCameras,
}

impl Endpoint {
    /// What `path`, with its prefix, leads to.
    fn of(path: &str) -> Option<Self> {
        Some(match path {
            "/simacan/api/v1/auth/password" => Self::SimacanPassword,
            "/simacan/api/v1/auth/refresh" => Self::SimacanRefresh,
            "/simacan/trips/insertOrUpdate" => Self::SimacanTrips,
            "/simacan/otm/api/v5/trips" => Self::SimacanOtmTrips,
            "/angelcam/oauth/authorize/" => Self::AngelcamAuthorize,
            "/angelcam/oauth/token/" => Self::AngelcamToken,
            "/angelcam/oauth/token-revoke/" => Self::AngelcamRevoke,
            "/angelcam/v1/me/" => Self::AngelcamMe,
            "/angelcam/v1/cameras/" => Self::AngelcamCameras,
            path if path.starts_with("/simacan/api/v4/attempts/") => Self::SimacanAttempts,
            _ => return None,
        })
    }
}

/// One request, whatever became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// `None` where it leads nowhere.
    pub endpoint: Option<Endpoint>,
    /// `GET`, `POST`, …
    pub method: String,
    /// With the prefix of the system: `/angelcam/v1/me/`.
    pub path: String,
    /// What stands after the `?`.
    pub query: Option<String>,
}

impl Asked {
    pub(super) fn of(system: System, request: &Request) -> Self {
        let path = format!("{}{}", system.prefix(), request.uri().path());
        Self {
            endpoint: Endpoint::of(&path),
            method: request.method().to_string(),
            path,
            query: request.uri().query().map(str::to_owned),
        }
    }
}

/// What a test wants to happen to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Forced {
    /// It is carried out, and the connection closed without an answer.
    Lost,
    /// It is refused and not carried out.
    Refused(StatusCode),
}

/// What was asked so far, and what is forced.
#[derive(Default)]
pub(in crate::simulator) struct Visits(Mutex<Book>);

#[derive(Default)]
struct Book {
    asked: Vec<Asked>,
    forced: HashMap<Endpoint, VecDeque<Forced>>,
}

impl Visits {
    /// Notes a request, and tells what is forced on it.
    pub(super) fn note(&self, asked: Asked) -> Option<Forced> {
        let mut book = lock(&self.0);
        let endpoint = asked.endpoint;
        book.asked.push(asked);
        book.forced.get_mut(&endpoint?)?.pop_front()
    }

    pub(super) fn force(&self, endpoint: Endpoint, forced: Forced, times: u32) {
        let mut book = lock(&self.0);
        let queue = book.forced.entry(endpoint).or_default();
        queue.extend((0..times).map(|_| forced));
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        lock(&self.0).asked.clone()
    }

    pub(super) fn count(&self, endpoint: Endpoint) -> usize {
        lock(&self.0).asked.iter().filter(|asked| asked.endpoint == Some(endpoint)).count()
    }
}
