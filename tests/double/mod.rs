//! A strict HTTP/1.1 double of the Angus systems, on raw sockets.
//!
//! It does what the test scripted, down to resets and endless bodies, and records every request. Whatever the test did
//! not expect is answered with status 500 and fails the test, at the latest when the double is dropped.

#![allow(dead_code, unused_imports, reason = "every test crate uses its own part of it")]

mod wire;

use std::{
    collections::VecDeque,
    mem,
    net::Ipv4Addr,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicU64, atomic::Ordering},
    thread,
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

pub(crate) use wire::{Answer, Behaviour, Gate, Request};

/// A request that a test waits for comes within this time, or never.
const DEADLINE: Duration = Duration::from_secs(30);

/// How often a double lets all other tasks run before it believes that nothing more is coming.
const TURNS: usize = 2_000;

type Handler = Box<dyn FnMut(&Request) -> Option<Behaviour> + Send>;

/// What the double knows to answer.
enum Plan {
    /// These requests (`GET /target`), in this order, each once.
    Script(VecDeque<(String, Behaviour)>),
    /// Whatever this makes of a request; `None` where it is not expected.
    Handler(Handler),
}

struct State {
    plan: Plan,
    requests: Vec<Request>,
    complaints: Vec<String>,
    in_flight: usize,
    most_in_flight: usize,
}

struct Shared {
    state: Mutex<State>,
    arrived: watch::Sender<usize>,
    body_bytes: AtomicU64,
}

/// One server on a port of its own. Dropping it verifies it.
pub(crate) struct Double {
    base_url: String,
    shared: Arc<Shared>,
    acceptor: JoinHandle<()>,
}

impl Double {
    /// Expects exactly these requests, in this order; a request is written `GET /target`.
    pub(crate) async fn script<S: Into<String>>(steps: impl IntoIterator<Item = (S, Behaviour)>) -> Self {
        Self::start(Plan::Script(
            steps.into_iter().map(|(line, behaviour)| (line.into(), behaviour)).collect(),
        ))
        .await
    }

    /// Expects nothing at all.
    pub(crate) async fn silent() -> Self {
        Self::start(Plan::Script(VecDeque::new())).await
    }

    /// Asks `handler` what to do about each request, where their order cannot be told before.
    pub(crate) async fn handler(handler: impl FnMut(&Request) -> Option<Behaviour> + Send + 'static) -> Self {
        Self::start(Plan::Handler(Box::new(handler))).await
    }

    async fn start(plan: Plan) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let state =
            State { plan, requests: Vec::new(), complaints: Vec::new(), in_flight: 0, most_in_flight: 0 };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            arrived: watch::Sender::new(0),
            body_bytes: AtomicU64::new(0),
        });
        let acceptor = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { base_url, shared, acceptor }
    }

    /// `http://127.0.0.1:<port>`
    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// From now on asks `handler` instead; what the plan so far still expected is a complaint.
    pub(crate) fn change_to(&self, handler: impl FnMut(&Request) -> Option<Behaviour> + Send + 'static) {
        let mut state = self.shared.state();
        let lacking = state.lacking();
        state.complaints.extend(lacking);
        state.plan = Plan::Handler(Box::new(handler));
    }

    /// Every request so far, in order of arrival.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.state().requests.clone()
    }

    /// How many requests of this method arrived so far.
    pub(crate) fn count(&self, method: &str) -> usize {
        self.shared.state().requests.iter().filter(|request| request.method == method).count()
    }

    /// The most requests that were ever unanswered at the same time.
    pub(crate) fn most_in_flight(&self) -> usize {
        self.shared.state().most_in_flight
    }

    /// Bytes of endless bodies that were sent.
    pub(crate) fn endless_bytes(&self) -> u64 {
        self.shared.body_bytes.load(Ordering::Relaxed)
    }

    /// Waits until so many requests have arrived.
    pub(crate) async fn received(&self, requests: usize) {
        let mut arrived = self.shared.arrived.subscribe();
        let waited = tokio::time::timeout(DEADLINE, arrived.wait_for(|count| *count >= requests)).await;
        assert!(waited.is_ok(), "only {:?} of {requests} requests came", self.requests());
    }

    /// Lets every other task of this runtime run as far as it can, so that what must not happen had its chance.
    pub(crate) async fn settle(&self) {
        for _ in 0..TURNS {
            tokio::task::yield_now().await;
        }
    }

    /// Panics where a request came that was not expected, or did not come although it was.
    pub(crate) fn verify(&self) {
        let complaints = {
            let mut state = self.shared.state();
            let lacking = state.lacking();
            state.complaints.extend(lacking);
            mem::take(&mut state.complaints)
        };
        assert!(complaints.is_empty(), "the double complains:\n{}", complaints.join("\n"));
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.acceptor.abort();
        if !thread::panicking() {
            self.verify();
        }
    }
}

impl State {
    /// What the script still expects; it expects it no longer.
    fn lacking(&mut self) -> Vec<String> {
        match &mut self.plan {
            Plan::Script(steps) => steps.drain(..).map(|(line, _)| format!("never asked: {line}")).collect(),
            Plan::Handler(_) => Vec::new(),
        }
    }

    fn behaviour(&mut self, request: &Request) -> Option<Behaviour> {
        // The contract's fifth vector: a raw plus is a space to whoever reads it.
        if request.target.contains('+') {
            return None;
        }
        match &mut self.plan {
            Plan::Script(steps) => steps.pop_front_if(|(line, _)| *line == request.line()).map(|step| step.1),
            Plan::Handler(handler) => handler(request),
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn complain(&self, complaint: String) {
        self.state().complaints.push(complaint);
    }

    async fn serve(&self, stream: TcpStream) {
        match Request::read(&stream).await {
            Ok(Some(request)) => {
                let behaviour = self.take_in(request);
                if let Err(complaint) = behaviour.perform(&stream, &self.body_bytes).await {
                    self.complain(complaint);
                }
                self.state().in_flight -= 1;
            }
            Ok(None) => {}
            Err(complaint) => self.complain(complaint),
        }
    }

    fn take_in(&self, request: Request) -> Behaviour {
        let mut state = self.state();
        state.in_flight += 1;
        state.most_in_flight = state.most_in_flight.max(state.in_flight);
        let behaviour = state.behaviour(&request).unwrap_or_else(|| {
            state.complaints.push(format!("not expected: {request:?}"));
            Behaviour::text(500, "the test did not expect this request")
        });
        state.requests.push(request);
        self.arrived.send_replace(state.requests.len());
        behaviour
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        tokio::spawn(async move { shared.serve(stream).await });
    }
}
