//! Many callers at once, callers that come late, and processes beside each other.

use super::{
    super::{error::AuthError, rules::System},
    service::{LIFE_SECONDS, Mood},
    stage::{ANGUS, Process, SIMACAN, Stage},
};

const SYSTEMS: [System; 3] = [SIMACAN, System::Angelcam, ANGUS];

fn signed_in(system: System) -> (Stage, Process) {
    let stage = Stage::new(system);
    let process = stage.start_with_two_threads();
    if system == System::Angelcam {
        process.sign_in().unwrap();
    }
    process.token(None).unwrap();
    (stage, process)
}

#[test]
fn a_hundred_callers_whose_token_is_refused_bring_one_renewal() {
    for system in SYSTEMS {
        let (stage, process) = signed_in(system);
        let before = stage.service.calls().len();
        stage.service.expire_early();
        let uses = process.requests(100, None).unwrap();
        assert!(uses.iter().all(|used| used.taken().is_some_and(|token| token.text().expose() == "A2")));
        assert_eq!(stage.service.calls().len() - before, 1, "{system:?}");
    }
}

#[test]
fn a_hundred_callers_whose_renewal_fails_share_one_failure() {
    for system in SYSTEMS {
        let (stage, process) = signed_in(system);
        let before = stage.service.calls().len();
        let old = process.token(None).unwrap();
        stage.service.expire_early();
        stage.service.expect([Mood::Unavailable; 1000]);
        let uses = process.requests(100, Some(&old)).unwrap();
        assert!(uses.iter().all(|used| used.error.is_some()), "{system:?}");
        let attempts = if system == System::Angelcam { 5 } else { 6 };
        assert_eq!(stage.service.calls().len() - before, attempts, "{system:?}");
    }
}

#[test]
fn a_hundred_callers_of_a_cold_start_bring_one_sign_in() {
    for system in [SIMACAN, ANGUS] {
        let stage = Stage::new(system);
        let process = stage.start_with_two_threads();
        let uses = process.requests(100, None).unwrap();
        assert!(uses.iter().all(|used| used.taken().is_some()), "{system:?}");
        assert_eq!(stage.service.calls().len(), 1, "{system:?}");
    }
}

#[test]
fn a_late_401_for_an_older_token_renews_nothing() {
    for system in SYSTEMS {
        let (stage, process) = signed_in(system);
        let old = process.token(None).unwrap();
        stage.service.expire_early();
        let new = process.token(Some(&old)).unwrap();
        let asked = stage.service.calls().len();
        for _ in 0..3 {
            assert_eq!(process.token(Some(&old)).unwrap().text().expose(), new.text().expose());
        }
        assert_eq!(stage.service.calls().len(), asked, "{system:?}");
    }
}

#[test]
fn a_renewal_of_another_process_is_taken_over() {
    for system in SYSTEMS {
        let (stage, ours) = signed_in(system);
        let theirs = stage.start();
        let old = ours.token(None).unwrap();
        stage.service.expire_early();
        let new = theirs.token(Some(&old)).unwrap();
        let asked = stage.service.calls().len();
        assert_eq!(ours.token(Some(&old)).unwrap().text().expose(), new.text().expose());
        stage.watch.pass(LIFE_SECONDS - 60);
        let next = ours.token(None).unwrap();
        assert_eq!(theirs.token(None).unwrap().text().expose(), next.text().expose());
        assert_eq!(stage.service.calls().len(), asked + 1, "{system:?}");
    }
}

#[test]
fn two_processes_at_once_renew_once() {
    for system in SYSTEMS {
        let (stage, ours) = signed_in(system);
        let theirs = stage.start_with_two_threads();
        theirs.token(None).unwrap();
        let before = stage.service.calls().len();
        stage.service.expire_early();
        std::thread::scope(|scope| {
            for process in [&ours, &theirs] {
                scope.spawn(move || {
                    let uses = process.requests(20, None).unwrap();
                    assert!(uses.iter().all(|used| used.taken().is_some()));
                });
            }
        });
        assert_eq!(stage.service.calls().len() - before, 1, "{system:?}");
    }
}

#[test]
fn a_caller_that_loses_interest_does_not_lose_the_pair() {
    let (stage, process) = signed_in(SIMACAN);
    stage.watch.pass(LIFE_SECONDS);
    process.begin_and_lose_interest();
    assert_eq!(process.token(None).unwrap().text().expose(), "A2");
    assert_eq!(stage.service.calls().len(), 2);
}

#[test]
fn a_process_that_ends_waits_for_the_renewal_under_way() {
    let (stage, process) = signed_in(SIMACAN);
    stage.watch.pass(LIFE_SECONDS);
    process.begin_and_lose_interest();
    process.finish();
    assert_eq!(stage.record().refresh.unwrap().token.expose(), "R2");
}

#[test]
fn a_life_that_is_over_before_it_is_read_is_renewed_once_a_call() {
    let (stage, process) = signed_in(SIMACAN);
    stage.service.expect([Mood::Slow(LIFE_SECONDS); 50]);
    stage.watch.pass(LIFE_SECONDS);
    assert_eq!(process.token(None).unwrap().text().expose(), "A2");
    assert_eq!(stage.service.calls().len(), 2);
}

#[test]
fn an_error_of_a_personal_kind_is_the_same_for_all_who_waited() {
    let (stage, process) = signed_in(System::Angelcam);
    stage.service.expire_early();
    stage.service.expect([Mood::Unauthorized; 10]);
    let uses = process.requests(50, None).unwrap();
    let needs_person = |error: &AuthError| matches!(error, AuthError::NeedsAuthorization { .. });
    assert!(uses.iter().all(|used| used.error.as_ref().is_some_and(needs_person)));
    assert_eq!(stage.service.calls().len(), 1);
}
