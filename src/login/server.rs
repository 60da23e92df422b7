//! The redirect address: a small server on this machine that lives for one sign-in.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
    routing::get,
};
use reqwest::Url;
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};

use super::{
    callback::{Callback, Pending},
    page::Page,
};
use crate::{clock::Clock, secret::Secret};

/// How long a browser may take to read the last page.
const LONGEST_GOODBYE: Duration = Duration::from_secs(5);

/// Where on this machine the browser comes back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    hosts: Vec<IpAddr>,
    port: u16,
    path: String,
}

/// A redirect address that does not lead here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "redirect_uri {0} does not lead to this machine, so nothing can be listened for; set it to one such as \
     http://127.0.0.1:8400/callback that is registered for the client, or sign in with --username and --password-stdin"
)]
pub struct NoLoopback(String);

/// Nobody can listen there.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot listen on {address}: {source}; end what listens there, or change redirect_uri (and register the new one)"
)]
pub struct ListenError {
    address: SocketAddr,
    source: io::Error,
}

impl Address {
    /// The address in `redirect_uri`.
    pub fn of(redirect_uri: &Url) -> Result<Self, NoLoopback> {
        let foreign = || NoLoopback(redirect_uri.to_string());
        if redirect_uri.scheme() != "http" || !crate::config::is_loopback(redirect_uri) {
            return Err(foreign());
        }
        let host = redirect_uri.host_str().unwrap_or_default();
        let hosts = match host.trim_matches(['[', ']']).parse() {
            Ok(host) => vec![host],
            // A browser may take the name for either.
            Err(_) => vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)],
        };
        let port = redirect_uri.port_or_known_default().ok_or_else(foreign)?;
        Ok(Self { hosts, port, path: redirect_uri.path().to_owned() })
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// How a sign-in ends, as the browser brought it.
pub enum Ending {
    /// The code, and where to tell what came of it: the browser waits for that.
    Code(Secret, oneshot::Sender<Result<(), String>>),
    /// There is none, and why.
    Declined(String),
}

struct Shared {
    pending: Mutex<Pending>,
    endings: mpsc::Sender<Ending>,
    clock: Clock,
    path: String,
}

/// Listens for the one visit that ends a sign-in.
pub struct CallbackServer {
    endings: mpsc::Receiver<Ending>,
    serving: Vec<JoinHandle<()>>,
    /// The servers end when this goes.
    keep_running: watch::Sender<()>,
}

impl CallbackServer {
    /// Listens at `address` for the answer to `pending`.
    pub async fn start(address: &Address, pending: Pending, clock: Clock) -> Result<Self, ListenError> {
        let (sender, endings) = mpsc::channel(1);
        let path = address.path.clone();
        let shared = Arc::new(Shared { pending: Mutex::new(pending), endings: sender, clock, path });
        let router = Router::new().fallback(get(answer)).with_state(shared);
        let (keep_running, stopped) = watch::channel(());
        let mut serving = Vec::new();
        let mut failure = None;
        for host in &address.hosts {
            let address = SocketAddr::new(*host, address.port);
            match TcpListener::bind(address).await {
                Ok(listener) => {
                    let mut stopped = stopped.clone();
                    let serve = axum::serve(listener, router.clone())
                        .with_graceful_shutdown(async move { while stopped.changed().await.is_ok() {} });
                    serving.push(tokio::spawn(async move { _ = serve.await }));
                }
                // Where another program listens, it would get the code.
                Err(source) if source.kind() == io::ErrorKind::AddrInUse => {
                    return Err(ListenError { address, source });
                }
                // A machine may lack one of the two families.
                Err(source) => failure = Some(ListenError { address, source }),
            }
        }
        match failure {
            Some(failure) if serving.is_empty() => Err(failure),
            _ => Ok(Self { endings, serving, keep_running }),
        }
    }

    /// Waits for the visit.
    pub async fn ending(&mut self) -> Option<Ending> {
        self.endings.recv().await
    }

    /// Ends when the last page has been sent, or after a few seconds.
    pub async fn finish(self) {
        let Self { serving, keep_running, endings } = self;
        drop((keep_running, endings));
        for task in serving {
            _ = tokio::time::timeout(LONGEST_GOODBYE, task).await;
        }
    }
}

async fn answer(State(shared): State<Arc<Shared>>, uri: Uri) -> Response {
    if uri.path() != shared.path {
        return Page::refused(StatusCode::NOT_FOUND, "Not found", "There is nothing here.").into_response();
    }
    let (now, query) = (shared.clock.now(), uri.query().unwrap_or_default());
    let visit = {
        let mut pending = shared.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.visit(query, now)
    };
    shared.conclude(visit).await.into_response()
}

impl Shared {
    async fn conclude(&self, visit: Callback) -> Page {
        const NOT_SIGNED_IN: &str = "Not signed in";
        let refused = |status, text: &str| Page::refused(status, NOT_SIGNED_IN, text);
        match visit {
            Callback::Code(code) => {
                let (told, outcome) = oneshot::channel();
                let heard = self.endings.send(Ending::Code(code, told)).await.is_ok();
                match (heard, outcome.await) {
                    (true, Ok(Ok(()))) => Page::signed_in(),
                    (true, Ok(Err(reason))) => refused(StatusCode::BAD_GATEWAY, &reason),
                    _ => refused(
                        StatusCode::GONE,
                        "The program that asked has ended. Start the sign-in again.",
                    ),
                }
            }
            Callback::Declined(reason) => {
                let page = refused(StatusCode::OK, &format!("The service says: {reason}."));
                _ = self.endings.send(Ending::Declined(reason)).await;
                page
            }
            Callback::Foreign => {
                tracing::warn!("a visit that does not belong to this sign-in was turned away");
                refused(
                    StatusCode::BAD_REQUEST,
                    "This visit does not belong to the sign-in that is under way. Open the address that the program \
                     printed.",
                )
            }
            Callback::Used => {
                refused(StatusCode::GONE, "This sign-in is over already. You can close this window.")
            }
            Callback::TooLate => {
                refused(StatusCode::GONE, "This sign-in took longer than 10 minutes. Start it again.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Result<Address, NoLoopback> {
        Address::of(&Url::parse(text).unwrap())
    }

    #[test]
    fn only_addresses_on_this_machine_can_be_listened_at() {
        let found = address("http://127.0.0.1:8400/callback").unwrap();
        let hosts = vec![IpAddr::V4(Ipv4Addr::LOCALHOST)];
        assert_eq!(found, Address { hosts, port: 8400, path: "/callback".to_owned() });
        assert_eq!(address("http://localhost/").unwrap().hosts.len(), 2);
        assert_eq!(address("http://localhost/").unwrap().port(), 80);
        assert_eq!(address("http://[::1]:1/x").unwrap().hosts, [IpAddr::V6(Ipv6Addr::LOCALHOST)]);
        for foreign in ["https://app.example.com/cb", "https://127.0.0.1:8400/cb", "http://192.0.2.1/cb"] {
            let error = address(foreign).unwrap_err();
            assert!(error.to_string().contains("--password-stdin"), "{error}");
        }
    }
}
