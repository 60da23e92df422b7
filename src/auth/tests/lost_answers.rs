//! A refresh token whose answer was lost may be spent: it is sent once more, and then left alone for a while.

use std::time::Duration;

use super::{
    super::{
        error::AuthError,
        record::Standing,
        rules::{AskKind, System},
        token::Token,
    },
    service::{LIFE_SECONDS, Mood},
    stage::{ANGUS, Process, SIMACAN, Stage},
};

/// An account whose token has ended, and that token.
fn ended(system: System) -> (Stage, Process, Token) {
    let stage = Stage::new(system);
    let process = stage.start();
    if system == System::Angelcam {
        process.sign_in().unwrap();
    }
    let token = process.token(None).unwrap();
    stage.watch.pass(LIFE_SECONDS);
    (stage, process, token)
}

/// How often the refresh token R1 reached the service.
fn sent(stage: &Stage) -> usize {
    stage.service.calls().iter().filter(|call| call.secret == "R1" && call.mood.hears()).count()
}

#[test]
fn simacan_vector_10_a_lost_answer_is_asked_once_more_and_a_refusal_then_allows_the_password() {
    let (stage, process, _) = ended(SIMACAN);
    stage.service.expect([Mood::LostAfter]);
    assert_eq!(process.token(None).unwrap().text().expose(), "A3");
    assert_eq!(sent(&stage), 2);
    let asks: Vec<AskKind> = stage.service.asked().into_iter().map(|(ask, _)| ask).collect();
    assert_eq!(asks, [AskKind::SignIn, AskKind::Refresh, AskKind::Refresh, AskKind::SignIn]);
}

#[test]
fn a_request_that_never_arrived_costs_nothing_but_a_repeat() {
    for system in [SIMACAN, System::Angelcam] {
        let (stage, process, _) = ended(system);
        stage.service.expect([Mood::LostBefore]);
        assert_eq!(process.token(None).unwrap().text().expose(), "A2");
        assert_eq!(sent(&stage), 2);
    }
}

#[test]
fn an_angelcam_account_whose_answer_was_lost_needs_a_person_when_the_repeat_is_refused() {
    let (stage, process, _) = ended(System::Angelcam);
    stage.service.expect([Mood::LostAfter]);
    for _ in 0..3 {
        let error = process.token(None).err().unwrap();
        assert!(matches!(error, AuthError::NeedsAuthorization { .. }), "{error}");
        stage.watch.pass(3600);
    }
    assert_eq!(sent(&stage), 2);
    process.sign_in().unwrap();
    assert_eq!(process.token(None).unwrap().text().expose(), "A3");
}

#[test]
fn after_a_lost_answer_there_is_one_more_request_whatever_comes_of_it() {
    for system in [SIMACAN, System::Angelcam] {
        for second in [Mood::LostBefore, Mood::Unavailable, Mood::Busy(1), Mood::Garbage] {
            let (stage, process, _) = ended(system);
            stage.service.expect([Mood::LostBefore, second]);
            assert!(process.token(None).is_err(), "{system:?} {second:?}");
            assert_eq!(sent(&stage), 2, "{system:?} {second:?}");
            assert!(matches!(stage.record().standing, Standing::Degraded { .. }), "{system:?} {second:?}");
            assert!(process.token(None).is_err(), "{system:?} {second:?}");
            assert_eq!(sent(&stage), 2, "{system:?} {second:?}");
            stage.watch.pass(300);
            assert_eq!(process.token(None).unwrap().text().expose(), "A2", "{system:?} {second:?}");
        }
    }
}

#[test]
fn what_never_left_does_not_count() {
    let (stage, process, _) = ended(SIMACAN);
    stage.service.expect([Mood::Unreachable, Mood::LostBefore, Mood::Unreachable, Mood::Unreachable]);
    assert_eq!(process.token(None).unwrap().text().expose(), "A2");
    assert_eq!(sent(&stage), 2);
    assert_eq!(stage.watch.waits(), [1, 2, 4, 8].map(Duration::from_secs));
}

#[test]
fn a_service_that_answers_is_asked_as_often_as_its_contract_says() {
    for (system, attempts, waits) in
        [(SIMACAN, 6, vec![1, 2, 4, 8, 16]), (System::Angelcam, 5, vec![2, 4, 8, 16])]
    {
        for failing in [Mood::Unavailable, Mood::Busy(0), Mood::Unreachable] {
            let (stage, process, _) = ended(system);
            let before = stage.service.calls().len();
            stage.service.expect([failing; 20]);
            let error = process.token(None).err().unwrap();
            assert!(matches!(error, AuthError::Unavailable { attempts: made, .. } if made == attempts));
            assert_eq!(stage.service.calls().len() - before, attempts as usize, "{system:?} {failing:?}");
            let expected: Vec<Duration> = waits.iter().copied().map(Duration::from_secs).collect();
            assert_eq!(stage.watch.waits(), expected, "{system:?} {failing:?}");
            let error = process.token(None).err().unwrap();
            assert!(matches!(error, AuthError::Degraded { .. }), "{error}");
            assert_eq!(stage.service.calls().len() - before, attempts as usize, "{system:?} {failing:?}");
        }
    }
}

#[test]
fn a_service_that_wants_much_patience_is_left_alone() {
    let (stage, process, _) = ended(SIMACAN);
    stage.service.expect([Mood::Busy(301)]);
    let error = process.token(None).err().unwrap();
    assert!(matches!(error, AuthError::RateLimited { .. }), "{error}");
    assert_eq!(stage.watch.waits(), []);
    assert!(matches!(process.token(None).err(), Some(AuthError::Degraded { .. })));
    stage.watch.pass(300);
    assert_eq!(process.token(None).unwrap().text().expose(), "A2");
}

#[test]
fn a_token_that_lives_survives_a_renewal_that_fails() {
    for system in [SIMACAN, System::Angelcam] {
        for failing in
            [Mood::Unavailable, Mood::Garbage, Mood::LostBefore, Mood::Unreachable, Mood::Busy(3600)]
        {
            let stage = Stage::new(system);
            let process = stage.start();
            if system == System::Angelcam {
                process.sign_in().unwrap();
            }
            process.token(None).unwrap();
            stage.watch.pass(LIFE_SECONDS - 60);
            stage.service.expect([failing; 6]);
            let token = process.token(None).unwrap();
            assert_eq!(token.text().expose(), "A1", "{system:?} {failing:?}");
            assert!(process.token(Some(&token)).is_err(), "{system:?} {failing:?}");
            stage.watch.pass(60);
            assert!(process.token(None).is_err(), "{system:?} {failing:?}");
        }
    }
}

#[test]
fn a_stream_whose_sign_in_fails_is_left_alone_for_a_minute_while_its_token_lives() {
    for failing in [Mood::Unavailable, Mood::Unauthorized, Mood::Garbage] {
        let stage = Stage::new(ANGUS);
        let process = stage.start();
        process.token(None).unwrap();
        stage.watch.pass(LIFE_SECONDS - 60);
        stage.service.expect([failing; 6]);
        assert_eq!(process.token(None).unwrap().text().expose(), "A1", "{failing:?}");
        let asked = stage.service.calls().len();
        stage.service.expect([]);
        let failed_at = stage.watch.elapsed_seconds();
        for _ in 0..5 {
            assert_eq!(process.token(None).unwrap().text().expose(), "A1", "{failing:?}");
            stage.watch.pass(1);
        }
        assert_eq!(stage.service.calls().len(), asked, "{failing:?}");
        stage.watch.pass(failed_at + 60 - stage.watch.elapsed_seconds());
        assert_eq!(process.token(None).unwrap().text().expose(), "A2", "{failing:?}");
    }
}

#[test]
fn processes_that_die_while_they_ask_send_a_refresh_token_twice_and_then_leave_it_alone() {
    let (stage, process, _) = ended(SIMACAN);
    drop(process);
    for (process, sends) in [1, 2, 2, 2].into_iter().enumerate() {
        stage.service.expect([Mood::Silent { acts: false }]);
        let uses = stage.start().requests(1, None);
        // The first two are killed where they wait; those that come after them need not wait.
        assert_eq!(uses.is_none(), process < 2, "process {process}");
        assert_eq!(sent(&stage), sends, "process {process}");
    }
    stage.service.expect([]);
    stage.watch.pass(300);
    stage.start().token(None).unwrap();
    assert_eq!(sent(&stage), 3);
}
