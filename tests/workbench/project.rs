//! A folder with a configuration, and the program at work in it.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use audience_exporter::{
    clock::Clock,
    config::Config,
    crash_point,
    series::Series,
    simulator::{access_token, fleet},
    time::local_midnight,
};
use chrono::TimeDelta;

use super::{
    STREAMS, Span, ZONE,
    books::{Books, Files},
    process::{Ended, Running},
};

/// What a project's configuration says.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) span: Span,
    pub(crate) lookback: &'static str,
    /// The tag `zone` of every stream.
    pub(crate) tag: &'static str,
    /// More lines of the job in CSV.
    pub(crate) csv: &'static str,
    /// Relative to the project's folder, unless they are absolute.
    pub(crate) output_dir: PathBuf,
    pub(crate) state_dir: PathBuf,
}

impl Layout {
    pub(crate) fn usual(span: Span) -> Self {
        Self {
            span,
            lookback: "48h",
            tag: "entrance",
            csv: "",
            output_dir: "data".into(),
            state_dir: "state".into(),
        }
    }

    /// The text of the configuration: one job in CSV by day, one in Parquet by month.
    fn toml(&self, base_url: &str) -> String {
        // A pull ends where the span does, for the next half an hour.
        let now = Clock::system().now();
        let settle = now - local_midnight(self.span.to, ZONE) - TimeDelta::minutes(30);
        let settle = settle.num_seconds().clamp(900, 30 * 86_400);
        let (output, state) = (self.output_dir.display(), self.state_dir.display());
        let jobs = [("daily", "csv", "day", self.csv), ("monthly", "parquet", "month", "")];
        let jobs = jobs.map(|(name, format, partition, more)| {
            format!(
                "[[jobs]]\nname = \"{name}\"\nstart = \"{}\"\nsettle = \"{settle}s\"\nlookback = \"{}\"\n\
                 format = \"{format}\"\npartition = \"{partition}\"\n{more}\n",
                self.span.from, self.lookback
            )
        });
        let streams = fleet(STREAMS).into_iter().map(|stream| {
            let secret = access_token(&stream.client_id);
            format!(
                "[[streams]]\nname = \"{}\"\nusername = \"{}\"\nclient_id = \"{}\"\naccess_token = \"{secret}\"\n\
                 tags = {{ zone = \"{}\" }}\n",
                stream.name, stream.username, stream.client_id, self.tag
            )
        });
        format!(
            "output_dir = \"{output}\"\nstate_dir = \"{state}\"\ntimezone = \"{ZONE}\"\n\
             [angus]\nconsole_url = \"{base_url}\"\ndata_url = \"{base_url}\"\nrequests_per_second = 1000.0\n{}{}",
            streams.collect::<String>(),
            jobs.concat(),
        )
    }
}

/// A folder with a configuration.
pub(crate) struct Project {
    folder: PathBuf,
    config: Config,
    logs: AtomicU32,
}

impl Project {
    pub(super) fn create(folder: &Path, base_url: &str, layout: &Layout) -> Self {
        fs::create_dir_all(folder).unwrap();
        let path = folder.join("exporter.toml");
        fs::write(&path, layout.toml(base_url)).unwrap();
        let config = Config::load(&path).unwrap_or_else(|error| panic!("{error}"));
        Self { folder: folder.to_owned(), config, logs: AtomicU32::new(0) }
    }

    pub(crate) fn output_dir(&self) -> &Path {
        &self.config.output_dir
    }

    pub(crate) fn state_dir(&self) -> &Path {
        &self.config.state_dir
    }

    pub(crate) fn ledger_path(&self) -> PathBuf {
        self.config.state_dir.join(audience_exporter::ledger::FILE_NAME)
    }

    /// Every job on every stream.
    pub(crate) fn series(&self) -> Vec<Series> {
        Series::all(&self.config, None, None)
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[impl AsRef<OsStr>]) -> Ended {
        self.start(arguments).wait()
    }

    /// Runs the program, which is told to die at the `times`-th passage of `step`.
    pub(crate) fn run_until_crash(
        &self,
        arguments: &[impl AsRef<OsStr>],
        step: crash_point::Step,
        times: u32,
    ) -> Ended {
        let at = format!("{}:{times}", step.as_str());
        let mut command = self.command(arguments);
        Running::start(command.env(crash_point::VARIABLE, at), self.log()).wait()
    }

    /// Starts the program.
    pub(crate) fn start(&self, arguments: &[impl AsRef<OsStr>]) -> Running {
        Running::start(&mut self.command(arguments), self.log())
    }

    fn command(&self, arguments: &[impl AsRef<OsStr>]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_audience-exporter"));
        command.arg("--config").arg(&self.config.path).args(arguments);
        command.env_remove(crash_point::VARIABLE).current_dir(&self.folder);
        command
    }

    fn log(&self) -> PathBuf {
        self.folder.join(format!("run-{}.log", self.logs.fetch_add(1, Ordering::Relaxed)))
    }

    /// Every published file.
    pub(crate) fn published(&self) -> Files {
        Files::published(self.output_dir())
    }

    /// Everything below the output folder whose name begins with `prefix`.
    pub(crate) fn beginning_with(&self, prefix: &str) -> Files {
        Files::beginning_with(self.output_dir(), prefix)
    }

    /// What the ledger says.
    pub(crate) fn books(&self) -> Books {
        Books::read(self.state_dir(), &self.series())
    }

    /// Has the same files and the same ledger, and nothing is left lying about.
    #[track_caller]
    pub(crate) fn assert_same(&self, files: &Files, books: &Books, when: &str) {
        self.published().assert_same(files, when);
        self.books().assert_same(books, when);
        let leftovers = self.beginning_with(".tmp-");
        assert!(leftovers.is_empty(), "{when}: {:?}", leftovers.paths());
    }

    /// Not one of these files was written again since, though it were with the same bytes.
    #[track_caller]
    pub(crate) fn assert_untouched(&self, files: &Files, when: &str) {
        assert!(self.published() == *files, "{when}: files were touched");
    }

    /// Readers see whole files only, and the ledger claims nothing that is not on disk.
    #[track_caller]
    pub(crate) fn assert_honest(&self, when: &str) {
        let files = self.published();
        let series = self.series();
        let rows = files.decode(&series, when);
        self.books().assert_covered_by(&series, &files, &rows, when);
    }
}
