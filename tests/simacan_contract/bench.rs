//! The accounts of a configuration, whose clock and waits belong to the test, and whose addresses are those of a double.

#![allow(dead_code, reason = "both contracts of accounts use their own part of it")]

use std::{
    fs,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use audience_exporter::{
    auth::{AccountSession, Accounts, AuthError, CallError, Reply, Token, Vault},
    clock::Clock,
    config::Config,
    wire::{Endpoint, Timing, Traffic},
};
use chrono::DateTime;

use crate::double::{Behaviour, Request};

/// When every test begins, in seconds since 1970.
const BEGIN: i64 = 1_700_000_000;

/// What every configuration needs besides accounts.
const STREAM_AND_JOB: &str = r#"
output_dir = "data"
state_dir = "state"
[[streams]]
name = "lobby"
username = "ops@example.com"
client_id = "1111"
access_token = { file = "secrets/lobby" }
[[jobs]]
name = "hourly"
"#;

/// One machine: a configuration and a folder of state, a clock, and the process that runs there now.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
    text: String,
    accounts: Accounts,
    waits: Arc<Mutex<Vec<Duration>>>,
    millis: Arc<AtomicI64>,
}

impl Bench {
    /// `accounts` is the part of the configuration about accounts, and `secrets` are files that it names.
    pub(crate) fn new(accounts: &str, secrets: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("secrets")).unwrap();
        for (name, secret) in secrets {
            fs::write(folder.path().join("secrets").join(name), secret).unwrap();
        }
        let text = format!("{STREAM_AND_JOB}{accounts}");
        let (waits, millis) = (Arc::default(), Arc::new(AtomicI64::new(BEGIN * 1000)));
        let accounts = open(&text, folder.path(), &timing(&waits, &millis));
        Self { folder, text, accounts, waits, millis }
    }

    /// The process ends, and another one starts.
    pub(crate) fn restart(&mut self) {
        self.accounts = self.beside();
    }

    /// The same with `old` replaced by `new` in the configuration.
    pub(crate) fn restart_with(&mut self, old: &str, new: &str) {
        assert!(self.text.contains(old), "{}", self.text);
        self.text = self.text.replace(old, new);
        self.restart();
    }

    /// Another process on the same machine.
    pub(crate) fn beside(&self) -> Accounts {
        open(&self.text, self.folder.path(), &timing(&self.waits, &self.millis))
    }

    /// Writes another secret to a file of secrets.
    pub(crate) fn change_secret(&self, name: &str, secret: &str) {
        fs::write(self.folder.path().join("secrets").join(name), secret).unwrap();
    }

    pub(crate) fn clock(&self) -> Clock {
        timing(&self.waits, &self.millis).clock
    }

    /// The account.
    pub(crate) fn session(&self) -> &Arc<AccountSession> {
        session(&self.accounts)
    }

    pub(crate) async fn token(&self) -> Result<Token, AuthError> {
        self.session().token(None).await
    }

    /// A `GET` to the target.
    pub(crate) async fn get(&self, url: &str) -> Result<Reply, CallError> {
        get(self.session(), url).await
    }

    /// Why there is no token.
    pub(crate) async fn failure(&self) -> AuthError {
        self.token().await.err().expect("no token")
    }

    /// How long was waited between attempts, each time.
    pub(crate) fn waits(&self) -> Vec<Duration> {
        self.waits.lock().unwrap().clone()
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.millis.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    /// Everything that is kept of all accounts.
    pub(crate) fn kept(&self) -> String {
        let files = fs::read_dir(self.folder.path().join("state/tokens")).unwrap();
        files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect()
    }
}

/// The only account of a process.
pub(crate) fn session(accounts: &Accounts) -> &Arc<AccountSession> {
    accounts.iter().next().unwrap()
}

/// A `GET` to the target.
pub(crate) async fn get(session: &AccountSession, url: &str) -> Result<Reply, CallError> {
    session.send(Endpoint::Delivery, |http| http.get(reqwest::Url::parse(url).unwrap())).await
}

fn open(text: &str, folder: &Path, timing: &Timing) -> Accounts {
    let config = Config::parse(text, &folder.join("exporter.toml"));
    let config = config.unwrap_or_else(|error| panic!("{error}"));
    let vault = Arc::new(Vault::new(&config.state_dir, config.token_key.as_ref()).unwrap());
    Accounts::new(&config, &vault, timing).unwrap()
}

fn timing(waits: &Arc<Mutex<Vec<Duration>>>, millis: &Arc<AtomicI64>) -> Timing {
    let (waits, told, moved) = (Arc::clone(waits), Arc::clone(millis), Arc::clone(millis));
    Timing {
        traffic: Traffic::default(),
        clock: Clock::from_fn(move || DateTime::from_timestamp_millis(told.load(Ordering::SeqCst)).unwrap()),
        jitter: Arc::new(|| 0.0),
        sleep: Arc::new(move |wait| {
            waits.lock().unwrap().push(wait);
            moved.fetch_add(i64::try_from(wait.as_millis()).unwrap(), Ordering::SeqCst);
            Box::pin(async {})
        }),
    }
}

/// A request and what comes of it, as the script of a double.
pub(crate) fn step(line: &str, behaviour: impl Into<Behaviour>) -> (String, Behaviour) {
    (line.to_owned(), behaviour.into())
}

/// A form with exactly this body went to a token address, and nothing else that could identify us.
#[track_caller]
pub(crate) fn assert_form(request: &Request, body: &str) {
    assert_eq!(String::from_utf8_lossy(&request.body), body);
    assert_eq!(request.method, "POST");
    assert_eq!(request.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(request.header("authorization"), None);
    assert!(!request.target.contains('?'), "{request:?}");
}

/// What each request for the target showed as its token.
pub(crate) fn shown(requests: &[Request]) -> Vec<String> {
    let shown = |request: &Request| request.header("authorization").map(str::to_owned);
    requests.iter().filter_map(shown).collect()
}
