//! Exports Angus.ai audience metrics to CSV and Parquet files that converge: one bucket is one row, and pull, retry,
//! backfill and crash, in any order, end in the same bytes. `ARCHITECTURE.md` tells how the parts fit together.

pub mod clock;
pub mod config;
pub mod environment;
pub mod metric;
pub mod row;
pub mod secret;
pub mod sink;
pub mod time;
