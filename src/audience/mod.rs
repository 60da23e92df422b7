//! Published figures added up for people to look at: over time, over the hours of the week, and beside the period before.
//! The page, its address `/api/series` (docs/http.md) and reports show this; so all of them show the same.
//!
//! `question`, `slots`, `figures`, `week`, `gather` and `answer` are pure; `load` reads the ledger and published files.

mod answer;
mod figures;
mod gather;
mod load;
mod question;
mod slots;
#[cfg(test)]
mod tests;
mod week;

pub use answer::{Answer, Page};
pub use figures::{BucketCounts, Figures};
pub use gather::Gatherer;
pub use load::answer;
pub use question::{AskError, Asked, MAX_BUCKETS, Question, Which};
pub use slots::{Resolution, slots};
pub use week::Week;
