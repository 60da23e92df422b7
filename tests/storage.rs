//! Disks that are full or read-only, and ledgers that are not what they were: each is told by name, and healed.

mod workbench;

use std::{fs, os::unix::fs::symlink, path::Path};

use rusqlite::Connection;

use self::workbench::{
    STREAMS, Span, Workbench,
    books::{Books, Files},
    process::Ended,
    project::{Layout, Project},
    tmpfs::Tmpfs,
};

/// Days that are exported before anything goes wrong.
const EARLIER: u64 = 5;

/// All of the span, and what an undisturbed export of it gives.
fn expected(bench: &Workbench) -> (Vec<String>, Files, Books) {
    let command = Span::autumn().backfill();
    let (_, files, books) = bench.undisturbed(Span::autumn(), &command);
    (command, files, books)
}

/// Nothing, or not all, was done, and the person is told where and what to do.
#[track_caller]
fn assert_refused(ended: &Ended, where_: &Path, advice: &str) {
    assert!([Some(1), Some(4)].contains(&ended.status.code()), "{}: {}", ended.status, ended.said);
    ended.assert_says(&where_.display().to_string());
    ended.assert_says(advice);
}

#[test]
fn a_full_disk_under_the_files_leaves_them_whole_and_is_resumed_when_there_is_space() {
    let bench = Workbench::new();
    let (command, files, books) = expected(&bench);
    for spare in [0, 4096, 40_960, 200_000] {
        let when = format!("{spare} bytes free");
        let folder = bench.folder("full-output");
        let Some(disk) = Tmpfs::mount(&folder, "1m") else { return };
        let layout = Layout { output_dir: folder.clone(), ..Layout::usual(Span::autumn()) };
        let project = bench.project_with(&format!("output-{spare}"), &layout);
        project.run(&Span::autumn().backfill_days(0, EARLIER)).assert_code(0);
        let earlier = project.published();
        let ballast = disk.fill(spare);
        let refused = project.run(&command);
        assert_refused(&refused, &folder, "no space left on device; free some space and run it again");
        project.assert_honest(&when);
        project.published().below("daily").assert_keeps(&earlier.below("daily"), &when);
        assert!(project.beginning_with(".tmp-").is_empty(), "{when}");
        fs::remove_file(ballast).unwrap();
        project.run(&command).assert_code(0);
        project.assert_same(&files, &books, &when);
    }
}

#[test]
fn a_damaged_file_is_named_though_there_is_no_space_to_make_it_anew() {
    let bench = Workbench::new();
    let (command, files, books) = expected(&bench);
    let folder = bench.folder("full-output");
    let Some(disk) = Tmpfs::mount(&folder, "2m") else { return };
    let layout = Layout { output_dir: folder.clone(), ..Layout::usual(Span::autumn()) };
    let project = bench.project_with("output", &layout);
    project.run(&command).assert_code(0);
    let victim = folder.join("daily/stream=lobby/date=2025-10-05/data.csv");
    fs::write(&victim, "junk").unwrap();
    let ballast = disk.fill(0);
    let forced = [command, vec!["--force".to_owned()]].concat();
    let refused = project.run(&forced);
    assert_refused(&refused, &folder, "no space left on device; free some space and run it again");
    refused.assert_says("published file is damaged");
    refused.assert_says(&victim.display().to_string());
    project.assert_honest("without space");
    fs::remove_file(ballast).unwrap();
    project.run(&forced).assert_code(0);
    project.assert_same(&files, &books, "with space");
    assert_eq!(project.beginning_with(".damaged-").len(), 1);
}

#[test]
fn a_full_disk_under_the_ledger_loses_nothing_and_is_resumed_when_there_is_space() {
    let bench = Workbench::new();
    let (command, files, books) = expected(&bench);
    for spare in [0, 4096, 32_768, 36_864, 45_056, 53_248, 61_440] {
        let when = format!("{spare} bytes free");
        let folder = bench.folder("full-state");
        let Some(disk) = Tmpfs::mount(&folder, "1m") else { return };
        let layout = Layout { state_dir: folder.clone(), ..Layout::usual(Span::autumn()) };
        let project = bench.project_with(&format!("state-{spare}"), &layout);
        project.run(&Span::autumn().backfill_days(0, EARLIER)).assert_code(0);
        let ballast = disk.fill(spare);
        let refused = project.run(&command);
        assert_refused(&refused, &project.ledger_path(), "no space left; free some space and run it again");
        project.assert_honest(&when);
        fs::remove_file(ballast).unwrap();
        let resumed = project.run(&command);
        resumed.assert_code(0);
        resumed.assert_silent_about("damaged");
        project.assert_same(&files, &books, &when);
    }
}

#[test]
fn a_ledger_that_finds_no_room_at_first_is_made_when_there_is_space() {
    let bench = Workbench::new();
    let (command, files, books) = expected(&bench);
    let folder = bench.folder("full-state");
    let Some(disk) = Tmpfs::mount(&folder, "1m") else { return };
    let layout = Layout { state_dir: folder.join("state"), ..Layout::usual(Span::autumn()) };
    let project = bench.project_with("first", &layout);
    for spare in [0, 8192, 24_576, 32_768, 40_960, 49_152] {
        let ballast = disk.fill(spare);
        let refused = project.run(&command);
        assert_refused(&refused, &project.ledger_path(), "no space left; free some space and run it again");
        fs::remove_file(ballast).unwrap();
    }
    project.run(&command).assert_code(0);
    project.assert_same(&files, &books, "in the end");
}

#[test]
fn a_read_only_folder_of_files_is_named_and_healed_when_it_can_be_written() {
    let bench = Workbench::new();
    let (command, files, books) = expected(&bench);
    let folder = bench.folder("read-only");
    let Some(disk) = Tmpfs::mount(&folder, "2m") else { return };
    let layout = Layout { output_dir: folder.clone(), ..Layout::usual(Span::autumn()) };
    let project = bench.project_with("read-only-output", &layout);
    for days in [0, EARLIER] {
        if days > 0 {
            project.run(&Span::autumn().backfill_days(0, days)).assert_code(0);
        }
        let earlier = project.published();
        disk.remount("ro");
        let refused = project.run(&command);
        refused.assert_code(1);
        assert_refused(
            &refused,
            &folder,
            "read-only file system; let this user write there and run it again",
        );
        project.assert_untouched(&earlier, "read-only");
        project.assert_honest("read-only");
        disk.remount("rw");
    }
    project.run(&command).assert_code(0);
    project.assert_same(&files, &books, "in the end");
}

#[test]
fn a_read_only_folder_of_state_is_named_and_healed_when_it_can_be_written() {
    let bench = Workbench::new();
    let (command, files, books) = expected(&bench);
    let folder = bench.folder("read-only");
    let Some(disk) = Tmpfs::mount(&folder, "2m") else { return };
    let layout = Layout { state_dir: folder.clone(), ..Layout::usual(Span::autumn()) };
    let project = bench.project_with("read-only-state", &layout);
    for days in [0, EARLIER] {
        if days > 0 {
            project.run(&Span::autumn().backfill_days(0, days)).assert_code(0);
        }
        disk.remount("ro");
        let refused = project.run(&command);
        refused.assert_code(1);
        assert_refused(&refused, &folder, "and run it again, nothing was lost");
        disk.remount("rw");
    }
    project.run(&command).assert_code(0);
    project.assert_same(&files, &books, "in the end");
}

#[test]
fn a_file_that_cannot_be_looked_at_is_not_taken_for_gone() {
    let bench = Workbench::new();
    let command = Span::autumn().backfill();
    let (project, files, books) = bench.undisturbed(Span::autumn(), &command);
    let partition = project.output_dir().join("daily/stream=lobby/date=2025-10-05");
    let elsewhere = bench.folder("elsewhere");
    move_away(&partition, &elsewhere);
    symlink(&partition, &partition).unwrap();
    let refused = project.run(&command);
    assert_refused(&refused, &partition, "cannot look for");
    fs::remove_file(&partition).unwrap();
    move_away(&elsewhere, &partition);
    project.run(&command).assert_code(0);
    project.assert_untouched(&files, "in the end");
    project.books().assert_same(&books, "in the end");
}

fn move_away(from: &Path, to: &Path) {
    let moved = std::process::Command::new("mv").arg(from).arg(to).status();
    assert!(moved.unwrap().success());
}

/// Something that may become of a ledger.
type Harm = Box<dyn Fn(&Path)>;

/// Each harm with the words by which it is refused.
fn harms(pages: usize) -> Vec<(String, Harm, &'static str)> {
    let rewrite = |change: fn(&mut Vec<u8>)| -> Harm {
        Box::new(move |path| {
            let mut bytes = fs::read(path).unwrap();
            change(&mut bytes);
            fs::write(path, bytes).unwrap();
        })
    };
    let pragma = |sql: &'static str| -> Harm {
        Box::new(move |path| Connection::open(path).unwrap().execute_batch(sql).unwrap())
    };
    let newer = "was written by a newer version (schema 99, ";
    let mut harms: Vec<(String, Harm, &str)> = vec![
        ("newer".into(), pragma("PRAGMA user_version = 99"), newer),
        ("without a version".into(), pragma("PRAGMA user_version = 0"), DAMAGED),
        ("another program's".into(), pragma("PRAGMA application_id = 1"), DAMAGED),
        ("empty".into(), rewrite(Vec::clear), DAMAGED),
        ("short junk".into(), rewrite(|bytes| *bytes = b"not a ledger".to_vec()), DAMAGED),
        ("long junk".into(), rewrite(|bytes| bytes.fill(b'x')), DAMAGED),
        ("cut to half".into(), rewrite(|bytes| bytes.truncate(bytes.len() / 2)), DAMAGED),
        ("cut inside a page".into(), rewrite(|bytes| bytes.truncate(bytes.len() - 100)), DAMAGED),
        ("cut by a byte".into(), rewrite(|bytes| bytes.truncate(bytes.len() - 1)), DAMAGED),
        ("cut to its header".into(), rewrite(|bytes| bytes.truncate(100)), DAMAGED),
    ];
    for page in 0..pages {
        let flip = move |path: &Path| {
            let mut bytes = fs::read(path).unwrap();
            bytes[page * PAGE_BYTES..][..16].iter_mut().for_each(|byte| *byte = !*byte);
            fs::write(path, bytes).unwrap();
        };
        harms.push((format!("flipped in page {page}"), Box::new(flip), DAMAGED));
    }
    harms
}

const DAMAGED: &str = "nothing was changed. to set it aside and make it again from the published files, run: audience-exporter ledger rebuild";

/// The size of SQLite's pages.
const PAGE_BYTES: usize = 4096;

#[test]
fn a_ledger_that_is_not_what_it_was_is_refused_by_name_and_its_removal_touches_no_file() {
    let bench = Workbench::new();
    let command = Span::autumn().backfill();
    let (project, files, books) = bench.undisturbed(Span::autumn(), &command);
    let path = project.ledger_path();
    let sound = fs::read(&path).unwrap();
    for (name, harm, words) in harms(sound.len() / PAGE_BYTES) {
        fs::write(&path, &sound).unwrap();
        harm(&path);
        let harmed = fs::read(&path).unwrap();
        for command in [command.clone(), vec!["status".to_owned()]] {
            let refused = project.run(&command);
            assert_eq!(refused.status.code(), Some(1), "{name}: {}", refused.said);
            refused.assert_says(&path.display().to_string());
            refused.assert_says(words);
        }
        assert!(fs::read(&path).unwrap() == harmed, "{name}: it was changed");
        project.assert_untouched(&files, &name);
    }
    follow_the_advice(&project, &command, &files, &books);
}

#[test]
fn figures_that_cannot_be_are_refused_as_damage_of_the_ledger() {
    let bench = Workbench::new();
    let command = Span::autumn().backfill();
    let (project, files, books) = bench.undisturbed(Span::autumn(), &command);
    let path = project.ledger_path();
    let sound = fs::read(&path).unwrap();
    for sql in [
        "UPDATE files SET sha256 = x'00'",
        "UPDATE files SET rows = -1",
        "UPDATE files SET period_end = period_start",
        "UPDATE series SET first_run = 1 << 60",
        "INSERT INTO intervals SELECT series, start + 3600, end, 1 FROM intervals",
    ] {
        fs::write(&path, &sound).unwrap();
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        assert_refused(&project.run(&command), &path, DAMAGED);
        project.assert_untouched(&files, sql);
    }
    follow_the_advice(&project, &command, &files, &books);
}

/// Moves the ledger away and runs again: the same ledger comes back, and no file is touched.
fn follow_the_advice(project: &Project, command: &[String], files: &Files, books: &Books) {
    for suffix in ["", "-wal", "-shm"] {
        _ = fs::remove_file(format!("{}{suffix}", project.ledger_path().display()));
    }
    project.run(command).assert_code(0);
    project.assert_same(files, books, "without the ledger");
    project.assert_untouched(files, "without the ledger");
}

#[test]
fn remains_of_a_ledger_that_was_removed_are_refused_and_not_taken_for_a_new_one() {
    let bench = Workbench::new();
    let command = Span::autumn().backfill();
    let (project, files, books) = bench.undisturbed(Span::autumn(), &command);
    let path = project.ledger_path();
    let wal = path.with_file_name("ledger.sqlite-wal");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch("UPDATE files SET sha256 = pending_sha256").unwrap();
    let remains = fs::read(&wal).unwrap();
    drop(connection);
    fs::remove_file(&path).unwrap();
    fs::write(&wal, remains).unwrap();
    let refused = project.run(&command);
    assert_refused(&refused, &path, DAMAGED);
    assert!(!path.exists() && wal.exists());
    follow_the_advice(&project, &command, &files, &books);
}

#[test]
fn without_a_ledger_the_file_of_another_period_is_put_aside() {
    let bench = Workbench::new();
    let command = Span::autumn().backfill();
    let (project, files, books) = bench.undisturbed(Span::autumn(), &command);
    let day = |day: &str| project.output_dir().join(format!("daily/stream=lobby/date={day}/data.csv"));
    fs::copy(day("2025-10-05"), day("2025-10-06")).unwrap();
    // Nothing tells what was published.
    fs::remove_file(project.output_dir().join("daily/stream=lobby/_manifest.json")).unwrap();
    fs::remove_dir_all(project.state_dir()).unwrap();
    let healed = project.run(&command);
    healed.assert_code(0);
    healed.assert_says("it holds rows of another period");
    project.assert_same(&files, &books, "in the end");
    assert_eq!(project.beginning_with(".damaged-").len(), 1);
    assert_eq!(files.below("daily").len(), 35 * STREAMS);
}
