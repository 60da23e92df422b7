//! Alerts whose clock, waits and snapshots belong to the test.

use std::{
    fs,
    io::Write,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use audience_exporter::{
    alerts::{Alerts, Heartbeat},
    clock::Clock,
    config::Config,
    coverage::{Coverage, Standing},
    disk::Disks,
    ledger::{AlertBook, LastError, Ledger, SeriesStatus},
    publication::Archive,
    series::Series,
    sink::publish::RealDisk,
    status::{Exported, SeriesView, Snapshot},
    time::{TimeRange, parse_label},
    wire::{Timing, Traffic},
};
use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;
use tracing_subscriber::fmt::MakeWriter;

use crate::double::{Double, Request};

/// What no log may show.
pub(crate) const SECRET: &str = "T0SECRET";

/// How long one message may take: short where the other side never answers.
const TIMEOUT: Duration = Duration::from_millis(500);

/// As often as the daemon looks.
const STEP: TimeDelta = TimeDelta::seconds(30);

/// Alerts over a folder of their own, and everything that time does to them.
pub(crate) struct Bench {
    pub(crate) config: Config,
    pub(crate) archive: Arc<Archive>,
    alerts: Alerts,
    timing: Timing,
    seconds: Arc<AtomicI64>,
    waits: Arc<Mutex<Vec<Duration>>>,
    folder: TempDir,
    /// The last error of each stream, in order.
    errors: Vec<Option<&'static str>>,
}

impl Bench {
    /// Two streams in good order, and a webhook at the double.
    pub(crate) fn new(double: &Double) -> Self {
        Self::of_streams(double, 2)
    }

    pub(crate) fn of_streams(double: &Double, streams: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["webhook", "heartbeat"] {
            let address = format!("{}/{name}/{SECRET}?key={SECRET}\n", double.base_url());
            fs::write(folder.path().join(name), address).unwrap();
        }
        let mut text = "output_dir = \"data\"\nstate_dir = \"state\"\ntimezone = \"Europe/Paris\"\n\
             [alerts]\nwebhook = { file = \"webhook\" }\nheartbeat = { file = \"heartbeat\" }\n\
             [[jobs]]\nname = \"hourly\"\n"
            .to_owned();
        for number in 1..=streams {
            text += &format!(
                "[[streams]]\nname = \"entrance-{number:03}\"\nusername = \"ops@example.com\"\nclient_id = \"{number}\"\n\
                 access_token = {{ file = \"token\" }}\n"
            );
        }
        let config = Config::parse(&text, &folder.path().join("exporter.toml"));
        let config = config.unwrap_or_else(|error| panic!("{error}"));
        let begin = parse_label("2026-03-02T12:00:00Z").unwrap().timestamp();
        Self::open(config, folder, Arc::new(AtomicI64::new(begin)), vec![None; streams])
    }

    fn open(
        config: Config,
        folder: TempDir,
        seconds: Arc<AtomicI64>,
        errors: Vec<Option<&'static str>>,
    ) -> Self {
        listen();
        let waits = Arc::new(Mutex::new(Vec::new()));
        let (told, waited) = (Arc::clone(&seconds), Arc::clone(&waits));
        let timing = Timing {
            traffic: Traffic::default(),
            clock: Clock::from_fn(move || DateTime::from_timestamp(told.load(Ordering::SeqCst), 0).unwrap()),
            jitter: Arc::new(|| 0.0),
            sleep: Arc::new(move |wait| {
                waited.lock().unwrap().push(wait);
                Box::pin(async {})
            }),
        };
        let ledger = Ledger::open(&config.state_dir).unwrap();
        let (output_dir, state_dir) = (config.output_dir.clone(), config.state_dir.clone());
        let archive = Arc::new(Archive::new(output_dir, state_dir, ledger, Arc::new(RealDisk)));
        let alerts = Alerts::with_timeout(&config, Arc::clone(&archive), timing.clone(), TIMEOUT).unwrap();
        Self { config, archive, alerts, timing, seconds, waits, folder, errors }
    }

    /// The process ended, and another one begins over the same folder.
    pub(crate) fn restarted(self) -> Self {
        let Self { config, seconds, folder, errors, .. } = self;
        Self::open(config, folder, seconds, errors)
    }

    pub(crate) fn heartbeat(&self) -> Heartbeat {
        Heartbeat::new(&self.config.alerts, self.timing.clone()).unwrap()
    }

    /// From now on the last run of this stream ended like this.
    pub(crate) fn ends(&mut self, stream: usize, error: Option<&'static str>) {
        self.errors[stream] = error;
    }

    pub(crate) fn all_end(&mut self, error: Option<&'static str>) {
        self.errors.fill(error);
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.timing.clock.now()
    }

    pub(crate) fn pass(&self, time: TimeDelta) {
        self.seconds.fetch_add(time.num_seconds(), Ordering::SeqCst);
    }

    /// One look.
    pub(crate) async fn check(&self) {
        self.alerts.check(&self.snapshot(), &Disks::default()).await;
    }

    /// As many looks as the daemon takes in this time.
    pub(crate) async fn look_for(&self, time: TimeDelta) {
        let end = self.now() + time;
        while self.now() < end {
            self.pass(STEP);
            self.check().await;
        }
    }

    pub(crate) fn waits(&self) -> Vec<Duration> {
        self.waits.lock().unwrap().clone()
    }

    pub(crate) fn book(&self) -> AlertBook {
        self.archive.ledger.alert_book().unwrap()
    }

    pub(crate) fn write_webhook(&self, text: &str) {
        fs::write(self.folder.path().join("webhook"), text).unwrap();
    }

    /// Every series exported until now.
    fn snapshot(&self) -> Snapshot {
        let now = self.now();
        let range = TimeRange::new(now - TimeDelta::days(1), now).unwrap();
        let coverage = Coverage::default().with(range, Standing::Provisional);
        let series = Series::all(&self.config, None, None).into_iter().zip(&self.errors);
        let series = series.map(|(series, error)| {
            let last_error = error.map(|kind| LastError {
                at: now,
                kind: kind.to_owned(),
                message: "credentials refused (401); check username, client_id and access_token".to_owned(),
            });
            let status = SeriesStatus {
                coverage: coverage.clone(),
                files: 1,
                rows: 1,
                missing_buckets: 0,
                last_success: None,
                last_error,
            };
            let exported = Exported { status, gaps: Vec::new(), silent_since: None, suspicions: Vec::new() };
            SeriesView { series, exported: Some(exported), next_run: None }
        });
        let (deliveries, inventories) = (Vec::new(), Vec::new());
        let (accounts, streams) = (Vec::new(), Vec::new());
        Snapshot {
            at: now,
            daemon: None,
            series: series.collect(),
            deliveries,
            inventories,
            accounts,
            streams,
        }
    }
}

/// The texts that arrived, each as a webhook must be told.
pub(crate) fn texts(requests: &[Request]) -> Vec<String> {
    let text = |request: &Request| {
        assert_eq!(request.line(), format!("POST /webhook/{SECRET}?key={SECRET}"));
        assert_eq!(request.header("content-type"), Some("application/json"));
        let body = request.json();
        assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
        body["text"].as_str().unwrap().to_owned()
    };
    requests.iter().map(text).collect()
}

/// Everything that was logged in this process, down to trace.
pub(crate) fn log() -> String {
    String::from_utf8(listen().0.lock().unwrap().clone()).unwrap()
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn listen() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Log::default();
        let events = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
        events.with_writer(log.clone()).init();
        log
    })
}

/// No secret was ever logged.
#[track_caller]
pub(crate) fn assert_discreet() {
    let log = log();
    let line = log.lines().find(|line| line.contains(SECRET));
    assert_eq!(line, None);
}
