//! Crashes, kills, interruptions and damage: whatever became of a run, the next one ends in the same bytes.

mod workbench;

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use audience_exporter::crash_point::Step;

use self::workbench::{
    Dice, Span, Workbench,
    books::Files,
    process::{Ended, wait_until},
    project::{Layout, Project},
    words,
};

/// Whether this build can be told to crash; says so where it cannot.
fn can_crash() -> bool {
    if !cfg!(debug_assertions) {
        eprintln!("skipped: release builds have no crash points");
    }
    cfg!(debug_assertions)
}

/// The 1st, the 2nd and a late passage of a step, of the 8 windows and 76 publications of files in autumn.
fn passages(step: Step) -> [u32; 3] {
    match step {
        Step::Page | Step::Merge | Step::Intent | Step::Ledger => [1, 2, 7],
        Step::TempFile | Step::FileSync | Step::Rename | Step::DirectorySync => [1, 2, 75],
        Step::TokenAnswer | Step::TokenDurable | Step::DeliveryAnswer => unreachable!("no step of a window"),
    }
}

#[track_caller]
fn assert_no_damage(project: &Project, ended: &Ended) {
    ended.assert_silent_about("damaged");
    assert!(project.beginning_with(".damaged-").is_empty());
}

#[test]
fn a_crash_at_any_step_is_healed_by_the_same_command() {
    if !can_crash() {
        return;
    }
    let bench = Workbench::new();
    let command = Span::autumn().backfill();
    let (_, files, books) = bench.undisturbed(Span::autumn(), &command);
    for step in Step::OF_A_WINDOW {
        for times in passages(step) {
            let at = format!("{}:{times}", step.as_str());
            let project = bench.project(&at, Span::autumn());
            project.run_until_crash(&command, step, times).assert_crashed(&at);
            project.assert_honest(&at);
            let healed = project.run(&command);
            healed.assert_code(0);
            assert_no_damage(&project, &healed);
            project.assert_same(&files, &books, &at);
        }
    }
}

#[test]
fn a_crash_of_a_backfill_is_healed_by_a_pull() {
    if !can_crash() {
        return;
    }
    let bench = Workbench::new();
    let span = Span::recent();
    let (_, files, books) = bench.undisturbed(span, &words(&["pull"]));
    for (step, times) in [(Step::Intent, 1), (Step::FileSync, 1), (Step::Rename, 40), (Step::Ledger, 2)] {
        let at = format!("{}:{times}", step.as_str());
        let project = bench.project(&at, span);
        project.run_until_crash(&span.backfill(), step, times).assert_crashed(&at);
        let healed = project.run(&["pull"]);
        healed.assert_code(0);
        assert_no_damage(&project, &healed);
        project.assert_same(&files, &books, &at);
    }
}

#[test]
fn a_program_that_dies_again_and_again_is_done_in_the_end() {
    if !can_crash() {
        return;
    }
    let bench = Workbench::new();
    let command = Span::autumn().backfill();
    let (_, files, books) = bench.undisturbed(Span::autumn(), &command);
    let project = bench.project("dying", Span::autumn());
    let mut crashes = 0;
    wait_until("a run is done", || {
        let ended = project.run_until_crash(&command, Step::Rename, 20);
        project.assert_honest("dying");
        assert_no_damage(&project, &ended);
        crashes += 1;
        ended.status.success()
    });
    assert!(crashes > 2, "{crashes}");
    project.assert_same(&files, &books, "in the end");
}

#[test]
fn without_the_old_ledger_a_crash_before_the_rename_is_not_taken_for_damage() {
    if !can_crash() {
        return;
    }
    let bench = Workbench::new();
    let (_, files, _) = bench.undisturbed(Span::autumn(), &Span::autumn().backfill());
    let project = bench.project("moved", Span::autumn());
    project.run(&Span::autumn().backfill_days(0, 10)).assert_code(0);
    fs::remove_dir_all(project.state_dir()).unwrap();
    let rest =
        [Span::autumn().backfill_days(10, 35), words(&["--job", "monthly", "--stream", "lobby"])].concat();
    project.run_until_crash(&rest, Step::Intent, 1).assert_crashed("intent");
    let healed = project.run(&rest);
    healed.assert_code(0);
    assert_no_damage(&project, &healed);
    let october = Path::new("monthly/stream=lobby/month=2025-10/data.parquet");
    assert!(project.published().bytes(october) == files.bytes(october), "it lost its first days");
}

#[test]
fn kills_at_random_moments_leave_whole_files_and_the_rest_is_done_later() {
    const SEED: u64 = 2026;
    let bench = Workbench::new();
    let command = Span::autumn().backfill();
    let began = Instant::now();
    let (_, files, books) = bench.undisturbed(Span::autumn(), &command);
    let usual = u64::try_from(began.elapsed().as_micros()).unwrap();
    let mut dice = Dice::new(SEED);
    for round in 0..15 {
        let project = bench.project(&format!("{round}"), Span::autumn());
        for kill in 0..2 {
            let delay = Duration::from_micros(dice.below(usual));
            let when = format!("seed {SEED}, round {round}, kill {kill} after {delay:?}");
            let ended = project.start(&command).kill_after(delay);
            assert!(ended.status.code().is_none_or(|code| code == 0), "{when}: {}", ended.said);
            project.assert_honest(&when);
        }
        let healed = project.run(&command);
        healed.assert_code(0);
        assert_no_damage(&project, &healed);
        project.assert_same(&files, &books, &format!("seed {SEED}, round {round}"));
    }
}

#[test]
fn an_interrupted_run_tells_how_to_resume_and_does() {
    let bench = Workbench::serving(50, Duration::from_millis(20));
    let command = Span::autumn().backfill();
    let (_, files, books) = bench.undisturbed(Span::autumn(), &command);
    for signal in ["INT", "TERM"] {
        let project = bench.project(signal, Span::autumn());
        let asked_before = bench.pages_asked();
        let running = project.start(&command);
        wait_until("some pages were asked", || bench.pages_asked() >= asked_before + 20);
        running.signal(signal);
        let ended = running.wait();
        ended.assert_code(4);
        ended.assert_says("stopping at the next safe point");
        ended.assert_says("still due; run the same backfill again to resume");
        project.assert_honest(signal);
        project.run(&command).assert_code(0);
        project.assert_same(&files, &books, signal);
    }
}

/// What may become of a published file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Damage {
    Junk,
    Emptied,
    Truncated,
    OneByteFlipped,
    OfAnotherPartition,
    Deleted,
}

impl Damage {
    const ALL: [Self; 6] = [
        Self::Junk,
        Self::Emptied,
        Self::Truncated,
        Self::OneByteFlipped,
        Self::OfAnotherPartition,
        Self::Deleted,
    ];

    /// Does it to the file at `path`, and tells what stands there now.
    fn strike(self, path: &Path, another: &Path) -> Option<Vec<u8>> {
        let mut bytes = fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        match self {
            Self::Junk => bytes = b"bucket_start;people\n1;2\n".to_vec(),
            Self::Emptied => bytes.clear(),
            Self::Truncated => bytes.truncate(middle),
            Self::OneByteFlipped => bytes[middle] ^= 1,
            Self::OfAnotherPartition => bytes = fs::read(another).unwrap(),
            Self::Deleted => {
                fs::remove_file(path).unwrap();
                return None;
            }
        }
        fs::write(path, &bytes).unwrap();
        Some(bytes)
    }
}

/// The published files of a job on the first stream, by period.
fn files_of(files: &Files, job: &str) -> Vec<PathBuf> {
    let folder = format!("{job}/stream=lobby");
    files.paths().into_iter().filter(|path| path.starts_with(&folder)).cloned().collect()
}

/// Strikes one published file; then the damaged one is put aside and named, and all is as before after `healing`.
fn assert_healed(project: &Project, victim: &Path, another: &Path, damage: Damage, healing: &[String]) {
    let (files, books) = (project.published(), project.books());
    let path = project.output_dir().join(victim);
    let wrong = damage.strike(&path, &project.output_dir().join(another));
    let when = format!("{damage:?} {}", victim.display());
    let healed = project.run(healing);
    healed.assert_code(0);
    healed.assert_says("published file is damaged");
    healed.assert_says(&path.display().to_string());
    project.assert_same(&files, &books, &when);
    let aside = project.beginning_with(".damaged-");
    let aside: Vec<_> = aside.paths().into_iter().filter_map(|path| aside.bytes(path)).collect();
    assert!(aside == wrong.iter().collect::<Vec<_>>(), "{when}: {} files put aside", aside.len());
    for path in project.beginning_with(".damaged-").paths() {
        fs::remove_file(project.output_dir().join(path)).unwrap();
    }
}

#[test]
fn a_damaged_file_is_put_aside_named_and_made_anew_by_a_pull() {
    let bench = Workbench::new();
    let span = Span::recent();
    let layout = Layout { lookback: "60d", ..Layout::usual(span) };
    let (project, files, _) = bench.undisturbed_with(&layout, &words(&["pull"]));
    let (days, months) = (files_of(&files, "daily"), files_of(&files, "monthly"));
    for damage in Damage::ALL {
        for (victim, another) in [(&days[17], &days[3]), (&months[0], &months[1])] {
            assert_healed(&project, victim, another, damage, &words(&["pull"]));
        }
    }
}

#[test]
fn a_forced_backfill_of_a_part_makes_the_whole_of_a_damaged_file_anew() {
    let bench = Workbench::new();
    let (project, files, _) = bench.undisturbed(Span::autumn(), &Span::autumn().backfill());
    let part =
        words(&["backfill", "--from", "2025-10-30T09:00:00Z", "--to", "2025-11-02T12:00:00Z", "--force"]);
    let (days, months) = (files_of(&files, "daily"), files_of(&files, "monthly"));
    for damage in Damage::ALL {
        for (victim, another) in [(&days[29], &days[30]), (&days[32], &days[3]), (&months[0], &months[1])] {
            assert_healed(&project, victim, another, damage, &part);
        }
    }
}

#[test]
fn a_crash_while_a_damaged_file_is_made_anew_is_healed_by_the_same_command() {
    if !can_crash() {
        return;
    }
    let bench = Workbench::new();
    let (project, files, books) = bench.undisturbed(Span::autumn(), &Span::autumn().backfill());
    let days =
        words(&["--from", "2025-10-10", "--to", "2025-10-12", "--job", "monthly", "--stream", "lobby"]);
    let part = [words(&["backfill", "--force"]), days].concat();
    let october = project.output_dir().join(&files_of(&files, "monthly")[0]);
    for (step, times) in
        [(Step::Merge, 1), (Step::Rename, 1), (Step::Ledger, 1), (Step::Page, 2), (Step::Rename, 2)]
    {
        let at = format!("{}:{times}", step.as_str());
        fs::write(&october, "junk").unwrap();
        project.run_until_crash(&part, step, times).assert_crashed(&at);
        project.assert_honest(&at);
        project.run(&part).assert_code(0);
        project.assert_same(&files, &books, &at);
    }
}

#[test]
fn a_crash_while_every_file_gets_new_tags_is_healed_with_the_new_tags_and_with_the_old() {
    if !can_crash() {
        return;
    }
    let bench = Workbench::new();
    let command = Span::autumn().backfill();
    let old = Layout::usual(Span::autumn());
    let new = Layout { tag: "exit", ..old.clone() };
    let (_, old_files, old_books) = bench.undisturbed_with(&old, &command);
    let with_new_tags = bench.project_with("with-new-tags", &new);
    with_new_tags.run(&command).assert_code(0);
    let (new_files, new_books) = (with_new_tags.published(), with_new_tags.books());
    for (step, times) in [(Step::FileSync, 1), (Step::Rename, 20), (Step::DirectorySync, 70)] {
        let at = format!("{}:{times}", step.as_str());
        for (last, files, books) in [(&new, &new_files, &new_books), (&old, &old_files, &old_books)] {
            bench.project_with(&at, &old).run(&command).assert_code(0);
            let project = bench.project_with(&at, &new);
            project.run_until_crash(&command, step, times).assert_crashed(&at);
            project.assert_honest(&at);
            let project = bench.project_with(&at, last);
            project.run(&command).assert_code(0);
            project.assert_same(files, books, &format!("{at}, then tag {}", last.tag));
        }
    }
}
