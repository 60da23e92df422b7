//! When to look for work: a heartbeat that sleeps until something is due, and a pure function that makes ticks of cron
//! lines. A tick is only a hint; what is due follows from the ledger, so missed and doubled ticks cost nothing.

mod again;
mod agenda;
mod heartbeat;

pub(crate) use again::may_pass;
pub use again::retry_after;
pub use agenda::{Agenda, Tick};
pub use heartbeat::{Bell, Heartbeat};
