//! The daemon as an operator meets it: the real program, its signals, its HTTP address and its service manager.

mod house;

#[path = "daemon/at_work.rs"]
mod at_work;
#[path = "daemon/bench.rs"]
mod bench;
#[path = "daemon/over_http.rs"]
mod over_http;
#[path = "daemon/page.rs"]
mod page;
#[path = "daemon/reloading.rs"]
mod reloading;
#[path = "daemon/service_manager.rs"]
mod service_manager;
#[path = "daemon/stopping.rs"]
mod stopping;
#[path = "daemon/telling.rs"]
mod telling;
