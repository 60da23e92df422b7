//! A courier whose clock, jitter and waits belong to the test, files that were really published, and what the target
//! would answer.

use std::{
    fmt::Write as _,
    fs,
    future::pending,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use audience_exporter::{
    auth::{Accounts, Vault},
    clock::Clock,
    config::Config,
    delivery::{Courier, DeliveryReport, Urgency},
    failure::FailureKind,
    ledger::{Ledger, OutboxStatus},
    publication::{Archive, Asked},
    row::{Count, Row},
    series::Series,
    shutdown::Shutdown,
    sink::publish::{RealDisk, hash},
    time::{BucketSize, TimeRange, Window},
    wire::{Timing, Traffic},
};
use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::double::{Behaviour, Double, Request};

pub(crate) const TARGET: &str = "/trips/insertOrUpdate";
pub(crate) const POST: &str = "POST /trips/insertOrUpdate";
pub(crate) const PUT: &str = "PUT /trips/insertOrUpdate";
pub(crate) const PASSWORD: &str = "POST /api/v1/auth/password";
pub(crate) const REFRESH: &str = "POST /api/v1/auth/refresh";

/// The first of May 2026, when every test begins: long after whatever it publishes.
const BEGIN: i64 = 1_777_593_600;

const DELIVERY: &str = "partner-hourly";

/// A run ends within this time, or never.
const DEADLINE: Duration = Duration::from_mins(1);

/// What a test changes of the usual configuration. `BASE` stands for the address of the double.
#[derive(Clone)]
pub(crate) struct Setup {
    /// Lines at the end of stream `lobby`.
    pub(crate) lobby: String,
    /// Lines at the end of the job.
    pub(crate) job: String,
    /// Lines at the end of the delivery.
    pub(crate) delivery: String,
    /// More sections.
    pub(crate) more: String,
    /// Whether stream `mall` is configured.
    pub(crate) has_mall: bool,
}

impl Default for Setup {
    fn default() -> Self {
        let job = "format = \"csv\"".to_owned();
        Self { lobby: String::new(), job, delivery: String::new(), more: String::new(), has_mall: true }
    }
}

impl Setup {
    pub(crate) fn delivery(lines: &str) -> Self {
        Self { delivery: lines.to_owned(), ..Self::default() }
    }

    fn text(&self, base: &str) -> String {
        let Self { lobby, job, delivery, more, has_mall } = self;
        let login = "username = \"ops@example.com\"\nclient_id = \"CID\"\naccess_token = \"x\"";
        let mall = if *has_mall { format!("[[streams]]\nname = \"mall\"\n{login}\n") } else { String::new() };
        let text = format!(
            r#"output_dir = "data"
state_dir = "state"
[[streams]]
name = "lobby"
{login}
{lobby}
{mall}
[[jobs]]
name = "hourly"
metrics = ["passing_by"]
start = "2026-03-01"
{job}
[[accounts]]
name = "partner"
kind = "simacan"
base_url = "BASE/api/v1"
username = "ops@example.com"
password = "p&w=1 %"
[[deliveries]]
name = "{DELIVERY}"
job = "hourly"
account = "partner"
url = "BASE/trips/insertOrUpdate"
{delivery}
{more}"#
        );
        text.replace("BASE", base)
    }
}

/// One version of a published file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) path: PathBuf,
    pub(crate) bytes: Vec<u8>,
    /// The key that it is sent under.
    pub(crate) key: String,
}

/// A courier over a folder of its own, and everything that time does to it.
pub(crate) struct Bench {
    pub(crate) config: Config,
    pub(crate) archive: Arc<Archive>,
    pub(crate) shutdown: Shutdown,
    courier: Arc<Courier>,
    base: String,
    folder: TempDir,
    waits: Arc<Mutex<Vec<Duration>>>,
    waits_for_ever: Arc<AtomicBool>,
    millis: Arc<AtomicI64>,
}

impl Bench {
    pub(crate) fn new(double: &Double) -> Self {
        Self::with(double, &Setup::default())
    }

    pub(crate) fn with(double: &Double, setup: &Setup) -> Self {
        Self::open(
            double.base_url(),
            setup,
            tempfile::tempdir().unwrap(),
            Arc::new(AtomicI64::new(BEGIN * 1000)),
        )
    }

    /// The process ended, and another one begins over the same folder.
    pub(crate) fn restarted(self) -> Self {
        self.restarted_with(&Setup::default())
    }

    /// As [`Self::restarted`], after somebody edited the configuration.
    pub(crate) fn restarted_with(self, setup: &Setup) -> Self {
        let Self { base, folder, millis, .. } = self;
        Self::open(&base, setup, folder, millis)
    }

    fn open(base: &str, setup: &Setup, folder: TempDir, millis: Arc<AtomicI64>) -> Self {
        let config = Config::parse(&setup.text(base), &folder.path().join("exporter.toml"));
        let config = config.unwrap_or_else(|error| panic!("{error}"));
        let waits = Arc::new(Mutex::new(Vec::new()));
        let waits_for_ever = Arc::new(AtomicBool::new(false));
        let timing = timing(&waits, &millis, &waits_for_ever);
        let ledger = Ledger::open(&config.state_dir).unwrap().with_clock(timing.clock.clone());
        let names: Vec<_> = config.deliveries.iter().map(|found| (&*found.name, &*found.job.name)).collect();
        ledger.enroll_deliveries(&names, timing.clock.now()).unwrap();
        let (output_dir, state_dir) = (config.output_dir.clone(), config.state_dir.clone());
        let archive = Arc::new(Archive::new(output_dir, state_dir, ledger, Arc::new(RealDisk)));
        let vault = Arc::new(Vault::new(&config.state_dir, None).unwrap());
        let accounts = Arc::new(Accounts::new(&config, &vault, &timing).unwrap());
        let shutdown = Shutdown::default();
        let courier = Courier::new(&config, Arc::clone(&archive), accounts, timing, shutdown.clone());
        let base = base.to_owned();
        Self {
            config,
            archive,
            shutdown,
            courier: Arc::new(courier),
            base,
            folder,
            waits,
            waits_for_ever,
            millis,
        }
    }

    /// Publishes two hours of a day, counted from the first of March 2026.
    pub(crate) fn publish(&self, stream: &str, day: u32, people: i64) -> Version {
        self.publish_with(stream, day, people, |_| ())
    }

    pub(crate) fn publish_with(
        &self,
        stream: &str,
        day: u32,
        people: i64,
        change: impl Fn(&mut Row),
    ) -> Version {
        let series = self.series(stream);
        let now = self.now();
        let ledger = &self.archive.ledger;
        let known = ledger.series(&series.key(), &series.layout(), &series.style(), now).unwrap();
        let midnight = midnight(day);
        let range = TimeRange::new(midnight, midnight + TimeDelta::days(1)).unwrap();
        assert_eq!(series.rules.grid.size(), BucketSize::Hour);
        let window = Window::new(range, series.rules.grid).unwrap();
        let rows = [8, 9].map(|hour| {
            let start = midnight + TimeDelta::hours(hour);
            let mut row = Row::new(start, start + TimeDelta::hours(1));
            row.set_count(Count::PassingBy, Some(people + hour));
            change(&mut row);
            row
        });
        self.archive.publish(&series, known.id, &window, rows.to_vec(), Asked { at: now, run: 1 }).unwrap();
        self.version(stream, day)
    }

    /// What is published of that day now.
    pub(crate) fn version(&self, stream: &str, day: u32) -> Version {
        let folder = format!("hourly/stream={stream}/date={}", midnight(day).format("%Y-%m-%d"));
        let file_name = self.series(stream).job.format.file_name();
        let path = self.config.output_dir.join(folder).join(file_name);
        let bytes = fs::read(&path).unwrap();
        let key = hash(&bytes).iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        });
        Version { path, bytes, key }
    }

    pub(crate) fn series(&self, stream: &str) -> Series {
        Series::all(&self.config, None, Some(stream)).remove(0)
    }

    /// A run of every delivery in a task of its own, which can be killed.
    pub(crate) fn begin(&self, urgency: Urgency) -> JoinHandle<Vec<DeliveryReport>> {
        let (courier, deliveries) = (Arc::clone(&self.courier), self.config.deliveries.clone());
        tokio::spawn(async move { courier.deliver(&deliveries, urgency).await })
    }

    /// A run of the first delivery.
    pub(crate) async fn deliver(&self) -> DeliveryReport {
        self.deliver_all(Urgency::WhenDue).await.remove(0)
    }

    /// The same, asked for by a person.
    pub(crate) async fn deliver_now(&self) -> DeliveryReport {
        self.deliver_all(Urgency::Now).await.remove(0)
    }

    /// A run of every delivery.
    pub(crate) async fn deliver_all(&self, urgency: Urgency) -> Vec<DeliveryReport> {
        let ended = tokio::time::timeout(DEADLINE, self.begin(urgency)).await;
        ended.expect("the run does not end").unwrap()
    }

    pub(crate) fn status(&self) -> OutboxStatus {
        self.archive.ledger.outbox_status(DELIVERY).unwrap()
    }

    /// What is parked, and why, in order.
    pub(crate) fn parked(&self) -> Vec<(String, String)> {
        let parked = self.archive.ledger.outbox_parked(DELIVERY, 100).unwrap();
        parked.into_iter().map(|(entry, error)| (entry.path, error.message)).collect()
    }

    pub(crate) fn retry_parked(&self) -> u64 {
        self.archive.ledger.outbox_retry_parked(DELIVERY).unwrap()
    }

    /// How long the courier waited between attempts, each time, in seconds.
    pub(crate) fn waits(&self) -> Vec<u64> {
        self.waits.lock().unwrap().iter().map(Duration::as_secs).collect()
    }

    /// From now on no wait of the courier ends.
    pub(crate) fn wait_for_ever(&self) {
        self.waits_for_ever.store(true, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.millis.load(Ordering::SeqCst)).unwrap()
    }

    /// Time goes by.
    pub(crate) fn pass(&self, time: TimeDelta) {
        self.millis.fetch_add(time.num_milliseconds(), Ordering::SeqCst);
    }

    /// The text of the file that keeps the account's tokens.
    pub(crate) fn kept_tokens(&self) -> String {
        fs::read_to_string(self.config.state_dir.join("tokens/account.partner.json")).unwrap()
    }
}

fn midnight(day: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 1, 0, 0, 0).unwrap() + TimeDelta::days(i64::from(day) - 1)
}

fn timing(waits: &Arc<Mutex<Vec<Duration>>>, millis: &Arc<AtomicI64>, for_ever: &Arc<AtomicBool>) -> Timing {
    let (waits, told, moved) = (Arc::clone(waits), Arc::clone(millis), Arc::clone(millis));
    let for_ever = Arc::clone(for_ever);
    Timing {
        traffic: Traffic::default(),
        clock: Clock::from_fn(move || DateTime::from_timestamp_millis(told.load(Ordering::SeqCst)).unwrap()),
        jitter: Arc::new(|| 0.0),
        sleep: Arc::new(move |wait| {
            waits.lock().unwrap().push(wait);
            moved.fetch_add(i64::try_from(wait.as_millis()).unwrap(), Ordering::SeqCst);
            if for_ever.load(Ordering::SeqCst) { Box::pin(pending()) } else { Box::pin(async {}) }
        }),
    }
}

/// One upload as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arrived {
    pub(crate) token: String,
    pub(crate) key: String,
    pub(crate) content_type: String,
    pub(crate) body: Vec<u8>,
}

impl Arrived {
    pub(crate) fn of(request: &Request) -> Self {
        let header =
            |name| request.header(name).unwrap_or_else(|| panic!("no {name}: {request:?}")).to_owned();
        let token = header("authorization").strip_prefix("Bearer ").unwrap().to_owned();
        let (key, content_type) = (header("idempotency-key"), header("content-type"));
        Self { token, key, content_type, body: request.body.clone() }
    }
}

/// Every upload so far.
pub(crate) fn uploads(double: &Double) -> Vec<Arrived> {
    double.requests().iter().filter(|request| request.target == TARGET).map(Arrived::of).collect()
}

/// Their keys.
pub(crate) fn keys(double: &Double) -> Vec<String> {
    uploads(double).into_iter().map(|upload| upload.key).collect()
}

/// Access token `A<number>`, refresh token `R<number>`.
pub(crate) fn pair(number: u32) -> Behaviour {
    let (access, refresh) = (format!("A{number}"), format!("R{number}"));
    let pair = json!({
        "access_token": access, "refresh_token": refresh, "token_type": "bearer", "expires_in": 3600,
    });
    Behaviour::json(200, &pair)
}

pub(crate) fn signs_in() -> (&'static str, Behaviour) {
    (PASSWORD, pair(1))
}

/// An answer without a body.
pub(crate) fn empty(status: u16) -> Behaviour {
    Behaviour::text(status, "")
}

#[track_caller]
pub(crate) fn assert_failed(report: &DeliveryReport, kind: FailureKind, words: &str) {
    let failure = report.failure.as_ref().unwrap_or_else(|| panic!("no failure: {report:?}"));
    assert_eq!(failure.kind, kind, "{report:?}");
    assert!(failure.message.contains(words), "{report:?}");
}

/// What a run did and left: delivered, parked, still pending, awaiting.
pub(crate) fn counts(report: &DeliveryReport) -> [u64; 4] {
    [report.delivered, report.parked, report.still_pending, report.awaiting]
}

#[track_caller]
pub(crate) fn assert_went_well(report: &DeliveryReport, expected: [u64; 4]) {
    assert_eq!((counts(report), &report.failure, report.is_busy), (expected, &None, false));
}
