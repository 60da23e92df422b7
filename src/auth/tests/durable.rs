//! Nothing is used, and nothing is sent, before what it changes is durable; and what is durable is not lost.

use super::{
    super::{
        error::AuthError,
        record::Standing,
        rules::{AskKind, System},
        store::StoreError,
    },
    disk::Health,
    service::{LIFE_SECONDS, Mood, PASSWORD},
    stage::{ANGUS, Process, SIMACAN, Stage},
};

/// An account that signed in, at the time when its token is due.
fn due(system: System) -> (Stage, Process) {
    let stage = Stage::new(system);
    let process = stage.start();
    if system == System::Angelcam {
        process.sign_in().unwrap();
    }
    assert_eq!(process.token(None).unwrap().text().expose(), "A1");
    stage.watch.pass(LIFE_SECONDS - 30);
    (stage, process)
}

fn is_storage(error: &AuthError) -> bool {
    matches!(error, AuthError::Store(StoreError::File(_)))
}

#[test]
fn a_pair_that_cannot_be_made_durable_is_not_used_and_not_lost() {
    for system in [SIMACAN, System::Angelcam] {
        for health in [Health::Gone, Health::ReadOnly] {
            let (stage, process) = due(system);
            stage.service.expect([Mood::Fatal(health)]);
            let old = process.token(None).unwrap();
            assert_eq!(old.text().expose(), "A1", "{system:?} {health:?}");
            let error = process.token(Some(&old)).err().unwrap();
            assert!(is_storage(&error), "{system:?} {health:?}: {error}");
            assert_eq!(stage.stored(), 1);
            stage.disk.turn(Health::Sound);
            assert_eq!(process.token(Some(&old)).unwrap().text().expose(), "A2", "{system:?} {health:?}");
            assert_eq!(stage.record().refresh.unwrap().token.expose(), "R2");
            assert_eq!(stage.service.calls().last().unwrap().secret, "R1", "{system:?} {health:?}");
        }
    }
}

#[test]
fn the_first_pair_is_not_used_before_it_is_durable_either() {
    let stage = Stage::new(SIMACAN);
    let process = stage.start();
    stage.service.expect([Mood::Fatal(Health::ReadOnly)]);
    let outcome = process.token(None);
    assert!(outcome.is_err_and(|error| is_storage(&error)));
    stage.disk.turn(Health::Sound);
    assert_eq!(process.token(None).unwrap().text().expose(), "A1");
    assert_eq!(stage.service.calls().len(), 1);
}

#[test]
fn a_stream_whose_token_cannot_be_kept_asks_no_second_time_for_it() {
    let stage = Stage::new(ANGUS);
    let process = stage.start();
    stage.service.expect([Mood::Fatal(Health::Gone)]);
    assert!(process.token(None).is_err_and(|error| is_storage(&error)));
    stage.disk.turn(Health::Sound);
    assert_eq!(process.token(None).unwrap().text().expose(), "A1");
    assert_eq!(stage.service.calls().len(), 1);
}

#[test]
fn nothing_is_sent_whose_time_cannot_be_noted() {
    let stage = Stage::new(SIMACAN);
    stage.disk.turn(Health::Gone);
    assert!(stage.start().token(None).is_err_and(|error| is_storage(&error)));
    assert_eq!(stage.service.calls(), []);
    for system in [SIMACAN, System::Angelcam] {
        let (stage, process) = due(system);
        let asked = stage.service.calls().len();
        if !stage.disk.turn(Health::ReadOnly) {
            return eprintln!("skipped: this user cannot make a folder read-only");
        }
        let old = process.token(None).unwrap();
        assert!(process.token(Some(&old)).is_err_and(|error| is_storage(&error)));
        assert_eq!(stage.service.calls().len(), asked);
    }
}

#[test]
fn a_pair_that_waits_for_the_disk_never_replaces_a_later_one() {
    let (stage, ours) = due(SIMACAN);
    let theirs = stage.start();
    stage.service.expect([Mood::Fatal(Health::Gone)]);
    let old = ours.token(None).unwrap();
    stage.disk.turn(Health::Sound);
    // The refresh token on the disk is spent: the service ends the chain, and the password begins another one.
    assert_eq!(theirs.token(Some(&old)).unwrap().text().expose(), "A3");
    assert_eq!(ours.token(Some(&old)).unwrap().text().expose(), "A3");
    assert_eq!(stage.record().refresh.unwrap().token.expose(), "R3");
    stage.watch.pass(LIFE_SECONDS);
    assert_eq!(ours.token(None).unwrap().text().expose(), "A4");
    let passwords = stage.service.asked().into_iter().filter(|(ask, _)| *ask == AskKind::SignIn).count();
    assert_eq!(passwords, 2);
}

#[test]
fn a_pair_that_waits_for_the_disk_does_not_undo_a_sign_out() {
    let (stage, ours) = due(System::Angelcam);
    stage.service.expect([Mood::Fatal(Health::Gone)]);
    let old = ours.token(None).unwrap();
    stage.disk.turn(Health::Sound);
    let theirs = stage.start();
    let forgotten = theirs.sign_out().unwrap();
    assert_eq!(forgotten.refresh.unwrap().token.expose(), "R1");
    drop(theirs);
    let error = ours.token(Some(&old)).err().unwrap();
    assert!(matches!(error, AuthError::NeedsAuthorization { .. }), "{error}");
    assert!(stage.disk.kept().unwrap().record.access.is_none());
}

#[test]
fn a_refusal_that_waits_for_the_disk_is_remembered() {
    let (stage, process) = due(SIMACAN);
    stage.watch.pass(LIFE_SECONDS);
    stage.service.expect([Mood::Unauthorized, Mood::Unauthorized]);
    let error = process.token(None).err().unwrap();
    assert!(matches!(error, AuthError::Rejected { .. }), "{error}");
    assert!(matches!(stage.record().standing, Standing::Rejected { .. }));
    for _ in 0..100 {
        stage.watch.pass(600);
        let error = process.token(None).err().unwrap();
        assert!(matches!(error, AuthError::Rejected { .. }), "{error}");
    }
    assert_eq!(stage.service.calls().len(), 3);
}

#[test]
fn a_crash_before_the_pair_is_durable_costs_one_more_sign_in_and_no_more() {
    for acts in [false, true] {
        let (stage, process) = due(SIMACAN);
        stage.watch.pass(LIFE_SECONDS);
        stage.service.expect([Mood::Silent { acts }]);
        assert!(process.requests(3, None).is_none());
        drop(process);
        let noted = stage.record().refresh_sent_at.unwrap();
        assert_eq!(noted.timestamp(), stage.watch.now().timestamp());
        let restarted = stage.start();
        let expected = if acts { "A3" } else { "A2" };
        assert_eq!(restarted.token(None).unwrap().text().expose(), expected);
        let asked = stage.service.asked();
        let refresh = (AskKind::Refresh, "R1".to_owned());
        let password = (AskKind::SignIn, PASSWORD.to_owned());
        let mut expected = vec![password.clone(), refresh.clone(), refresh];
        expected.extend(acts.then_some(password));
        assert_eq!(asked, expected);
    }
}

#[test]
fn a_crash_during_a_password_call_holds_the_next_one_back() {
    let stage = Stage::new(SIMACAN);
    for restart in 0..20 {
        stage.service.expect([Mood::Silent { acts: true }]);
        let process = stage.start();
        let is_stuck = process.requests(1, None).is_none();
        assert_eq!(is_stuck, restart == 0, "{restart}");
        stage.watch.pass(3);
    }
    assert_eq!(stage.service.calls().len(), 1);
    stage.service.expect([]);
    stage.watch.pass(300 - 60);
    assert_eq!(stage.start().token(None).unwrap().text().expose(), "A2");
}

#[test]
fn a_file_that_cannot_be_read_asks_nobody_and_stays_as_it_is() {
    for system in [SIMACAN, System::Angelcam] {
        for text in ["{\"version\":1,\"account\":{}}", "half a fi", "", "{\"version\":99}"] {
            let (stage, running) = due(system);
            let asked = stage.service.calls().len();
            stage.disk.vandalise(text);
            let error = stage.start().ask(None).err().unwrap();
            assert!(error.to_string().contains("account.partner.json"), "{text}: {error}");
            // A process that knows a token which lives goes on with it, and renews nothing.
            assert_eq!(running.ask(None).unwrap().text().expose(), "A1", "{text}");
            stage.watch.pass(60);
            assert!(running.ask(None).is_err(), "{text}");
            assert_eq!(stage.disk.text(), text);
            assert_eq!(stage.service.calls().len(), asked, "{text}");
        }
    }
}

#[test]
fn a_stream_signs_in_anew_where_its_file_is_damaged_and_not_where_it_is_newer() {
    for (text, signs_in) in [("half a fi", true), ("{\"version\":99}", false)] {
        let stage = Stage::new(ANGUS);
        stage.start().token(None).unwrap();
        stage.disk.vandalise(text);
        let process = stage.start();
        let token = process.ask(None).ok();
        assert_eq!(token.is_some_and(|token| token.text().expose() == "A2"), signs_in, "{text}");
        assert_eq!(stage.service.calls().len(), 1 + usize::from(signs_in), "{text}");
        assert_eq!(stage.disk.text() == text, !signs_in, "{text}");
    }
}
