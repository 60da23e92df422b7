//! A simulator with a clock that the test sets, and a client of it.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use audience_exporter::{
    clock::Clock,
    simulator::{AccountOptions, Accounts, Faults, Simulator, SimulatorOptions, credentials},
};
use chrono::{DateTime, TimeDelta};
use reqwest::{Client, Method, RequestBuilder, header::HeaderMap, redirect::Policy};
use serde_json::Value;

/// 2026-02-11T10:30:00Z.
const NOW: i64 = 1_770_805_800;

pub(crate) struct Bench {
    pub(crate) simulator: Simulator,
    pub(crate) accounts: Accounts,
    client: Client,
    seconds: Arc<AtomicI64>,
}

/// An answer whose body arrived whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {:?}", self.body))
    }

    /// A text field of a JSON object.
    pub(crate) fn text(&self, field: &str) -> String {
        self.json()[field].as_str().unwrap_or_else(|| panic!("no {field} in {}", self.body)).to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// Status, and the reason as the OAuth endpoints give it.
    pub(crate) fn error(&self) -> (u16, String) {
        (self.status, self.text("error"))
    }
}

/// Access and refresh token.
pub(crate) type Tokens = (String, String);

pub(crate) fn tokens_of(answer: &Answer) -> Tokens {
    assert_eq!(answer.status, 200, "{}", answer.body);
    (answer.text("access_token"), answer.text("refresh_token"))
}

impl Bench {
    pub(crate) async fn start(options: SimulatorOptions) -> Self {
        // Fails where another test of this process was first, which is just as good.
        _ = rustls::crypto::ring::default_provider().install_default();
        let seconds = Arc::new(AtomicI64::new(NOW));
        let told = Arc::clone(&seconds);
        let clock = Clock::from_fn(move || DateTime::from_timestamp(told.load(Ordering::SeqCst), 0).unwrap());
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let simulator = Simulator::start(listen, options, clock).await.unwrap();
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        Self { accounts: simulator.accounts(), simulator, client, seconds }
    }

    pub(crate) async fn usual() -> Self {
        Self::start(SimulatorOptions::default()).await
    }

    pub(crate) async fn with(accounts: AccountOptions) -> Self {
        Self::start(SimulatorOptions { accounts, ..SimulatorOptions::default() }).await
    }

    pub(crate) async fn in_weather(faults: Faults) -> Self {
        Self::start(SimulatorOptions { faults, ..SimulatorOptions::default() }).await
    }

    pub(crate) fn pass_time(&self, time: TimeDelta) {
        self.seconds.fetch_add(time.num_seconds(), Ordering::SeqCst);
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.simulator.base_url()))
    }

    pub(crate) async fn try_send(request: RequestBuilder) -> reqwest::Result<Answer> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer { status, headers, body: response.text().await? })
    }

    pub(crate) async fn send(request: RequestBuilder) -> Answer {
        Self::try_send(request).await.unwrap()
    }

    /// Posts an encoded form; fields are written as they are on the wire.
    pub(crate) fn form(&self, path: &str, fields: &str) -> RequestBuilder {
        self.request(Method::POST, path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(fields.to_owned())
    }

    pub(crate) async fn post(&self, path: &str, fields: &str) -> Answer {
        Self::send(self.form(path, fields)).await
    }

    pub(crate) fn get(&self, path: &str, authorization: &str) -> RequestBuilder {
        self.request(Method::GET, path).header("authorization", authorization)
    }

    pub(crate) async fn simacan_password(&self) -> Tokens {
        let password = credentials::SIMACAN_PASSWORD;
        let fields = format!("username=simulated%40example.com&password={password}");
        tokens_of(&self.post("/simacan/api/v1/auth/password", &fields).await)
    }

    pub(crate) async fn simacan_refresh(&self, token: &str) -> Answer {
        self.post("/simacan/api/v1/auth/refresh", &format!("refresh_token={token}")).await
    }

    /// Sends a small delivery, and tells the status.
    pub(crate) async fn deliver(&self, token: &str) -> u16 {
        Self::send(self.delivery(token, "application/json", "[{}]")).await.status
    }

    pub(crate) fn delivery(&self, token: &str, content_type: &str, body: &str) -> RequestBuilder {
        self.request(Method::POST, "/simacan/trips/insertOrUpdate")
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", content_type)
            .body(body.to_owned())
    }

    pub(crate) async fn angelcam_password(&self) -> Tokens {
        let fields = format!(
            "grant_type=password&client_id=simulated-client&username=simulated%40example.com&password={}\
             &scope=user_access%20camera_access",
            credentials::ANGELCAM_PASSWORD
        );
        tokens_of(&self.post("/angelcam/oauth/token/", &fields).await)
    }

    pub(crate) async fn angelcam_refresh(&self, token: &str) -> Answer {
        let fields = format!("grant_type=refresh_token&client_id=simulated-client&refresh_token={token}");
        self.post("/angelcam/oauth/token/", &fields).await
    }

    /// Asks who is signed in, and tells the status.
    pub(crate) async fn me(&self, token: &str) -> u16 {
        Self::send(self.get("/angelcam/v1/me/", &format!("Bearer {token}"))).await.status
    }
}
