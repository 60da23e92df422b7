//! `csv_profile = "excel-eu"` from end to end: the real program publishes, merges, proves and rebuilds such files as any
//! others, and writes them anew when the profile changes.

mod workbench;

use std::fs;

use audience_exporter::{crash_point::Step, sink::FileFormat};

use self::workbench::{
    STREAMS, Span, Workbench,
    books::Files,
    project::{Layout, Project},
    words,
};

const START: &[u8] = "\u{feff}stream;bucket_start;".as_bytes();

fn excel() -> Layout {
    Layout { csv: "csv_profile = \"excel-eu\"", ..Layout::usual(Span::autumn()) }
}

/// The text of a file of the first stream.
fn text(project: &Project, day: &str) -> String {
    let path = project.output_dir().join(format!("daily/stream=lobby/date={day}/data.csv"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The same rows as the files of the other project, whose profile is another one.
#[track_caller]
fn assert_same_rows(project: &Project, files: &Files, other: &Files) {
    assert_eq!(files.paths(), other.paths());
    for path in files.paths() {
        let series = project.series();
        let owner = series.iter().find(|series| path.starts_with(series.folder())).unwrap();
        let rows = |files: &Files| {
            let format: FileFormat = owner.job.format;
            format.decode(&owner.context, files.bytes(path).unwrap()).unwrap()
        };
        assert_eq!(rows(files), rows(other), "{}", path.display());
    }
}

#[test]
fn files_are_published_once_merged_proved_and_rebuilt() {
    let bench = Workbench::new();
    let all = Span::autumn().backfill();
    let (plain, plain_files, _) = bench.undisturbed(Span::autumn(), &all);
    let project = bench.project_with("excel", &excel());
    project.run(&all).assert_code(0);
    let (files, books) = (project.published(), project.books());
    assert_same_rows(&plain, &files, &plain_files);
    for path in files.below("daily").paths() {
        assert!(files.bytes(path).unwrap().starts_with(START), "{}", path.display());
    }
    // The hour that comes twice.
    let night = text(&project, "2025-10-26");
    assert!(night.contains(
        "\r\nlobby;2025-10-26T02:00:00+02:00;2025-10-26T02:00:00+01:00;2025-10-26 02:00:00;UTC+02:00;"
    ));
    assert!(night.contains(
        "\r\nlobby;2025-10-26T02:00:00+01:00;2025-10-26T03:00:00+01:00;2025-10-26 02:00:00;UTC+01:00;"
    ));
    assert_eq!(night.matches("\r\n").count(), 26, "{night}");

    for again in [all.clone(), words(&["verify", "--files"])] {
        project.run(&again).assert_code(0);
        project.assert_untouched(&files, &again.join(" "));
    }
    // Each file in two slices, so that what is there is read and merged.
    let slices = bench.project_with("slices", &excel());
    for (from, to) in [("2025-10-01", "2025-10-26T00:30:00Z"), ("2025-10-26T00:30:00Z", "2025-11-05")] {
        slices.run(&words(&["backfill", "--from", from, "--to", to])).assert_code(0);
    }
    slices.run(&all).assert_code(0);
    slices.assert_same(&files, &books, "in slices");

    let copy = project.output_dir().to_str().unwrap().to_owned();
    project.run(&words(&["verify", "--offline", &copy])).assert_code(0);
    fs::remove_dir_all(project.state_dir()).unwrap();
    project.run(&words(&["ledger", "rebuild"])).assert_code(0);
    project.run(&words(&["verify", "--files"])).assert_code(0);
    project.run(&all).assert_code(0);
    project.assert_untouched(&files, "after the ledger was made again");
}

#[test]
fn a_file_that_excel_saved_again_is_found_set_aside_and_made_anew() {
    let bench = Workbench::new();
    let project = bench.project_with("saved-again", &excel());
    let all = Span::autumn().backfill();
    project.run(&all).assert_code(0);
    let (files, books) = (project.published(), project.books());
    let saved = text(&project, "2025-10-26").replace("2025-10-26 02:00:00", "26.10.2025 02:00");
    let path = project.output_dir().join("daily/stream=lobby/date=2025-10-26/data.csv");
    fs::write(&path, saved).unwrap();
    let found = project.run(&words(&["verify", "--files"]));
    assert_ne!(found.status.code(), Some(0), "{}", found.said);
    project.run(&[all, words(&["--force"])].concat()).assert_code(0);
    project.assert_same(&files, &books, "healed");
    assert_eq!(project.beginning_with(".damaged-").len(), 1);
}

#[test]
fn another_profile_writes_every_file_anew_and_asks_for_nothing() {
    let bench = Workbench::new();
    let all = Span::autumn().backfill();
    for (compression, name) in [
        ("", "data.csv"),
        ("compression = \"gzip\"", "data.csv.gz"),
        ("compression = \"zstd\"", "data.csv.zst"),
    ] {
        let lines = |profile: &str| -> &'static str {
            Box::leak(format!("{compression}\ncsv_profile = \"{profile}\"").into_boxed_str())
        };
        let [standard, excel] = ["standard", "excel-eu"]
            .map(|profile| Layout { csv: lines(profile), ..Layout::usual(Span::autumn()) });
        let fresh = bench.project_with(&format!("fresh-{name}"), &excel);
        fresh.run(&all).assert_code(0);
        let (files, books) = (fresh.published(), fresh.books());
        let folder = format!("changed-{name}");
        let project = bench.project_with(&folder, &standard);
        project.run(&all).assert_code(0);
        let (before, before_books) = (project.published(), project.books());
        let asked = bench.pages_asked();
        let project = bench.project_with(&folder, &excel);
        project.run(&all).assert_code(0);
        project.assert_same(&files, &books, "changed to excel-eu");
        project.run(&words(&["verify", "--files"])).assert_code(0);
        let project = bench.project_with(&folder, &standard);
        project.run(&all).assert_code(0);
        project.assert_same(&before, &before_books, "changed back");
        assert_eq!(bench.pages_asked(), asked);
        assert!(files.paths().iter().filter(|path| path.ends_with(name)).count() > 30 * STREAMS);
    }
}

#[test]
fn a_crash_while_files_are_published_or_written_anew_is_healed() {
    if !cfg!(debug_assertions) {
        eprintln!("skipped: release builds have no crash points");
        return;
    }
    let bench = Workbench::new();
    let all = Span::autumn().backfill();
    let usual = Layout::usual(Span::autumn());
    let (_, files, books) = bench.undisturbed_with(&excel(), &all);
    for (step, times) in
        [(Step::Merge, 2), (Step::FileSync, 1), (Step::Rename, 20), (Step::DirectorySync, 70)]
    {
        let at = format!("{}-{times}", step.as_str());
        let project = bench.project_with(&format!("first-{at}"), &excel());
        project.run_until_crash(&all, step, times).assert_crashed(&at);
        project.assert_honest(&at);
        project.run(&all).assert_code(0);
        project.assert_same(&files, &books, &at);
        if step == Step::Merge {
            continue;
        }
        let name = format!("anew-{at}");
        bench.project_with(&name, &usual).run(&all).assert_code(0);
        let project = bench.project_with(&name, &excel());
        project.run_until_crash(&all, step, times).assert_crashed(&at);
        project.assert_honest(&at);
        project.run(&all).assert_code(0);
        project.assert_same(&files, &books, &format!("{at}, anew"));
    }
}

#[test]
fn roll_ups_are_local_too() {
    let bench = Workbench::new();
    let csv = "csv_profile = \"excel-eu\"\nrollup = [\"day\"]";
    let project = bench.project_with("rolled", &Layout { csv, ..Layout::usual(Span::autumn()) });
    project.run(&Span::autumn().backfill()).assert_code(0);
    let path = project.output_dir().join("_rollup/daily/day/stream=lobby/year=2025/data.csv");
    let rolled = fs::read_to_string(path).unwrap();
    assert!(
        rolled.starts_with("\u{feff}stream;period_start;period_end;local_date;buckets_expected;"),
        "{rolled}"
    );
    let day = "\r\nlobby;2025-10-26T00:00:00+02:00;2025-10-27T00:00:00+01:00;2025-10-26;25;";
    assert!(rolled.contains(day), "{rolled}");
    assert!(rolled.ends_with(";entrance\r\n"), "{rolled}");
    assert!(!rolled.replace("\r\n", "").contains('.') && rolled.contains(";1,0;"), "{rolled}");
}
