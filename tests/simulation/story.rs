//! What happens in a story: time passes, runs, crashes, weather, vandals, wrong clocks.

use std::collections::HashMap;

use audience_exporter::{
    exporter::Work,
    plan::Backfill,
    time::{TimeRange, to_display},
};
use chrono::TimeDelta;

use crate::simulation::{
    plot::HOURLY_DAYS,
    run::{After, Run},
    world::{Weather, World},
};

/// Operations of the disk that a run may take before its process dies.
const LONGEST_FUSE: usize = 40;

impl World {
    /// Lives through the year.
    pub(crate) fn live(&mut self) {
        // Where rechecks begin is noted by a run before it knows the service's clock: the first one has the right time.
        self.tick();
        while self.now < self.plot.end {
            self.pass_time();
            self.happen();
        }
    }

    fn pass_time(&mut self) {
        let late_from = self.plot.end - TimeDelta::days(HOURLY_DAYS);
        let is_late = late_from <= self.now;
        let most = match (is_late, self.chance.below(10)) {
            (true, 0) => TimeDelta::hours(30),
            (true, _) => TimeDelta::hours(10),
            (false, 0) => TimeDelta::days(40),
            (false, 1..4) => TimeDelta::days(20),
            (false, _) => TimeDelta::days(9),
        };
        let least = TimeDelta::minutes(10);
        let next = if is_late { self.plot.end } else { late_from };
        self.now = next.min(self.now + least + self.chance.up_to(most));
    }

    fn happen(&mut self) {
        match self.chance.below(100) {
            0..58 => self.tick(),
            58..66 => self.backfill(),
            66..74 => self.interleave(),
            74..82 => self.vandalise(),
            82..90 => self.turn_weather(),
            90..93 => self.turn_clock(),
            93..96 => self.change_tags(),
            96..98 => self.restart_cleanly(),
            _ => self.cut_power_now(),
        }
    }

    /// Every series is looked after, as by a cron line.
    fn tick(&mut self) {
        let process = self.chance.below(2);
        for index in 0..self.memories.len() {
            if self.has_begun(index) {
                self.run(process, index, Work::Due);
            }
        }
    }

    /// Whether anything of a series is to be exported yet; its first run is long before that.
    fn has_begun(&self, index: usize) -> bool {
        self.runs < 2 || self.series_of(0, index).start(self.plot.begin) <= self.now
    }

    fn backfill(&mut self) {
        let index = self.chance.below(self.memories.len());
        if !self.has_begun(index) {
            return;
        }
        let series = self.series_of(0, index);
        let (start, length) = (series.start(self.plot.begin), self.now - series.start(self.plot.begin));
        let most = if index == 0 { TimeDelta::days(40) } else { TimeDelta::days(3) };
        let from = start + self.chance.up_to(length);
        let to = from + TimeDelta::hours(1) + self.chance.up_to(most);
        let force = self.chance.happens(600);
        self.tell(&format!("backfill {} to {}, force {force}", to_display(from), to_display(to)));
        let range = TimeRange::new(from, to).unwrap();
        let work = Work::Backfill(HashMap::from([("lobby".to_owned(), Backfill { range, force })]));
        let process = self.chance.below(2);
        self.run(process, index, work);
    }

    /// One run from its begin to its end, or to the death of its process.
    pub(crate) fn run(&mut self, process: usize, index: usize, work: Work) {
        self.light_fuse();
        let (name, clock) = (self.series_of(process, index).job.name.clone(), to_display(self.clock()));
        self.tell(&format!("process {process} runs {name}, its clock says {clock}"));
        let mut after = match self.begin(process, index, work) {
            Err(after) => after,
            Ok(mut run) => self.go_on(&mut run),
        };
        if self.disk.has_crashed() {
            after = After::Died;
        }
        self.disk.set_fuse(None);
        if after == After::Died {
            self.bury(process);
        }
        self.check_all(index);
    }

    fn go_on(&mut self, run: &mut Run) -> After {
        loop {
            let after = self.step(run);
            if after != After::GoesOn {
                return after;
            }
        }
    }

    /// Two runs at once, window by window in any order, each in a process of its own.
    fn interleave(&mut self) {
        let index = self.chance.below(self.memories.len());
        if !self.has_begun(index) {
            return;
        }
        self.tell("two processes at once");
        self.light_fuse();
        let mut runs: Vec<Run> = Vec::new();
        for process in 0..2 {
            match self.begin(process, index, Work::Due) {
                Ok(run) => runs.push(run),
                Err(After::Died) => return self.bury(process),
                Err(_) => {}
            }
        }
        while !runs.is_empty() {
            self.now += self.chance.up_to(TimeDelta::minutes(1));
            let one = self.chance.below(runs.len());
            match self.step(&mut runs[one]) {
                After::GoesOn => {}
                After::Ended(_) => drop(runs.remove(one)),
                After::Died => {
                    let process = runs.remove(one).process;
                    // A power cut ends them all.
                    if !self.bury_and_tell(process) {
                        runs.clear();
                    }
                }
            }
        }
        self.disk.set_fuse(None);
        self.check_all(index);
    }

    fn light_fuse(&mut self) {
        let fuse = self.chance.happens(150).then(|| self.chance.below(LONGEST_FUSE));
        self.disk.set_fuse(fuse);
    }

    fn bury(&mut self, process: usize) {
        self.bury_and_tell(process);
    }

    /// What comes after a process died. Tells whether the others live on.
    fn bury_and_tell(&mut self, process: usize) -> bool {
        let is_power_cut = self.chance.happens(500);
        self.tell(&format!("process {process} dies"));
        if is_power_cut {
            self.cut_power();
        } else {
            self.replace_the_dead();
        }
        !is_power_cut
    }

    fn turn_weather(&mut self) {
        let [silent, incomplete, disk] = [(300, 700), (300, 300), (300, 40)]
            .map(|(rate, most)| if self.chance.happens(rate) { self.chance.below(most) } else { 0 });
        self.weather = Weather { silent, incomplete };
        self.disk.set_trouble(disk);
        self.tell(&format!("weather: of a thousand listings {silent} are silent and {incomplete} incomplete, of a thousand disk operations {disk} fail"));
    }

    fn turn_clock(&mut self) {
        let hours = self.chance.one_of(&[0, 0, -1, -26, 1, 30, 24 * 12, 24 * 70]);
        self.ahead = TimeDelta::hours(hours);
        self.tell("somebody sets the clock");
    }

    fn change_tags(&mut self) {
        let style = self.chance.below(2);
        if self.chance.happens(850) {
            self.style_of = [style, style];
        } else {
            self.style_of[style] = self.chance.below(2);
        }
        let styles = self.style_of;
        self.tell(&format!("tags are now {styles:?}"));
    }

    fn restart_cleanly(&mut self) {
        let process = self.chance.below(2);
        self.restart(process);
    }

    fn cut_power_now(&mut self) {
        self.cut_power();
        for index in 0..self.memories.len() {
            self.check_all(index);
        }
    }

    /// Somebody does something to a published file.
    fn vandalise(&mut self) {
        let index = self.chance.below(self.memories.len());
        let series = self.series_of(0, index);
        let files = self.visible(&series);
        let Some((path, other)) = self.two_of(&files) else { return };
        let (Some((_, bytes)), Some((_, of_other))) = (self.disk.content(&path), self.disk.content(&other))
        else {
            return;
        };
        let mut bytes = bytes.to_vec();
        let put = match self.chance.below(6) {
            0 => None,
            1 => Some(of_other.to_vec()),
            2 => Some(bytes[..bytes.len() / 2].to_vec()),
            3 => Some(Vec::new()),
            _ => {
                let place = self.chance.below(bytes.len());
                if let Some(byte) = bytes.get_mut(place) {
                    *byte ^= 1;
                }
                Some(bytes)
            }
        };
        self.tell(&format!("somebody was at {}", path.display()));
        self.disk.vandalise(&path, put);
        if let Some((found, _)) = self.disk.content(&path) {
            self.scribbled.insert((path.clone(), found));
        }
        self.memories[index].published.remove(&path);
        self.vandalised.insert(path);
    }

    fn two_of<T: Clone>(&mut self, all: &[T]) -> Option<(T, T)> {
        if all.is_empty() {
            return None;
        }
        let (one, other) = (self.chance.below(all.len()), self.chance.below(all.len()));
        Some((all[one].clone(), all[other].clone()))
    }
}
