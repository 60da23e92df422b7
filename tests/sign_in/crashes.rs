//! The program dies between the answer to a refresh and its pair on disk, or between that and its use.

use std::sync::Arc;

use audience_exporter::{
    auth::{Accounts, Vault},
    clock::Clock,
    crash_point::{Step, VARIABLE},
    simulator::{AccountOptions, Endpoint, System},
    wire::Timing,
};
use chrono::TimeDelta;

use crate::house::House;

/// An account that signed in ten minutes ago and whose access token has ended since.
fn house_with_an_old_pair() -> Option<House> {
    if !cfg!(debug_assertions) {
        eprintln!("skipped: release builds have no crash points");
        return None;
    }
    let life = std::time::Duration::from_mins(1);
    let house = House::with(AccountOptions { simacan_token_life: life, ..AccountOptions::default() });
    let config = house.config();
    let vault = Arc::new(Vault::new(&config.state_dir, None).unwrap());
    let timing = Timing::real(Clock::from_fn(|| Clock::system().now() - TimeDelta::minutes(10)));
    let accounts = Accounts::new(&config, &vault, &timing).unwrap();
    let signed_in = house.runtime.block_on(accounts.get("partner").unwrap().token(None));
    assert!(signed_in.is_ok());
    assert_eq!(house.state_of("partner"), "renewable");
    Some(house)
}

fn crash_at(house: &House, step: Step) {
    let mut program = house.program(&["auth", "login", "partner"]);
    let output = program.env(VARIABLE, format!("{}:1", step.as_str())).output().unwrap();
    assert_eq!(output.status.code(), None, "{}", String::from_utf8_lossy(&output.stderr));
}

fn counts(house: &House) -> [usize; 2] {
    [Endpoint::SimacanPassword, Endpoint::SimacanRefresh].map(|endpoint| house.accounts().count(endpoint))
}

#[test]
fn a_pair_that_was_lost_in_a_crash_is_asked_for_once_more_and_then_replaced_by_the_password() {
    let Some(house) = house_with_an_old_pair() else { return };
    crash_at(&house, Step::TokenAnswer);
    assert_eq!(counts(&house), [1, 1]);
    // The service took the first refresh token for spent, so that its second use ends the chain.
    house.run(&["auth", "login", "partner"]).assert(0);
    assert_eq!(counts(&house), [2, 2]);
    assert_eq!(house.state_of("partner"), "ready");
    assert!(!house.accounts().chain_is_dead(System::Simacan));
}

#[test]
fn a_pair_that_was_durable_when_the_program_died_is_used_and_nothing_is_asked() {
    let Some(house) = house_with_an_old_pair() else { return };
    crash_at(&house, Step::TokenDurable);
    assert_eq!(counts(&house), [1, 1]);
    assert_eq!(house.state_of("partner"), "ready");
    house.run(&["auth", "login", "partner"]).assert(0);
    assert_eq!(counts(&house), [1, 1]);
    assert!(!house.accounts().chain_is_dead(System::Simacan));
}

#[test]
fn a_person_signs_in_again_where_a_crash_lost_the_only_pair_of_an_account_without_a_password() {
    if !cfg!(debug_assertions) {
        return;
    }
    let life = std::time::Duration::from_secs(1);
    let house = House::with(AccountOptions { angelcam_token_life: life, ..AccountOptions::default() });
    house.run_with_input(&super::BY_PASSWORD, super::ANGELCAM_PASSWORD).assert(0);
    crate::house::wait_until(|| house.state_of("angelcam") == "renewable");
    let crashed = house.program(&["inventory"]).env(VARIABLE, "token-answer:1").output().unwrap();
    assert_eq!(crashed.status.code(), None);
    house.run(&["inventory"]).assert(3).says("auth login angelcam");
    assert_eq!(house.state_of("angelcam"), "needs_authorization");
    let asked = house.accounts().count(Endpoint::AngelcamToken);
    house.run(&["inventory"]).assert(3);
    assert_eq!(
        house.accounts().count(Endpoint::AngelcamToken),
        asked,
        "nothing is asked until a person acts"
    );
}
