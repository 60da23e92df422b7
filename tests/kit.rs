//! `kit` of the real program: what it writes where, and what it leaves alone.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

const CONFIG: &str = r#"output_dir = "data"
state_dir = "state"
[[streams]]
name = "lobby"
username = "ops@example.com"
client_id = "1111"
access_token = { file = "secrets/lobby" }
[[jobs]]
name = "hourly"
"#;

fn project() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("exporter.toml"), CONFIG).unwrap();
    folder
}

fn kit(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_audience-exporter"));
    command.current_dir(folder).env_remove("AUDIENCE_EXPORTER_CONFIG").stdin(Stdio::null());
    command.arg("kit").args(arguments).output().unwrap()
}

#[track_caller]
fn assert_ended(output: &Output, code: i32, said: &str) {
    let text = String::from_utf8([&output.stdout[..], &output.stderr[..]].concat()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(text.contains(said), "no {said:?} in {text}");
}

/// Every file below `folder`, by path.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for path in fs::read_dir(at).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.push((name, fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_kit_is_written_from_the_configuration_alone_and_is_the_same_again() {
    let project = project();
    let output = kit(project.path(), &["kit"]);
    assert_ended(&output, 0, "wrote 12 files to kit");
    assert_ended(&output, 0, "not exported yet: hourly");
    assert!(!project.path().join("state").exists() && !project.path().join("data").exists());
    let written = files(&project.path().join("kit"));
    let names: Vec<&str> = written.iter().map(|(name, _)| &**name).collect();
    assert_eq!(
        names,
        [
            "README.md",
            "dbt/dbt_project.yml",
            "dbt/models/audience_daily.sql",
            "dbt/models/sources.yml",
            "dbt/profiles.yml",
            "dictionary.csv",
            "dictionary.md",
            "excel-and-power-bi.md",
            "kit.sha256",
            "pandas_example.py",
            "polars_example.py",
            "queries.sql",
            "views.sql",
        ]
    );
    assert_ended(&kit(project.path(), &["kit"]), 0, "wrote 12 files");
    assert_ended(&kit(project.path(), &["new/folders/kit"]), 0, "wrote 12 files");
    assert_eq!(files(&project.path().join("kit")), written);
    assert_eq!(files(&project.path().join("new/folders/kit")), written);
    let views = String::from_utf8(written[12].1.clone()).unwrap();
    let folder = project.path().canonicalize().unwrap().join("data");
    assert!(views.contains(&format!("SET VARIABLE folder = '{}'", folder.display())), "{views}");
}

#[test]
fn a_kit_follows_the_configuration_and_leaves_alone_what_was_edited() {
    let project = project();
    let path = |name: &str| project.path().join("kit").join(name);
    assert_ended(&kit(project.path(), &["kit"]), 0, "wrote");
    fs::write(project.path().join("exporter.toml"), CONFIG.replace("\"hourly\"", "\"hours\"")).unwrap();
    fs::write(path("mine.sql"), "SELECT 1;\n").unwrap();
    assert_ended(&kit(project.path(), &["kit"]), 0, "wrote");
    assert!(fs::read_to_string(path("queries.sql")).unwrap().contains("hours_by_day"));

    fs::write(path("queries.sql"), "-- edited\n").unwrap();
    fs::write(project.path().join("exporter.toml"), CONFIG).unwrap();
    let before = files(&project.path().join("kit"));
    assert_ended(&kit(project.path(), &["kit"]), 2, "queries.sql was edited in kit, so nothing was written");
    assert_eq!(files(&project.path().join("kit")), before);
    assert_ended(&kit(project.path(), &["kit", "--force"]), 0, "wrote");
    assert!(fs::read_to_string(path("queries.sql")).unwrap().contains("hourly_by_day"));
    assert_eq!(fs::read_to_string(path("mine.sql")).unwrap(), "SELECT 1;\n");
    assert_ended(&kit(project.path(), &["kit"]), 0, "wrote");
}

#[test]
fn a_folder_of_somebody_else_is_refused() {
    let project = project();
    fs::create_dir(project.path().join("mine")).unwrap();
    fs::write(project.path().join("mine/views.sql"), "mine").unwrap();
    assert_ended(
        &kit(project.path(), &["mine"]),
        2,
        "mine is not empty and holds no kit, so nothing was written",
    );
    assert_eq!(files(&project.path().join("mine")).len(), 1);
    for place in ["data", "data/kit", "./data/../data/hourly"] {
        assert_ended(&kit(project.path(), &[place, "--force"]), 2, "lies in output_dir");
    }
    assert!(!project.path().join("data").exists());
    assert_ended(&kit(project.path(), &["data/_kit"]), 0, "wrote");
    assert_ended(&kit(project.path(), &["exporter.toml"]), 1, "exporter.toml");
    assert_ended(&kit(project.path(), &[]), 2, "DIR");
}
