//! One run of one process over one series, step by step: what `exporter/run.rs` does, without its threads and its wire.

use std::collections::VecDeque;

use audience_exporter::{
    exporter::{Work, plan_series},
    ledger::{self, LastError},
    pipeline,
    plan::PlannedWindow,
    publication::{Asked, PublishError},
    row::Row,
    series::Series,
    time::to_display,
};
use chrono::{DateTime, Utc};

use crate::simulation::world::World;

/// As `exporter/run.rs` has it.
const MAX_REPAIR_ROUNDS: u32 = 3;

/// As `exporter/run.rs` has it.
const MAX_UNAVAILABLE_IN_A_ROW: u32 = 3;

/// A listing that arrived and is not published yet.
struct Arrived {
    planned: PlannedWindow,
    asked: Asked,
    /// What time it really was.
    asked_at: DateTime<Utc>,
    rows: Vec<Row>,
}

/// A run that goes on.
pub(crate) struct Run {
    pub(crate) process: usize,
    pub(crate) index: usize,
    series: Series,
    number: i64,
    work: Work,
    known: ledger::Series,
    windows: VecDeque<PlannedWindow>,
    round: u32,
    unavailable_in_a_row: u32,
    has_failed: bool,
    arrived: Option<Arrived>,
}

/// How a run stands after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    GoesOn,
    /// It came to its end; whether everything went well.
    Ended(bool),
    /// Its process died.
    Died,
}

impl World {
    /// Begins a run. `Err`: it came to nothing.
    pub(crate) fn begin(&mut self, process: usize, index: usize, work: Work) -> Result<Run, After> {
        let (series, now) = (self.series_of(process, index), self.clock());
        self.runs += 1;
        let archive = &self.processes[process];
        let begun = (|| {
            archive.disk.create_folder(&archive.output_dir)?;
            let today = series.today(now);
            let known = archive.ledger.series(&series.key(), &series.layout(), &series.style(), today)?;
            assert_eq!(known.layout, series.layout());
            archive.ledger.enroll_rechecks(known.id, &series.rechecks(now))?;
            let damaged = archive.tidy(&series, known.id, now)?;
            if known.style != series.style() {
                archive.restyle(&series, known.id)?;
            }
            Ok((known, damaged))
        })();
        let (known, damaged) = match begun {
            Ok(begun) => begun,
            Err(error) => return Err(self.stumble(process, &error)),
        };
        for record in self.processes[process].ledger.files(known.id).unwrap() {
            let path = self.processes[process].output_dir.join(&record.path);
            assert!(
                self.disk.content(&path).is_some(),
                "{} is gone, and the run does not notice",
                record.path
            );
        }
        self.note_damage(index, &damaged);
        self.memories[index].is_touched |= !damaged.is_empty();
        let (number, windows) = (self.runs, VecDeque::new());
        let mut run = Run {
            process,
            index,
            series,
            number,
            work,
            known,
            windows,
            round: 0,
            unavailable_in_a_row: 0,
            has_failed: false,
            arrived: None,
        };
        self.plan(&mut run);
        Ok(run)
    }

    /// A step could not be done.
    fn stumble(&mut self, process: usize, error: &PublishError) -> After {
        assert!(!matches!(error, PublishError::Ledger(_)), "{error}");
        self.tell(&format!("process {process}: {error}"));
        if self.disk.has_crashed() { After::Died } else { After::Ended(false) }
    }

    fn plan(&mut self, run: &mut Run) {
        let ledger = &self.processes[run.process].ledger;
        let (extent, now) = (ledger.extent(run.known.id).unwrap(), self.clock());
        let windows = if run.round > 0 {
            run.series.rules.lost(&extent.coverage, now)
        } else {
            plan_series(&run.series, &run.work, &extent, run.known.first_run, now)
        };
        run.windows = windows.into();
    }

    /// Does the next thing.
    pub(crate) fn step(&mut self, run: &mut Run) -> After {
        if let Some(arrived) = run.arrived.take() {
            return self.publish(run, arrived);
        }
        match run.windows.pop_front() {
            Some(planned) => self.ask(run, planned),
            None if run.has_failed || run.round == MAX_REPAIR_ROUNDS => self.end(run),
            None => {
                run.round += 1;
                self.plan(run);
                if run.windows.is_empty() { self.end(run) } else { After::GoesOn }
            }
        }
    }

    fn ask(&mut self, run: &mut Run, planned: PlannedWindow) -> After {
        let coverage = self.processes[run.process].ledger.coverage(run.known.id).unwrap();
        if planned.reason.only_if_lacking() && coverage.lacking(planned.window.range()).is_empty() {
            return After::GoesOn;
        }
        let (mood, page_size) = (self.mood(), 3 + self.chance.below(40));
        let scale = run.series.rules.lookback;
        let skew = Some(-self.ahead);
        let asked = Asked { at: pipeline::asked_at(self.clock(), skew), run: run.number };
        let asked_at = self.now;
        let rows = self.service.list(&planned.window, scale, self.now, mood, page_size);
        let is_over = pipeline::check_clock(&planned.window, self.clock(), skew).is_ok();
        match rows {
            Some(_) if !is_over => self.fail(run, planned, "configuration"),
            Some(rows) => {
                self.memories[run.index].hear(&rows);
                run.arrived = Some(Arrived { planned, asked, asked_at, rows });
                After::GoesOn
            }
            None => self.fail(
                run,
                planned,
                if mood == super::service::Mood::Silent { "unavailable" } else { "incomplete" },
            ),
        }
    }

    fn publish(&mut self, run: &mut Run, arrived: Arrived) -> After {
        let Arrived { planned, asked, asked_at, rows } = arrived;
        let window = planned.window;
        let (from, to) = (to_display(window.start()), to_display(window.end()));
        let line = format!("run {} publishes {from} to {to}, {}", run.number, planned.reason.as_str());
        self.tell(&line);
        self.memories[run.index].is_touched = true;
        let archive = &self.processes[run.process];
        let published = archive.publish(&run.series, run.known.id, &window, rows, asked);
        let after = match published {
            Ok(published) => {
                run.unavailable_in_a_row = 0;
                self.note_damage(run.index, &published.damaged);
                self.memories[run.index].note_published(&window, asked_at);
                After::GoesOn
            }
            Err(error) => match self.stumble(run.process, &error) {
                After::Died => After::Died,
                _ => self.fail(run, planned, "storage"),
            },
        };
        for (period, _) in run.series.rules.partitions(window.range()) {
            let path = self.processes[run.process].output_dir.join(run.series.file_path(period));
            self.check(run.index, &path);
        }
        after
    }

    fn fail(&mut self, run: &mut Run, planned: PlannedWindow, kind: &str) -> After {
        run.has_failed = true;
        run.unavailable_in_a_row += 1;
        let is_hopeless = match kind {
            "unavailable" => run.unavailable_in_a_row >= MAX_UNAVAILABLE_IN_A_ROW,
            "incomplete" => false,
            _ => true,
        };
        let mut given_up = vec![planned.window.range()];
        if is_hopeless {
            given_up.extend(run.windows.drain(..).map(|planned| planned.window.range()));
        }
        self.tell(&format!("run {} fails: {kind}", run.number));
        let error =
            LastError { at: self.clock(), kind: kind.to_owned(), message: "as the story has it".to_owned() };
        let ledger = &self.processes[run.process].ledger;
        ledger.note_failed_windows(run.known.id, &given_up, &error).unwrap();
        After::GoesOn
    }

    fn end(&mut self, run: &mut Run) -> After {
        let (archive, at) = (&self.processes[run.process], self.clock());
        if let Err(error) = archive.certify(&run.series, run.known.id) {
            return self.stumble(run.process, &error);
        }
        let error =
            LastError { at, kind: "unavailable".to_owned(), message: "as the story has it".to_owned() };
        if run.has_failed {
            archive.ledger.note_failure(run.known.id, &error).unwrap();
        } else {
            archive.ledger.note_success(run.known.id, at).unwrap();
        }
        self.check_certified(&run.series, run.known.id);
        After::Ended(!run.has_failed)
    }
}
