//! The state machines of the contracts, row by row.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    super::{
        error::AuthError,
        record::{Access, Life, Record, Refresh, Standing},
        rules::{
            AskKind::{self, Refresh as ByRefresh, SignIn},
            Grant, NoGrant, Outcome, Settled,
            Step::{self, Ask, Stop, Use},
            System, next_step, password_held_until, settle, why_stopped,
        },
    },
    stage::{ANGUS, SIMACAN},
};
use crate::{
    config::SecretSource,
    secret::Secret,
    wire::{RetryReason, Transport, Trouble},
};

const LENIENT: System = System::Simacan { password_after_invalid_grant: true };

/// Seconds after the begin.
fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
}

fn life(begins: i64) -> Life {
    Life::new(at(begins), TimeDelta::seconds(3600), TimeDelta::seconds(60))
}

/// A state of the contract's table. Tokens, where there are any, are of generation 1, begin at 0, are due at 3540 and
/// end at 3600; the password, where it was sent, was sent at 0.
fn state(name: &str) -> Record {
    let secret = |text: &str| std::sync::Arc::new(Secret::new(text.to_owned()));
    let stored = Record {
        generation: 1,
        refresh: Some(Refresh { token: secret("R1"), issued_at: at(0) }),
        refresh_sent_at: Some(at(0)),
        ..Record::default()
    };
    let ready = Record { access: Some(Access { token: secret("A1"), life: life(0) }), ..stored.clone() };
    let without_refresh = Record { refresh: None, refresh_sent_at: None, ..ready.clone() };
    let standing = |standing, record: &Record| Record { standing, ..record.clone() };
    let degraded = Standing::Degraded { until: at(300), message: "status 503".to_owned() };
    let message = "no".to_owned();
    match name {
        "empty" => Record::default(),
        "password sent" => Record { password_sent_at: Some(at(0)), ..Record::default() },
        "stored" => stored,
        "ready" => ready,
        "without refresh" => without_refresh,
        "without refresh, password sent" => Record { password_sent_at: Some(at(0)), ..without_refresh },
        "degraded" => standing(degraded, &ready),
        "rejected" => standing(Standing::Rejected { message }, &Record::default()),
        "rejected, alive" => standing(Standing::Rejected { message }, &without_refresh),
        "needs authorization" => {
            standing(Standing::NeedsAuthorization { reason: message }, &Record::default())
        }
        other => panic!("no state {other}"),
    }
}

/// What the service answers.
fn answer(name: &str) -> Outcome {
    let message = || "no".to_owned();
    let trouble = |reason| Trouble { reason, retry_after: None, message: "status 503".to_owned() };
    let odd =
        |status, code: &str| NoGrant::OddRefusal { status, code: Some(code.to_owned()), message: message() };
    let secret = |text: &str| Secret::new(text.to_owned());
    Err(match name {
        "200" => {
            return Ok(Grant { access: secret("A2"), refresh: Some(secret("R2")), life: life(10) });
        }
        "200 without refresh" => return Ok(Grant { access: secret("A2"), refresh: None, life: life(10) }),
        "401" => NoGrant::Refused { message: message() },
        "400 invalid_grant" => odd(400, "invalid_grant"),
        "400" => odd(400, "invalid_request"),
        "404 invalid_grant" => odd(404, "invalid_grant"),
        "415" => odd(415, "unsupported"),
        "bad JSON" => NoGrant::Protocol("it is no JSON object with tokens".to_owned()),
        "503" => NoGrant::GaveUp { attempts: 6, trouble: trouble(RetryReason::ServerError) },
        "once 503" => NoGrant::Trouble(trouble(RetryReason::ServerError)),
        "network" => {
            NoGrant::GaveUp { attempts: 2, trouble: trouble(RetryReason::Transport(Transport::Timeout)) }
        }
        "429 for long" => NoGrant::RateLimited(Duration::from_hours(1)),
        "301" => NoGrant::Redirect { status: 301, keys: "base_url" },
        "not sent" => NoGrant::NotSent(SecretSource::File("no/such/secret".into()).resolve().err().unwrap()),
        other => panic!("no answer {other}"),
    })
}

/// Generation, access token, refresh token and standing.
fn shown(record: &Record) -> String {
    let access = record.access.as_ref().map_or("-", |access| access.token.expose());
    let refresh = record.refresh.as_ref().map_or("-", |refresh| refresh.token.expose());
    let standing = match &record.standing {
        Standing::Sound => "sound".to_owned(),
        Standing::Degraded { until, .. } => format!("degraded until {}", (*until - at(0)).num_seconds()),
        Standing::Rejected { .. } => "rejected".to_owned(),
        Standing::NeedsAuthorization { .. } => "needs authorization".to_owned(),
    };
    format!("{} {access} {refresh} {standing}", record.generation)
}

/// What an answer at 10 makes of a state.
fn settled(system: System, from: &str, ask: AskKind, with: &str) -> String {
    let mut record = state(from);
    let settled = settle(system, "partner", &mut record, ask, answer(with), at(10));
    let is_noted = record.refresh_sent_at.is_some();
    assert!(!is_noted || record.refresh.is_some(), "{from} {with}: sent, and there is none");
    let outcome = match settled {
        Settled::Renewed { lacks_refresh: false } => "renewed".to_owned(),
        Settled::Renewed { lacks_refresh: true } => "renewed, warns".to_owned(),
        Settled::Again => "again".to_owned(),
        Settled::Failed(error) => format!("failed, {}", error.kind().as_str()),
    };
    format!("{outcome}: {}", shown(&record))
}

#[track_caller]
fn assert_steps(system: System, rows: &[(&str, Option<u64>, i64, Step)]) {
    for (from, refused, now, expected) in rows {
        let step = next_step(system, &state(from), *refused, at(*now));
        assert_eq!(step, *expected, "{from}, refused {refused:?}, at {now}");
    }
}

#[track_caller]
fn assert_settles(system: System, rows: &[(&str, AskKind, &str, &str)]) {
    for (from, ask, with, expected) in rows {
        assert_eq!(settled(system, from, *ask, with), *expected, "{from}, {ask:?}, {with}");
    }
}

#[test]
fn simacan_section_5_what_is_done_in_each_state() {
    assert_steps(
        SIMACAN,
        &[
            ("empty", None, 0, Ask(SignIn)),
            // The breaker: at most one password call in five minutes.
            ("password sent", None, 0, Stop),
            ("password sent", None, 299, Stop),
            ("password sent", None, 300, Ask(SignIn)),
            ("stored", None, 0, Ask(ByRefresh)),
            ("ready", None, 0, Use),
            ("ready", None, 3539, Use),
            ("ready", None, 3540, Ask(ByRefresh)),
            ("ready", None, 3600, Ask(ByRefresh)),
            ("ready", Some(1), 1200, Ask(ByRefresh)),
            ("ready", Some(0), 1200, Use),
            ("ready", Some(0), 3540, Ask(ByRefresh)),
            ("degraded", None, 299, Use),
            ("degraded", Some(1), 299, Stop),
            ("degraded", Some(1), 300, Ask(ByRefresh)),
            ("degraded", None, 3540, Ask(ByRefresh)),
            ("rejected", None, 1_000_000, Stop),
            ("rejected, alive", None, 3599, Use),
            ("rejected, alive", Some(1), 10, Stop),
            ("rejected, alive", None, 3600, Stop),
            // Section 3: without a refresh token, the access token is used to its end, and then the password once.
            ("without refresh", None, 3599, Use),
            ("without refresh", None, 3600, Ask(SignIn)),
            ("without refresh", Some(1), 10, Ask(SignIn)),
            ("without refresh, password sent", Some(1), 10, Stop),
        ],
    );
}

#[test]
fn simacan_section_5_what_each_answer_changes() {
    assert_settles(
        SIMACAN,
        &[
            ("password sent", SignIn, "200", "renewed: 1 A2 R2 sound"),
            ("password sent", SignIn, "200 without refresh", "renewed, warns: 1 A2 - sound"),
            ("password sent", SignIn, "401", "failed, credentials: 0 - - rejected"),
            ("password sent", SignIn, "503", "failed, unavailable: 0 - - sound"),
            ("password sent", SignIn, "network", "failed, unavailable: 0 - - sound"),
            ("password sent", SignIn, "429 for long", "failed, rate_limited: 0 - - sound"),
            ("password sent", SignIn, "400 invalid_grant", "failed, credentials: 0 - - rejected"),
            ("password sent", SignIn, "415", "failed, credentials: 0 - - rejected"),
            ("password sent", SignIn, "bad JSON", "failed, credentials: 0 - - rejected"),
            ("password sent", SignIn, "301", "failed, credentials: 0 - - rejected"),
            ("ready", ByRefresh, "200", "renewed: 2 A2 R2 sound"),
            ("stored", ByRefresh, "200", "renewed: 2 A2 R2 sound"),
            ("degraded", ByRefresh, "200", "renewed: 2 A2 R2 sound"),
            ("ready", ByRefresh, "200 without refresh", "renewed, warns: 2 A2 - sound"),
            // The stored refresh token is deleted, and the password is next.
            ("ready", ByRefresh, "401", "again: 1 A1 - sound"),
            ("ready", ByRefresh, "503", "failed, unavailable: 1 A1 R1 degraded until 310"),
            ("ready", ByRefresh, "once 503", "failed, unavailable: 1 A1 R1 degraded until 310"),
            ("ready", ByRefresh, "network", "failed, unavailable: 1 A1 R1 degraded until 310"),
            ("ready", ByRefresh, "429 for long", "failed, rate_limited: 1 A1 R1 degraded until 310"),
            ("ready", ByRefresh, "400", "failed, refused: 1 A1 R1 degraded until 310"),
            ("ready", ByRefresh, "400 invalid_grant", "failed, refused: 1 A1 R1 degraded until 310"),
            ("ready", ByRefresh, "404 invalid_grant", "failed, refused: 1 A1 R1 degraded until 310"),
            ("ready", ByRefresh, "415", "failed, refused: 1 A1 R1 degraded until 310"),
            ("ready", ByRefresh, "bad JSON", "failed, protocol: 1 A1 R1 degraded until 310"),
            ("ready", ByRefresh, "301", "failed, configuration: 1 A1 R1 degraded until 310"),
        ],
    );
}

#[test]
fn simacan_section_4_rule_4_the_switch_allows_the_password_after_one_answer_only() {
    assert_settles(
        LENIENT,
        &[
            ("ready", ByRefresh, "400 invalid_grant", "again: 1 A1 - sound"),
            ("ready", ByRefresh, "401", "again: 1 A1 - sound"),
            ("ready", ByRefresh, "400", "failed, refused: 1 A1 R1 degraded until 310"),
            ("ready", ByRefresh, "404 invalid_grant", "failed, refused: 1 A1 R1 degraded until 310"),
            ("password sent", SignIn, "400 invalid_grant", "failed, credentials: 0 - - rejected"),
        ],
    );
}

#[test]
fn angelcam_section_4_what_is_done_in_each_state() {
    assert_steps(
        System::Angelcam,
        &[
            ("empty", None, 0, Stop),
            ("stored", None, 0, Ask(ByRefresh)),
            ("ready", None, 3539, Use),
            ("ready", None, 3540, Ask(ByRefresh)),
            ("ready", Some(1), 10, Ask(ByRefresh)),
            ("ready", Some(0), 10, Use),
            ("degraded", None, 299, Use),
            ("degraded", Some(1), 299, Stop),
            ("degraded", Some(1), 300, Ask(ByRefresh)),
            ("needs authorization", None, 1_000_000, Stop),
            ("without refresh", None, 3599, Use),
            ("without refresh", None, 3600, Stop),
            ("without refresh", Some(1), 10, Stop),
        ],
    );
}

#[test]
fn angelcam_section_4_what_each_answer_changes() {
    assert_settles(
        System::Angelcam,
        &[
            ("ready", ByRefresh, "200", "renewed: 2 A2 R2 sound"),
            ("needs authorization", SignIn, "200", "renewed: 1 A2 R2 sound"),
            ("ready", ByRefresh, "200 without refresh", "renewed, warns: 2 A2 - sound"),
            // The fetcher calls every 400 and 401 a refusal.
            ("ready", ByRefresh, "401", "failed, credentials: 1 - - needs authorization"),
            ("ready", ByRefresh, "503", "failed, unavailable: 1 A1 R1 degraded until 310"),
            ("ready", ByRefresh, "network", "failed, unavailable: 1 A1 R1 degraded until 310"),
            ("ready", ByRefresh, "429 for long", "failed, rate_limited: 1 A1 R1 degraded until 310"),
            ("ready", ByRefresh, "415", "failed, refused: 1 A1 R1 degraded until 310"),
            ("ready", ByRefresh, "bad JSON", "failed, protocol: 1 A1 R1 degraded until 310"),
            ("ready", ByRefresh, "not sent", "failed, configuration: 1 A1 R1 sound"),
        ],
    );
}

#[test]
fn angus_section_2_every_renewal_is_a_sign_in() {
    assert_steps(
        ANGUS,
        &[
            ("empty", None, 0, Ask(SignIn)),
            ("without refresh", None, 3539, Use),
            ("without refresh", None, 3540, Ask(SignIn)),
            ("without refresh", Some(1), 10, Ask(SignIn)),
            ("without refresh", Some(0), 10, Use),
            ("degraded", None, 299, Use),
            // There is nothing to go on with: a stream may always ask.
            ("degraded", Some(1), 299, Ask(SignIn)),
            ("degraded", None, 3600, Ask(SignIn)),
        ],
    );
    assert_settles(
        ANGUS,
        &[
            ("empty", SignIn, "200 without refresh", "renewed: 1 A2 - sound"),
            ("without refresh", SignIn, "200 without refresh", "renewed: 2 A2 - sound"),
            ("without refresh", SignIn, "401", "failed, credentials: 1 A1 - degraded until 70"),
            ("without refresh", SignIn, "503", "failed, unavailable: 1 A1 - degraded until 70"),
            ("without refresh", SignIn, "bad JSON", "failed, protocol: 1 A1 - degraded until 70"),
            ("without refresh", SignIn, "301", "failed, configuration: 1 A1 - degraded until 70"),
            ("without refresh", SignIn, "415", "failed, refused: 1 A1 - degraded until 70"),
        ],
    );
}

#[test]
fn who_is_stopped_is_told_why_and_what_to_do() {
    for (from, now, said) in [
        (
            "password sent",
            299,
            "account partner: the password may not be sent again before 2023-11-14T22:18:20Z",
        ),
        (
            "degraded",
            0,
            "account partner: status 503; the token is not renewed again before 2023-11-14T22:18:20Z",
        ),
        (
            "rejected",
            0,
            "account partner: sign-in refused (no); correct the account in the configuration, or run",
        ),
        (
            "needs authorization",
            0,
            "account partner needs a sign-in: no; run: audience-exporter auth login partner",
        ),
        ("empty", 0, "account partner needs a sign-in: nobody has signed in yet; run"),
    ] {
        let error = why_stopped("partner", &state(from), at(now)).to_string();
        assert!(error.contains(said), "{from}: {error}");
    }
    assert_eq!(password_held_until(&state("password sent"), at(299)), Some(at(300)));
    assert_eq!(password_held_until(&state("password sent"), at(300)), None);
}

#[test]
fn a_clock_that_was_ahead_makes_nobody_wait_longer_than_from_now() {
    let mut record = Record { password_sent_at: Some(at(900)), ..state("ready") };
    record.standing = Standing::Degraded { until: at(900 + 300), message: String::new() };
    record.access.as_mut().unwrap().life = life(900);
    record.refresh.as_mut().unwrap().issued_at = at(900);
    assert!(record.clamp(at(0)));
    assert_eq!(record.access.as_ref().unwrap().life, life(0));
    assert_eq!(record.refresh.as_ref().unwrap().issued_at, at(0));
    assert_eq!((record.password_sent_at, password_held_until(&record, at(0))), (Some(at(0)), Some(at(300))));
    assert!(matches!(record.standing, Standing::Degraded { until, .. } if until == at(300)));
    assert!(!record.clamp(at(0)), "once is enough");
    assert!(
        matches!(why_stopped("x", &record, at(0)), AuthError::Degraded { until, .. } if until == at(300))
    );
}
