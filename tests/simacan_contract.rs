//! Accounts at Simacan against a strict double: the test vectors of `contracts/simacan.md` that concern tokens, by their
//! numbers, and its other rules.

#[path = "simacan_contract/bench.rs"]
mod bench;
#[path = "simacan_contract/configuration.rs"]
mod configuration;
mod double;
#[path = "simacan_contract/hostility.rs"]
mod hostility;
#[path = "simacan_contract/many.rs"]
mod many;
#[path = "simacan_contract/simacan.rs"]
mod simacan;
#[path = "simacan_contract/vectors.rs"]
mod vectors;
