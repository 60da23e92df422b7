//! What lies among published files and is none of them is put out of the readers' sight.

mod workbench;

use std::fs;

use self::workbench::{Span, Workbench};

#[test]
fn what_readers_would_take_for_data_and_is_none_is_set_aside_and_nothing_else() {
    let bench = Workbench::new();
    let command = Span::autumn().backfill();
    let (project, files, books) = bench.undisturbed(Span::autumn(), &command);
    let stream = project.output_dir().join("daily/stream=lobby");
    let published = stream.join("date=2025-10-05/data.csv");
    let strays =
        ["date=2199-01-01/data.csv", "date=2025-10-05 (copy)/data.csv", "archive=old/data.csv", "all.csv"];
    for stray in strays {
        fs::create_dir_all(stream.join(stray).parent().unwrap()).unwrap();
        fs::copy(&published, stream.join(stray)).unwrap();
    }
    for kept in ["notes.txt", "_notes.csv"] {
        fs::write(stream.join(kept), "ours").unwrap();
    }
    fs::copy(&published, published.with_file_name("data (1).csv")).unwrap();
    let run = project.run(&command);
    run.assert_code(0);
    run.assert_says("date=2199-01-01");
    for stray in strays {
        assert!(!stream.join(stray).exists(), "{stray}");
    }
    assert!(stream.join("notes.txt").exists() && stream.join("_notes.csv").exists());
    // What lies beside a file is found when that file is looked at.
    let forced: Vec<String> = command.iter().cloned().chain(["--force".to_owned()]).collect();
    project.run(&forced).assert_code(0);
    assert!(!published.with_file_name("data (1).csv").exists());
    // Nothing is deleted.
    assert_eq!(project.beginning_with(".damaged-").len(), 5);
    project.assert_same(&files, &books, "in the end");
}
