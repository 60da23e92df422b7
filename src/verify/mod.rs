//! Proof: whether the files are what the ledger, or a manifest, says that they are, and whether the service still says the
//! same. `inspection`, `sums` and `deviation` judge and are pure; the others read folders and ask.

mod deviation;
mod file;
mod finding;
mod folder;
mod inspection;
mod ledger;
mod offline;
mod sample;
mod sums;

pub use deviation::{Deviation, Divergence, deviations};
pub(crate) use file::Rules;
pub use finding::{Finding, Flaw, NextStep};
pub use folder::{foreign_entries, visible_files};
pub use inspection::{Elsewhere, Inspected, Inspection};
pub(crate) use offline::read_manifest;
pub use offline::{Proof, StreamFolders, prove, stream_folders};
pub use sample::sample;
pub use sums::{Difference, Figure, MEAN_TOLERANCE, differences, worded};
