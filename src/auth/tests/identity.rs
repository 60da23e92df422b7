//! What a changed configuration does to what is kept: another account's tokens are not used, and another secret is
//! another chance.

use super::{
    super::{error::AuthError, record::Standing, rules::AskKind, rules::System},
    service::{Mood, PASSWORD},
    stage::{ANGUS, IDENTITY, SIMACAN, Stage, literal},
};
use crate::{config::SecretSource, secret::Secret};

/// Another password than the one that is kept in mind, whose check tells them apart: one in 65536 does not.
fn changed(stage: &Stage) -> String {
    let check = stage.disk.kept().unwrap().secret.unwrap();
    let passwords = (0..).map(|number| format!("changed {number}"));
    let mut passwords = passwords.filter(|text| !check.fits(&Secret::new(text.clone())));
    passwords.next().unwrap()
}

fn asked_last(stage: &Stage) -> (AskKind, String) {
    stage.service.asked().pop().unwrap()
}

#[test]
fn tokens_of_another_account_are_neither_used_nor_sent() {
    for system in [SIMACAN, ANGUS] {
        let stage = Stage::new(system);
        assert_eq!(stage.start().token(None).unwrap().text().expose(), "A1");
        stage.change_account();
        let other = stage.start_as("the same account at another address", literal(PASSWORD));
        assert_eq!(other.token(None).unwrap().text().expose(), "A2");
        assert_eq!(asked_last(&stage), (AskKind::SignIn, PASSWORD.to_owned()));
        assert_eq!(stage.service.calls().len(), 2);
    }
}

#[test]
fn an_angelcam_account_with_another_client_needs_a_sign_in() {
    let stage = Stage::new(System::Angelcam);
    stage.start().sign_in().unwrap();
    let other = stage.start_as("another client", literal(PASSWORD));
    let error = other.token(None).err().unwrap();
    assert!(matches!(error, AuthError::NeedsAuthorization { .. }), "{error}");
    assert_eq!(stage.service.calls(), []);
    // Nothing is lost before somebody signs in: the old configuration finds its tokens again.
    assert_eq!(stage.start().token(None).unwrap().text().expose(), "A1");
}

#[test]
fn a_simacan_account_keeps_its_tokens_when_its_password_changes() {
    let stage = Stage::new(SIMACAN);
    stage.start().token(None).unwrap();
    let process = stage.start_as(IDENTITY, literal(&changed(&stage)));
    assert_eq!(process.token(None).unwrap().text().expose(), "A1");
    stage.watch.pass(3600);
    assert_eq!(process.token(None).unwrap().text().expose(), "A2");
    assert_eq!(asked_last(&stage), (AskKind::Refresh, "R1".to_owned()));
}

#[test]
fn a_rejected_simacan_account_is_tried_again_once_its_password_changes_and_not_before() {
    let stage = Stage::new(SIMACAN);
    let wrong = || stage.start_as(IDENTITY, literal("wrong"));
    assert!(matches!(wrong().token(None).err(), Some(AuthError::Rejected { .. })));
    for _ in 0..20 {
        stage.watch.pass(3600);
        assert!(matches!(wrong().token(None).err(), Some(AuthError::Rejected { .. })));
    }
    assert_eq!(stage.service.calls().len(), 1);
    let check = stage.disk.kept().unwrap().secret.unwrap();
    if !check.fits(&Secret::new(PASSWORD.to_owned())) {
        assert_eq!(stage.start().token(None).unwrap().text().expose(), "A1");
        assert_eq!(stage.record().standing, Standing::Sound);
    }
}

#[test]
fn a_changed_password_need_not_wait_for_the_one_before_it() {
    let stage = Stage::new(SIMACAN);
    stage.service.expect([Mood::Unavailable]);
    assert!(stage.start().token(None).is_err());
    let held = stage.start().token(None).err().unwrap();
    assert!(matches!(held, AuthError::PasswordHeld { .. }), "{held}");
    stage.change_account();
    let other = changed(&stage);
    let process = stage.start_as(IDENTITY, literal(&other));
    assert!(matches!(process.token(None).err(), Some(AuthError::Rejected { .. })));
    assert_eq!(asked_last(&stage), (AskKind::SignIn, other));
}

#[test]
fn a_stream_whose_secret_changes_signs_in_with_it() {
    let stage = Stage::new(ANGUS);
    stage.start().token(None).unwrap();
    let other = changed(&stage);
    stage.change_account();
    assert!(stage.start_as(IDENTITY, literal(&other)).token(None).is_err());
    assert_eq!(asked_last(&stage), (AskKind::SignIn, other));
}

#[test]
fn a_secret_that_cannot_be_read_now_changes_nothing() {
    let stage = Stage::new(SIMACAN);
    stage.start().token(None).unwrap();
    let process = stage.start_as(IDENTITY, SecretSource::File("no/such/file".into()));
    assert_eq!(process.token(None).unwrap().text().expose(), "A1");
    stage.watch.pass(3600);
    assert_eq!(process.token(None).unwrap().text().expose(), "A2");
    stage.service.expect([Mood::Unauthorized]);
    stage.watch.pass(3600);
    let error = process.token(None).err().unwrap();
    assert!(matches!(error, AuthError::Secret(_)), "{error}");
    let sent = stage.record().password_sent_at.unwrap();
    assert!(
        sent.timestamp() < stage.watch.now().timestamp() - 3600,
        "a password that was not sent is not noted"
    );
    stage.start().token(None).unwrap();
}

#[test]
fn a_person_that_wants_it_tried_again_still_waits_for_the_pause() {
    let stage = Stage::new(SIMACAN);
    let process = stage.start();
    stage.service.expect([Mood::Unauthorized]);
    assert!(process.token(None).is_err());
    process.clear_refusal().unwrap();
    assert!(matches!(process.token(None).err(), Some(AuthError::PasswordHeld { .. })));
    process.sign_out().unwrap();
    assert!(matches!(process.token(None).err(), Some(AuthError::PasswordHeld { .. })));
    stage.watch.pass(300);
    assert_eq!(process.token(None).unwrap().text().expose(), "A1");
}

#[test]
fn who_signed_out_has_no_tokens_and_counts_on() {
    let stage = Stage::new(System::Angelcam);
    let process = stage.start();
    process.sign_in().unwrap();
    let first = process.token(None).unwrap();
    let forgotten = process.sign_out().unwrap();
    assert_eq!(forgotten.refresh.unwrap().token.expose(), "R1");
    assert!(stage.record().access.is_none() && stage.record().refresh.is_none());
    assert!(matches!(process.token(None).err(), Some(AuthError::NeedsAuthorization { .. })));
    process.sign_in().unwrap();
    // A late 401 for the token before the sign-out concerns nobody any more.
    assert_eq!(process.token(Some(&first)).unwrap().text().expose(), "A2");
    assert_eq!(stage.service.calls(), []);
}
