//! Roll-ups: the published rows of a job added up by local day, week or month, each stream by itself or streams together by
//! a tag. They are made from published files alone, and can be made again from them at any time.
//!
//! `alignment`, `figures`, `period`, `place` and `table` are pure; `load` reads, `making` publishes, `sources` is what
//! it remembers, and `after_run` keeps roll-ups up to date.

mod after_run;
mod alignment;
mod figures;
mod load;
mod making;
mod period;
mod place;
mod sheet;
mod sources;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use after_run::{Kept, keep_up};
pub use alignment::{Misfit, check_alignment};
pub use figures::{Member, RollupRow, add_up, tally};
pub use making::{Outcome, Problem, RollUp, SheetReport};
pub use period::{RollupPeriod, RollupSize};
pub use place::{FOLDER, Target};
