//! Inventories against a strict double: the test vectors of `contracts/angelcam.md` by their numbers, and its other rules.

#[path = "inventories/bench.rs"]
mod bench;
#[path = "inventories/discretion.rs"]
mod discretion;
mod double;
#[path = "inventories/patience.rs"]
mod patience;
#[path = "inventories/requests.rs"]
mod requests;
#[path = "inventories/tables.rs"]
mod tables;
