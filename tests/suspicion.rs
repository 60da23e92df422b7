//! The demonstration's cameras: the one that goes blind once a week is suspect, the quiet one and the others are not.

use std::{path::Path, process::Command};

use serde_json::Value;

fn run(folder: &Path, arguments: &[&str]) -> String {
    let mut program = Command::new(env!("CARGO_BIN_EXE_audience-exporter"));
    program.current_dir(folder).args(arguments);
    let ended = program.output().unwrap();
    let stderr = String::from_utf8_lossy(&ended.stderr);
    assert!([Some(0), Some(4)].contains(&ended.status.code()), "{}: {stderr}", ended.status);
    String::from_utf8(ended.stdout).unwrap()
}

/// The runs of zeros that a command suspects in a stream.
fn suspicions(folder: &Path, command: &[&str], stream: &str) -> Vec<Value> {
    let told = run(folder, &[&["--config", "demo/exporter.toml"], command, &["--json"]].concat());
    let told: Value = serde_json::from_str(&told).unwrap();
    let mut series = told["series"].as_array().unwrap().iter();
    series.find(|series| series["stream"] == stream).unwrap()["suspect"].as_array().unwrap().clone()
}

#[test]
fn the_camera_that_fails_is_suspect_and_the_quiet_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    run(folder, &["demo", "--dir", "demo", "--days", "63"]);
    // Each of nine weeks has an outage; the first two teach what is usual, and the last may be to come.
    let of_failing = suspicions(folder, &["coverage"], "escalator");
    assert!((5..=8).contains(&of_failing.len()), "{of_failing:?}");
    assert!(of_failing.iter().all(|one| one["usual"].as_f64().unwrap() > 2.0), "{of_failing:?}");
    assert_eq!(suspicions(folder, &["coverage"], "back-entrance"), [] as [Value; 0]);
    // Within the last two weeks there was one.
    assert!(!suspicions(folder, &["status"], "escalator").is_empty());
    assert_eq!(suspicions(folder, &["status"], "back-entrance"), [] as [Value; 0]);
    let told = run(folder, &["--config", "demo/exporter.toml", "coverage", "--stream", "escalator"]);
    assert!(told.contains("silent from "), "{told}");
}
