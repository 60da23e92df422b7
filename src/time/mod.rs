//! Instants, buckets, windows and local periods. Pure: no clock, no I/O.
//!
//! Every interval is half-open, `[start, end)`.

mod bucket;
mod instant;
mod period;
mod range;

pub use bucket::{BucketGrid, BucketSize, Misaligned, Window};
pub use instant::{
    TimeError, local_midnight, parse_bound, parse_label, parse_wire, to_display, to_local, to_wire,
    utc_offset,
};
pub use period::{LocalPeriod, PartitionSize, PeriodSize};
pub use range::TimeRange;
