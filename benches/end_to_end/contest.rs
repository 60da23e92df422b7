//! One scenario: its server, its configuration, and everybody in turn.

use std::{
    cell::Cell,
    fs, io,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Stdio},
};

use audience_exporter::{
    clock::Clock,
    config::Config,
    simulator::{ConfigurationOptions, configuration, fleet},
    sink::FileFormat,
    time::to_display,
};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::{
    check,
    measure::{self, Cost, this_program},
    order::Order,
    plain::Target,
    scenario::{Contender, IN_FLIGHT, Scenario, Span},
};

/// The program that is measured.
const EXPORTER: &str = env!("CARGO_BIN_EXE_audience-exporter");

/// The folders of the exporter, below that of the contest.
const FOLDERS: [&str; 2] = ["data", "state"];

/// How many times as much history [`Contender::Long`] has.
const LONG: i64 = 5;

/// What one contender cost, run by run.
pub(crate) struct Score {
    pub(crate) contender: Contender,
    pub(crate) rows: usize,
    pub(crate) pages: usize,
    pub(crate) costs: Vec<Cost>,
}

/// A scenario that is about to run.
pub(crate) struct Contest<'a> {
    scenario: &'a Scenario,
    folder: PathBuf,
    /// How many exports have been set aside.
    set_aside: Cell<usize>,
    config: Config,
    server: Server,
    /// The time that decides what is due; hours that end later are not compared.
    now: DateTime<Utc>,
}

/// Serves as long as it lives.
struct Server {
    process: Child,
    host: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended.
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

impl<'a> Contest<'a> {
    /// Starts the server and writes the configuration, into a folder below `ground`.
    pub(crate) fn prepare(scenario: &'a Scenario, ground: &Path) -> Result<Self, String> {
        let folder = ground.join(scenario.name);
        fs::create_dir_all(&folder).map_err(failure("make a folder"))?;
        let server = Server::start(scenario).map_err(failure("start the server"))?;
        let path = folder.join("exporter.toml");
        let now = Clock::system().now();
        let text = configured(scenario, &server.host, now);
        fs::write(&path, &text).map_err(failure("write the configuration"))?;
        let config = Config::parse(&text, &path).map_err(|error| error.to_string())?;
        Ok(Self { scenario, folder, set_aside: Cell::new(0), config, server, now })
    }

    /// Lets everybody run once, checks what came out, and then lets them run in turn.
    pub(crate) fn run(&self, runs: usize) -> Result<Vec<Score>, String> {
        let score = |contender: &Contender| {
            let order = self.order(*contender);
            Score { contender: *contender, rows: order.rows(), pages: order.pages(), costs: Vec::new() }
        };
        let mut scores: Vec<Score> = self.scenario.contenders.iter().map(score).collect();
        for score in &scores {
            self.enter(score.contender)?;
            if !matches!(score.contender, Contender::Limit | Contender::Plain) {
                check::rows(&self.config, &self.order(score.contender))?;
            }
        }
        for _ in 0..runs {
            for score in &mut scores {
                score.costs.push(self.enter(score.contender)?);
            }
        }
        Ok(scores)
    }

    /// What `contender` has to fetch.
    fn order(&self, contender: Contender) -> Order {
        let Scenario { streams, span, partition, .. } = *self.scenario;
        let span = match (span, contender) {
            (Span::History(days), Contender::Long) => Span::History(days * LONG),
            _ => span,
        };
        let (from, to) = span.bounds(self.now);
        Order { host: self.server.host.clone(), streams, from, to, partition, in_flight: IN_FLIGHT }
    }

    fn enter(&self, contender: Contender) -> Result<Cost, String> {
        let folder = &*self.folder;
        let part = |name: &str, arguments: Vec<String>| {
            let arguments: Vec<String> = [name.to_owned()].into_iter().chain(arguments).collect();
            measure::run(Path::new(this_program().get_program()), &arguments, folder)
        };
        let order = self.order(contender);
        let cost = match contender {
            Contender::Limit => part("limit", order.arguments()),
            Contender::Plain => {
                let csv = matches!(self.scenario.format, FileFormat::Csv(_));
                let target = Target { file: folder.join("plain.out"), csv };
                part("plain", [order.arguments(), target.arguments()].concat())
            }
            Contender::Export | Contender::Long => {
                self.set_aside()?;
                self.export(&order)
            }
            Contender::Again => self.export_again(&order),
        };
        cost.map_err(|reason| format!("{} failed; {reason}", contender.as_str()))
    }

    /// Files of the run before are only moved out of the way: some file systems make new ones slowly after many were
    /// deleted, and that is not the exporter's.
    #[expect(clippy::disallowed_methods, reason = "nothing that is published")]
    fn set_aside(&self) -> Result<(), String> {
        let nth = self.set_aside.replace(self.set_aside.get() + 1);
        let aside = |name: &str| {
            let (from, to) = (self.folder.join(name), self.folder.join(format!("{name}-{nth}")));
            match fs::rename(from, to) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                outcome => outcome.map_err(failure("set old files aside")),
            }
        };
        FOLDERS.into_iter().try_for_each(aside)
    }

    fn export(&self, order: &Order) -> Result<Cost, String> {
        let command = match self.scenario.span {
            Span::History(_) => {
                vec![
                    "backfill".into(),
                    "--from".into(),
                    to_display(order.from),
                    "--to".into(),
                    to_display(order.to),
                ]
            }
            Span::Due => vec!["pull".to_owned()],
        };
        let arguments = [vec!["--config".into(), "exporter.toml".into()], command].concat();
        measure::run(Path::new(EXPORTER), &arguments, &self.folder)
    }

    /// The export once more, which must leave every file as it is.
    fn export_again(&self, order: &Order) -> Result<Cost, String> {
        let files = || check::files(&self.config.output_dir).map_err(failure("look at the files"));
        let before = files()?;
        let cost = self.export(order)?;
        if files()? == before {
            Ok(cost)
        } else {
            Err("files were written although nothing had changed".into())
        }
    }
}

impl Server {
    fn start(scenario: &Scenario) -> io::Result<Self> {
        let mut command = this_program();
        command.args(["server", &format!("--latency-ms={}", scenario.latency_ms)]);
        command.args(scenario.is_unsorted.then_some("--unsorted"));
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut port = String::new();
        if let Some(said) = process.stdout.take() {
            BufReader::new(said).read_line(&mut port)?;
        }
        Ok(Self { process, host: format!("127.0.0.1:{}", port.trim()) })
    }
}

/// The text of the exporter's configuration, whose limits are out of the way.
fn configured(scenario: &Scenario, host: &str, now: DateTime<Utc>) -> String {
    let (from, _) = scenario.span.bounds(now);
    let text = configuration(&ConfigurationOptions {
        base_url: &format!("http://{host}"),
        streams: &fleet(scenario.streams),
        timezone: Tz::UTC,
        output_dir: FOLDERS[0],
        state_dir: FOLDERS[1],
        concurrency: IN_FLIGHT,
        format: scenario.format,
        partition: scenario.partition,
        start: Some(from.date_naive()),
    });
    let text = text.replace("requests_per_second = 1000.0", "requests_per_second = 1000000.0");
    let per_stream = format!("[angus]\nper_stream_concurrency = {}\n", scenario.per_stream);
    if scenario.per_stream > 1 { text.replace("[angus]\n", &per_stream) } else { text }
}

fn failure(what: &'static str) -> impl Fn(io::Error) -> String {
    move |error| format!("cannot {what}: {error}")
}
