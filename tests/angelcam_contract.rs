//! Accounts at Angelcam against a strict double: the test vectors of `contracts/angelcam.md` that concern tokens, by
//! their numbers, and its other rules.

#[path = "angelcam_contract/angelcam.rs"]
mod angelcam;
#[path = "simacan_contract/bench.rs"]
mod bench;
mod double;
#[path = "angelcam_contract/hostility.rs"]
mod hostility;
#[path = "angelcam_contract/refreshing.rs"]
mod refreshing;
#[path = "angelcam_contract/signing_in.rs"]
mod signing_in;
