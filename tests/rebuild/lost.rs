//! State that is gone.

use std::fs;

use audience_exporter::{
    daemon::LOCK_NAME,
    locks::{Lock, Patience},
    sink::publish,
};

use crate::{
    town::Town,
    workbench::{
        Span, Workbench,
        books::{Books, Files},
        process::Ended,
        project::{Layout, Project},
        words,
    },
};

/// A project that pulled once, and is asked twice from now on: eight days are provisional.
struct Bench {
    service: Workbench,
    project: Project,
    files: Files,
    books: Books,
}

impl Bench {
    fn new() -> Self {
        let bench = Workbench::new();
        let layout = Layout { lookback: "192h", ..Layout::usual(Span::recent()) };
        let (project, files, books) = bench.undisturbed_with(&layout, &words(&["pull"]));
        Self { service: bench, project, files, books }
    }

    fn rebuild(&self, more: &[&str]) -> Ended {
        self.project.run(&words(&[&["ledger", "rebuild"], more].concat()))
    }

    /// How many pages a pull asks for.
    fn pages_of_a_pull(&self) -> u64 {
        let before = self.service.pages_asked();
        self.project.run(&words(&["pull"])).assert_code(0);
        self.service.pages_asked() - before
    }

    fn set_aside(&self) -> Vec<String> {
        let entries = fs::read_dir(self.project.state_dir()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.filter(|name| name.contains(".damaged-")).collect();
        names.sort_unstable();
        names
    }
}

#[test]
fn without_its_state_the_next_pull_asks_only_for_what_is_not_sealed() {
    let bench = Bench::new();
    let usual = bench.pages_of_a_pull();
    assert!(usual > 0, "something is provisional");
    fs::remove_dir_all(bench.project.state_dir()).unwrap();
    let rebuilt = bench.rebuild(&[]);
    rebuilt.assert_code(0);
    rebuilt.assert_says(&format!("the ledger was made again from {} files of 4 series", bench.files.len()));
    bench.project.books().assert_same(&bench.books, "made again");
    bench.project.assert_untouched(&bench.files, "made again");
    bench.project.run(&words(&["verify", "--files"])).assert_code(0);
    assert_eq!(bench.pages_of_a_pull(), usual);
    bench.project.assert_untouched(&bench.files, "after the next pull");
    bench.project.books().assert_same(&bench.books, "after the next pull");
    assert!(bench.set_aside().is_empty());
}

#[test]
fn files_that_are_not_what_their_manifest_says_are_asked_again_and_no_others() {
    let bench = Bench::new();
    let usual = bench.pages_of_a_pull();
    fs::remove_dir_all(bench.project.state_dir()).unwrap();
    let paths = bench.files.paths();
    let [gone, altered] = [paths[3], paths[7]].map(|path| bench.project.output_dir().join(path));
    fs::remove_file(gone).unwrap();
    let text = fs::read_to_string(&altered).unwrap();
    fs::write(&altered, text.replacen(",0,", ",1,", 1)).unwrap();
    let rebuilt = bench.rebuild(&[]);
    rebuilt.assert_code(0);
    for path in [paths[3], paths[7]] {
        rebuilt.assert_says(&path.display().to_string());
    }
    // A day each.
    assert_eq!(bench.pages_of_a_pull(), usual + 2);
    bench.project.assert_same(&bench.files, &bench.books, "after the next pull");
    assert_eq!(bench.project.beginning_with(".damaged-").len(), 1);
}

#[test]
fn a_ledger_that_is_sound_is_refused_and_set_aside_by_force_only() {
    let bench = Bench::new();
    let refused = bench.rebuild(&[]);
    refused.assert_code(2);
    refused.assert_says("is sound");
    assert!(bench.set_aside().is_empty());
    bench.rebuild(&["--force"]).assert_code(0);
    bench.project.books().assert_same(&bench.books, "by force");
    let aside = bench.set_aside();
    assert!(aside[0].starts_with("ledger.sqlite.damaged-"), "{aside:?}");
    bench.project.assert_untouched(&bench.files, "by force");
}

#[test]
fn a_damaged_ledger_is_set_aside_whole_and_made_again() {
    let bench = Bench::new();
    let path = bench.project.ledger_path();
    let mut junk = fs::read(&path).unwrap();
    junk[..100].fill(7);
    fs::write(&path, &junk).unwrap();
    let refused = bench.project.run(&words(&["pull"]));
    refused.assert_code(1);
    refused.assert_says("audience-exporter ledger rebuild");
    let wal = path.with_file_name("ledger.sqlite-wal");
    fs::write(&wal, "what stood last").unwrap();
    bench.rebuild(&[]).assert_code(0);
    bench.project.books().assert_same(&bench.books, "made again");
    let aside = bench.set_aside();
    assert!(fs::read(path.with_file_name(&aside[0])).unwrap() == junk);
    let wal = path.with_file_name(format!("{}-wal", aside[0]));
    assert_eq!(fs::read_to_string(wal).unwrap(), "what stood last", "{aside:?}");
}

#[test]
fn nothing_is_made_of_nothing_and_nothing_while_the_daemon_runs() {
    let bench = Bench::new();
    fs::remove_dir_all(bench.project.state_dir()).unwrap();
    let daemon = Lock::acquire(bench.project.state_dir(), LOCK_NAME, Patience::None).unwrap();
    bench.rebuild(&[]).assert_code(5);
    drop(daemon);
    let hidden = bench.project.output_dir().with_extension("away");
    publish::move_into_place(bench.project.output_dir(), &hidden).unwrap();
    fs::create_dir(bench.project.output_dir()).unwrap();
    let refused = bench.rebuild(&[]);
    refused.assert_code(1);
    refused.assert_says("nothing below");
    // What was begun is no ledger, and keeps an empty one from being made in its place.
    let refused = bench.project.run(&words(&["pull"]));
    refused.assert_code(1);
    refused.assert_says("ledger rebuild");
    fs::remove_dir(bench.project.output_dir()).unwrap();
    publish::move_into_place(&hidden, bench.project.output_dir()).unwrap();
    bench.rebuild(&[]).assert_code(0);
    bench.project.books().assert_same(&bench.books, "in the end");
}

#[test]
fn a_manifest_that_is_none_or_elsewhere_is_told_and_left_out() {
    let bench = Bench::new();
    fs::remove_dir_all(bench.project.state_dir()).unwrap();
    let folder = |name: &str| bench.project.output_dir().join(name);
    fs::write(folder("daily/stream=lobby/_manifest.json"), "{").unwrap();
    fs::create_dir_all(folder("daily/stream=other")).unwrap();
    fs::copy(folder("monthly/stream=lobby/_manifest.json"), folder("daily/stream=other/_manifest.json"))
        .unwrap();
    let rebuilt = bench.rebuild(&[]);
    rebuilt.assert_code(0);
    rebuilt.assert_says("daily/stream=lobby was left out");
    rebuilt.assert_says("daily/stream=other was left out");
    rebuilt.assert_says("lobby of daily: no manifest");
    bench.project.run(&words(&["pull"])).assert_code(0);
    bench.project.books().assert_same(&bench.books, "after the next pull");
    bench.project.assert_untouched(&bench.files, "after the next pull");
}

#[test]
fn the_journal_rechecks_and_what_agreed_are_known_again() {
    let mut town = Town::new("recheck = [\"7d\"]\nreconcile = true");
    town.pull();
    town.restate(-5, 7);
    town.forget(-7);
    town.set_clock(24);
    town.pull();
    let (changes, manifest) = (town.changes(), town.manifest());
    assert_eq!((changes.len(), manifest.vanished.len(), manifest.rechecked.len()), (1, 1, 1));
    fs::remove_dir_all(town.state()).unwrap();
    let (code, said) = town.run(&["ledger", "rebuild"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(town.changes(), changes);
    town.pull();
    assert_eq!(town.manifest(), manifest);
    // The next change stands beside those before it, and no run has the number of another.
    town.restate(-6, 3);
    town.set_clock(25);
    town.pull();
    let known = town.changes();
    assert_eq!((known.len(), &known[0]), (2, &changes[0]));
    assert!(known[1].run > known[0].run);
    let (code, said) = town.run(&["verify", "--files"]);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn a_journal_that_does_not_read_is_kept_aside_and_told() {
    let mut town = Town::new("");
    town.pull();
    town.restate(-5, 7);
    town.pull();
    let files = Files::published(&town.data().join("hourly/_changes"));
    let path = town.data().join("hourly/_changes").join(files.paths()[0]);
    fs::write(&path, "stream,bucket\n").unwrap();
    fs::remove_dir_all(town.state()).unwrap();
    let (code, said) = town.run(&["ledger", "rebuild"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("was left out and set aside"), "{said}");
    assert!(!path.exists() && town.changes().is_empty());
    let aside = Files::beginning_with(&town.data().join("hourly/_changes"), ".damaged-");
    assert_eq!(aside.bytes(aside.paths()[0]), Some(&b"stream,bucket\n"[..]));
}
