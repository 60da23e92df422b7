//! What the tests of the real binary share: a simulated service, project folders, and a look at what they hold.

#![allow(dead_code, reason = "each test file uses its part of it")]

pub(crate) mod books;
pub(crate) mod process;
pub(crate) mod project;
pub(crate) mod tmpfs;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use audience_exporter::{
    clock::Clock,
    simulator::{Believable, Simulator, SimulatorOptions, Source},
};
use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use self::{
    books::{Books, Files},
    project::{Layout, Project},
};

/// Streams of every project. The first is closed on Sundays, and the second misses hours.
pub(crate) const STREAMS: usize = 2;

pub(crate) const ZONE: Tz = Tz::Europe__Paris;

/// The local days that a test exports.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) from: NaiveDate,
    pub(crate) to: NaiveDate,
}

impl Span {
    /// October of 2025 and some days: its month has an hour more than one window may have, so that its file is
    /// published in two slices.
    pub(crate) fn autumn() -> Self {
        let date = |month, day| NaiveDate::from_ymd_opt(2025, month, day).unwrap();
        Self { from: date(10, 1), to: date(11, 5) }
    }

    /// Five weeks that ended four days ago: what a `pull` reaches.
    pub(crate) fn recent() -> Self {
        let today = Clock::system().now().with_timezone(&ZONE).date_naive();
        let to = today - Days::new(4);
        Self { from: to - Days::new(35), to }
    }

    /// The command that exports it.
    pub(crate) fn backfill(self) -> Vec<String> {
        self.backfill_days(0, 35)
    }

    /// The command that exports its days from `first` to before `last`, counted from 0.
    pub(crate) fn backfill_days(self, first: u64, last: u64) -> Vec<String> {
        let day = |index: u64| (self.from + Days::new(index)).to_string();
        words(&["backfill", "--from", &day(first), "--to", &day(last)])
    }
}

/// A command line.
pub(crate) fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// A simulated service, and a place for projects that export from it.
pub(crate) struct Workbench {
    runtime: Runtime,
    simulator: Simulator,
    folder: TempDir,
}

impl Workbench {
    /// A service that answers at once, with large pages.
    pub(crate) fn new() -> Self {
        Self::serving(400, Duration::ZERO)
    }

    pub(crate) fn serving(page_size: usize, latency: Duration) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.unwrap();
        let options = SimulatorOptions {
            source: Source::Believable(Believable::of_fleet(STREAMS, ZONE)),
            page_size,
            latency,
            seed: 7,
            ..SimulatorOptions::default()
        };
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let simulator = runtime.block_on(Simulator::start(listen, options, Clock::system())).unwrap();
        Self { runtime, simulator, folder: tempfile::tempdir().unwrap() }
    }

    /// A folder for one project; the same name gives the same folder.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A new project with the usual folders.
    pub(crate) fn project(&self, name: &str, span: Span) -> Project {
        self.project_with(name, &Layout::usual(span))
    }

    pub(crate) fn project_with(&self, name: &str, layout: &Layout) -> Project {
        Project::create(&self.folder(name), &self.simulator.base_url(), layout)
    }

    /// What a project looks like in which `command` ran once, undisturbed.
    pub(crate) fn undisturbed(&self, span: Span, command: &[String]) -> (Project, Files, Books) {
        self.undisturbed_with(&Layout::usual(span), command)
    }

    pub(crate) fn undisturbed_with(&self, layout: &Layout, command: &[String]) -> (Project, Files, Books) {
        let project = self.project_with("undisturbed", layout);
        project.run(command).assert_code(0);
        let (files, books) = (project.published(), project.books());
        assert!(files.len() > 35 * STREAMS && !books.is_empty(), "{} files", files.len());
        (project, files, books)
    }

    /// How many pages the service was asked for.
    pub(crate) fn pages_asked(&self) -> u64 {
        self.simulator.requests().entities
    }
}

/// Small numbers without a pattern, the same ones for the same seed.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// From 0 to below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }
}
