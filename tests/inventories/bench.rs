//! An account whose clock and waits belong to the test, and what the vendor would send it.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::{Duration, SystemTime},
};

use audience_exporter::{
    auth::{Accounts, Grant, Life, Vault},
    clock::Clock,
    config::{Config, Inventory},
    inventory::{Inventories, InventoryReport, Owner},
    ledger::{InventoryRecord, Ledger},
    publication::Archive,
    report::Failure,
    secret::Secret,
    shutdown::Shutdown,
    sink::publish::RealDisk,
    wire::{Timing, Traffic},
};
use chrono::{DateTime, TimeDelta};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::double::{Behaviour, Double, Request};

pub(crate) const ME: &str = "GET /v1/me/";
pub(crate) const CAMERAS: &str = "GET /v1/cameras/?limit=100";
pub(crate) const TOKEN: &str = "POST /oauth/token/";

/// When every test begins, in seconds since 1970.
const BEGIN: i64 = 1_800_000_000;

/// How the account signs in.
#[derive(Clone, Copy)]
pub(crate) enum SignIn {
    /// With the pair A1 and R1.
    Pair,
    /// With the personal token P1.
    Personal,
}

/// One process, its account `angelcam`, and everything that time does to them.
pub(crate) struct Bench {
    pub(crate) inventories: Inventories,
    config: Config,
    folder: Arc<TempDir>,
    time: Arc<Time>,
}

#[derive(Default)]
struct Time {
    millis: AtomicI64,
    waits: Mutex<Vec<Duration>>,
    stands_still: AtomicBool,
}

impl Bench {
    pub(crate) async fn new(double: &Double) -> Self {
        Self::with(double, SignIn::Pair, "csv", "").await
    }

    /// `extra` are more lines of the account.
    pub(crate) async fn with(double: &Double, sign_in: SignIn, format: &str, extra: &str) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let time = Arc::new(Time { millis: AtomicI64::new(BEGIN * 1000), ..Time::default() });
        let bench =
            Self::start(config(double.base_url(), sign_in, format, extra, folder.path()), folder, time);
        if let SignIn::Pair = sign_in {
            bench.sign_in("A1", "R1").await;
        }
        bench
    }

    fn start(config: Config, folder: Arc<TempDir>, time: Arc<Time>) -> Self {
        let ledger = Ledger::open(&config.state_dir).unwrap();
        let (output_dir, state_dir) = (config.output_dir.clone(), config.state_dir.clone());
        let archive = Archive::new(output_dir, state_dir, ledger, Arc::new(RealDisk));
        let timing = timing(&time);
        let vault = Arc::new(Vault::new(&config.state_dir, None).unwrap());
        let accounts = Arc::new(Accounts::new(&config, &vault, &timing).unwrap());
        let archive = Arc::new(archive);
        Self {
            inventories: Inventories { archive, accounts, timing, shutdown: Shutdown::default() },
            config,
            folder,
            time,
        }
    }

    /// Another process on the same folders, which talks to this double.
    pub(crate) fn beside(&self, double: &Double, format: &str) -> Self {
        let config = config(double.base_url(), SignIn::Pair, format, "", self.folder.path());
        Self::start(config, Arc::clone(&self.folder), Arc::clone(&self.time))
    }

    async fn sign_in(&self, access: &str, refresh: &str) {
        let secret = |text: &str| Secret::new(text.to_owned());
        let now = self.inventories.timing.clock.now();
        let life = Life::new(now, TimeDelta::seconds(36_000), TimeDelta::seconds(300));
        let grant = Grant { access: secret(access), refresh: Some(secret(refresh)), life };
        let session = self.inventories.accounts.get("angelcam").unwrap();
        session.tokens().unwrap().adopt(grant).await.unwrap();
    }

    pub(crate) fn inventory(&self) -> &Inventory {
        &self.config.inventories[0]
    }

    pub(crate) async fn take(&self) -> InventoryReport {
        // A daemon moves it between threads.
        fn sendable<T: Send>(work: T) -> T {
            work
        }
        sendable(self.inventories.take(self.inventory())).await
    }

    /// Takes it, which must go well.
    pub(crate) async fn taken(&self) -> InventoryReport {
        let report = self.take().await;
        assert_eq!(report.failure, None);
        report
    }

    /// Why it cannot be taken.
    pub(crate) async fn failure(&self) -> Failure {
        self.take().await.failure.expect("no failure")
    }

    pub(crate) async fn try_account(&self) -> Owner {
        let session = self.inventories.accounts.get("angelcam").unwrap();
        self.inventories.try_account(session).await.unwrap()
    }

    /// How long the account waited, each time.
    pub(crate) fn waits(&self) -> Vec<u64> {
        self.time.waits.lock().unwrap().iter().map(Duration::as_secs).collect()
    }

    pub(crate) fn pass(&self, time: TimeDelta) {
        self.time.millis.fetch_add(time.num_milliseconds(), Ordering::SeqCst);
    }

    /// From now on no wait ends.
    pub(crate) fn stop_time(&self) {
        self.time.stands_still.store(true, Ordering::SeqCst);
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.inventories.archive.ledger
    }

    pub(crate) fn record(&self) -> Option<InventoryRecord> {
        self.ledger().inventory("cameras").unwrap()
    }

    /// Everything that lies on disk.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn table_path(&self) -> PathBuf {
        self.config.output_dir.join("cameras").join(self.inventory().format.file_name())
    }

    pub(crate) fn table(&self) -> Vec<u8> {
        fs::read(self.table_path()).unwrap()
    }

    /// The lines of the table without its header.
    pub(crate) fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(self.table()).unwrap();
        assert!(text.starts_with("camera_id,name,type,status,tags\n"), "{text}");
        text.lines().skip(1).map(str::to_owned).collect()
    }

    /// The ids of the table.
    pub(crate) fn ids(&self) -> Vec<i64> {
        self.lines().iter().map(|line| line.split(',').next().unwrap().parse().unwrap()).collect()
    }

    /// Which file it is, and when it was last written.
    pub(crate) fn table_identity(&self) -> (u64, SystemTime) {
        let metadata = self.table_path().metadata().unwrap();
        (metadata.ino(), metadata.modified().unwrap())
    }
}

fn config(base_url: &str, sign_in: SignIn, format: &str, extra: &str, folder: &Path) -> Config {
    let sign_in = match sign_in {
        SignIn::Pair => format!("client_id = \"CID\"\ntoken_url = \"{base_url}/oauth/token/\""),
        SignIn::Personal => "personal_access_token = \"P1\"".to_owned(),
    };
    let text = format!(
        "output_dir = \"data\"\nstate_dir = \"state\"\n\
         [[streams]]\nname = \"lobby\"\nusername = \"u\"\nclient_id = \"c\"\naccess_token = \"t\"\n\
         [[jobs]]\nname = \"hourly\"\n\
         [[accounts]]\nname = \"angelcam\"\nkind = \"angelcam\"\napi_url = \"{base_url}/v1\"\n{sign_in}\n{extra}\n\
         [[inventories]]\nname = \"cameras\"\naccount = \"angelcam\"\nformat = \"{format}\"\n"
    );
    let config = Config::parse(&text, &folder.join("exporter.toml"));
    config.unwrap_or_else(|error| panic!("{error}"))
}

fn timing(time: &Arc<Time>) -> Timing {
    let (told, moved) = (Arc::clone(time), Arc::clone(time));
    let now = move || DateTime::from_timestamp_millis(told.millis.load(Ordering::SeqCst)).unwrap();
    Timing {
        traffic: Traffic::default(),
        clock: Clock::from_fn(now),
        jitter: Arc::new(|| 0.0),
        sleep: Arc::new(move |wait| {
            moved.waits.lock().unwrap().push(wait);
            if moved.stands_still.load(Ordering::SeqCst) {
                return Box::pin(std::future::pending());
            }
            moved.millis.fetch_add(i64::try_from(wait.as_millis()).unwrap(), Ordering::SeqCst);
            Box::pin(async {})
        }),
    }
}

pub(crate) fn asks(line: impl Into<String>, behaviour: impl Into<Behaviour>) -> (String, Behaviour) {
    (line.into(), behaviour.into())
}

/// The account is asked who it is, and answers.
pub(crate) fn tells_owner() -> (String, Behaviour) {
    asks(ME, owner(42))
}

/// The cameras are asked for, and this is all there is.
pub(crate) fn lists(cameras: &[Value]) -> (String, Behaviour) {
    asks(CAMERAS, page(cameras.len() as u64, None, cameras))
}

pub(crate) fn owner(id: i64) -> Behaviour {
    Behaviour::json(200, &json!({ "id": id, "email": "ops@example.com", "total_cameras_count": 2 }))
}

pub(crate) fn page(count: u64, next: Option<&str>, cameras: &[Value]) -> Behaviour {
    Behaviour::json(200, &json!({ "count": count, "next": next, "previous": null, "results": cameras }))
}

pub(crate) fn camera(id: i64, name: &str) -> Value {
    json!({ "id": id, "name": name, "type": "h264", "status": "online", "tags": ["shop"] })
}

/// A refusal of the API.
pub(crate) fn refuses(status: u16, title: &str, detail: impl Into<Value>) -> Behaviour {
    Behaviour::json(status, &json!({ "title": title, "detail": detail.into(), "status": status }))
}

pub(crate) fn throttles(detail: &str) -> Behaviour {
    refuses(429, "throttled", detail)
}

pub(crate) fn unauthenticated() -> Behaviour {
    refuses(401, "not_authenticated", "Authentication credentials were not provided.")
}

pub(crate) fn grants(access: &str, refresh: &str) -> Behaviour {
    Behaviour::json(
        200,
        &json!({ "access_token": access, "refresh_token": refresh, "token_type": "Bearer",
                 "expires_in": 36000, "scope": "read write" }),
    )
}

/// A vendor that has these cameras, and knows nothing but what the contract promises.
pub(crate) fn vendor(cameras: Vec<Value>) -> impl FnMut(&Request) -> Option<Behaviour> + Send + 'static {
    move |request| {
        let line = request.line();
        if line == ME {
            return Some(owner(42));
        }
        let offset = match line.strip_prefix(CAMERAS)? {
            "" => 0,
            rest => rest.strip_prefix("&offset=")?.parse().ok().filter(|offset| *offset > 0)?,
        };
        let end = (offset + 100).min(cameras.len());
        let next = (end < cameras.len())
            .then(|| format!("https://api.angelcam.com/v1/cameras/?limit=100&offset={end}"));
        Some(page(cameras.len() as u64, next.as_deref(), cameras.get(offset..end)?))
    }
}

/// The values of the header `Authorization`, in order.
pub(crate) fn authorizations(double: &Double) -> Vec<String> {
    let gets = double.requests().into_iter().filter(|request| request.method == "GET");
    gets.map(|request| request.header("authorization").unwrap_or("none").to_owned()).collect()
}
