//! A server of the Angus API that is never what a client waits for: one thread, and every page is rendered once and kept.

use std::{
    cell::RefCell,
    collections::HashMap,
    convert::Infallible,
    io::{self, Read},
    net::Ipv4Addr,
    process,
    rc::Rc,
    thread,
    time::Duration,
};

use audience_exporter::{clock::Clock, simulator::access_token};
use axum::body::{Body, Bytes, to_bytes};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    header::{AUTHORIZATION, CONTENT_TYPE},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

use super::{
    order::TOKEN_PATH,
    page::{Audience, ENTITIES_PATH},
};

/// How long a token is valid, in seconds.
const TOKEN_LIFE: i64 = 5 * 3600;

/// The longest body of a request.
const LONGEST_BODY: usize = 1 << 16;

/// The pages of one stream by their queries, rendered when they are first asked for.
#[derive(Default)]
struct Stream {
    client_id: String,
    pages: RefCell<HashMap<String, Bytes>>,
}

struct Server {
    audience: Audience,
    latency: Duration,
    is_unsorted: bool,
    /// The end of all tokens, in seconds since 1970.
    tokens_end: i64,
    by_token: RefCell<HashMap<String, Rc<Stream>>>,
}

/// Prints the port that it listens on, and serves until standard input ends, as it does when the benchmark dies.
pub(crate) fn serve(latency_ms: u64, is_unsorted: bool) {
    thread::spawn(|| {
        _ = io::stdin().read_to_end(&mut Vec::new());
        process::exit(0);
    });
    let server = Rc::new(Server {
        audience: Audience::new(),
        latency: Duration::from_millis(latency_ms),
        is_unsorted,
        tokens_end: Clock::system().now().timestamp() + TOKEN_LIFE,
        by_token: RefCell::default(),
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    tokio::task::LocalSet::new().block_on(&runtime, listen(server));
}

async fn listen(server: Rc<Server>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    println!("{}", listener.local_addr().expect("an address").port());
    loop {
        let (connection, _) = listener.accept().await.expect("a connection");
        connection.set_nodelay(true).expect("a connection");
        tokio::task::spawn_local(converse(Rc::clone(&server), connection));
    }
}

async fn converse(server: Rc<Server>, connection: TcpStream) {
    let answer = service_fn(move |request| {
        let server = Rc::clone(&server);
        async move { Ok::<_, Infallible>(server.answer(request).await) }
    });
    // A client that goes away is no concern of the server.
    _ = http1::Builder::new().serve_connection(TokioIo::new(connection), answer).await;
}

impl Server {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
        match (request.method(), request.uri().path()) {
            (&Method::GET, ENTITIES_PATH) => self.entities(&request),
            (&Method::POST, TOKEN_PATH) => self.token(request).await,
            _ => refusal(StatusCode::NOT_FOUND, "not_found", "there is nothing here"),
        }
    }

    fn entities(&self, request: &Request<Incoming>) -> Response<Body> {
        let authorization = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = authorization.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or("");
        let stream = self.by_token.borrow().get(token).map(Rc::clone);
        let Some(stream) = stream else {
            return refusal(StatusCode::UNAUTHORIZED, "invalid_jwt", "the token was not made here");
        };
        let query = request.uri().query().unwrap_or("");
        if let Some(page) = stream.pages.borrow().get(query) {
            return json_answer(StatusCode::OK, page.clone());
        }
        match self.audience.page(&stream.client_id, query, self.is_unsorted) {
            Ok(page) => {
                let page = Bytes::from(page);
                stream.pages.borrow_mut().insert(query.to_owned(), page.clone());
                json_answer(StatusCode::OK, page)
            }
            Err((code, message)) => refusal(StatusCode::BAD_REQUEST, code, &message),
        }
    }

    async fn token(&self, request: Request<Incoming>) -> Response<Body> {
        let body = to_bytes(Body::new(request.into_body()), LONGEST_BODY).await.unwrap_or_default();
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let client_id = body["client_id"].as_str().unwrap_or("");
        if body["access_token"].as_str() != Some(&*access_token(client_id)) {
            let reasons = json!({ "non_field_errors": ["Unable to log in with provided credentials."] });
            return json_answer(StatusCode::BAD_REQUEST, reasons.to_string().into());
        }
        let token = self.issue(client_id);
        json_answer(StatusCode::OK, json!({ "token": token }).to_string().into())
    }

    /// The token of a stream: always the same one, so that its pages are found by it.
    fn issue(&self, client_id: &str) -> String {
        let claims = json!({ "orig_iat": self.tokens_end - TOKEN_LIFE, "exp": self.tokens_end, "client_id": client_id });
        let header = json!({ "alg": "HS256", "typ": "JWT" });
        let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let token = format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode("not a signature"));
        let stream = || Rc::new(Stream { client_id: client_id.to_owned(), ..Stream::default() });
        self.by_token.borrow_mut().entry(token.clone()).or_insert_with(stream);
        token
    }
}

fn refusal(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    json_answer(status, json!({ "code": code, "message": message }).to_string().into())
}

fn json_answer(status: StatusCode, body: Bytes) -> Response<Body> {
    let answer = Response::builder().status(status).header(CONTENT_TYPE, "application/json");
    answer.body(Body::from(body)).expect("a valid answer")
}
