//! `verify` of the real program: whatever is not as it was published is found by name and healed, and what the service
//! tells otherwise is found with both numbers.

#[path = "verify/files.rs"]
mod files;
#[path = "verify/melbourne.rs"]
mod melbourne;
#[path = "verify/service.rs"]
mod service;
#[path = "verify/town.rs"]
mod town;
mod workbench;
