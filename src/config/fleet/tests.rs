//! Spreadsheets, and what a person is told about them, word for word.

use std::fs;

use chrono_tz::Tz;

use crate::config::{Config, ConfigError};

const HEADER: &str = "name,username,client_id,access_token_file,access_token_env,timezone,tag_site\n";

fn load(sheet: impl AsRef<[u8]>) -> Result<Config, ConfigError> {
    load_beside("", sheet)
}

/// As [`load`], with a configuration that goes on with `more`.
fn load_beside(more: &str, sheet: impl AsRef<[u8]>) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("fleet")).unwrap();
    fs::write(folder.path().join("fleet/streams.csv"), sheet).unwrap();
    let text = "output_dir = \"data\"\nstate_dir = \"state\"\nstreams_file = \"fleet/streams.csv\"\n\
                [[jobs]]\nname = \"hourly\"\nstreams = [\"lobby\"]\n";
    Config::parse(&format!("{text}{more}"), &folder.path().join("exporter.toml"))
}

fn problems(sheet: impl AsRef<[u8]>) -> Vec<String> {
    told(load(sheet))
}

fn told(outcome: Result<Config, ConfigError>) -> Vec<String> {
    match outcome {
        Err(ConfigError::Invalid(problems)) => {
            problems.iter().map(|problem| problem.to_string().replace("fleet/streams.csv ", "")).collect()
        }
        Err(error) => panic!("{error}"),
        Ok(_) => Vec::new(),
    }
}

#[test]
fn a_row_is_a_stream() {
    let rows =
        "lobby,ops@example.com,1,secrets/lobby,,Europe/Paris,nord\n,,,,,,\nhall,ops@example.com,2,,HALL\n";
    let config = load(format!("{HEADER}{rows}")).ok().unwrap();
    let [lobby, hall] = &config.streams[..] else { panic!("not two streams") };
    assert!(lobby.access_token.describe().ends_with("/fleet/secrets/lobby"));
    assert_eq!(lobby.timezone, Tz::Europe__Paris);
    assert_eq!(lobby.tags["site"], "nord");
    assert_eq!(hall.access_token.describe(), "environment variable HALL");
    assert_eq!(hall.timezone, Tz::UTC);
    assert!(hall.tags.is_empty());
    assert_eq!(config.tag_keys, ["site"]);
}

#[test]
fn rows_stand_beside_streams_of_the_file() {
    let more = "[[streams]]\nname = \"lobby\"\nusername = \"ops@example.com\"\nclient_id = \"9\"\n\
                access_token = { env = \"LOBBY\" }\n";
    let row = |name: &str| format!("{HEADER}{name},ops@example.com,1,secrets/x,,,\n");
    let config = load_beside(more, row("hall")).ok().unwrap();
    assert_eq!(
        config.streams.iter().map(|stream| stream.name.as_str()).collect::<Vec<_>>(),
        ["lobby", "hall"]
    );
    assert_eq!(
        told(load_beside(more, row("lobby"))),
        ["line 2, column name: expected a name that no other stream has; found \"lobby\""]
    );
}

#[test]
fn every_wrong_cell_is_told() {
    let rows =
        "lobby,ops@example.com,1,a,,,\nlobby,ops@example.com,,a,B,Europe/Pariss,\n\nHall,,3,,,,,s3cret\n";
    assert_eq!(
        problems(format!("{HEADER}{rows}")),
        [
            "line 3, column name: expected a name that no other stream has; found \"lobby\"",
            "line 3, column client_id: expected a text that is not empty; found an empty one",
            "line 3, column access_token_file: expected a cell in exactly one of access_token_file, \
         access_token_env; found both",
            "line 3, column timezone: expected a time zone such as Europe/Paris; found \"Europe/Pariss\"; \
         did you mean \"Europe/Paris\"?",
            "line 5, column name: expected a name like [a-z0-9][a-z0-9_-]*, at most 64 characters; found \"Hall\"",
            "line 5, column username: expected a text that is not empty; found an empty one",
            "line 5, column access_token_file: expected a cell in exactly one of access_token_file, \
         access_token_env; found none",
            "line 5, column 8: expected no cell where the header has no name; found one; \
         put quotes around cells with commas",
        ]
    );
}

#[test]
fn every_wrong_column_is_told() {
    let header = "nam,username,client_id,client_id,tag_Site,access_token_env,password\n";
    assert_eq!(
        problems(format!("{header}lobby,ops@example.com,1,1,x,LOBBY,s3cret\n")),
        [
            "line 1, column nam: expected one of name, username, ...; found an unknown column; \
         did you mean \"name\"?",
            "line 1, column client_id: expected every column once; found it again",
            "line 1, column tag_Site: expected a tag key like [a-z0-9_]+, at most 64 characters; found \"Site\"",
            "line 1, column password: expected one of name, username, client_id, access_token_file, \
         access_token_env, timezone, tag_*; found an unknown column",
            "line 1, column name: expected this column; found nothing",
        ]
    );
    assert_eq!(
        problems("name,username,client_id\nlobby,ops@example.com,1\n"),
        ["line 1, column access_token_file: expected this column or access_token_env; found nothing"]
    );
}

#[test]
fn what_is_no_spreadsheet_is_told_at_the_key() {
    let line = "line 3: streams_file: expected a CSV file";
    assert_eq!(
        problems("\n \n"),
        [format!("{line} with a header; found \"fleet/streams.csv\" (it is empty)")]
    );
    assert_eq!(
        problems("lobby,ops@example.com,s3cret\n"),
        [format!("{line} with a header; found \"fleet/streams.csv\" (its first row names no column)")]
    );
    let latin = b"name\nlobby\xe9\n";
    let found = "found \"fleet/streams.csv\" (it is not UTF-8 text)";
    assert_eq!(problems(latin), [format!("{line} in UTF-8; {found}")]);
    assert_eq!(
        problems(HEADER),
        ["streams: expected at least one stream, under [[streams]] or in a streams_file; found nothing"]
    );
}
