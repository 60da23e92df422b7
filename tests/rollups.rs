//! Roll-ups of the real program, against sums that are made another way.

#[path = "rollups/bench.rs"]
mod bench;
#[path = "rollups/command.rs"]
mod command;
#[path = "rollups/figures.rs"]
mod figures;
mod house;
#[path = "rollups/kept.rs"]
mod kept;
