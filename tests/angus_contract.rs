//! The client against a strict double: the test vectors of `contracts/angus.md` by their numbers, and its other rules.

#[path = "angus_contract/ahead.rs"]
mod ahead;
#[path = "angus_contract/bench.rs"]
mod bench;
mod double;
#[path = "angus_contract/figures.rs"]
mod figures;
#[path = "angus_contract/pages.rs"]
mod pages;
#[path = "angus_contract/patience.rs"]
mod patience;
#[path = "angus_contract/secrets.rs"]
mod secrets;
#[path = "angus_contract/strictness.rs"]
mod strictness;
#[path = "angus_contract/tokens.rs"]
mod tokens;
#[path = "angus_contract/traffic.rs"]
mod traffic;
#[path = "angus_contract/vectors_of_listings.rs"]
mod vectors_of_listings;
#[path = "angus_contract/vectors_of_requests.rs"]
mod vectors_of_requests;
