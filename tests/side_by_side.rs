//! Several processes at once, on the same files and the same ledger, end where one alone would have.

mod workbench;

use std::fs::{self, File};

use self::workbench::{
    Span, Workbench,
    books::Files,
    process::{Running, wait_until},
    project::Project,
    words,
};

/// How often everything is started anew; who comes first is another one each time.
const ROUNDS: usize = 8;

#[test]
fn two_backfills_and_a_pull_at_once_end_like_one_undisturbed_pull() {
    let bench = Workbench::new();
    let span = Span::recent();
    let (_, files, books) = bench.undisturbed(span, &words(&["pull"]));
    for round in 0..ROUNDS {
        let project = bench.project(&format!("{round}"), span);
        let mut commands = [span.backfill_days(0, 24), span.backfill_days(11, 35), words(&["pull"])];
        commands.rotate_left(round % 3);
        run_at_once(&project, &commands);
        project.assert_same(&files, &books, &format!("round {round}"));
    }
}

#[test]
fn the_same_forced_backfill_many_times_at_once_changes_nothing() {
    let bench = Workbench::new();
    let forced = [Span::autumn().backfill(), words(&["--force"])].concat();
    let (project, files, books) = bench.undisturbed(Span::autumn(), &Span::autumn().backfill());
    run_at_once(&project, &vec![forced; 4]);
    project.assert_same(&files, &books, "after four forced backfills");
    project.assert_untouched(&files, "after four forced backfills");
}

#[test]
fn processes_that_find_the_same_damage_put_each_file_aside_once() {
    let bench = Workbench::new();
    let forced = [Span::autumn().backfill(), words(&["--force"])].concat();
    let (project, files, books) = bench.undisturbed(Span::autumn(), &Span::autumn().backfill());
    for path in files.paths() {
        fs::write(project.output_dir().join(path), "not what was published").unwrap();
    }
    run_at_once(&project, &vec![forced; 3]);
    project.assert_same(&files, &books, "after three forced backfills");
    assert_eq!(project.beginning_with(".damaged-").len(), files.len());
}

fn run_at_once(project: &Project, commands: &[Vec<String>]) {
    let running: Vec<Running> = commands.iter().map(|command| project.start(command)).collect();
    for running in running {
        running.wait().assert_code(0);
    }
}

/// Takes the lock under which a job publishes a stream's files.
fn hold(project: &Project, job: &str, stream: &str) -> File {
    let folder = project.state_dir().join("locks");
    fs::create_dir_all(&folder).unwrap();
    let lock = File::create(folder.join(format!("publish.{job}.{stream}.lock"))).unwrap();
    lock.lock().unwrap();
    lock
}

#[test]
fn a_series_whose_lock_is_held_waits_and_holds_up_no_other_stream() {
    let bench = Workbench::new();
    let (_, files, books) = bench.undisturbed(Span::autumn(), &Span::autumn().backfill());
    let project = bench.project("waiting", Span::autumn());
    let lock = hold(&project, "daily", "lobby");
    let mut running = project.start(&Span::autumn().backfill());
    let of = |files: &Files, stream: &str| {
        files.paths().into_iter().filter(|path| path.iter().any(|part| part == stream)).count()
    };
    let other = "stream=back-entrance";
    wait_until("the other stream is done", || of(&project.published(), other) == of(&files, other));
    assert_eq!(of(&project.published(), "stream=lobby"), 0, "published without the lock");
    assert!(!running.has_ended());
    drop(lock);
    running.wait().assert_code(0);
    project.assert_same(&files, &books, "in the end");
}

#[test]
fn a_series_whose_lock_stays_held_is_given_up_by_the_name_of_the_lock() {
    let bench = Workbench::new();
    let project = bench.project("given-up", Span::autumn());
    let _lock = hold(&project, "daily", "lobby");
    let command = [Span::autumn().backfill(), words(&["--job", "daily", "--stream", "lobby"])].concat();
    let refused = project.run(&command);
    refused.assert_code(5);
    refused.assert_says("locks/publish.daily.lobby.lock");
    assert!(project.published().is_empty());
}

#[test]
fn what_another_process_is_writing_is_not_swept_away() {
    let bench = Workbench::new();
    let (project, files, books) = bench.undisturbed(Span::autumn(), &Span::autumn().backfill());
    let lock = hold(&project, "daily", "lobby");
    let being_written = project.output_dir().join("daily/stream=lobby/.tmp-being-written");
    fs::write(&being_written, "half a file").unwrap();
    project.run(&Span::autumn().backfill()).assert_code(0);
    assert!(being_written.exists(), "swept while its writer held the lock");
    drop(lock);
    project.run(&Span::autumn().backfill()).assert_code(0);
    project.assert_same(&files, &books, "in the end");
}
