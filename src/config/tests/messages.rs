//! Every kind of problem, and what a person is told about it, word for word.

use super::{JOB, STREAM, VALID, problems, valid, with};

fn assert_problem(text: &str, expected: &str) {
    assert_eq!(problems(text), [expected], "{text}");
}

#[test]
fn top_level_keys_are_judged() {
    for (line, problem) in [
        (
            "outputdir = 1",
            "line 1: outputdir: expected one of output_dir, state_dir, timezone, token_key, angus, streams, streams_file, jobs, accounts, deliveries, inventories, daemon, http, alerts; found an unknown key",
        ),
        (
            "time_zone = 1",
            "line 1: time_zone: expected one of output_dir, state_dir, ...; found an unknown key; did you mean \"timezone\"?",
        ),
        (
            "\"odd key\" = 1",
            "line 1: \"odd key\": expected one of output_dir, state_dir, timezone, token_key, angus, streams, streams_file, jobs, accounts, deliveries, inventories, daemon, http, alerts; found an unknown key",
        ),
        (
            "\"\" = 1",
            "line 1: \"\": expected one of output_dir, state_dir, timezone, token_key, angus, streams, streams_file, jobs, accounts, deliveries, inventories, daemon, http, alerts; found an unknown key",
        ),
        ("timezone = 1", "line 1: timezone: expected a string; found an integer"),
        (
            "timezone = \"Europe/Pariss\"",
            "line 1: timezone: expected a time zone such as Europe/Paris; found \"Europe/Pariss\"; did you mean \"Europe/Paris\"?",
        ),
        (
            "timezone = \"Paris\"",
            "line 1: timezone: expected a time zone such as Europe/Paris; found \"Paris\"; did you mean \"Europe/Paris\"?",
        ),
        ("angus = true", "line 1: angus: expected a table; found a boolean"),
        (
            "http = { listen = \"9464\" }",
            "line 1: http.listen: expected an address and a port such as 127.0.0.1:9464; found \"9464\"",
        ),
        (
            "http = { password = \"s3cret\" }",
            "line 1: http.password: expected one of listen, token; found an unknown key",
        ),
        (
            "streams_file = \"none.csv\"",
            "line 1: streams_file: expected a CSV file in UTF-8; found \"none.csv\" (no such file)",
        ),
        ("streams_file = \"\"", "line 1: streams_file: expected a path; found a text that cannot be one"),
    ] {
        assert_problem(&with("", line), problem);
    }
}

#[test]
fn folders_are_judged() {
    let text = |state: &str| VALID.replace("\"state\"", state);
    let expected = "a folder outside of output_dir, or in it under a name that begins with _ or .";
    for state in ["\"data\"", "\"data/state\"", "\"./data/../data\""] {
        assert_problem(&text(state), &format!("line 2: state_dir: expected {expected}; found {state}"));
    }
    assert_problem(&text("\"\""), "line 2: state_dir: expected a path; found a text that cannot be one");
    valid(&text("\"data/_state\""));
    assert_problem(
        &VALID.replace("output_dir = \"data\"", ""),
        "output_dir: expected a string; found nothing",
    );
}

#[test]
fn angus_is_judged() {
    for (line, problem) in [
        (
            "console_url = \"http://console.angus.ai\"",
            "console_url: expected https://, or http:// to this machine only; found \"http://console.angus.ai\"; write https://",
        ),
        (
            "console_url = \"https://ops:s3cret@console.angus.ai\"",
            "console_url: expected a URL without user name and password; found one with them",
        ),
        (
            "data_url = \"https://data.angus.ai?key=s3cret\"",
            "data_url: expected a URL without query and fragment; found one with them",
        ),
        (
            "data_url = \"data.angus.ai\"",
            "data_url: expected an https:// URL; found text that is none (relative URL without a base)",
        ),
        (
            "data_url = \"ftp://data.angus.ai\"",
            "data_url: expected an https:// URL; found \"ftp://data.angus.ai\"",
        ),
        ("concurrency = 0", "concurrency: expected an integer from 1 to 1024; found 0"),
        ("concurrency = 1_025", "concurrency: expected an integer from 1 to 1024; found 1025"),
        ("concurrency = 8.0", "concurrency: expected an integer from 1 to 1024; found a float"),
        ("per_stream_concurrency = 0", "per_stream_concurrency: expected an integer from 1 to 1024; found 0"),
        ("max_attempts = 21", "max_attempts: expected an integer from 1 to 20; found 21"),
        ("max_attempts = -1", "max_attempts: expected an integer from 1 to 20; found -1"),
        (
            "requests_per_second = 0",
            "requests_per_second: expected a number above 0, at most 1000000; found 0",
        ),
        (
            "requests_per_second = nan",
            "requests_per_second: expected a number above 0, at most 1000000; found nan",
        ),
        (
            "requests_per_second = inf",
            "requests_per_second: expected a number above 0, at most 1000000; found inf",
        ),
        (
            "requests_per_second = \"1\"",
            "requests_per_second: expected a number above 0, at most 1000000; found a string",
        ),
        ("timeout = \"999ms\"", "timeout: expected a duration from 1s to 10m; found \"999ms\""),
        ("timeout = \"11m\"", "timeout: expected a duration from 1s to 10m; found \"11m\""),
        ("timeout = 30", "timeout: expected a string; found an integer"),
        (
            "timeouts = \"30s\"",
            "timeouts: expected one of console_url, data_url, ...; found an unknown key; did you mean \"timeout\"?",
        ),
    ] {
        assert_problem(&format!("{VALID}[angus]\n{line}"), &format!("line 11: angus.{problem}"));
    }
    let config = valid(&format!("{VALID}[angus]\nrequests_per_second = 2\nconcurrency = 0x10\n"));
    assert!((config.angus.requests_per_second - 2.0).abs() < f64::EPSILON);
    assert_eq!(config.angus.concurrency.get(), 16);
    assert_eq!(config.angus.per_stream_concurrency.get(), 1);
}

#[test]
fn streams_are_judged() {
    for (line, problem) in [
        (
            "timezone = \"CEST\"",
            "timezone: expected a time zone such as Europe/Paris; found \"CEST\"; did you mean \"CET\"?",
        ),
        (
            "tags = { Site = \"x\" }",
            "tags.Site: expected a tag key like [a-z0-9_]+, at most 64 characters; found \"Site\"",
        ),
        ("tags = { floor = 2 }", "tags.floor: expected a string; found an integer"),
        ("tags = [\"x\"]", "tags: expected a table; found an array"),
        (
            "user_name = \"ops\"",
            "user_name: expected one of name, username, client_id, access_token, timezone, tags; found an unknown key",
        ),
    ] {
        assert_problem(&with(STREAM, line), &format!("line 4: streams[0].{problem}"));
    }
    for (name, problem) in [
        ("\"Lobby\"", "expected a name like [a-z0-9][a-z0-9_-]*, at most 64 characters; found \"Lobby\""),
        ("\"../x\"", "expected a name like [a-z0-9][a-z0-9_-]*, at most 64 characters; found \"../x\""),
        ("\"\"", "expected a name like [a-z0-9][a-z0-9_-]*, at most 64 characters; found \"\""),
        ("7", "expected a string; found an integer"),
    ] {
        let text = VALID.replace("\"lobby\"", name);
        assert_problem(&text, &format!("line 4: streams[0].name: {problem}"));
    }
    let too_long = "x".repeat(65);
    let shown = "x".repeat(60);
    assert_problem(
        &VALID.replace("\"lobby\"", &format!("\"{too_long}\"")),
        &format!(
            "line 4: streams[0].name: expected a name like [a-z0-9][a-z0-9_-]*, at most 64 characters; found \"{shown}\"..."
        ),
    );
}

#[test]
fn what_is_missing_is_told_at_the_section() {
    assert_problem(
        &VALID.replace("username = \"ops@example.com\"\n", ""),
        "line 3: streams[0].username: expected a string; found nothing",
    );
    assert_problem(
        &VALID.replace("access_token = { file = \"secrets/lobby\" }\n", ""),
        "line 3: streams[0].access_token: expected a secret such as { file = \"...\" }; found nothing",
    );
    assert_problem(
        &VALID.replace("name = \"hourly\"\n", ""),
        "line 8: jobs[0].name: expected a string; found nothing",
    );
    assert_problem(
        "output_dir = \"a\"\nstate_dir = \"b\"\n[[jobs]]\nname = \"x\"\n",
        "streams: expected at least one stream, under [[streams]] or in a streams_file; found nothing",
    );
    assert_problem(
        &VALID[..VALID.find("[[jobs]]").unwrap()],
        "jobs: expected at least one job, under [[jobs]]; found nothing",
    );
    assert_problem(
        &VALID.replace("[[jobs]]", "[jobs]"),
        "line 8: jobs: expected tables, each under [[jobs]]; found a table",
    );
}

#[test]
fn secrets_are_judged_and_never_shown() {
    for (token, problem) in [
        ("{}", ": expected exactly one of file, env, credential; found none of them"),
        (
            "{ file = \"s3cret\", env = \"s3cret\" }",
            ": expected exactly one of file, env, credential; found file and env",
        ),
        ("5", ": expected a table; found an integer"),
        ("\"\"", ": expected a text that is not empty; found an empty one"),
        ("{ file = \"\" }", ".file: expected a path; found a text that cannot be one"),
        (
            "{ env = \"s3cret=\" }",
            ".env: expected the name of an environment variable; found a text that cannot be one",
        ),
        (
            "{ credential = \"../s3cret\" }",
            ".credential: expected the name of a systemd credential, without /; found a text that cannot be one",
        ),
        (
            "{ credential = \"..\" }",
            ".credential: expected the name of a systemd credential, without /; found a text that cannot be one",
        ),
    ] {
        let text = VALID.replace("{ file = \"secrets/lobby\" }", token);
        assert_problem(&text, &format!("line 7: streams[0].access_token{problem}"));
    }
    let unknown = VALID.replace("{ file = \"secrets/lobby\" }", "{ filr = \"s3cret\" }");
    assert_eq!(
        problems(&unknown),
        [
            "line 7: streams[0].access_token: expected exactly one of file, env, credential; found none of them",
            "line 7: streams[0].access_token.filr: expected one of file, env, credential; found an unknown key; did you mean \"file\"?",
        ]
    );
    let unquoted = VALID.replace("{ file = \"secrets/lobby\" }", "s3cret");
    assert_problem(
        &unquoted,
        "line 7: expected valid TOML; found a syntax error (string values must be quoted, expected literal string)",
    );
}

#[test]
fn jobs_are_judged() {
    let cron = "expected a cron line of five fields, or of six with seconds";
    for (line, problem) in [
        ("time = \"by_hours\"", "time: expected one of by_hour, by_day, global; found \"by_hours\"; did you mean \"by_hour\"?".to_owned()),
        ("streams = []", "streams: expected at least one string; found an empty array".to_owned()),
        ("streams = \"*\"", "streams: expected an array of strings; found a string".to_owned()),
        ("streams = [\"loby\"]", "streams[0]: expected the name of a stream or a glob that matches one; found \"loby\"; did you mean \"lobby\"?".to_owned()),
        ("streams = [\"*\", \"x*\"]", "streams[1]: expected the name of a stream or a glob that matches one; found \"x*\"".to_owned()),
        ("streams = [\"[a\"]", "streams[0]: expected a stream name or a glob; found \"[a\" (invalid range pattern)".to_owned()),
        ("metrics = []", "metrics: expected at least one string; found an empty array".to_owned()),
        ("metrics = [\"interested\", \"pasing_by\"]", "metrics[1]: expected one of passing_by, interested, ...; found \"pasing_by\"; did you mean \"passing_by\"?".to_owned()),
        ("metrics = [\"people\"]", "metrics[0]: expected one of passing_by, interested, stop_time, attention_time, category, gender, satisfaction; found \"people\"".to_owned()),
        ("metrics = [1]", "metrics[0]: expected a string; found an integer".to_owned()),
        ("schedule = \"61 * * * *\"", format!("schedule: {cron}; found \"61 * * * *\" (number out of bounds)")),
        ("schedule = \"@daily\"", format!("schedule: {cron}; found \"@daily\" (1 field)")),
        ("schedule = \"0 0 30 2 *\"", format!("schedule: {cron}; found \"0 0 30 2 *\" (it is never due)")),
        ("start = \"2026-02-30\"", "start: expected a date such as 2026-01-01, from 1970 to 2199; found \"2026-02-30\"".to_owned()),
        ("start = 2026-01-01T00:00:00Z", "start: expected a date such as 2026-01-01, from 1970 to 2199; found \"2026-01-01T00:00:00Z\"".to_owned()),
        ("start = \"0206-01-01\"", "start: expected a date such as 2026-01-01, from 1970 to 2199; found \"0206-01-01\"".to_owned()),
        ("start = 2026", "start: expected a date such as 2026-01-01, from 1970 to 2199; found an integer".to_owned()),
        ("settle = \"32d\"", "settle: expected a duration from 0s to 31d; found \"32d\"".to_owned()),
        ("settle = \"-5m\"", "settle: expected a duration from 0s to 31d; found \"-5m\"".to_owned()),
        ("lookback = \"367d\"", "lookback: expected a duration from 0s to 366d; found \"367d\"".to_owned()),
        ("lookback = \"soon\"", "lookback: expected a duration from 0s to 366d; found \"soon\"".to_owned()),
        ("recheck = [\"30d\", \"48h\"]", "recheck[1]: expected an age that is longer than the lookback; found \"48h\"".to_owned()),
        ("recheck = \"7d\"", "recheck: expected an array of strings; found a string".to_owned()),
        ("reconcile = \"yes\"", "reconcile: expected true or false; found a string".to_owned()),
        ("format = \"cvs\"", "format: expected one of csv, parquet; found \"cvs\"; did you mean \"csv\"?".to_owned()),
        ("format = \"json\"\ncompression = \"lz4\"", "format: expected one of csv, parquet; found \"json\"".to_owned()),
        ("csv_profile = \"excel-eu\"", "csv_profile: expected csv_profile only where format = \"csv\"; found it beside parquet; write format = \"csv\", or leave csv_profile out".to_owned()),
        ("compression = \"gzip\"", "compression: expected one of zstd, snappy, none; found \"gzip\"".to_owned()),
        ("partition = \"week\"", "partition: expected one of day, month, year; found \"week\"".to_owned()),
        ("nmae = \"x\"", "nmae: expected one of name, time, streams, metrics, schedule, start, settle, lookback, recheck, reconcile, format, compression, csv_profile, partition, rollup, rollup_by; found an unknown key".to_owned()),
        ("metric = [\"gender\"]", "metric: expected one of name, time, ...; found an unknown key; did you mean \"metrics\"?".to_owned()),
    ] {
        assert_problem(&with(JOB, line), &format!("line 9: jobs[0].{problem}"));
    }
    assert_problem(
        &with(JOB, "format = \"csv\"\ncompression = \"snappy\""),
        "line 10: jobs[0].compression: expected one of none, gzip, zstd; found \"snappy\"",
    );
    assert_problem(
        &with(JOB, "format = \"csv\"\ncsv_profile = \"excell-eu\""),
        "line 10: jobs[0].csv_profile: expected one of standard, excel-eu; found \"excell-eu\"; did you mean \"excel-eu\"?",
    );
    let profile = |text: &str| valid(&with(JOB, text)).jobs[0].format;
    assert_eq!(profile("format = \"csv\"\ncsv_profile = \"standard\""), profile("format = \"csv\""));
    assert_ne!(profile("format = \"csv\"\ncsv_profile = \"excel-eu\""), profile("format = \"csv\""));
}

#[test]
fn names_are_unique_within_their_kind() {
    let (_, job) = VALID.split_at(VALID.find(JOB).unwrap());
    assert_problem(
        &format!("{VALID}{job}"),
        "line 11: jobs[1].name: expected a name that no other job has; found \"hourly\"",
    );
    let (_, stream) = VALID.split_at(VALID.find(STREAM).unwrap());
    let text = format!("{VALID}{}", stream.replace("hourly", "daily"));
    assert_problem(
        &text,
        "line 11: streams[1].name: expected a name that no other stream has; found \"lobby\"",
    );
    valid(&VALID.replace("\"hourly\"", "\"lobby\""));
}
