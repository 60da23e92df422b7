//! Deliveries: their defaults, and what a person is told about them, word for word.

use std::sync::Arc;

use reqwest::Url;

use super::{VALID, problems, valid};
use crate::config::{Config, ContentType, DeliveryMethod};

/// Below `VALID`, in line 10. Its account is `partner`, of kind simacan; `angelcam` is of the other kind.
const ACCOUNTS: &str = r#"[[accounts]]
name = "partner"
kind = "simacan"
base_url = "https://auth.example.com/api/v1"
username = "exporter@example.com"
password = { file = "secrets/partner" }
[[accounts]]
name = "angelcam"
kind = "angelcam"
client_id = "CID"
"#;

/// Below `ACCOUNTS`, in line 20.
const DELIVERY: &str = r#"[[deliveries]]
name = "partner-hourly"
job = "hourly"
account = "partner"
url = "https://target.example.com/trips/insertOrUpdate"
"#;

fn text(delivery: &str) -> String {
    format!("{VALID}{ACCOUNTS}{delivery}")
}

/// A configuration whose job asks for nothing that CSV cannot carry.
fn quiet(lines: &str) -> Config {
    let config = valid(
        &text(&format!("{DELIVERY}{lines}"))
            .replace("name = \"hourly\"\n", "name = \"hourly\"\nmetrics = [\"passing_by\"]\n"),
    );
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    config
}

fn assert_problem(delivery: &str, expected: &str) {
    assert_eq!(problems(&text(delivery)), [expected], "{delivery}");
}

#[test]
fn a_delivery_posts_csv_and_asks_for_nothing_more() {
    let config = quiet("");
    let delivery = &config.deliveries[0];
    assert_eq!(delivery.name, "partner-hourly");
    assert!(Arc::ptr_eq(&delivery.job, &config.jobs[0]));
    assert!(Arc::ptr_eq(&delivery.account, &config.accounts[0]));
    assert_eq!(delivery.url.as_str(), "https://target.example.com/trips/insertOrUpdate");
    assert_eq!((delivery.method, delivery.content_type), (DeliveryMethod::Post, ContentType::Csv));
    assert!(delivery.status_url.is_none());
    assert!(delivery.repeat_lost_posts);
}

#[test]
fn everything_of_a_delivery_can_be_set() {
    let config = quiet(
        "method = \"PUT\"\ncontent_type = \"application/x-ndjson\"\nrepeat_lost_posts = false\n\
         status_url = \"https://status.example.com/api/v4/attempts\"\n",
    );
    let delivery = &config.deliveries[0];
    assert_eq!((delivery.method, delivery.content_type), (DeliveryMethod::Put, ContentType::JsonLines));
    assert_eq!(
        delivery.status_url.as_ref().map(Url::as_str),
        Some("https://status.example.com/api/v4/attempts")
    );
    assert!(!delivery.repeat_lost_posts);
    let json = quiet("content_type = \"application/json\"\n");
    assert_eq!(json.deliveries[0].content_type, ContentType::Json);
    for url in ["http://127.0.0.1:8400/in", "https://target.example.com/in/?mode=upsert"] {
        let text = text(DELIVERY).replace("https://target.example.com/trips/insertOrUpdate", url);
        assert_eq!(valid(&text).deliveries[0].url.as_str(), url);
    }
}

#[test]
fn deliveries_are_judged() {
    for (line, problem) in [
        ("method = \"post\"", "method: expected one of POST, PUT; found \"post\"; did you mean \"POST\"?"),
        ("method = \"DELETE\"", "method: expected one of POST, PUT; found \"DELETE\""),
        (
            "content_type = \"text/cvs\"",
            "content_type: expected one of text/csv, application/json, application/x-ndjson; found \"text/cvs\"; did you mean \"text/csv\"?",
        ),
        (
            "status_url = \"http://status.example.com/\"",
            "status_url: expected https://, or http:// to this machine only; found \"http://status.example.com/\"; write https://",
        ),
        (
            "status_url = \"https://status.example.com/?id=\"",
            "status_url: expected a URL without query and fragment; found one with them",
        ),
        ("repeat_lost_posts = 1", "repeat_lost_posts: expected true or false; found an integer"),
        (
            "schedule = \"0 4 * * *\"",
            "schedule: expected one of name, job, account, url, method, content_type, status_url, repeat_lost_posts; found an unknown key",
        ),
    ] {
        let delivery = format!("{DELIVERY}{line}\n");
        assert_problem(&delivery, &format!("line 25: deliveries[0].{problem}"));
    }
    for (url, problem) in [
        (
            "http://target.example.com/in?key=s3cret",
            "expected https://, or http:// to this machine only; found \"http://target.example.com/in\"; write https://",
        ),
        (
            "https://ops:s3cret@target.example.com/",
            "expected a URL without user name and password; found one with them",
        ),
        ("https://target.example.com/in#part", "expected a URL without fragment; found one with a fragment"),
        ("target", "expected an https:// URL; found text that is none (relative URL without a base)"),
    ] {
        let delivery = DELIVERY.replace("https://target.example.com/trips/insertOrUpdate", url);
        assert_problem(&delivery, &format!("line 24: deliveries[0].url: {problem}"));
    }
    assert_eq!(
        problems(&text("[[deliveries]]\n")),
        ["name", "job", "account", "url"]
            .map(|key| format!("line 20: deliveries[0].{key}: expected a string; found nothing"))
    );
    assert_problem(
        &format!("{DELIVERY}{DELIVERY}"),
        "line 26: deliveries[1].name: expected a name that no other delivery has; found \"partner-hourly\"",
    );
}

#[test]
fn a_delivery_names_a_job_and_an_account_that_takes_it() {
    for (from, to, problem) in [
        (
            "job = \"hourly\"",
            "job = \"horly\"",
            "line 22: deliveries[0].job: expected the name of a job; found \"horly\"; did you mean \"hourly\"?",
        ),
        (
            "job = \"hourly\"",
            "job = \"*\"",
            "line 22: deliveries[0].job: expected the name of a job; found \"*\"",
        ),
        (
            "account = \"partner\"",
            "account = \"partnr\"",
            "line 23: deliveries[0].account: expected the name of an account of kind simacan; found \"partnr\"; did you mean \"partner\"?",
        ),
        (
            "account = \"partner\"",
            "account = \"angelcam\"",
            "line 23: deliveries[0].account: expected the name of an account of kind simacan; found \"angelcam\", which is of another kind",
        ),
        (
            "account = \"partner\"",
            "account = \"angelcan\"",
            "line 23: deliveries[0].account: expected the name of an account of kind simacan; found \"angelcan\"",
        ),
    ] {
        assert_problem(&DELIVERY.replace(from, to), problem);
    }
    assert_eq!(
        problems(&format!("{VALID}{DELIVERY}")),
        [
            "line 13: deliveries[0].account: expected the name of an account of kind simacan; found \"partner\""
        ]
    );
}

#[test]
fn what_is_wrong_itself_is_told_once_and_not_again_by_who_refers_to_it() {
    let whole = text(DELIVERY);
    for (from, to, problem) in [
        (
            "name = \"hourly\"",
            "name = \"hourly\"\ntime = \"x\"",
            "line 10: jobs[0].time: expected one of by_hour, by_day, global; found \"x\"",
        ),
        ("name = \"hourly\"\n", "", "line 8: jobs[0].name: expected a string; found nothing"),
        (
            "[[jobs]]\nname = \"hourly\"\n",
            "",
            "jobs: expected at least one job, under [[jobs]]; found nothing",
        ),
        ("[[jobs]]", "[jobs]", "line 8: jobs: expected tables, each under [[jobs]]; found a table"),
        (
            "kind = \"simacan\"\n",
            "",
            "line 10: accounts[0].kind: expected one of simacan, angelcam; found nothing",
        ),
        (
            "name = \"partner\"\nkind = \"simacan\"",
            "name = 7\nkind = \"simacan\"",
            "line 11: accounts[0].name: expected a string; found an integer",
        ),
    ] {
        assert!(whole.contains(from), "{from}");
        assert_eq!(problems(&whole.replacen(from, to, 1)), [problem], "{from}");
    }
    for (accounts, problem) in [
        ("accounts = 5", "line 1: accounts: expected tables, each under [[accounts]]; found an integer"),
        ("accounts = [5]", "line 1: accounts[0]: expected a table; found an integer"),
    ] {
        assert_eq!(problems(&format!("{accounts}\n{VALID}{DELIVERY}")), [problem]);
    }
    let syntax = format!("{VALID}{}{DELIVERY}", ACCOUNTS.replace("\"partner\"", "\"partner"));
    let told = problems(&syntax);
    assert!(told.iter().all(|problem| problem.contains("a syntax error")), "{told:?}");
}

#[test]
fn csv_that_would_have_to_carry_json_deserves_a_look() {
    let warning = "delivery \"partner-hourly\": text/csv cannot carry the JSON of satisfaction and extras, since its \
                   fields must not be quoted; write content_type = \"application/json\", or leave satisfaction out of \
                   the metrics of job \"hourly\"";
    assert_eq!(valid(&text(DELIVERY)).warnings, [warning]);
    for content_type in ["application/json", "application/x-ndjson"] {
        let config = valid(&text(&format!("{DELIVERY}content_type = \"{content_type}\"\n")));
        assert!(config.warnings.is_empty(), "{content_type}");
    }
}
