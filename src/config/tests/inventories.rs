//! Inventories: their defaults, and what a person is told about them, word for word.

use std::sync::Arc;

use super::{VALID, problems, valid};
use crate::{
    config::Config,
    sink::{CsvCompression, FileFormat, ParquetCompression},
};

/// Below `VALID`, in line 10.
const ACCOUNTS: &str = r#"[[accounts]]
name = "angelcam"
kind = "angelcam"
client_id = "CID"
[[accounts]]
name = "partner"
kind = "simacan"
base_url = "https://auth.example.com/api/v1"
username = "exporter@example.com"
password = { file = "secrets/partner" }
"#;

/// Below `ACCOUNTS`, in line 20.
const INVENTORY: &str = r#"[[inventories]]
name = "cameras"
account = "angelcam"
"#;

fn text(inventory: &str) -> String {
    format!("{VALID}{ACCOUNTS}{inventory}")
}

fn with_line(line: &str) -> Config {
    valid(&text(&format!("{INVENTORY}{line}\n")))
}

fn assert_problem(inventory: &str, expected: &str) {
    assert_eq!(problems(&text(inventory)), [expected], "{inventory}");
}

#[test]
fn an_inventory_is_taken_every_night_as_plain_csv() {
    let config = with_line("");
    let inventory = &config.inventories[0];
    assert_eq!(inventory.name, "cameras");
    assert!(Arc::ptr_eq(&inventory.account, &config.accounts[0]));
    assert_eq!(inventory.schedule.as_str(), "0 4 * * *");
    assert_eq!(inventory.format, FileFormat::Csv(CsvCompression::None));
    assert!(config.warnings.is_empty());
}

#[test]
fn everything_of_an_inventory_can_be_set() {
    let parquet = with_line("format = \"parquet\"");
    assert_eq!(parquet.inventories[0].format, FileFormat::Parquet(ParquetCompression::Zstd));
    let hourly = with_line("schedule = \"30 15 * * * *\"");
    assert_eq!(hourly.inventories[0].schedule.as_str(), "30 15 * * * *");
}

#[test]
fn inventories_are_judged() {
    let frequent = "expected a schedule of at most once an hour, since a listing may contact every camera";
    for (line, problem) in [
        ("schedule = \"*/15 * * * *\"", format!("schedule: {frequent}; found \"*/15 * * * *\"")),
        ("schedule = \"0,30 4 * * *\"", format!("schedule: {frequent}; found \"0,30 4 * * *\"")),
        (
            "schedule = \"@daily\"",
            "schedule: expected a cron line of five fields, or of six with seconds; found \"@daily\" (1 field)"
                .to_owned(),
        ),
        ("format = \"cvs\"", "format: expected one of csv, parquet; found \"cvs\"; did you mean \"csv\"?".to_owned()),
        (
            "compression = \"gzip\"",
            "compression: expected one of name, account, schedule, format; found an unknown key".to_owned(),
        ),
    ] {
        assert_problem(&format!("{INVENTORY}{line}\n"), &format!("line 23: inventories[0].{problem}"));
    }
    assert_eq!(
        problems(&text("[[inventories]]\n")),
        ["name", "account"]
            .map(|key| format!("line 20: inventories[0].{key}: expected a string; found nothing"))
    );
}

#[test]
fn an_inventory_shares_its_folder_with_nobody() {
    assert_problem(
        &INVENTORY.replace("\"cameras\"", "\"hourly\""),
        "line 21: inventories[0].name: expected a name that no job has, since both name folders of output_dir; found \"hourly\"",
    );
    assert_problem(
        &format!("{INVENTORY}{INVENTORY}"),
        "line 24: inventories[1].name: expected a name that no other inventory has; found \"cameras\"",
    );
    assert_problem(
        &INVENTORY.replace("\"cameras\"", "\"../cameras\""),
        "line 21: inventories[0].name: expected a name like [a-z0-9][a-z0-9_-]*, at most 64 characters; found \"../cameras\"",
    );
    valid(&text(&INVENTORY.replace("\"cameras\"", "\"angelcam\"")));
}

#[test]
fn an_inventory_names_an_account_that_gives_it() {
    let expected = "line 22: inventories[0].account: expected the name of an account of kind angelcam";
    for (account, found) in [
        ("partner", "\"partner\", which is of another kind"),
        ("angel-cam", "\"angel-cam\"; did you mean \"angelcam\"?"),
        ("nobody", "\"nobody\""),
    ] {
        let inventory = INVENTORY.replace("\"angelcam\"", &format!("\"{account}\""));
        assert_problem(&inventory, &format!("{expected}; found {found}"));
    }
    assert_eq!(
        problems(&text(INVENTORY).replace("client_id = \"CID\"", "client_id = \"\"")),
        ["line 13: accounts[0].client_id: expected a text that is not empty; found an empty one"]
    );
}
