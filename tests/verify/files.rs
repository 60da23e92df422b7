//! Files that somebody harmed.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use audience_exporter::sink::publish;
use serde_json::Value;

use crate::workbench::{
    Span, Workbench,
    books::{Books, Files},
    process::Ended,
    project::Project,
    words,
};

const CSV: &str = "daily/stream=lobby/date=";
const PARQUET: &str = "monthly/stream=back-entrance";

/// A finding: path and flaw.
type Found = BTreeSet<(String, String)>;

fn findings(ended: &Ended) -> Found {
    let json: Value = serde_json::from_str(&ended.said).unwrap_or_else(|_| panic!("{}", ended.said));
    let findings = json["files"]["findings"].as_array().unwrap().iter();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    findings.map(|finding| (text(finding, "path"), text(finding, "flaw"))).collect()
}

fn found(findings: &[(&str, &str)]) -> Found {
    findings.iter().map(|(path, flaw)| ((*path).to_owned(), (*flaw).to_owned())).collect()
}

/// The commands that findings advise, each once.
fn advice(ended: &Ended) -> BTreeSet<Vec<String>> {
    let json: Value = serde_json::from_str(&ended.said).unwrap();
    let steps = json["files"]["findings"].as_array().unwrap().iter();
    let steps = steps.filter_map(|finding| {
        let words = finding["next_step"].as_str().unwrap().replace('\\', " ");
        let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        (words[0] == "audience-exporter").then(|| words[1..].to_vec())
    });
    steps.collect()
}

fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-r").args([from, to]).status().unwrap();
    assert!(done.success());
}

struct Bench {
    /// Answers as long as this is there.
    _service: Workbench,
    project: Project,
    files: Files,
    books: Books,
}

impl Bench {
    fn new() -> Self {
        let bench = Workbench::new();
        let (project, files, books) = bench.undisturbed(Span::recent(), &words(&["pull"]));
        Self { _service: bench, project, files, books }
    }

    /// Published files below a folder, in order.
    fn below(&self, folder: &str) -> Vec<String> {
        let paths = self.files.paths().into_iter().map(|path| path.to_string_lossy().into_owned());
        paths.filter(|path| path.starts_with(folder)).collect()
    }

    fn at(&self, path: &str) -> PathBuf {
        self.project.output_dir().join(path)
    }

    fn verify(&self, more: &[&str]) -> Ended {
        self.project.run(&words(&[&["verify", "--json"], more].concat()))
    }

    /// Both ways of looking at files find just this, by name.
    #[track_caller]
    fn assert_found(&self, expected: &[(&str, &str)], when: &str) {
        let code = i32::from(!expected.is_empty());
        let by_ledger = self.verify(&["--files"]);
        by_ledger.assert_code(code);
        assert_eq!(findings(&by_ledger), found(expected), "{when}: by the ledger");
        let folder = tempfile::tempdir().unwrap();
        let copied = folder.path().join("copy");
        copy(self.project.output_dir(), &copied);
        let offline = self.project.run(&["verify", "--json", "--offline", copied.to_str().unwrap()]);
        offline.assert_code(code);
        assert_eq!(findings(&offline), found(expected), "{when}: by the manifests");
        let shown = self.project.run(&words(&["verify", "--files"]));
        for (path, flaw) in expected {
            shown.assert_says(path);
            shown.assert_says(flaw);
        }
        for line in shown.said.lines().filter(|line| !line.contains('/')) {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }

    /// What the findings advise makes everything as it was.
    #[track_caller]
    fn assert_healed(&self, when: &str) {
        let advised = advice(&self.verify(&["--files"]));
        assert!(!advised.is_empty(), "{when}");
        for command in advised {
            self.project.run(&command).assert_code(0);
        }
        self.assert_as_before(when);
    }

    #[track_caller]
    fn assert_as_before(&self, when: &str) {
        self.project.published().assert_same(&self.files, when);
        self.project.books().assert_same(&self.books, when);
        self.assert_found(&[], when);
    }
}

#[test]
fn whatever_somebody_does_to_files_is_found_by_name_and_healed_without_losing_another_row() {
    let bench = Bench::new();
    bench.assert_found(&[], "undisturbed");
    let days = bench.below(CSV);
    let months = bench.below(PARQUET);
    let [day, other] = [&*days[9], &*days[20]];
    let month = &*months[0];

    for path in [day, month] {
        let mut bytes = fs::read(bench.at(path)).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(bench.at(path), bytes).unwrap();
        bench.assert_found(&[(path, "altered")], "a flipped bit");
        bench.assert_healed("a flipped bit");
    }
    for path in [day, month] {
        fs::remove_file(bench.at(path)).unwrap();
        bench.assert_found(&[(path, "gone")], "a deleted file");
        bench.assert_healed("a deleted file");
    }
    for [one, two] in [[day, other], [&*months[0], &*months[1]], [day, month]] {
        let [first, second] = [one, two].map(|path| fs::read(bench.at(path)).unwrap());
        fs::write(bench.at(one), second).unwrap();
        fs::write(bench.at(two), first).unwrap();
        bench.assert_found(&[(one, "swapped"), (two, "swapped")], "a swapped pair");
        bench.assert_healed("a swapped pair");
    }
    let text = fs::read_to_string(bench.at(day)).unwrap();
    let (head, last) = text.trim_end().rsplit_once('\n').unwrap();
    let mut cells: Vec<String> = last.split(',').map(str::to_owned).collect();
    cells[5] = (cells[5].parse::<u64>().unwrap() + 1).to_string();
    fs::write(bench.at(day), format!("{head}\n{}\n", cells.join(","))).unwrap();
    bench.assert_found(&[(day, "altered")], "an edited CSV");
    bench.assert_healed("an edited CSV");
    let whole = fs::read(bench.at(month)).unwrap();
    for length in [0, 100, whole.len() - 1] {
        fs::write(bench.at(month), &whole[..length]).unwrap();
        bench.assert_found(&[(month, "altered")], "a truncated Parquet");
        bench.assert_healed("a truncated Parquet");
    }
}

#[test]
fn what_nobody_published_is_found_until_it_is_moved_away() {
    let bench = Bench::new();
    let day = bench.below(CSV).remove(3);
    let beside = day.replace("data.csv", "data (1).csv");
    let strays = [
        &*beside,
        "daily/stream=lobby/date=1999-12-31/data.csv",
        "daily/stream=lobby/notes.txt",
        "monthly/stream=lobby/month=1999-12/more/data.parquet",
    ];
    for path in strays {
        fs::create_dir_all(bench.at(path).parent().unwrap()).unwrap();
        fs::copy(bench.at(&day), bench.at(path)).unwrap();
        bench.assert_found(&[(path, "stray")], "a stray");
        // What readers pass over is nobody's business.
        let hidden = bench.at(path).with_file_name("_hidden");
        publish::move_into_place(&bench.at(path), &hidden).unwrap();
        bench.assert_as_before("a stray, moved away");
    }
    for path in
        ["daily/stream=cellar/date=2020-01-01/data.csv", "monthly/copies/data.parquet", "daily/all.csv"]
    {
        fs::create_dir_all(bench.at(path).parent().unwrap()).unwrap();
        fs::copy(bench.at(&day), bench.at(path)).unwrap();
        let shown = bench.project.run(&words(&["verify", "--files"]));
        shown.assert_code(1);
        let named = path.split('/').take(2).collect::<Vec<_>>().join("/");
        shown.assert_says(&named);
        fs::remove_file(bench.at(path)).unwrap();
        bench.assert_as_before("a stranger, removed");
    }
}

#[test]
fn a_manifest_that_was_edited_or_lost_is_found_and_written_anew_by_the_next_pull() {
    let bench = Bench::new();
    let path = "daily/stream=lobby/_manifest.json";
    let text = fs::read_to_string(bench.at(path)).unwrap();
    for harmed in [text.replacen("\"rows\": 24", "\"rows\": 23", 1), text[..100].to_owned(), "{}".to_owned()]
    {
        assert_ne!(harmed, text);
        fs::write(bench.at(path), harmed).unwrap();
        let found = bench.verify(&["--files"]);
        found.assert_code(1);
        assert_eq!(findings(&found), self::found(&[(path, "manifest")]));
        let offline =
            bench.project.run(&["verify", "--offline", bench.project.output_dir().to_str().unwrap()]);
        offline.assert_code(1);
        bench.assert_healed("a harmed manifest");
        assert_eq!(fs::read_to_string(bench.at(path)).unwrap(), text);
    }
    fs::remove_file(bench.at(path)).unwrap();
    bench.assert_found(&[(path, "manifest")], "a lost manifest");
    bench.assert_healed("a lost manifest");
}

#[test]
fn a_folder_alone_is_proved_without_configuration_and_one_without_manifest_is_refused() {
    let bench = Bench::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let offline = |folder: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_audience-exporter"));
        let output =
            command.current_dir(elsewhere.path()).arg("verify").arg("--offline").arg(folder).output();
        let output = output.unwrap();
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    for folder in ["", "daily", "monthly/stream=lobby"] {
        let (code, said) = offline(&bench.at(folder));
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("all as published"), "{said}");
    }
    let copied = elsewhere.path().join("renamed");
    copy(&bench.at("monthly/stream=lobby"), &copied);
    assert_eq!(offline(&copied).0, Some(0));
    for folder in
        [elsewhere.path().join("nowhere"), bench.at(&bench.below(CSV)[0]).parent().unwrap().to_owned()]
    {
        let (code, said) = offline(&folder);
        assert_eq!(code, Some(2), "{said}");
    }
    let path = bench.at(&bench.below(PARQUET)[0]);
    fs::write(path, "junk").unwrap();
    let (code, said) = offline(&bench.at("monthly"));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("stream=back-entrance/month=") && said.contains("copy it again"), "{said}");
}

#[test]
fn without_a_ledger_nothing_is_verified_and_the_way_on_is_told() {
    let bench = Bench::new();
    fs::remove_dir_all(bench.project.state_dir()).unwrap();
    let refused = bench.verify(&[]);
    refused.assert_code(1);
    refused.assert_says("ledger rebuild");
    refused.assert_says("--offline");
    assert!(!bench.project.ledger_path().exists());
}

#[test]
fn ranges_and_names_narrow_what_is_looked_at() {
    let bench = Bench::new();
    let days = bench.below(CSV);
    fs::remove_file(bench.at(&days[9])).unwrap();
    let date = |index: usize| days[index].split('=').nth(2).unwrap()[..10].to_owned();
    let look = |more: &[&str]| {
        let ended = bench.verify(&[&["--files"], more].concat());
        findings(&ended).len()
    };
    assert_eq!(look(&["--from", &date(9), "--to", &date(10)]), 1);
    assert_eq!(look(&["--from", &date(10)]), 0);
    assert_eq!(look(&["--to", &date(9)]), 0);
    assert_eq!(look(&["--job", "monthly"]), 0);
    assert_eq!(look(&["--stream", "lobby"]), 1);
    bench.verify(&["--from", &date(10), "--to", &date(9)]).assert_code(2);
    bench.verify(&["--stream", "loby"]).assert_code(2);
}

#[test]
fn what_is_no_file_is_found_and_not_waited_for() {
    let bench = Bench::new();
    let pipe = bench.below(CSV).remove(3).replace("data.csv", "pipe.csv");
    let made = Command::new("mkfifo").arg(bench.at(&pipe)).status().unwrap();
    assert!(made.success());
    let found = bench.verify(&["--files"]);
    found.assert_code(1);
    found.assert_says(&pipe);
}
