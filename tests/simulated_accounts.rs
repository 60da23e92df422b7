//! The simulated Simacan and Angelcam over real HTTP: every rule that their contracts and the simulator promise.

#![expect(clippy::disallowed_methods, reason = "the client is the test, whose requests nobody counts")]

mod simulated_accounts {
    mod angelcam_api;
    mod angelcam_sign_in;
    mod bench;
    mod simacan_sign_in;
    mod simacan_targets;
    mod weather;
}
