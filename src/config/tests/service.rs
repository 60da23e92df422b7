//! `[daemon]`, `[http]` and `[alerts]`.

use std::time::Duration;

use chrono::TimeDelta;

use super::{VALID, problems, valid};
use crate::config::SecretSource;

#[test]
fn what_is_left_out_has_a_default_that_tells_nobody_and_listens_nowhere() {
    for text in [VALID.to_owned(), format!("{VALID}[daemon]\n[http]\n[alerts]\n")] {
        let config = valid(&text);
        assert!(config.http.is_none());
        assert!(config.alerts.webhook.is_none() && config.alerts.heartbeat.is_none());
        assert_eq!(config.alerts.stale_after, TimeDelta::hours(6));
        assert_eq!(config.alerts.silent_after, TimeDelta::hours(24));
        assert_eq!(config.alerts.disk_free_percent, 5);
        assert_eq!(config.daemon.drain_timeout, Duration::from_secs(20));
        assert_eq!(config.daemon.start_jitter, Duration::from_secs(5));
        assert_eq!(config.daemon.hang_after, Duration::from_mins(20));
        assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    }
}

#[test]
fn an_address_that_others_can_reach_needs_a_token() {
    for loopback in ["127.0.0.1:9464", "[::1]:9464", "127.9.9.9:0"] {
        let http = valid(&format!("{VALID}[http]\nlisten = \"{loopback}\"\n")).http.unwrap();
        assert_eq!((http.listen.to_string().as_str(), http.token.is_none()), (loopback, true));
    }
    for reachable in ["0.0.0.0:9464", "[::]:9464", "192.0.2.7:9464"] {
        let text = format!("{VALID}[http]\nlisten = \"{reachable}\"\n");
        assert_eq!(
            problems(&text),
            [
                "line 10: http.token: expected a secret such as { file = \"secrets/http-token\" }, since others can \
                 reach this address; found nothing"
            ]
        );
        let http = valid(&format!("{text}token = {{ file = \"token\" }}\n")).http.unwrap();
        assert_eq!(http.token.as_ref().map(SecretSource::describe).as_deref(), Some("file token"));
    }
}

#[test]
fn secrets_that_stand_in_the_configuration_earn_a_warning() {
    let text = format!(
        "{VALID}[http]\nlisten = \"127.0.0.1:1\"\ntoken = \"t-o-k\"\n[alerts]\nwebhook = \"https://hooks.example.com/x\"\n\
         heartbeat = \"http://127.0.0.1:2/ping\"\n"
    );
    let warnings = valid(&text).warnings;
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    for (warning, subject) in warnings.iter().zip(["http: its token", "its webhook", "its heartbeat"]) {
        assert!(warning.contains(subject), "{warning}");
        assert!(
            !["t-o-k", "hooks.example", "ping"].iter().any(|secret| warning.contains(secret)),
            "{warning}"
        );
    }
}

#[test]
fn what_is_wrong_is_told_without_the_secret() {
    for (line, expected) in [
        (
            "[http]\nlisten = \"9464\"",
            "expected an address and a port such as 127.0.0.1:9464; found \"9464\"",
        ),
        ("[daemon]\ndrain_timeout = \"0s\"", "expected a duration from 1s to 1h; found \"0s\""),
        ("[daemon]\nstart_jitter = \"2h\"", "expected a duration from 0s to 1h; found \"2h\""),
        ("[daemon]\nhang_after = \"25h\"", "expected a duration from 1s to 1d; found \"25h\""),
        ("[alerts]\ndisk_free_percent = 101", "expected an integer from 1 to 100; found 101"),
        ("[alerts]\nstale_after = \"400d\"", "expected a duration from 0s to 366d; found \"400d\""),
        (
            "[alerts]\nwebhook = \"http://hooks.example.com/s-e-c-r-e-t?x=1\"",
            "expected an https:// URL, or http:// to this machine; found a text that is none",
        ),
        ("[alerts]\nslack = 1", "unknown key"),
    ] {
        let found = problems(&format!("{VALID}{line}\n"));
        assert_eq!(found.len(), 1, "{line}: {found:?}");
        assert!(found[0].contains(expected), "{line}: {found:?}");
        assert!(!found[0].contains("s-e-c-r-e-t"), "{found:?}");
    }
}
