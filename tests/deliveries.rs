//! Deliveries against a strict double: the test vectors of `contracts/simacan.md` by their numbers, and the laws of the
//! outbox.

#[path = "deliveries/bench.rs"]
mod bench;
#[path = "deliveries/contents.rs"]
mod contents;
mod double;
#[path = "deliveries/effects.rs"]
mod effects;
#[path = "deliveries/imports.rs"]
mod imports;
#[path = "deliveries/order.rs"]
mod order;
#[path = "deliveries/patience.rs"]
mod patience;
#[path = "deliveries/refusals.rs"]
mod refusals;
#[path = "deliveries/vectors.rs"]
mod vectors;
