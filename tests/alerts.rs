//! Alerts and heartbeats against a strict double of the services that take them.

#[path = "alerts/bench.rs"]
mod bench;
mod double;
#[path = "alerts/heartbeat.rs"]
mod heartbeat;
#[path = "alerts/webhook.rs"]
mod webhook;
