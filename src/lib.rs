//! Exports Angus.ai audience metrics to CSV and Parquet files that converge: one bucket is one row, and pull, retry,
//! backfill and crash, in any order, end in the same bytes. `ARCHITECTURE.md` tells how the parts fit together.

pub mod angus;
pub mod auth;
pub mod blocking;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod coverage;
pub mod crash_point;
pub mod delivery;
pub mod environment;
pub mod errands;
pub mod exporter;
pub mod failure;
pub mod inventory;
pub mod ledger;
pub mod locks;
pub mod logging;
pub mod login;
pub mod metric;
pub mod mounted;
pub mod pipeline;
pub mod plan;
pub mod publication;
pub mod report;
pub mod restyle;
pub mod row;
pub mod secret;
pub mod series;
pub mod shutdown;
pub mod simulator;
pub mod sink;
pub mod time;
pub mod wire;
pub mod workplace;
