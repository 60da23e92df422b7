//! The world of one story: a clock, a disk, a service and two processes, which are the real planner, publisher and ledger.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use audience_exporter::{
    ledger::Ledger,
    publication::{Archive, Damage},
    series::Series,
    sink::publish::FileHash,
    time::to_display,
};
use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;

use crate::simulation::{
    chance::Chance,
    disk::SimulatedDisk,
    memory::Memory,
    plot::Plot,
    service::{Mood, Service},
};

/// How the service is, in so many of a thousand cases.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Weather {
    /// Listings that are not answered.
    pub(crate) silent: usize,
    /// Listings whose pages do not agree.
    pub(crate) incomplete: usize,
}

pub(crate) struct World {
    pub(crate) chance: Chance,
    pub(crate) plot: Plot,
    pub(crate) disk: SimulatedDisk,
    pub(crate) service: Service,
    /// What time it is.
    pub(crate) now: DateTime<Utc>,
    /// By how much the machine's clock is ahead of that.
    pub(crate) ahead: TimeDelta,
    pub(crate) weather: Weather,
    pub(crate) processes: [Archive; 2],
    /// Which of both configurations each process has.
    pub(crate) style_of: [usize; 2],
    /// What the service told of each series, and what was published of it.
    pub(crate) memories: Vec<Memory>,
    /// Published files that others were at, and that were not made anew since.
    pub(crate) vandalised: HashSet<PathBuf>,
    /// What others ever put in the place of published files. After a power cut it may be back.
    pub(crate) scribbled: HashSet<(PathBuf, FileHash)>,
    pub(crate) runs: i64,
    pub(crate) story: Vec<String>,
    is_aloud: bool,
    state: TempDir,
}

impl World {
    pub(crate) fn new(seed: u64, is_aloud: bool) -> Self {
        let mut chance = Chance::new(&[seed]);
        let state = memory_folder();
        let plot = Plot::new(&mut chance, state.path());
        let disk = SimulatedDisk::new(Chance::new(&[seed, 1]), state.path());
        let processes = [(); 2].map(|()| open(state.path(), &disk));
        let memories = plot.styles[0].iter().map(|_| Memory::default()).collect();
        let (service, now) = (Service { seed, quiet_from: plot.end }, plot.begin + TimeDelta::hours(5));
        let mut world = Self {
            chance,
            disk,
            service,
            now,
            ahead: TimeDelta::zero(),
            weather: Weather::default(),
            processes,
            style_of: [0, 0],
            memories,
            vandalised: HashSet::new(),
            scribbled: HashSet::new(),
            runs: 0,
            story: Vec::new(),
            is_aloud,
            state,
            plot,
        };
        world.tell(&format!("seed {seed}: {}", world.plot.told));
        world
    }

    /// Adds a line to the story.
    pub(crate) fn tell(&mut self, line: &str) {
        let ahead =
            if self.ahead.is_zero() { String::new() } else { format!(" (clock {} ahead)", self.ahead) };
        let line = format!("{}{ahead} {line}", to_display(self.now));
        if self.is_aloud {
            println!("{line}");
        }
        self.story.push(line);
    }

    /// What the machine's clock says.
    pub(crate) fn clock(&self) -> DateTime<Utc> {
        self.now + self.ahead
    }

    pub(crate) fn series_of(&self, process: usize, index: usize) -> Series {
        self.plot.styles[self.style_of[process]][index].clone()
    }

    /// How the service is disposed towards the next listing.
    pub(crate) fn mood(&mut self) -> Mood {
        if self.chance.happens(self.weather.silent) {
            Mood::Silent
        } else if self.chance.happens(self.weather.incomplete) {
            self.chance.one_of(&[Mood::Incomplete, Mood::Changing])
        } else {
            Mood::Honest
        }
    }

    /// A process is killed and started again. What it was writing lies on the disk.
    pub(crate) fn restart(&mut self, process: usize) {
        self.disk.revive();
        self.processes[process] = open(self.state.path(), &self.disk);
    }

    /// The same in less time: all that a process has in memory is its connection to the ledger.
    pub(crate) fn replace_the_dead(&mut self) {
        self.disk.revive();
    }

    /// The machine goes out and comes back.
    pub(crate) fn cut_power(&mut self) {
        self.disk.cut_power();
        self.tell("power cut");
        self.memories.iter_mut().for_each(|memory| memory.is_touched = true);
    }

    /// Files that were found damaged: what comes in their place need not agree with what was there.
    pub(crate) fn note_damage(&mut self, index: usize, damaged: &[Damage]) {
        for damage in damaged {
            self.tell(&format!("found damaged: {} ({})", damage.path.display(), damage.reason));
            assert!(
                self.vandalised.contains(&damage.path),
                "{} is called damaged ({}), and nobody touched it",
                damage.path.display(),
                damage.reason
            );
            self.memories[index].published.remove(&damage.path);
        }
    }

    /// Whether what stands at a path is what somebody else put there, or nothing because of that.
    pub(crate) fn is_vandalised(&mut self, path: &Path) -> bool {
        match self.disk.content(path) {
            Some((found, _)) if !self.scribbled.contains(&(path.to_owned(), found)) => {
                self.vandalised.remove(path);
                false
            }
            Some(_) => {
                self.vandalised.insert(path.to_owned());
                true
            }
            None => self.vandalised.contains(path),
        }
    }
}

fn open(state_dir: &Path, disk: &SimulatedDisk) -> Archive {
    let ledger = Ledger::open(state_dir).unwrap();
    Archive::new(PathBuf::from("/data"), state_dir.to_owned(), ledger, Arc::new(disk.clone()))
}

/// A folder in memory where there is such a thing: the ledger itself is proved elsewhere.
pub(crate) fn memory_folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}
