//! A service whose figures a test changes, and exports from it at whatever time the test says.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use audience_exporter::{
    clock::Clock,
    config::Config,
    exporter::{ProgressListener, Work},
    ledger::{Change, Ledger},
    manifest::{FILE_NAME, Manifest},
    report::RunReport,
    series::Series,
    shutdown::Shutdown,
    simulator::{Replay, Simulator, SimulatorOptions, Source, access_token},
    time::to_display,
    wire::Timing,
    workplace::Workplace,
};
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A stream `lobby`, counted in every hour from 20 days before the beginning until 20 days after it.
pub(crate) struct Town {
    runtime: Runtime,
    folder: TempDir,
    /// People by hours since the beginning.
    people: BTreeMap<i64, i64>,
    begin: DateTime<Utc>,
    now: Arc<AtomicI64>,
    simulator: Option<Simulator>,
    /// More keys of the job.
    job: String,
}

impl Town {
    pub(crate) fn new(job: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let begin = Clock::system().now() - TimeDelta::days(40);
        let begin = begin.duration_trunc(TimeDelta::days(1)).unwrap() + TimeDelta::hours(12);
        let people = (-20 * 24..20 * 24).map(|hour: i64| (hour, 100 + (hour * 37).rem_euclid(61))).collect();
        let mut town = Self {
            runtime: runtime.unwrap(),
            folder: tempfile::tempdir().unwrap(),
            people,
            begin,
            now: Arc::new(AtomicI64::new(begin.timestamp())),
            simulator: None,
            job: job.to_owned(),
        };
        town.serve();
        town
    }

    /// The hour that begins so many hours after the beginning.
    pub(crate) fn hour(&self, hour: i64) -> DateTime<Utc> {
        self.begin + TimeDelta::hours(hour)
    }

    /// What the service tells of an hour.
    pub(crate) fn people(&self, hour: i64) -> i64 {
        self.people[&hour]
    }

    /// From now on the service counts so many people more in an hour.
    pub(crate) fn restate(&mut self, hour: i64, more: i64) {
        *self.people.get_mut(&hour).unwrap() += more;
        self.serve();
    }

    /// From now on the service lacks an hour.
    pub(crate) fn forget(&mut self, hour: i64) {
        self.people.remove(&hour).unwrap();
        self.serve();
    }

    /// Changes the configuration of the job.
    pub(crate) fn configure(&mut self, job: &str) {
        job.clone_into(&mut self.job);
        self.serve();
    }

    /// Sets the clock of exports to so many hours after the beginning.
    pub(crate) fn set_clock(&self, hour: i64) {
        self.now.store(self.hour(hour).timestamp(), Ordering::Relaxed);
    }

    fn clock(&self) -> Clock {
        let now = Arc::clone(&self.now);
        Clock::from_fn(move || DateTime::from_timestamp(now.load(Ordering::Relaxed), 0).unwrap())
    }

    fn serve(&mut self) {
        if let Some(simulator) = self.simulator.take() {
            self.runtime.block_on(simulator.stop());
        }
        let lines = self.people.iter().map(|(hour, people)| {
            format!("lobby,{},{people}\n", to_display(self.begin + TimeDelta::hours(*hour)))
        });
        let path = self.folder.path().join("counts.csv");
        fs::write(&path, format!("stream,hour_start,passing_by\n{}", lines.collect::<String>())).unwrap();
        let source = Source::Replay(Replay::from_file(&path).unwrap());
        let options = SimulatorOptions { source, ..SimulatorOptions::default() };
        let listen = "127.0.0.1:0".parse().unwrap();
        let started = self.runtime.block_on(Simulator::start(listen, options, self.clock()));
        let simulator = started.unwrap();
        fs::write(self.config_path(), self.toml(&simulator.base_url())).unwrap();
        self.simulator = Some(simulator);
    }

    fn toml(&self, base_url: &str) -> String {
        let start = (self.begin - TimeDelta::days(19)).date_naive();
        format!(
            "output_dir = \"data\"\nstate_dir = \"state\"\n\
             [angus]\nconsole_url = \"{base_url}\"\ndata_url = \"{base_url}\"\nrequests_per_second = 1000.0\n\
             max_attempts = 1\n\
             [[streams]]\nname = \"lobby\"\nusername = \"u\"\nclient_id = \"lobby\"\naccess_token = \"{}\"\n\
             [[jobs]]\nname = \"hourly\"\nstart = \"{start}\"\nmetrics = [\"passing_by\"]\nformat = \"csv\"\n{}\n",
            access_token("lobby"),
            self.job
        )
    }

    fn config_path(&self) -> PathBuf {
        self.folder.path().join("exporter.toml")
    }

    pub(crate) fn config(&self) -> Config {
        Config::load(&self.config_path()).unwrap_or_else(|error| panic!("{error}"))
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// How many pages the present service was asked for.
    pub(crate) fn pages(&self) -> u64 {
        self.simulator.as_ref().unwrap().requests().entities
    }

    /// Stops answering.
    pub(crate) fn close(&mut self) {
        self.runtime.block_on(self.simulator.take().unwrap().stop());
    }

    /// Everything that is due by the clock of exports.
    pub(crate) fn pull(&self) -> RunReport {
        let config = self.config();
        let timing = Timing::real(self.clock());
        let progress: ProgressListener = Arc::new(|_| ());
        self.runtime.block_on(async {
            let workplace = Workplace::open(&config, timing, Shutdown::default()).unwrap();
            let exporter = workplace.exporter(&config).unwrap();
            let series = Series::all(&config, None, None);
            exporter.run("pull", series, &Work::Due, &progress).await.unwrap()
        })
    }

    /// The real program, by the real clock.
    pub(crate) fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_audience-exporter"));
        let output = command.arg("--config").arg(self.config_path()).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    }

    /// The journal, as the ledger has it.
    pub(crate) fn changes(&self) -> Vec<Change> {
        let ledger = Ledger::open(&self.state()).unwrap();
        let series = Series::all(&self.config(), None, None).remove(0);
        let known = ledger.find_series(&series.key()).unwrap().unwrap();
        ledger.changes(known.id, None).unwrap()
    }

    pub(crate) fn manifest(&self) -> Manifest {
        let bytes = fs::read(self.data().join("hourly/stream=lobby").join(FILE_NAME)).unwrap();
        Manifest::decode(&bytes).unwrap()
    }
}
